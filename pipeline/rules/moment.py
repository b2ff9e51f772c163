"""All that a rule may know: who was where and when, what the lamps showed, and what the scene allows."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import UTC, datetime

from pipeline.perception.phase import PhaseLog
from pipeline.perception.track import Track
from pipeline.scene import Scene


@dataclass(frozen=True)
class Moment:
    """The state of a scene at one picture.

    Attributes:
        at_s: Capture time of the picture, seconds since 1970 UTC.
        frame: Number of the picture.
        tracks: The road users seen in it, each with its history.
        phases: The log of the signals.
        scene: What is allowed here.
    """

    at_s: float
    frame: int
    tracks: tuple[Track, ...]
    phases: PhaseLog
    scene: Scene

    def local(self, at_s: float) -> datetime:
        """`at_s` in the camera's own time zone."""
        return datetime.fromtimestamp(at_s, UTC).astimezone(self.scene.camera.zone)
