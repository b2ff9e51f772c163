"""Asks the rules about every picture and about every vehicle that is over; what remains has had the last word.

Knows neither pictures nor files: `pipeline.camera` feeds it with what was seen, the suites with what is true.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import dataclass, replace

from pipeline.docket import Docket
from pipeline.perception.phase import PhaseLog
from pipeline.perception.plates import PlateVote
from pipeline.perception.riders import RiderVerdict
from pipeline.perception.track import Track
from pipeline.rules import NEED_PLATES, NEED_RIDERS, Candidate, Moment, declared, judge, reconsider
from pipeline.rules.suspicion import suspects
from pipeline.scene import Scene

ReadPlate = Callable[[int], PlateVote | None]
ReadRiders = Callable[[int], RiderVerdict | None]
Ask = Callable[[Moment], list[Candidate]]
SHORTEST_TRACK = 4
"""Pictures: who was seen in fewer is nobody whose plate is worth reading."""


@dataclass(frozen=True)
class _Known:
    """What a closing moment knows besides the vehicle."""

    phases: PhaseLog
    controller: PhaseLog | None
    stamp_sigma_s: float


class Hearing:
    """The judging of one camera's segment.

    Args:
        scene: What is allowed.
        read_plate: Says what a track's plate says; is asked once a track, when it matters.
        read_riders: Says who sits on a motorcycle.
        ask: Asks the rules; another one may count what is asked.
    """

    def __init__(self, scene: Scene, *, read_plate: ReadPlate, read_riders: ReadRiders, ask: Ask = judge) -> None:
        codes = set(declared(scene))
        self._scene = scene
        self._read_plate = read_plate
        self._read_riders = read_riders
        self._ask = ask
        self._tracks: dict[int, Track] = {}
        self._votes: dict[int, PlateVote | None] = {}
        self._docket = Docket()
        self.reads_all_plates = bool(codes & NEED_PLATES)
        self.looks_at_riders = bool(codes & NEED_RIDERS)

    def look(self, moment: Moment, merits: Mapping[int, float] | None = None) -> int:
        """Judge a picture.

        Args:
            moment: What is seen in it.
            merits: How well the plates of tracks can be seen in it.

        Returns:
            How many candidates are new.
        """
        self._tracks.update({track.id: track for track in moment.tracks})
        return self._docket.enter(self._ask(moment), moment.tracks, merits or {})

    def watched(self, moment: Moment) -> set[int]:
        """Tracks whose plates are worth keeping."""
        if self.reads_all_plates:
            return {track.id for track in moment.tracks}
        return suspects(moment) | self._docket.open_tracks()

    def open_tracks(self) -> set[int]:
        """Tracks that somebody waits for."""
        return self._docket.open_tracks()

    def conclude(
        self,
        at_s: float,
        alive: set[int],
        phases: PhaseLog,
        *,
        controller: PhaseLog | None = None,
        stamp_sigma_s: float = 0.001,
        over: bool = False,
    ) -> list[tuple[Candidate, Track]]:
        """Judge the tracks that are over, and give out what is ripe and stands.

        Args:
            at_s: Now, in capture time.
            alive: Tracks that are still followed.
            phases: The log of the signals.
            controller: The log of the signals' controller.
            stamp_sigma_s: Error of a picture's time against its neighbours', one sigma.
            over: The source has ended: all are over.

        Returns:
            Candidates to tell, with their whole tracks.
        """
        known = _Known(phases, controller, stamp_sigma_s)
        gone = [track for number, track in self._tracks.items() if over or number not in alive]
        for track in gone:
            closing = self._closing(track, known, needed=self.reads_all_plates)
            self._docket.enter(self._ask(closing), (track,), {})
            del self._tracks[track.id]
        told: list[tuple[Candidate, Track]] = []
        for candidate, track in self._docket.ripe(at_s, alive, over=over):
            again = reconsider(candidate, self._closing(track, known, needed=True))
            if again is not None:
                told.append((again, track))
        kept = set(self._tracks) | self._docket.open_tracks() | {track.id for _, track in told}
        self._votes = {number: vote for number, vote in self._votes.items() if number in kept}
        return told

    def plate(self, track_id: int) -> PlateVote | None:
        """What a track's plate says; read once."""
        if track_id not in self._votes:
            self._votes[track_id] = self._read_plate(track_id)
        return self._votes[track_id]

    @property
    def docket(self) -> Docket:
        """The open candidates."""
        return self._docket

    def _closing(self, track: Track, known: _Known, *, needed: bool) -> Moment:
        long_enough = needed and len(track.sightings) >= SHORTEST_TRACK
        vote = self.plate(track.id) if long_enough else None
        verdict = self._read_riders(track.id) if self.looks_at_riders else None
        return Moment(
            track.last.at_s,
            track.last.frame,
            (track,),
            known.phases,
            self._scene,
            plates={} if vote is None else {track.id: vote},
            riders={} if verdict is None else {track.id: verdict},
            controller=known.controller,
            closing=True,
            stamp_sigma_s=known.stamp_sigma_s,
        )


def with_doubts(candidate: Candidate, doubts: tuple[str, ...]) -> Candidate:
    """The candidate with more doubts."""
    return replace(candidate, doubts=(*candidate.doubts, *doubts))
