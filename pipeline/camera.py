"""The way of one picture, from the source to a finding; and several cameras in one process.

    Source -> Gate -> Detector -> Tracker, Signals, Riders -> Hearing (rules) -> Plates -> Finding -> seal -> Ledger

`Camera.events()` is one camera without an office (what `tertib observe` prints). `run_cameras` runs many, each decoding
in a thread of its own, all with one detector, and seals and hands over every finding in the caller's thread:

    >>> stats = run_cameras(  # doctest: +SKIP
    ...     [Camera(scene, open_source(...), detector=detector, reader=reader)],
    ...     Sealer(keys={"jt-smg-001": key}, ledger=spool, software=running_software()),
    ...     on_event=print, on_package=lambda package: None, stop=threading.Event(),
    ... )
"""

from __future__ import annotations

import contextlib
import logging
import math
import queue
import threading
from collections import Counter
from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass, field

import cv2
import numpy as np
from numpy.typing import NDArray

from models.detection import Detections
from models.detector import Detector
from models.plates.reader import PlateReader
from pipeline.clock_doubts import clock_doubts
from pipeline.evidence.package import SealedPackage
from pipeline.exhibits import ExhibitError, Finding, beside
from pipeline.hearing import Hearing, with_doubts
from pipeline.ingest import Frame, MediaError, MotionGate, Source
from pipeline.ingest.decoding import LONGEST_REST_S
from pipeline.ingest.latest import LatestOnly
from pipeline.ingest.saving import KeyframeRest, Steps
from pipeline.ingest.stream_health import StreamHealth
from pipeline.passage import Presence
from pipeline.perception.need import Pace, PhaseWindow, all_stand
from pipeline.perception.phase import PhaseChange
from pipeline.perception.plates import PlateAlbum, PlateVote, read_plate
from pipeline.perception.riders import RiderTally
from pipeline.perception.signals import Signals
from pipeline.perception.still import StillPicture
from pipeline.perception.track import Box, Track
from pipeline.perception.tracker import Tracker
from pipeline.rules import Moment
from pipeline.rules.crossing import Crossing, LineCounter
from pipeline.scene import Scene
from pipeline.sealer import Sealer

Event = Finding | Crossing | PhaseChange

LOW_CONFIDENCE = 0.15
"""Boxes from here on continue a track; only confident ones start one."""
SURE_PERSON = 0.4
LONGEST_STEP_S = 0.7
"""Between two sightings of who stands, in seconds: of longer gaps the rules say that nobody knows what happened."""
NOWHERE: Box = (0.0, 0.0, 0.0, 0.0)
REMEMBERED_PICTURES = 300
"""Analysed pictures whose boxes are kept to know the bystanders on a still: as long as the ring is."""


@dataclass
class CameraStats:
    """What was done; grows while a camera runs.

    Attributes:
        frames: Pictures decoded.
        analysed: Pictures that were due.
        inferred: Pictures that the detector saw.
        dropped: Live pictures that came while the last was still being looked at.
        video_s: Length of what was seen, in seconds.
        tracks: Road users followed.
        candidates: Offences offered by the rules.
        findings: Those told, each vehicle once.
        packages: Those sealed and handed over.
        by_offence: Findings by offence code.
    """

    frames: int = 0
    analysed: int = 0
    inferred: int = 0
    dropped: int = 0
    video_s: float = 0.0
    tracks: int = 0
    candidates: int = 0
    findings: int = 0
    packages: int = 0
    by_offence: Counter[str] = field(default_factory=Counter)

    def __add__(self, other: CameraStats) -> CameraStats:
        """The sum of two cameras' work."""
        return CameraStats(**{name: getattr(self, name) + getattr(other, name) for name in self.__dataclass_fields__})


@dataclass(frozen=True, eq=False)
class _Seen:
    detections: Detections
    numbers: NDArray[np.int64]
    at_s: float


class Camera:
    """One camera.

    Args:
        scene: What is allowed where.
        source: Where its pictures come from.
        detector: May be shared with other cameras (see `SharedDetector`).
        reader: Reads plate crops of offenders; may be shared too.
        steps: What is done to save work; all by default.
    """

    def __init__(
        self, scene: Scene, source: Source, *, detector: Detector, reader: PlateReader, steps: Steps | None = None
    ) -> None:
        # Of small pictures each camera's own thread does all: waking a pool costs more than the pool saves.
        cv2.setNumThreads(1)
        self.scene = scene
        self.stats = CameraStats()
        self.duration_s = source.duration_s
        self._steps = steps or Steps()
        self._rest = KeyframeRest()
        # Signals change while nothing moves: their phases are read from every picture.
        if self._steps.keyframes and self._steps.gate and not scene.signals and hasattr(source, "rest"):
            source.rest = self._rest
        self._source: Source = LatestOnly(source, most_fps=scene.analyse_fps) if source.live else source
        self._detector = detector
        self._reader = reader
        self._tracker = Tracker()
        self._signals = Signals(scene.signals)
        self._segment = 0
        self._began_s: float | None = None
        self._begin_segment()

    def _begin_segment(self) -> None:
        self._gate = MotionGate()
        self._still = StillPicture()
        self._followed_at_s, self._followed_frame = float("-inf"), 0
        self._tracker.reset()
        self._album = PlateAlbum()
        self._riders = RiderTally()
        self._looked_at: set[int] = set()
        self._hearing = Hearing(
            self.scene,
            read_plate=self._read_plate,
            read_riders=self._riders.verdict,
        )
        self._remembered: dict[int, _Seen] = {}
        self._counter = LineCounter(self.scene.count_lines, self.scene.ground)
        self._window = PhaseWindow(self.scene)
        self._pace = Pace(self.scene)
        self._paces = self._steps.pace and self._steps.gate and self._pace.applies
        self._standing = False
        # A law that counts looks without a plate must not count one look many times.
        self._reuses = self._steps.still and not self._hearing.reads_all_plates
        self._last_due_s = float("-inf")

    @property
    def health(self) -> StreamHealth | None:
        """What the source says about itself, where it is a stream."""
        return getattr(self._source, "health", None)

    def events(self) -> Iterator[Event]:
        """Look at every picture that is due, to the end of the source.

        Yields:
            Phases and crossings as they happen, findings when they are finished.

        Raises:
            MediaError: The source could not be opened or ended before its time; all findings up to there were told.
        """
        last: Frame | None = None
        failure: MediaError | None = None
        try:
            for frame in self._source.frames():
                if frame.segment != self._segment and last is not None:
                    yield from self._finish(last, over=True)
                    self._begin_segment()
                    self._segment = frame.segment
                yield from self._picture(frame)
                last = frame
        except MediaError as error:
            failure = error
        if last is not None:
            yield from self._finish(last, over=True)
        if failure is not None:
            raise failure

    def close(self) -> None:
        """End after the present picture; what waits is still told. May be called from another thread."""
        self._source.close()

    def _picture(self, frame: Frame) -> Iterator[Event]:
        """The way of one picture."""
        self._count(frame)
        if not self._due(frame):
            return
        picture: NDArray[np.uint8] | None = None
        if self.scene.signals or not self._steps.convert:
            picture = frame.bgr()
        if self.scene.signals and picture is not None:
            yield from self._signals.read(picture, frame.at_s, frame.index)
        busy = bool(self._hearing.open_tracks())
        admitted = self._window.admit(frame, self._signals.log, busy=busy) if self._steps.phase else [frame]
        for each in admitted:
            yield from self._look(each, picture if each is frame else None)
        yield from self._finish(frame, over=False)

    def _look(self, frame: Frame, picture: NDArray[np.uint8] | None) -> Iterator[Event]:
        """Infer and judge, unless nothing moves; in a picture that has not changed who stands there is known."""
        moves = ((self._steps.gate or self._reuses) and self._gate.opens(frame)) or not self._steps.gate
        kept = self._still.holds(self._gate.luma, frame.at_s) if self._reuses else None
        if kept is not None:
            self._stay(kept, frame.at_s)
        following = self._tracker.alive(frame.at_s)
        if self._paces and kept is None and self._pace.waits(frame.at_s, self._gate.moving):
            return
        if moves or (following and self._gate.beats(frame.at_s)):
            if kept is None:
                picture = frame.bgr() if picture is None else picture
                yield from self._judge(frame, self._infer(frame, picture), picture)
            else:
                yield from self._judge(frame, kept, None)
        known = not following or (self._reuses and self._still.holds(self._gate.luma, frame.at_s) is not None)
        self._rest.still(frame.at_s, quiet=not moves and known and not self._hearing.open_tracks())

    def _infer(self, frame: Frame, picture: NDArray[np.uint8]) -> Detections:
        self.stats.inferred += 1
        seen = self._detector.detect(picture, confidence=LOW_CONFIDENCE)
        if self._reuses:
            self._still.looked(self._gate.luma, frame.at_s, seen)
        return seen

    def _stay(self, kept: Detections, at_s: float) -> None:
        """Who stands is followed through the time of which a resting camera shows no picture."""
        gap_s = at_s - self._followed_at_s
        if len(kept) and gap_s <= LONGEST_REST_S + 1:
            # A hundredth less: two sightings of one instant are none.
            for step in range(1, math.ceil(gap_s / LONGEST_STEP_S - 0.01)):
                between_s = self._followed_at_s + step * LONGEST_STEP_S
                self._tracker.update(kept, between_s, self._followed_frame, again=True)

    def _judge(self, frame: Frame, seen: Detections, picture: NDArray[np.uint8] | None) -> Iterator[Event]:
        """Follow and ask the rules; without a picture, `seen` is an earlier look, which tells no more of plates."""
        tracks, numbers = self._tracker.update(seen, frame.at_s, frame.index, again=picture is None)
        self._followed_at_s, self._followed_frame = frame.at_s, frame.index
        self._remember(frame, _Seen(seen, numbers, frame.at_s))
        if picture is not None and self._hearing.looks_at_riders:
            motorcycles = [track for track in tracks if track.vehicle_class == "motorcycle"]
            self._looked_at |= {track.id for track in motorcycles}
            self._riders.look(frame.at_s, frame.index, picture, motorcycles, seen)
        persons = _on_foot(seen, tracks)
        moment = Moment(
            frame.at_s,
            frame.index,
            tuple(tracks),
            self._signals.log,
            self.scene,
            persons=persons,
            stamp_sigma_s=frame.clock.stamp_sigma_s,
        )
        if picture is not None:
            self._album.collect(
                picture,
                seen,
                tracks,
                self._hearing.watched(moment),
                at_s=frame.at_s,
                media_s=frame.media_s,
                frame=frame.index,
            )
        self.stats.candidates += self._hearing.look(moment, self._album.merits(frame.index))
        yield from self._counter.look(tracks, frame.at_s)
        self._standing = self._steps.need and all_stand(tracks, frame.at_s)
        self._pace.looked(tracks, seen.boxes, frame.at_s)

    def _read_plate(self, track_id: int) -> PlateVote:
        """What a track's plate says; where plates are the law every look at it is read."""
        thrifty = self._steps.reads and not self._hearing.reads_all_plates
        return read_plate(self._album.looks(track_id), self._reader, thrifty=thrifty)

    def _count(self, frame: Frame) -> None:
        self.stats.frames = frame.index + 1
        if self._began_s is None:
            # Not necessarily number 0: a live camera's first pictures may be late already.
            self._began_s = frame.media_s
            self._check_size(frame)
        if frame.segment == 0:
            self.stats.video_s = frame.media_s - self._began_s
        if isinstance(self._source, LatestOnly):
            self.stats.dropped = self._source.dropped

    def _check_size(self, frame: Frame) -> None:
        width, height = frame.size_px
        expected = self.scene.frame
        if (width, height) != (expected.width_px, expected.height_px):
            raise MediaError(
                f"{self.scene.camera.id}: the scene is drawn on {expected.width_px} x {expected.height_px} pixels, "
                f"but the pictures are {width} x {height}: draw it on a picture of this camera"
            )

    def _due(self, frame: Frame) -> bool:
        # A tenth of tolerance: timestamps tremble, and every second picture must not become every third.
        slower = 2.0 if self._standing else 1.0
        if frame.at_s - self._last_due_s < 0.9 * slower / self.scene.analyse_fps:
            return False
        self._last_due_s = frame.at_s
        self.stats.analysed += 1
        return True

    def _remember(self, frame: Frame, seen: _Seen) -> None:
        self._remembered[frame.index] = seen
        while len(self._remembered) > REMEMBERED_PICTURES:
            del self._remembered[next(iter(self._remembered))]
        self.stats.tracks = self._tracker.count

    def _finish(self, frame: Frame, *, over: bool) -> Iterator[Finding | Crossing]:
        """Read the plates of what is ripe, and tell it."""
        alive = self._tracker.alive(frame.at_s)
        yield from self._counter.rest() if over else self._counter.look((), frame.at_s)
        stamp_sigma_s = frame.clock.stamp_sigma_s
        concluded = self._hearing.conclude(frame.at_s, alive, self._signals.log, stamp_sigma_s=stamp_sigma_s, over=over)
        for candidate, track in concluded:
            finding = Finding(
                scene=self.scene,
                candidate=with_doubts(candidate, clock_doubts(candidate, frame.clock, self.scene)),
                track=track,
                plate=self._hearing.plate(track.id) or read_plate((), self._reader),
                clock=frame.clock,
                memory=frame.memory,
                media_offset_s=frame.media_s - frame.at_s,
                bystanders={s.frame: self._bystanders(s.frame, track.id, s.box) for s in track.sightings},
                presences=tuple(self._presences(track)),
                phases=self._signals.log,
            )
            if self._hearing.docket.accept(finding):
                self.stats.findings += 1
                self.stats.by_offence[candidate.offence.value] += 1
                yield finding
        followed = alive | self._hearing.open_tracks()
        self._album.forget_all_but(followed)
        self._counter.forget_all_but(alive)
        for track_id in self._looked_at - followed:
            self._riders.forget(track_id)
        self._looked_at &= followed

    def _presences(self, track: Track) -> Iterator[Presence]:
        """Everybody in every picture that is remembered, also in those before and after this track."""
        own = {sighting.frame: sighting.box for sighting in track.sightings}
        for number, seen in self._remembered.items():
            box = own.get(number)
            yield Presence(seen.at_s, box, self._bystanders(number, track.id, box or NOWHERE))

    def _bystanders(self, frame: int, track: int, box: Box) -> tuple[Box, ...]:
        """Everybody else in a picture: other vehicles, persons, plates that are not this vehicle's."""
        seen = self._remembered.get(frame)
        if seen is None:
            return ()
        others: list[Box] = []
        for other, number, name in zip(seen.detections.boxes, seen.numbers, seen.detections.names, strict=True):
            x1, y1, x2, y2 = (float(value) for value in other)
            middle = (x1 + x2) / 2, (y1 + y2) / 2
            own_plate = name == "plate" and box[0] <= middle[0] <= box[2] and box[1] <= middle[1] <= box[3]
            if number != track and name != "signal" and not own_plate:
                others.append((x1, y1, x2, y2))
        return beside(box, others)


def _on_foot(seen: Detections, tracks: Sequence[Track]) -> tuple[Box, ...]:
    """Boxes of the persons who sit in no vehicle and on no motorcycle."""
    persons = seen.only("person")
    found: list[Box] = []
    for box, score in zip(persons.boxes, persons.scores, strict=True):
        x1, y1, x2, y2 = (float(value) for value in box)
        middle = (x1 + x2) / 2, (y1 + y2) / 2
        riding = any(
            t.last.box[0] <= middle[0] <= t.last.box[2] and t.last.box[1] - (y2 - y1) / 2 <= middle[1] <= t.last.box[3]
            for t in tracks
        )
        if score >= SURE_PERSON and not riding:
            found.append((x1, y1, x2, y2))
    return tuple(found)


def run_cameras(
    cameras: Sequence[Camera],
    sealer: Sealer | None,
    *,
    stop: threading.Event,
    on_event: Callable[[Camera, Event], None] | None = None,
    on_package: Callable[[SealedPackage], None] | None = None,
    on_progress: Callable[[Sequence[Camera]], None] | None = None,
) -> CameraStats:
    """Run cameras to the end of their sources (live ones: until `stop`).

    Args:
        cameras: Each gets a thread for decoding and judging; they should share one `SharedDetector`.
        sealer: Makes packages of findings and hands them to the ledger; None = tell only.
        stop: Ends all cameras after their present picture.
        on_event: Told every event; called in the caller's thread, like the two below.
        on_package: Told every package once it is durable.
        on_progress: Called about ten times a second.

    Returns:
        The sum of all cameras' work.

    Raises:
        MediaError: The first of the sources' complaints, after all cameras have ended and all findings are delivered.
    """
    happened: queue.Queue[tuple[Camera, Event | BaseException | None]] = queue.Queue(maxsize=64)
    threads = [
        threading.Thread(target=_follow, args=(c, happened), name=c.scene.camera.id, daemon=True) for c in cameras
    ]
    for thread in threads:
        thread.start()
    failures: list[BaseException] = []
    running = len(cameras)
    while running:
        with contextlib.suppress(queue.Empty):
            camera, event = happened.get(timeout=0.1)
            if event is None:
                running -= 1
            elif isinstance(event, BaseException):
                failures.append(event)
            else:
                try:
                    _hand_over(camera, event, sealer, on_event, on_package)
                except ExhibitError as error:
                    # One finding whose pictures are gone must not end the watch of all cameras; it is told at once.
                    logging.getLogger(__name__).exception("no evidence for a finding")
                    failures.append(error)
        if stop.is_set():
            for each in cameras:
                each.close()
        if on_progress:
            on_progress(cameras)
    if failures:
        raise failures[0]
    return sum((camera.stats for camera in cameras), CameraStats())


def _hand_over(
    camera: Camera,
    event: Event,
    sealer: Sealer | None,
    on_event: Callable[[Camera, Event], None] | None,
    on_package: Callable[[SealedPackage], None] | None,
) -> None:
    if on_event:
        on_event(camera, event)
    if sealer and isinstance(event, Finding):
        package = sealer.seal(event)
        camera.stats.packages += 1
        if on_package:
            on_package(package)


def _follow(camera: Camera, happened: queue.Queue[tuple[Camera, Event | BaseException | None]]) -> None:
    try:
        for event in camera.events():
            happened.put((camera, event))
    except Exception as error:  # raised again in the caller's thread, after the other cameras have ended
        happened.put((camera, error))
    finally:
        happened.put((camera, None))
