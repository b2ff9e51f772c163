"""What people type into a form, made fit to be kept: one line or several, without characters that nobody can see."""

from __future__ import annotations

import unicodedata
from typing import Final

# Direction overrides and isolates make text read otherwise than it is stored.
_OVERRIDES: Final = frozenset("\u202a\u202b\u202c\u202d\u202e\u2066\u2067\u2068\u2069")
_KEPT_CONTROLS: Final = frozenset("\n\t")
MIN_STORY: Final = 10
MAX_STORY: Final = 4000
MAX_PLACE: Final = 200
MAX_NAME: Final = 100
MIN_NAME: Final = 2
MAX_CONTACT: Final = 150


def clean_text(typed: str) -> str:
    r"""Several lines: line ends made one kind, invisible characters dropped, ends trimmed.

    >>> clean_text("  Halo\r\ndunia\x00 ")
    'Halo\ndunia'
    """
    text = unicodedata.normalize("NFC", typed.replace("\r\n", "\n").replace("\r", "\n"))
    kept = (
        c for c in text if c in _KEPT_CONTROLS or (unicodedata.category(c) not in {"Cc", "Cs"} and c not in _OVERRIDES)
    )
    return "".join(kept).strip()


def clean_line(typed: str) -> str:
    """One line: as `clean_text`, with every run of white space made one space."""
    return " ".join(clean_text(typed).split())
