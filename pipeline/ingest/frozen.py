"""Notices a camera that goes on sending while its picture stands still."""

from __future__ import annotations

import hashlib
from typing import Final

import av

from pipeline.ingest.frame import luma_of

LOOK_EVERY_S: Final = 1.0
LONGEST_S: Final = 600.0


class FrozenWatch:
    """A sensor's noise and the clock that cameras draw into the picture make no two pictures alike, to the bit.

    A quiet scene behind a strong compression may look the same for long: after each false alarm (the picture is still
    the same after a new connection) the patience doubles.

    Args:
        patience_s: How long the very same picture may be shown, in seconds.
    """

    def __init__(self, patience_s: float) -> None:
        self._shortest_s = self._patience_s = patience_s
        self._digest = b""
        self._since_s = float("-inf")
        self._looked_s = float("-inf")

    def is_frozen(self, picture: av.VideoFrame, now_s: float) -> bool:
        """Whether this picture has been shown for too long.

        Args:
            picture: The decoder's next frame.
            now_s: Steady time, in seconds.
        """
        if now_s - self._looked_s < min(LOOK_EVERY_S, self._shortest_s / 4):
            return False
        self._looked_s = now_s
        digest = hashlib.blake2b(luma_of(picture, 320).tobytes(), digest_size=16).digest()
        if digest != self._digest:
            if self._digest:
                self._patience_s = self._shortest_s
            self._digest, self._since_s = digest, now_s
            return False
        if now_s - self._since_s < self._patience_s:
            return False
        self._since_s, self._patience_s = now_s, min(LONGEST_S, 2 * self._patience_s)
        return True
