"""What a live stream says about itself: its state, and the stretches of time of which nothing was seen."""

from __future__ import annotations

from collections import deque
from dataclasses import dataclass, field
from typing import Final, Literal

State = Literal["connecting", "live", "waiting", "closed"]
REMEMBERED_GAPS: Final = 200


@dataclass(frozen=True)
class Gap:
    """A stretch of which nothing was seen.

    Attributes:
        began_at_s: Last picture before it, seconds since 1970 UTC; the start of the watch when there was none.
        ended_at_s: First picture after it; None while it lasts.
        why: One sentence's end.
    """

    began_at_s: float
    ended_at_s: float | None
    why: str


@dataclass
class StreamHealth:
    """Grows while a stream is watched; read by other threads.

    Attributes:
        state: What it is doing.
        why: Why it waits, in words; empty while it is live.
        connections: Sessions that were opened.
        failures: Tries in a row that brought no picture.
        packets: Encoded pictures that came.
        undecodable: Those that could not be decoded, or only damaged.
        resting: Those that were not decoded because nothing moved.
        decode_s: Time spent in the decoder, in seconds.
        last_picture_at_s: When the last picture arrived, by the box's clock, seconds since 1970; None = none yet.
        clock_apart_s: The camera's clock minus the box's; None = the camera does not tell its own.
        size_px: Width and height of the pictures.
        codec: Name of the codec.
        gaps: The last stretches of which nothing was seen; the last may be open.
        gap_count: How many there were in all.
    """

    state: State = "connecting"
    why: str = ""
    connections: int = 0
    failures: int = 0
    packets: int = 0
    undecodable: int = 0
    resting: int = 0
    decode_s: float = 0.0
    last_picture_at_s: float | None = None
    clock_apart_s: float | None = None
    size_px: tuple[int, int] | None = None
    codec: str = ""
    gaps: deque[Gap] = field(default_factory=lambda: deque(maxlen=REMEMBERED_GAPS))
    gap_count: int = 0

    def lost(self, at_s: float, why: str) -> None:
        """Nothing is seen from here on; told again, only the first telling counts."""
        self.state, self.why = "waiting", why
        if not self.gaps or self.gaps[-1].ended_at_s is not None:
            self.gaps.append(Gap(self.last_picture_at_s or at_s, None, why))
            self.gap_count += 1

    def seen(self, at_s: float) -> None:
        """A picture came; a gap that is open ends."""
        self.state, self.why, self.failures, self.last_picture_at_s = "live", "", 0, at_s
        if self.gaps and self.gaps[-1].ended_at_s is None:
            open_gap = self.gaps.pop()
            self.gaps.append(Gap(open_gap.began_at_s, at_s, open_gap.why))
