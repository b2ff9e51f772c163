"""How long to wait before the next try: twice as long each time, spread so that a hundred boxes do not come at once."""

from __future__ import annotations

from typing import Final

SHORTEST_S: Final = 1.0
LONGEST_S: Final = 30.0


def wait_s(failures: int, jitter: float) -> float:
    """Seconds to wait.

    Args:
        failures: Failed tries in a row, from 1.
        jitter: A number in 0..1; 1 waits the full time, 0 half of it.

    Returns:
        From half of `SHORTEST_S` up to `LONGEST_S`.
    """
    whole = min(LONGEST_S, SHORTEST_S * 2.0 ** min(max(0, failures - 1), 10))
    return whole * (0.5 + jitter / 2)
