"""A road user followed over time: identity, timed boxes and ground points, class votes."""

from __future__ import annotations

import math
from collections.abc import Mapping
from dataclasses import dataclass, field
from functools import cached_property

from pipeline.scene.geometry import Point

Box = tuple[float, float, float, float]
"""x1, y1, x2, y2 in pixels of the original frame."""


@dataclass(frozen=True)
class Sighting:
    """Where a road user was in one picture.

    Attributes:
        at_s: Capture time, seconds since 1970 UTC.
        frame: Number of the picture in its source.
        box: In pixels.
        score: The detector's, 0..1.
    """

    at_s: float
    frame: int
    box: Box
    score: float

    # Every rule asks for these of every sighting in every picture: they are reckoned once.
    @cached_property
    def ground(self) -> Point:
        """Where it stands: the middle of the box's lower edge, in pixels."""
        return (self.box[0] + self.box[2]) / 2, self.box[3]

    @cached_property
    def top(self) -> Point:
        """The middle of the box's upper edge, in pixels.

        What is left to measure by when the wheels are out of the picture.
        """
        return (self.box[0] + self.box[2]) / 2, self.box[1]

    @cached_property
    def size_px(self) -> float:
        """Side of a square as large as the box: the yardstick where no metres are known."""
        return math.sqrt(max(1.0, (self.box[2] - self.box[0]) * (self.box[3] - self.box[1])))


@dataclass(frozen=True)
class Track:
    """One road user.

    Attributes:
        id: Unique within a camera's segment.
        sightings: In order of time, never empty.
        votes: Weight of the looks that spoke for each class.
    """

    id: int
    sightings: tuple[Sighting, ...]
    votes: Mapping[str, float] = field(default_factory=dict)

    @property
    def last(self) -> Sighting:
        """The latest sighting."""
        return self.sightings[-1]

    @property
    def first(self) -> Sighting:
        """The earliest sighting that is still kept."""
        return self.sightings[0]

    @cached_property
    def vehicle_class(self) -> str:
        """The class with the most votes."""
        return max(self.votes, key=lambda name: self.votes[name]) if self.votes else "car"

    def share(self, *classes: str) -> float:
        """Share of the votes that fell on these classes together (0..1)."""
        total = sum(self.votes.values())
        return sum(self.votes.get(name, 0.0) for name in classes) / total if total else 0.0


def overlap(one: Box, other: Box) -> float:
    """Intersection over union of two boxes (0..1)."""
    width = min(one[2], other[2]) - max(one[0], other[0])
    height = min(one[3], other[3]) - max(one[1], other[1])
    if width <= 0 or height <= 0:
        return 0.0
    common = width * height
    return common / ((one[2] - one[0]) * (one[3] - one[1]) + (other[2] - other[0]) * (other[3] - other[1]) - common)
