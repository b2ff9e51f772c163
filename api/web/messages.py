"""The message catalogue: every sentence on a page, in every language, side by side in `i18n/*.yaml`.

A file holds one area (`shell`, `review`, `public`, ...); a key names a place, its value holds one text a language:

    review.queue.title: {id: "Antrean", en: "Queue"}
    review.queue.count:
      id: "{n} perkara"
      en: {one: "{n} case", other: "{n} cases"}

Side by side, a missing translation is seen by whoever edits the line, and by a test. Values are `str.format` texts;
plural forms are chosen by the argument `n` with CLDR's rules (babel).
"""

from __future__ import annotations

from dataclasses import dataclass, field
from functools import lru_cache
from pathlib import Path
from typing import Any, Final

import yaml
from babel import Locale
from babel.plural import PluralRule

LANGUAGES: Final[tuple[str, ...]] = ("id", "en")
DEFAULT_LANGUAGE: Final = "id"
CATALOGUE_FOLDER: Final = Path(__file__).parent / "i18n"

Entry = str | dict[str, str]


class MessageError(ValueError):
    """A catalogue file is malformed, or a key is asked for that no file holds."""


@dataclass(frozen=True)
class Catalogue:
    """All messages, by key and language."""

    entries: dict[str, dict[str, Entry]]
    plural: dict[str, PluralRule] = field(default_factory=dict)

    def text(self, language: str, key: str, /, **values: object) -> str:
        """The text of `key` in `language` with `values` put in.

        Raises:
            MessageError: no such key or language, or a value that the text names is missing.
        """
        try:
            entry = self.entries[key][language]
        except KeyError as error:
            raise MessageError(f"message {key!r} has no text in {language!r}; add it to api/web/i18n") from error
        if isinstance(entry, dict):
            number = values.get("n")
            if not isinstance(number, int | float):
                raise MessageError(f"message {key!r} has plural forms; give it n=<number>")
            entry = entry.get(self.plural[language](number), entry["other"])
        try:
            return entry.format(**values)
        except (KeyError, IndexError) as error:
            raise MessageError(f"message {key!r} names {error} which was not given") from error

    def has(self, key: str) -> bool:
        """Whether any file holds `key`."""
        return key in self.entries


def _read(path: Path) -> dict[str, dict[str, Entry]]:
    raw: Any = yaml.safe_load(path.read_text("utf-8")) or {}
    if not isinstance(raw, dict):
        raise MessageError(f"{path.name}: expected `key: {{id: ..., en: ...}}` lines")
    entries: dict[str, dict[str, Entry]] = {}
    for key, texts in raw.items():
        if not isinstance(texts, dict) or not all(isinstance(text, str | dict) for text in texts.values()):
            raise MessageError(f"{path.name}: {key}: expected one text a language")
        entries[str(key)] = {str(language): text for language, text in texts.items()}
    return entries


def load_catalogue(folder: Path = CATALOGUE_FOLDER) -> Catalogue:
    """Read every catalogue file of `folder`.

    Raises:
        MessageError: a malformed file, or one key in two files.
    """
    entries: dict[str, dict[str, Entry]] = {}
    for path in sorted(folder.glob("*.yaml")):
        for key, texts in _read(path).items():
            if key in entries:
                raise MessageError(f"{path.name}: {key} is already defined in another file")
            entries[key] = texts
    return Catalogue(entries, {language: Locale.parse(language).plural_form for language in LANGUAGES})


@lru_cache(maxsize=1)
def catalogue() -> Catalogue:
    """The catalogue of this installation, read once."""
    return load_catalogue()
