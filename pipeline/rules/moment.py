"""All that a rule may know: who was where and when, what the lamps showed, and what the scene allows."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from datetime import UTC, date, datetime

from pipeline.perception.cabin import CabinVerdict
from pipeline.perception.phase import PhaseLog
from pipeline.perception.plates import PlateVote
from pipeline.perception.riders import RiderVerdict
from pipeline.perception.track import Box, Track
from pipeline.scene import Scene
from pipeline.scene.hours import Hours


@dataclass(frozen=True)
class Moment:
    """The state of a scene at one picture.

    Attributes:
        at_s: Capture time of the picture, seconds since 1970 UTC.
        frame: Number of the picture.
        tracks: The road users seen in it, each with its history; in a closing moment, those that are over.
        phases: The log of the signals, as the camera read them.
        scene: What is allowed here.
        persons: Boxes of the people on foot in this picture, pixels.
        riders: By track: who sits on a motorcycle.
        plates: By track: what its plate says; tracks whose plate was not read (yet) are absent.
        cabins: By track: what a cabin reader saw (experimental).
        controller: The log of the signals as their controller reports it, where there is a feed.
        closing: These tracks are over: the last word on them, with all that is known by now.
        stamp_sigma_s: Error of a picture's timestamp against its neighbours', one sigma.
        clock_rate_error: Share by which the clock may run fast or slow.
    """

    at_s: float
    frame: int
    tracks: tuple[Track, ...]
    phases: PhaseLog
    scene: Scene
    persons: tuple[Box, ...] = ()
    riders: Mapping[int, RiderVerdict] = field(default_factory=dict)
    plates: Mapping[int, PlateVote] = field(default_factory=dict)
    cabins: Mapping[int, CabinVerdict] = field(default_factory=dict)
    controller: PhaseLog | None = None
    closing: bool = False
    stamp_sigma_s: float = 0.001
    clock_rate_error: float = 0.0005

    def local(self, at_s: float) -> datetime:
        """`at_s` in the camera's own time zone."""
        return datetime.fromtimestamp(at_s, UTC).astimezone(self.scene.camera.zone)

    def within(self, hours: tuple[Hours, ...], at_s: float) -> bool:
        """Whether something binds at that instant."""
        # Most signs bind always: a hundred tracks a picture should not ask the calendar for it.
        if len(hours) == 1 and hours[0].always:
            return True
        local = self.local(at_s)
        return any(part.covers(local, self.scene.holidays) for part in hours)

    def throughout(self, hours: tuple[Hours, ...], since_s: float, until_s: float) -> bool:
        """Whether one part of the hours covers both ends of some seconds, and so all that lies between."""
        if len(hours) == 1 and hours[0].always:
            return True
        since, until, holidays = self.local(since_s), self.local(until_s), self.scene.holidays
        return any(part.covers(since, holidays) and part.covers(until, holidays) for part in hours)

    def holidays_unknown(self, hours: tuple[Hours, ...], at_s: float) -> bool:
        """Whether the answer of `within` rests on holidays that the scene does not know (yet)."""
        if all(part.holidays == "as_other_days" for part in hours):
            return False
        known_to: date | None = self.scene.calendar.complete_to if self.scene.calendar else None
        return known_to is None or self.local(at_s).date() > known_to
