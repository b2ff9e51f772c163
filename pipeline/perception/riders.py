"""Who sits on a motorcycle, and what is on their heads: a verdict over the whole track, not of one picture."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from enum import StrEnum

import numpy as np
from numpy.typing import NDArray

from models.detection import Detections
from pipeline.perception.track import Box, Track


class HelmetState(StrEnum):
    """What is on a head. A hijab, a cap and a songkok are `BARE`: none of them is a helmet."""

    HELMET = "helmet"
    BARE = "bare"
    CANNOT_TELL = "cannot_tell"


@dataclass(frozen=True)
class RiderVerdict:
    """What all looks at one motorcycle together say.

    Attributes:
        track_id: The motorcycle's track.
        riders: How many persons sit on it (a child counts), or None when that cannot be told.
        bare: How many of them surely wear no helmet.
        helmeted: How many surely wear one.
        unclear: How many heads nobody can judge.
        looks: Pictures that spoke.
        span_s: Time between the first and the last of them, in seconds.
        reason: Why something is not told (a sentence), or None when all is told.
        best_frame: Number of the picture that shows it best, or None.
        head_boxes: The heads in that picture, those without a helmet first, in pixels.
    """

    track_id: int
    riders: int | None
    bare: int
    helmeted: int
    unclear: int
    looks: int
    span_s: float
    reason: str | None
    best_frame: int | None
    head_boxes: tuple[Box, ...] = ()


class RiderTally:
    """Keeps looks at the motorcycles of one camera."""

    def __init__(self) -> None:
        self._seen: dict[int, tuple[float, float, int]] = {}

    def look(
        self,
        at_s: float,
        frame_number: int,
        frame_bgr: NDArray[np.uint8],
        motorcycles: Sequence[Track],
        detections: Detections,
    ) -> None:
        """Take in one picture.

        Args:
            at_s: Capture time, later than all before.
            frame_number: Of the picture in its source.
            frame_bgr: uint8 [height, width, 3].
            motorcycles: The tracks to look at that are seen in this picture.
            detections: All that the detector saw in it.
        """
        del frame_number, frame_bgr, detections
        for track in motorcycles:
            first, _, looks = self._seen.get(track.id, (at_s, at_s, 0))
            self._seen[track.id] = first, at_s, looks + 1

    def verdict(self, track_id: int) -> RiderVerdict | None:
        """What is known of a motorcycle by now; None when it was never looked at."""
        if track_id not in self._seen:
            return None
        first, last, looks = self._seen[track_id]
        return RiderVerdict(track_id, None, 0, 0, 0, looks, last - first, "heads are not judged yet", None)

    def forget(self, track_id: int) -> None:
        """The track is over and told."""
        self._seen.pop(track_id, None)
