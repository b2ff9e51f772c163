"""How large anything in a package may be. Checked before memory or time is spent on it."""

from __future__ import annotations

from typing import Final

MAX_PACKAGE_BYTES: Final = 64 * 1024 * 1024
"""A whole package file."""

MAX_MEMBERS: Final = 64
"""Media members, the envelope not counted."""

MAX_ENVELOPE_BYTES: Final = 1_500_000
"""The envelope member: a manifest in base64 plus a signature."""

MAX_MANIFEST_BYTES: Final = 1_000_000
"""The signed manifest."""

MAX_MEMBER_NAME_CHARACTERS: Final = 80

MAX_JSON_DEPTH: Final = 16
"""Nested arrays and objects; a manifest needs 5."""

MAX_JSON_DIGITS: Final = 32
"""Characters of one JSON number; a float64 needs 24."""

MAX_BYSTANDER_BOXES: Final = 1_000
"""Boxes to blur on one still."""

MAX_TEXT_CHARACTERS: Final = 500
"""A sentence in a manifest: a doubt, a condition's detail."""

MAX_FUTURE_S: Final = 300
"""How far ahead of the verifier's clock a live camera's time may be; clocks differ, but not by more."""
