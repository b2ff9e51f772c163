"""Follows road users from picture to picture: ByteTrack with timestamps, one a camera."""

from __future__ import annotations

from collections import defaultdict
from dataclasses import dataclass, field
from typing import Any

import numpy as np
import supervision
from numpy.typing import NDArray
from trackers import ByteTrackTracker

from models.detection import CLASSES, Detections
from pipeline.perception.track import Sighting, Track

VEHICLES: tuple[str, ...] = ("car", "motorcycle", "bus", "truck", "bicycle")
LOST_AFTER_S = 1.5
"""A vehicle hidden for longer comes back as a new one."""
HISTORY = 900
"""Sightings kept a track: of more the older half is thinned out."""
SAME_OBJECT_OVERLAP = 0.7
"""Two boxes of different classes that overlap so much are one vehicle seen twice (car and truck)."""
LARGE, SMALL = ("bus", "truck"), ("motorcycle", "bicycle")
PART_INSIDE, PART_LOWER = 0.9, 0.01
"""So much of a box inside a bus, and no lower than it: its front or its rear, taken for a car."""


@dataclass
class _Growing:
    sightings: list[Sighting] = field(default_factory=list)
    votes: dict[str, float] = field(default_factory=lambda: defaultdict(float))


class Tracker:
    """Road users of one camera.

    Args:
        confident: Score from which a box may start a track (0..1); lower ones only continue tracks.
        lost_after_s: How long a hidden one is waited for, in seconds.
    """

    def __init__(self, *, confident: float = 0.4, lost_after_s: float = LOST_AFTER_S) -> None:
        self._confident = confident
        self._lost_after_s = lost_after_s
        self._offset = 0
        self._highest = -1
        self.reset()

    def reset(self) -> None:
        """Forget everything: a new segment has begun. Numbers go on, so that no two tracks of a camera share one."""
        self._offset = self._highest + 1
        self._tracks: dict[int, _Growing] = {}
        self._bytetrack: Any = ByteTrackTracker(
            lost_track_buffer=round(30 * self._lost_after_s),
            track_activation_threshold=self._confident,
            high_conf_det_threshold=self._confident,
            minimum_consecutive_frames=2,
            minimum_iou_threshold=0.1,
        )

    @property
    def count(self) -> int:
        """How many tracks have begun so far."""
        return self._highest + 1

    def update(
        self, seen: Detections, at_s: float, frame: int, *, again: bool = False
    ) -> tuple[list[Track], NDArray[np.int64]]:
        """Take in one picture.

        Args:
            seen: All detections of the picture; road users are followed, the rest is left aside.
            at_s: Capture time, later than all before.
            frame: Number of the picture.
            again: It is an earlier look once more, since nothing has changed: it has voted for its classes already.

        Returns:
            The tracks that are seen in this picture, each with its history; and for each box of `seen` the number of
            its track, or -1.
        """
        numbers = np.full(len(seen), -1, np.int64)
        chosen = _distinct_vehicles(seen)
        detections = supervision.Detections(
            xyxy=seen.boxes[chosen].reshape(-1, 4),
            confidence=seen.scores[chosen],
            class_id=seen.classes[chosen],
            data={"place": chosen},
        )
        followed = self._bytetrack.update(detections, timestamp=at_s)
        current: list[Track] = []
        for place, number in zip(followed.data.get("place", ()), followed.tracker_id, strict=True):
            if number < 0:
                continue
            identity = int(number) + self._offset
            self._highest = max(self._highest, identity)
            numbers[place] = identity
            growing = self._tracks.setdefault(identity, _Growing())
            x1, y1, x2, y2 = (float(value) for value in seen.boxes[place])
            score = float(seen.scores[place])
            growing.sightings.append(Sighting(at_s, frame, (x1, y1, x2, y2), score))
            # A large, sure look tells more about the class than a far one.
            if not again or not growing.votes:
                growing.votes[CLASSES[int(seen.classes[place])]] += score * growing.sightings[-1].size_px / 100
            if len(growing.sightings) > HISTORY:
                # Long stays are thinned out, not forgotten: since when somebody stands must stay known.
                half = HISTORY // 2
                growing.sightings[:half] = growing.sightings[:half:2]
            current.append(Track(identity, tuple(growing.sightings), dict(growing.votes)))
        return sorted(current, key=lambda track: track.id), numbers

    def alive(self, at_s: float) -> set[int]:
        """Tracks seen a moment ago; the others are over and forgotten."""
        for identity in [n for n, g in self._tracks.items() if at_s - g.sightings[-1].at_s > self._lost_after_s]:
            del self._tracks[identity]
        return set(self._tracks)


def _distinct_vehicles(seen: Detections) -> NDArray[np.int64]:
    """Places of the vehicle boxes in `seen`, without the weaker of two that overlap almost wholly."""
    wanted = np.flatnonzero(np.isin(seen.classes, [CLASSES.index(name) for name in VEHICLES]))
    order = wanted[np.argsort(-seen.scores[wanted], kind="stable")]
    kept: list[int] = []
    for place in order:
        box = seen.boxes[place]
        if all(_iou(box, seen.boxes[other]) < SAME_OBJECT_OVERLAP for other in kept):
            kept.append(int(place))
    kept = [place for place in kept if not any(_is_part(seen, place, other) for other in kept if other != place)]
    return np.array(kept, np.int64)


def _is_part(seen: Detections, place: int, other: int) -> bool:
    """Whether a box is a part of a bus or truck: inside its box, and not nearer to the camera than that one stands."""
    if CLASSES[int(seen.classes[other])] not in LARGE or CLASSES[int(seen.classes[place])] in SMALL:
        return False
    part, whole = seen.boxes[place], seen.boxes[other]
    low, high = np.maximum(part[:2], whole[:2]), np.minimum(part[2:], whole[2:])
    width, height = np.clip(high - low, 0, None)
    inside = float(width * height) / max(1.0, float((part[2] - part[0]) * (part[3] - part[1])))
    return inside > PART_INSIDE and part[3] <= whole[3] + PART_LOWER * (whole[3] - whole[1])


def _iou(one: NDArray[np.float32], other: NDArray[np.float32]) -> float:
    low, high = np.maximum(one[:2], other[:2]), np.minimum(one[2:], other[2:])
    width, height = np.clip(high - low, 0, None)
    common = float(width * height)
    total = float((one[2] - one[0]) * (one[3] - one[1]) + (other[2] - other[0]) * (other[3] - other[1])) - common
    return common / total if total > 0 else 0.0
