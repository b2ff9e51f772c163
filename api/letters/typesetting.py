"""Sets a letter: a typst template and its facts in, the bytes of a PDF out.

Facts reach the template as one JSON document in `sys.inputs.facts`, never as typst markup, so that nothing that a
person or a camera wrote can become code. The fonts are those embedded in the typst wheel (Libertinus, OFL-1.1): a
letter looks the same on every machine, with no font installed. Packages of the typst universe are not used: nothing
is fetched.
"""

from __future__ import annotations

import json
import logging
from collections.abc import Mapping
from datetime import datetime
from functools import lru_cache
from pathlib import Path
from typing import Any, Final, Literal, cast

import typst

log = logging.getLogger(__name__)

TEMPLATES = Path(__file__).parent / "templates"
# Archivable (PDF/A-2a) and readable by a screen reader (PDF/UA-1): a letter of an authority must be both.
STANDARDS: Final[list[Literal["a-2a", "ua-1"]]] = ["a-2a", "ua-1"]


class LetterError(RuntimeError):
    """A letter could not be set; the sentence names the template and what typst said."""


@lru_cache(maxsize=1)
def _fonts() -> Any:  # noqa: ANN401 - typst carries no types that mypy follows
    return typst.Fonts(include_system_fonts=False, include_embedded_fonts=True)


def set_letter(template: str, facts: Mapping[str, Any], *, created_at: datetime) -> bytes:
    """Set one letter.

    Args:
        template: name of a file in `templates`, without `.typ`.
        facts: what the template prints; anything that JSON can hold.
        created_at: aware time written into the PDF; the same facts and time give the same bytes.

    Returns:
        The PDF's bytes: PDF/A-2a and PDF/UA-1, or a plain PDF when a name holds a character that no embedded font
        draws.

    Raises:
        LetterError: the template does not exist or does not compile.
    """
    source = TEMPLATES / f"{template}.typ"
    if not source.is_file():
        raise LetterError(f"there is no letter template {template!r} in {TEMPLATES}")
    inputs = {"facts": json.dumps(facts, ensure_ascii=False)}
    compiler = typst.Compiler(str(source), root=str(TEMPLATES), font_paths=_fonts(), sys_inputs=inputs)
    stamp = int(created_at.timestamp())
    try:
        return cast("bytes", compiler.compile(format="pdf", pdf_standards=[*STANDARDS], timestamp=stamp))
    except typst.TypstError as strict_error:
        # A letter that cannot be archived as PDF/A is still better than no letter: the owner's clock runs.
        try:
            plain = cast("bytes", compiler.compile(format="pdf", timestamp=stamp))
        except typst.TypstError as error:
            raise LetterError(f"the letter {template!r} could not be set: {error.message}") from error
        log.warning("letter %s set as plain PDF: %s", template, strict_error.message)
        return plain
