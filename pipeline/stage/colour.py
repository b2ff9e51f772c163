"""Colours by name, as a specification gives them, and as the painter wants them (blue, green, red)."""

from __future__ import annotations

from typing import Annotated

from pydantic import AfterValidator

BGR = tuple[float, float, float]

NAMES: dict[str, BGR] = {
    "white": (235, 236, 236),
    "silver": (178, 176, 172),
    "grey": (110, 108, 105),
    "black": (34, 32, 32),
    "red": (38, 32, 168),
    "maroon": (36, 24, 92),
    "blue": (150, 76, 32),
    "navy": (84, 46, 28),
    "green": (64, 110, 40),
    "yellow": (40, 190, 226),
    "orange": (34, 120, 226),
    "brown": (48, 70, 104),
    "beige": (160, 190, 206),
}


def _known(value: str | tuple[int, int, int]) -> str | tuple[int, int, int]:
    if isinstance(value, str):
        if value not in NAMES:
            raise ValueError(f"`{value}` is no colour known here: {', '.join(NAMES)}, or [red, green, blue]")
    elif any(not 0 <= part <= 255 for part in value):
        raise ValueError("has a part outside 0 to 255")
    return value


Colour = Annotated[str | tuple[int, int, int], AfterValidator(_known)]


def bgr(colour: str | tuple[int, int, int]) -> BGR:
    """A colour of the specification as the painter's blue, green, red (0..255)."""
    if isinstance(colour, str):
        return NAMES[colour]
    red, green, blue = colour
    return float(blue), float(green), float(red)


def darker(colour: BGR, share: float) -> BGR:
    """A colour at a share of its brightness."""
    blue, green, red = colour
    return blue * share, green * share, red * share
