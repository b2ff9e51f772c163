"""How far this box's own clock is off, by what the office says at every delivery."""

from __future__ import annotations

from typing import Final

from pipeline.rules.doubts import GRAVE

FLAGGED_S: Final = 2.0
"""An answer's `Date` is known to a second, and is some time on its way: less is no difference."""
HELD_S: Final = 120.0


def box_clock_doubts(office_minus_box_s: float | None) -> tuple[str, ...]:
    """What must be said of every package while the box's clock is off; over `HELD_S` none is offered.

    Args:
        office_minus_box_s: The office's clock minus the box's, in seconds; None while no office has answered.
    """
    if office_minus_box_s is None or abs(office_minus_box_s) <= FLAGGED_S:
        return ()
    said = f"the clock of this box is {-office_minus_box_s:+.0f} s off the office's"
    return (f"{GRAVE}{said}" if abs(office_minus_box_s) > HELD_S else said,)
