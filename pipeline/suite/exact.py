"""Scenes as a perfect detector with honest errors would tell them: true boxes that tremble, and are missed at times.

Tracker, hearing and rules are the real ones. What is not drawn is made up from truth, with errors whose sizes are
assumed (`Errors`), not fitted to any detector: this mode tests the logic of the rules, not what a camera sees.
"""

from __future__ import annotations

import math
from collections import Counter, defaultdict
from collections.abc import Iterator
from dataclasses import dataclass
from typing import Any, cast

import numpy as np

from models.detection import CLASSES, Detections
from pipeline.evidence.plate_number import normalise
from pipeline.exhibits import Finding
from pipeline.hearing import Ask, Hearing
from pipeline.ingest import CaptureClock
from pipeline.perception.phase import PhaseChange, PhaseLog, State
from pipeline.perception.plates import PlateVote
from pipeline.perception.riders import RiderVerdict
from pipeline.perception.track import Box
from pipeline.perception.tracker import Tracker
from pipeline.rules import Candidate, Moment, judge
from pipeline.rules.crossing import LineCounter
from pipeline.scene import Scene
from pipeline.stage import Specification
from pipeline.stage.cast import Actor
from pipeline.stage.clip import TICKS, stamps_of, ticks_of
from pipeline.stage.lens import Lens
from pipeline.stage.plate_face import MOTORCYCLE_WIDTH_M, WIDTH_M
from pipeline.stage.scene_file import scene_of
from pipeline.stage.truth import Chronicle
from pipeline.stage.world import World
from pipeline.suite.outcome import Outcome, Record, crossing_line, lines, offence_line, stamp

Random = np.random.Generator
CONFUSED = {"car": "truck", "truck": "car", "bus": "truck", "motorcycle": "bicycle", "bicycle": "motorcycle"}
LEAST_LOOKS, LEAST_SPAN_S = 5, 0.5


@dataclass(frozen=True)
class Errors:
    """How wrong what is seen may be.

    Attributes:
        edge_px: Error of a box's edge, one sigma, at least.
        edge_share: The same as a share of the box's side.
        held: Share of an edge's error that stays from one picture to the next.
        missed: Share of pictures in which a vehicle is not seen.
        confused: Share of looks that give the class most like it.
        hidden: Share of a box that others may cover before it is seen no more.
        least_px: Shorter side of the smallest box that is seen.
        misread: Share of pictures in which a lamp is not read.
        plate_px: Least width of a plate that is read.
        expiry_px: Least width of a plate whose small line is read.
        glimpse_px: Least width of a plate that is seen at all.
        unread: Share of legible plates that are not read.
        head_px: Least size of a head that can be judged.
        unclear: Share of such heads that cannot.
    """

    edge_px: float = 0.6
    edge_share: float = 0.012
    held: float = 0.5
    missed: float = 0.03
    confused: float = 0.06
    hidden: float = 0.6
    least_px: float = 10.0
    misread: float = 0.01
    plate_px: float = 46.0
    expiry_px: float = 110.0
    glimpse_px: float = 14.0
    unread: float = 0.05
    head_px: float = 11.0
    unclear: float = 0.08


BY_NIGHT = Errors(edge_px=0.9, edge_share=0.02, missed=0.07, confused=0.1, misread=0.02, unread=0.1, unclear=0.12)


def judge_exactly(name: str, specification: Specification, errors: Errors | None = None) -> Outcome:
    """Judge a scene without drawing it.

    Args:
        name: Of the scene.
        specification: What is played.
        errors: Of what is seen; by the time of day if None.
    """
    play = _Play(specification, errors or _usual(specification))
    return Outcome(name, lines(name, play.truth), lines(name, list(play.told())))


def moments_of(specification: Specification) -> list[Moment]:
    """All that the rules are asked while a scene is judged, in order: each picture, and each vehicle that is over."""
    asked: list[Moment] = []

    def ask(moment: Moment) -> list[Candidate]:
        asked.append(moment)
        return judge(moment)

    for _ in _Play(specification, _usual(specification), ask=ask).told():
        pass
    return asked


def _usual(specification: Specification) -> Errors:
    return BY_NIGHT if specification.light.time == "night" else Errors()


@dataclass
class _Lamp:
    """What a head has shown since when, and whether that is told."""

    state: State
    since_s: float
    frame: int
    uncertainty_s: float
    last_s: float
    told: bool = False


class _Play:
    """One scene on its way through tracker and rules."""

    def __init__(self, specification: Specification, errors: Errors, *, ask: Ask = judge) -> None:
        self._specification, self._errors, self._ask = specification, errors, ask
        self._random = np.random.default_rng((specification.seed, 4711))
        self._lens = Lens(specification.camera)
        self._ticks = ticks_of(specification)
        self._stamps = stamps_of(specification, self._ticks)
        self._chronicle = Chronicle(World(specification), self._lens, self._ticks)
        self.truth = self._chronicle.records()
        self._scene = Scene.model_validate(scene_of(specification, self._lens))
        self._frames: dict[int, list[Record]] = defaultdict(list)
        for record in self.truth:
            if record["kind"] == "position":
                self._frames[record["frame"]].append(record)
        self._drift: dict[int, np.ndarray[Any, np.dtype[np.float64]]] = {}
        self._owners: dict[int, Counter[int]] = defaultdict(Counter)
        self._looks: dict[int, list[tuple[float, int, Record]]] = defaultdict(list)
        self._log = PhaseLog()
        self._lamps: dict[str, _Lamp] = {}

    def told(self) -> Iterator[Record]:
        """All lines that a camera would tell."""
        tracker = Tracker()
        hearing = Hearing(self._scene, read_plate=self._plate, read_riders=self._riders, ask=self._ask)
        began_s = self._specification.recorded_at.timestamp()
        counter = LineCounter(self._scene.count_lines, self._scene.ground)
        at_s = began_s
        for frame, (tick, clock) in enumerate(zip(self._ticks, self._stamps, strict=True)):
            at_s = began_s + clock / TICKS
            yield from self._read_lamps(tick / TICKS, at_s, frame)
            seen, owners = self._seen(self._frames[frame])
            tracks, numbers = tracker.update(seen, at_s, frame)
            for number, record in zip(numbers.tolist(), owners, strict=True):
                if number >= 0:
                    self._owners[number][record["track"]] += 1
                    self._looks[number].append((at_s, frame, record))
            persons = tuple(
                cast("Box", tuple(r["box"])) for r in self._frames[frame] if r["class"] == "person" and self._is_seen(r)
            )
            hearing.look(Moment(at_s, frame, tuple(tracks), self._log, self._scene, persons=persons))
            yield from map(crossing_line, counter.look(tracks, at_s))
            yield from self._conclude(hearing, at_s, tracker.alive(at_s), over=False)
        yield from map(crossing_line, counter.rest())
        yield from self._conclude(hearing, at_s, set(), over=True)

    def _conclude(self, hearing: Hearing, at_s: float, alive: set[int], *, over: bool) -> Iterator[Record]:
        for candidate, track in hearing.conclude(at_s, alive, self._log, over=over):
            vote = hearing.plate(track.id)
            clock = CaptureClock("file", 0.0)
            finding = Finding(self._scene, candidate, track, vote or _unread(), clock, cast("Any", None), 0.0, {})
            if hearing.docket.accept(finding):
                yield offence_line(candidate, vote)

    def _is_seen(self, record: Record) -> bool:
        box = record["box"]
        shorter = min(float(box[2] - box[0]), float(box[3] - box[1]))
        return float(record["hidden_share"]) <= self._errors.hidden and shorter >= self._errors.least_px

    def _seen(self, records: list[Record]) -> tuple[Detections, list[Record]]:
        """What a detector makes of a picture, and whose each box is."""
        boxes: list[list[float]] = []
        scores: list[float] = []
        classes: list[int] = []
        owners: list[Record] = []
        for record in records:
            if record["class"] == "person" or not self._is_seen(record) or self._random.random() < self._errors.missed:
                continue
            box = np.array(record.get("machine_box") or record["box"])
            side = np.array([box[2] - box[0], box[3] - box[1]] * 2)
            held = self._errors.held
            fresh = self._random.normal(0, 1, 4) * math.sqrt(1 - held**2)
            drift = held * self._drift.get(record["track"], self._random.normal(0, 1, 4)) + fresh
            self._drift[record["track"]] = drift
            moved = box + drift * np.maximum(self._errors.edge_px, self._errors.edge_share * side)
            limit = np.array([self._lens.width, self._lens.height] * 2)
            moved = np.clip(moved, 0, limit)
            if moved[2] - moved[0] < 4 or moved[3] - moved[1] < 4:
                continue
            name = record["class"]
            if self._random.random() < self._errors.confused:
                name = CONFUSED.get(name, name)
            boxes.append(moved.tolist())
            scores.append(float(self._random.uniform(0.55, 0.95)))
            classes.append(CLASSES.index(name))
            owners.append(record)
        seen = Detections(
            np.array(boxes, np.float32).reshape(-1, 4), np.array(scores, np.float32), np.array(classes, np.int64)
        )
        return seen, owners

    def _read_lamps(self, true_s: float, at_s: float, frame: int) -> Iterator[Record]:
        """Keep the log as the reader of lamps does: a phase counts once two pictures show it."""
        for head in self._specification.signals:
            shine = head.shows(true_s)
            if shine == "off" or self._random.random() < max(self._errors.misread, head.flicker):
                continue
            lamp = self._lamps.get(head.id)
            if lamp is None or lamp.state != shine:
                uncertainty_s = 0.0 if lamp is None else at_s - lamp.last_s
                self._lamps[head.id] = _Lamp(shine, at_s, frame, uncertainty_s, at_s)
                continue
            lamp.last_s = at_s
            if not lamp.told:
                lamp.told = True
                change = PhaseChange(head.id, shine, lamp.since_s, lamp.frame, lamp.uncertainty_s)
                self._log = self._log.with_change(change)
                yield {"kind": "phase", "signal": head.id, "state": shine, "frame": lamp.frame} | {
                    "time": stamp(lamp.since_s)
                }

    def _owner(self, track: int) -> tuple[Actor, list[tuple[float, int, Record]]] | None:
        """Whom a track mostly shows, and all looks at it."""
        if not self._owners[track]:
            return None
        number = self._owners[track].most_common(1)[0][0]
        looks = [look for look in self._looks[track] if look[2]["track"] == number]
        return self._specification.actors[number - 1], looks

    def _plate(self, track: int) -> PlateVote | None:
        owner = self._owner(track)
        if owner is None:
            return None
        actor, looks = owner
        if actor.plate is None:
            return _unread()
        width_m = MOTORCYCLE_WIDTH_M if actor.kind == "motorcycle" else WIDTH_M
        # The rear or front that is seen lies at the box's lower edge; the plate is as wide as metres are there.
        widths = sorted(self._width_px(record, width_m) for _, _, record in looks if record["hidden_share"] < 0.3)
        widest = widths[-1] if widths else 0.0
        seen = sum(width >= self._errors.glimpse_px for width in widths) >= 2
        legible = sum(width >= self._errors.plate_px for width in widths)
        if legible < 2 or self._random.random() < self._errors.unread:
            return _unread(seen=seen, looks=legible)
        text = normalise(actor.plate)
        expiry = actor.expiry if widest >= self._errors.expiry_px and legible >= 3 else None
        return PlateVote(
            text,
            0.93,
            None,
            ((text, 1.0),),
            min(5, legible),
            None,
            expiry=expiry,
            expiry_confidence=0.9 if expiry else None,
            colour=actor.plate_style,
            colour_confidence=0.9,
            seen=True,
            legible_looks=min(5, legible),
        )

    def _width_px(self, record: Record, width_m: float) -> float:
        place = np.array([record["east_m"], record["north_m"], 0.6])
        half = {"bus": 5.6, "truck": 3.3, "car": 2.2}.get(record["class"], 0.9)
        place[1] += -half if place[1] > self._lens.place[1] else half
        return self._lens.scale_at(place) * width_m

    def _riders(self, track: int) -> RiderVerdict | None:
        owner = self._owner(track)
        if owner is None or owner[0].kind != "motorcycle":
            return None
        actor, looks = owner
        near = [
            look
            for look in looks
            if look[2].get("heads")
            and look[2]["hidden_share"] < 0.3
            and min(h["box"][2] - h["box"][0] for h in look[2]["heads"]) >= self._errors.head_px
        ]
        span_s = near[-1][0] - near[0][0] if near else 0.0
        best = near[-1][1] if near else None
        if len(near) < LEAST_LOOKS or span_s < LEAST_SPAN_S:
            return RiderVerdict(track, None, 0, 0, len(actor.riders), len(near), span_s, "seen too briefly", best)
        clear = [rider for rider in actor.riders if self._random.random() >= self._errors.unclear]
        bare = sum(not rider.helmet for rider in clear)
        boxes = tuple(cast("Box", tuple(h["box"])) for h in near[-1][2]["heads"])
        unclear = len(actor.riders) - len(clear)
        return RiderVerdict(
            track, len(actor.riders), bare, len(clear) - bare, unclear, len(near), span_s, None, best, boxes
        )


def _unread(*, seen: bool = False, looks: int = 0) -> PlateVote:
    return PlateVote(None, 0.0, "not legible", (), looks, None, seen=seen, legible_looks=looks)
