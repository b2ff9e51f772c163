"""Candidates that wait until the vehicle has passed, so that later and closer looks at the plate count.

And no vehicle is told twice for one offence.
"""

from __future__ import annotations

import math
from collections.abc import Iterable, Mapping
from dataclasses import dataclass, replace

from pipeline.exhibits import CLIP_AFTER_S, Finding
from pipeline.perception.track import Track, overlap
from pipeline.rules import Candidate

LONGEST_WAIT_S = 5.0
"""For a better view, after the offence was certain.

The ring of packets must reach back farther than this and the clip together.
"""
REBORN_WITHIN_S = 2.5
"""A tracker may lose a vehicle and find it again under another number."""
SAME_PLATE_WITHIN_S = 60.0


@dataclass
class _Waiting:
    candidate: Candidate
    track: Track
    first_at_s: float
    merit: float


class Docket:
    """The open candidates of one camera."""

    def __init__(self) -> None:
        self._waiting: dict[tuple[int, str], _Waiting] = {}
        self._taken: set[tuple[int, str]] = set()
        self._told: list[Finding] = []

    def enter(self, candidates: Iterable[Candidate], tracks: Iterable[Track], merits: Mapping[int, float]) -> int:
        """Take in a picture's candidates and the tracks as they now are.

        The first candidate of a track and offence counts. Where the offence lasts, a rule offers it again picture
        after picture: then the one with
        the best view of the plate takes the place of the first.

        Args:
            candidates: Of this picture.
            tracks: All tracks seen in it.
            merits: How well the plates of tracks can be seen in it; tracks whose plate cannot be seen are absent.

        Returns:
            How many were new.
        """
        now = {track.id: track for track in tracks}
        for (number, _), case in self._waiting.items():
            case.track = now.get(number, case.track)
        new = 0
        for candidate in candidates:
            key = (candidate.track_id, candidate.offence.value)
            merit = merits.get(candidate.track_id, 0.0)
            waiting = self._waiting.get(key)
            if key not in self._taken:
                self._taken.add(key)
                self._waiting[key] = _Waiting(candidate, now[candidate.track_id], candidate.at_s, merit)
                new += 1
            elif (
                waiting
                and candidate.lasting
                and merit > waiting.merit
                and candidate.at_s <= waiting.first_at_s + LONGEST_WAIT_S
            ):
                waiting.candidate, waiting.merit = candidate, merit
        return new

    def open_tracks(self) -> set[int]:
        """Tracks that somebody waits for."""
        return {number for number, _ in self._waiting}

    def ripe(self, at_s: float, alive: set[int], *, over: bool = False) -> list[tuple[Candidate, Track]]:
        """Candidates to finish now: the clip's end has passed, and the vehicle has gone or was waited for long enough.

        Args:
            at_s: Now, in capture time.
            alive: Tracks that are still followed.
            over: The source has ended: all are ripe.
        """
        ready = [
            key
            for key, waiting in self._waiting.items()
            if over
            or at_s >= waiting.first_at_s + LONGEST_WAIT_S + CLIP_AFTER_S
            or (at_s >= waiting.candidate.at_s + CLIP_AFTER_S and key[0] not in alive)
        ]
        return [(waiting.candidate, waiting.track) for key in ready for waiting in [self._waiting.pop(key)]]

    def accept(self, finding: Finding) -> bool:
        """Whether this is a case of its own, and not a vehicle told already under another track number."""
        self._told = [old for old in self._told if finding.candidate.at_s - old.candidate.at_s < SAME_PLATE_WITHIN_S]
        if any(_same(old, finding) for old in self._told):
            return False
        # The told finding is kept for comparison only: without the ring, which holds megabytes.
        self._told.append(replace(finding, bystanders={}, presences=(), plate=replace(finding.plate, best=None)))
        return True


def _same(old: Finding, new: Finding) -> bool:
    one, other = old.candidate, new.candidate
    if one.offence != other.offence or one.lane != other.lane or one.track_id == other.track_id:
        return False
    if old.plate.text and new.plate.text:
        return old.plate.text == new.plate.text
    return _one_vehicle(old.track, new.track) or _one_vehicle(new.track, old.track)


def _one_vehicle(earlier: Track, later: Track) -> bool:
    by_frame = {sighting.frame: sighting for sighting in earlier.sightings}
    both = [(by_frame[sighting.frame], sighting) for sighting in later.sightings if sighting.frame in by_frame]
    if both:
        # Seen side by side in the same pictures: one vehicle only if the boxes lie over each other all the time.
        return sum(overlap(one.box, other.box) for one, other in both) / len(both) > 0.5
    gap_s = later.first.at_s - earlier.last.at_s
    if not 0 <= gap_s <= REBORN_WITHIN_S:
        return False
    apart_px = math.dist(earlier.last.ground, later.first.ground)
    return apart_px < 1.2 * max(earlier.last.size_px, later.first.size_px)
