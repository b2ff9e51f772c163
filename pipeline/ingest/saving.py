"""Ways to do less, each of which can be switched off to see what it changes; and the rest of a camera at a quiet road.

`tertib bench camera --steps` measures each of them.
"""

from __future__ import annotations

from dataclasses import dataclass, fields, replace
from typing import Final

import av
import cv2
import numpy as np
from numpy.typing import NDArray

from pipeline.ingest.frame import SCALER_THREADS

STILL_S: Final = 2.0
"""So long nothing may have moved before a camera rests, in seconds."""
WIDTH_PX: Final = 178
DIFFERENCE: Final = 14.0
SHARE: Final = 0.001


@dataclass(frozen=True)
class Steps:
    """What is done to save work.

    Attributes:
        gate: Where nothing moves (small brightness picture against a learnt background) nothing is inferred.
        keyframes: While nothing moves for long, only keyframes are decoded; what woke the camera is decoded after all.
        still: A picture that has not changed since it was looked at is not looked at again: who stands there stands.
        need: Half the rate while every road user that is followed stands still.
        pace: Where the laws are about staying somewhere, the slower all are the fewer looks; who comes anew is seen by
            its motion.
        phase: A camera that only enforces signals infers from two seconds before yellow until the red is over.
        reads: Where the three best looks at a plate say the same, the others are left unread (not where plates are the
            law).
        convert: Only pictures that are inferred are converted to colour.
    """

    gate: bool = True
    keyframes: bool = True
    still: bool = True
    need: bool = True
    pace: bool = True
    phase: bool = True
    reads: bool = True
    convert: bool = True

    @classmethod
    def none(cls) -> Steps:
        """Everything is done to every picture that is due."""
        return cls(**dict.fromkeys(cls.names(), False))

    @classmethod
    def names(cls) -> tuple[str, ...]:
        """Names of all steps."""
        return tuple(field.name for field in fields(cls))

    def only(self, name: str) -> Steps:
        """No step but this one."""
        return replace(Steps.none(), **{name: True})


class KeyframeRest:
    """Lets a decoder rest while nothing moves; see `pipeline.ingest.decoding.Rest`.

    The camera's thread says when all is quiet, the source's thread asks.
    """

    def __init__(self) -> None:
        self._still_since_s: float | None = None
        self._at_s = float("-inf")
        self._before: NDArray[np.float32] | None = None

    def still(self, at_s: float, *, quiet: bool) -> None:
        """Told after every picture that was looked at: whether nothing moved in it and nothing is followed."""
        self._at_s = at_s
        if not quiet:
            self._still_since_s = None
        elif self._still_since_s is None:
            self._still_since_s = at_s

    def resting(self) -> bool:
        """Whether nothing has moved for `STILL_S`."""
        since_s = self._still_since_s
        rests = since_s is not None and self._at_s - since_s >= STILL_S
        if not rests:
            self._before = None
        return rests

    def wakes(self, picture: av.VideoFrame) -> bool:
        """Whether something moves in this keyframe, compared with the one before."""
        height_px = max(2, round(WIDTH_PX * picture.height / picture.width))
        small = picture.to_ndarray(format="gray", width=WIDTH_PX, height=height_px, threads=SCALER_THREADS)
        luma = cv2.GaussianBlur(small, (3, 3), 0).astype(np.float32)
        before, self._before = self._before, luma
        if before is None or before.shape != luma.shape:
            return False
        change = luma - before
        moves = float(np.mean(np.abs(change - np.median(change)) > DIFFERENCE)) > SHARE
        if moves:
            self._still_since_s = None
        return moves
