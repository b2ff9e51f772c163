"""Loading jurisdiction files, and handing them to whoever holds a session."""

from __future__ import annotations

from collections.abc import Iterable, Iterator
from pathlib import Path

import yaml
from pydantic import ValidationError
from sqlalchemy.orm import Session

from api.jurisdiction.model import Jurisdiction

SAMPLES = Path(__file__).resolve().parents[2] / "samples" / "jurisdictions"
MAX_FILE_BYTES = 2 * 1024 * 1024
JURISDICTIONS_KEY = "tertib.jurisdictions"


class JurisdictionError(ValueError):
    """A jurisdiction file is absent or wrong; the sentence says where."""


def load_jurisdiction(path: Path) -> Jurisdiction:
    """Read and check one file.

    Raises:
        JurisdictionError: absent, too large, no YAML, or a value that does not fit.
    """
    try:
        if path.stat().st_size > MAX_FILE_BYTES:
            message = f"{path}: larger than {MAX_FILE_BYTES} bytes"
            raise JurisdictionError(message)
        data = yaml.safe_load(path.read_text("utf-8"))
    except OSError as error:
        message = f"{path}: cannot be read ({error.strerror})"
        raise JurisdictionError(message) from error
    except (yaml.YAMLError, UnicodeDecodeError) as error:
        message = f"{path}: no YAML ({' '.join(str(error).split())})"
        raise JurisdictionError(message) from error
    try:
        return Jurisdiction.model_validate(data)
    except ValidationError as error:
        first = error.errors()[0]
        where = ".".join(str(part) for part in first["loc"]) or "the file"
        more = f" (and {error.error_count() - 1} more)" if error.error_count() > 1 else ""
        message = f"{path}: {where}: {first['msg']}{more}"
        raise JurisdictionError(message) from error


class Jurisdictions:
    """The jurisdictions that an office serves, by id."""

    def __init__(self, items: Iterable[Jurisdiction]) -> None:
        self._by_id = {item.id: item for item in items}

    @classmethod
    def load(cls, folder: Path = SAMPLES) -> Jurisdictions:
        """Every `*.yaml` of a folder.

        Raises:
            JurisdictionError: the folder holds none, or one is wrong.
        """
        paths = sorted(folder.glob("*.yaml"))
        if not paths:
            message = f"{folder}: no jurisdiction file (*.yaml) there"
            raise JurisdictionError(message)
        return cls(load_jurisdiction(path) for path in paths)

    def __iter__(self) -> Iterator[Jurisdiction]:
        return iter(self._by_id.values())

    def __getitem__(self, jurisdiction_id: str) -> Jurisdiction:
        """The jurisdiction with this id.

        Raises:
            JurisdictionError: this office does not serve it.
        """
        found = self._by_id.get(jurisdiction_id)
        if found is None:
            known = ", ".join(sorted(self._by_id))
            message = f"this office has no jurisdiction {jurisdiction_id!r} (it has: {known})"
            raise JurisdictionError(message)
        return found

    def __contains__(self, jurisdiction_id: object) -> bool:
        return jurisdiction_id in self._by_id

    @property
    def first(self) -> Jurisdiction:
        """The one that pages speak for when an office serves a single jurisdiction."""
        return next(iter(self._by_id.values()))


def jurisdictions_of(session: Session) -> Jurisdictions:
    """The jurisdictions that the session carries (`session.info`)."""
    found: Jurisdictions = session.info[JURISDICTIONS_KEY]
    return found
