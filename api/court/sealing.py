"""The sealed file: a ZIP archive with the page, the facts, the camera's package and its keys, and their hashes."""

from __future__ import annotations

import base64
import hashlib
import io
import json
import zipfile
from dataclasses import dataclass
from pathlib import Path
from typing import Any, Final

from jinja2 import Environment, FileSystemLoader, StrictUndefined

from api.court.contents import Contents

_FOLDER: Final = Path(__file__).parent / "page"
_FIRST_DAY: Final = (1980, 1, 1, 0, 0, 0)


@dataclass(frozen=True)
class Sealed:
    """The file for the court.

    Attributes:
        data: the archive.
        sha256: its hash (hex): the seal, to be written into the letter that goes with it.
        files: names and hashes (hex) of what it holds.
    """

    data: bytes
    sha256: str
    files: dict[str, str]


def seal(contents: Contents) -> Sealed:
    """Write a case as one file; the same contents give the same bytes."""
    facts = json.dumps(contents.facts, ensure_ascii=False, sort_keys=True, indent=1).encode()
    keys = json.dumps(contents.keys.model_dump(mode="json"), indent=1).encode()
    files = {"case.json": facts, "keys.json": keys}
    if contents.package is not None:
        files[f"evidence/{contents.package_name}"] = contents.package
    files["index.html"] = page(contents).encode()
    hashes = {name: hashlib.sha256(data).hexdigest() for name, data in sorted(files.items())}
    files["SHA256SUMS"] = "".join(f"{digest}  {name}\n" for name, digest in hashes.items()).encode()
    buffer = io.BytesIO()
    with zipfile.ZipFile(buffer, "w", zipfile.ZIP_STORED) as archive:
        for name in sorted(files, key=lambda one: (one != "index.html", one)):
            info = zipfile.ZipInfo(name, _FIRST_DAY)
            info.external_attr = 0o100644 << 16
            archive.writestr(info, files[name])
    data = buffer.getvalue()
    return Sealed(data, hashlib.sha256(data).hexdigest(), hashes)


def page(contents: Contents) -> str:
    """The page for the judge: everything is in it, it asks nothing of a network, and it checks what it shows."""
    script, style = (_FOLDER / "court.js").read_text("utf-8"), (_FOLDER / "court.css").read_text("utf-8")
    held: dict[str, Any] = {
        "facts": contents.facts,
        "keys": contents.keys.model_dump(mode="json")["keys"],
        "package": None if contents.package is None else base64.b64encode(contents.package).decode(),
    }
    # Nothing in the data may end the element that holds it.
    data = json.dumps(held, ensure_ascii=True).replace("<", "\\u003c")
    environment = Environment(loader=FileSystemLoader(_FOLDER), autoescape=True, undefined=StrictUndefined)
    return environment.get_template("court.html").render(
        reference=contents.facts["asked"],
        made_at=contents.facts["made_at"],
        purpose=contents.facts["purpose"],
        script=script,
        style=style,
        data=data,
        script_sha256=_source_hash(script),
        style_sha256=_source_hash(style),
    )


def _source_hash(text: str) -> str:
    return base64.b64encode(hashlib.sha256(text.encode()).digest()).decode()
