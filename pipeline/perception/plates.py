"""Looks at the plate of one track, and the vote over them: a text only where the looks agree."""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Sequence
from dataclasses import dataclass, replace
from typing import Any

import cv2
import numpy as np
from numpy.typing import NDArray

from models.detection import Detections
from models.plates.finding import PlateFinder, holds_middle, joined
from models.plates.reader import PlateReader, TwoStageReader
from models.plates.reading import PlateReading
from pipeline.perception.plates_fusion import pool
from pipeline.perception.track import Box, Track

MIN_APART_S = 0.08
"""Two pictures nearer in time show the same blur: they are one look."""
MOST_LOOKS = 5
MIN_PLATE_WIDTH_PX = 24.0
MARGIN = 0.12
"""A loose box reads better than one that cuts the last character."""
SURE_ALONE = 0.95
"""Confidence with which a single look may stand for all."""
ENOUGH = 0.85
"""Confidence of one confirmed look after which the second reader is not asked about another."""
MOST_CONFIRMED = 2
"""Looks that a second reader is asked about: it costs ten times the first."""
ENOUGH_LOOKS = 3
ONE_VOICE = 0.95
"""Share of all votes that the text must have when the looks beyond the third are left unread."""
MOST_WANDERING = 0.2
"""How far a plate may seem to move on its vehicle, as a share of its box, while the vehicle turns or comes nearer."""
HIGHEST_PLACE = 0.2
WIDEST_SHARE = 0.75


@dataclass(frozen=True, eq=False)
class PlateLook:
    """One view of a plate.

    Attributes:
        at_s: Capture time.
        media_s: Time in the segment's media clock.
        frame: Number of the picture.
        box: The crop in the original frame, pixels.
        crop: uint8 [h, w, 3] BGR.
        merit: Width times sharpness: the higher the better to read.
        vehicle: The box of the vehicle that it hangs on; None when it is not known.
    """

    at_s: float
    media_s: float
    frame: int
    box: Box
    crop: NDArray[np.uint8]
    merit: float
    vehicle: Box | None = None


@dataclass(frozen=True)
class PlateVote:
    """What all looks together say.

    Attributes:
        text: Normalised, or None when they disagree or nothing was legible.
        confidence: 0..1.
        reason: Why there is no text.
        candidates: (text, share of the votes), best first.
        looks: How many looks were read.
        best: The look that read the accepted text best, else the best picture; None when the plate was never seen.
        expiry: End of the registration, "MM.YY", where its small line is legible in the looks.
        expiry_confidence: 0..1; None without `expiry`.
        colour: Of the plate: white, black, yellow, red, green or blue_edged; None when the light does not tell.
        colour_confidence: 0..1; None without `colour`.
        seen: Whether any plate was seen on the track at all.
        legible_looks: In how many looks characters stood out, whether they could be told or not.
    """

    text: str | None
    confidence: float
    reason: str | None
    candidates: tuple[tuple[str, float], ...]
    looks: int
    best: PlateLook | None
    expiry: str | None = None
    expiry_confidence: float | None = None
    colour: str | None = None
    colour_confidence: float | None = None
    seen: bool = False
    legible_looks: int = 0


class PlateAlbum:
    """The best looks at the plates of the tracks that a rule may point at.

    Crops of all others are never taken, and these die with their track.

    Args:
        finder: Looks a second time for the plate of a motorcycle on which none was seen.
    """

    def __init__(self, finder: PlateFinder | None = None) -> None:
        self._finder = finder or PlateFinder()
        self._looks: dict[int, list[PlateLook]] = defaultdict(list)
        self._glimpsed: set[int] = set()

    def collect(
        self,
        frame_bgr: NDArray[np.uint8],
        seen: Detections,
        tracks: Sequence[Track],
        watched: set[int],
        *,
        at_s: float,
        media_s: float,
        frame: int,
    ) -> None:
        """Keep this picture's plates of the watched tracks.

        Args:
            frame_bgr: The full picture, uint8 [height, width, 3].
            seen: Its detections.
            tracks: All tracks seen in it: a plate that lies in two vehicles' boxes belongs to neither for certain.
            watched: Numbers of the tracks of interest.
            at_s: Capture time.
            media_s: Time in the media clock.
            frame: Number of the picture.
        """
        seen = joined([seen.only("plate"), self._second_look(frame_bgr, seen, tracks, watched)])
        for plate, score in zip(seen.only("plate").boxes, seen.only("plate").scores, strict=True):
            x1, y1, x2, y2 = (float(value) for value in plate)
            box = (x1, y1, x2, y2)
            owners = [track for track in tracks if _holds(track.last.box, box)]
            self._glimpsed |= {owner.id for owner in owners} & watched
            if len(owners) != 1 or owners[0].id not in watched or x2 - x1 < MIN_PLATE_WIDTH_PX:
                continue
            if _plausible(owners[0], box):
                look = _look(frame_bgr, box, float(score), at_s, media_s, frame)
                self._keep(owners[0].id, replace(look, vehicle=owners[0].last.box))

    def _second_look(
        self, frame_bgr: NDArray[np.uint8], seen: Detections, tracks: Sequence[Track], watched: set[int]
    ) -> Detections:
        """The plate of one watched motorcycle without any in this picture, the least known one: each costs time."""
        plates = seen.only("plate").boxes.tolist()
        without = [
            track
            for track in tracks
            if track.id in watched
            and track.vehicle_class == "motorcycle"
            and len(self._looks.get(track.id, ())) < MOST_LOOKS
            and not any(holds_middle(track.last.box, plate) for plate in plates)
        ]
        if not without:
            return Detections.empty()
        return self._finder.on(frame_bgr, min(without, key=lambda track: len(self._looks.get(track.id, ()))).last.box)

    def _keep(self, track: int, look: PlateLook) -> None:
        looks = self._looks[track]
        near = [other for other in looks if abs(other.at_s - look.at_s) < MIN_APART_S]
        if near:
            if look.merit <= max(other.merit for other in near):
                return
            looks[:] = [other for other in looks if other not in near]
        looks.append(look)
        looks.sort(key=lambda other: -other.merit)
        del looks[MOST_LOOKS:]

    def merits(self, frame: int) -> dict[int, float]:
        """For each track whose plate is seen in this picture: how well."""
        return {track: look.merit for track, looks in self._looks.items() for look in looks if look.frame == frame}

    def looks(self, track: int) -> list[PlateLook]:
        """The kept looks at a track's own plate, best first."""
        return moving_along(self._looks.get(track, ()))

    def glimpsed(self, track: int) -> bool:
        """Whether any plate was seen on a watched track: also one too small, or perhaps another vehicle's."""
        return track in self._glimpsed

    def read(self, track: int, reader: PlateReader) -> PlateVote:
        """What the looks at a track's own plate say together; `seen` also tells of plates that gave no look."""
        looks, own = self._looks.get(track, []), self.looks(track)
        if looks and not own:
            reason = "the plate does not move with the vehicle: it may be another's"
            return PlateVote(None, 0.0, reason, (), len(looks), looks[0], seen=True)
        told = read_plate(own, reader)
        return told if own else replace(told, seen=self.glimpsed(track))

    def forget_all_but(self, tracks: set[int]) -> None:
        """Drop the crops of every track that is not in `tracks`."""
        self._glimpsed &= tracks
        for track in [number for number in self._looks if number not in tracks]:
            del self._looks[track]


def read_plate(looks: Sequence[PlateLook], reader: PlateReader, *, thrifty: bool = False) -> PlateVote:
    """Read the looks and let them vote.

    A reader of two stages looks at all of them with its first, cheap stage; its second, different one is only asked
    about the looks that say best what all of them say together.

    Args:
        looks: Best first.
        reader: Of one look.
        thrifty: Leave the others unread once the best `ENOUGH_LOOKS` say the same and nothing else.
    """
    if not isinstance(reader, TwoStageReader):
        return vote(looks, [reader.read(look.crop) for look in looks])
    readings: list[PlateReading] = []
    for look in looks:
        if thrifty and len(readings) == ENOUGH_LOOKS and _of_one_voice(looks, readings):
            looks = looks[:ENOUGH_LOOKS]
            break
        readings.append(reader.glance(look.crop))
    together = pool(readings, [look.merit for look in looks]).shares
    elected = together[0][0] if together else None
    order = sorted(
        range(len(looks)),
        key=lambda index: (readings[index].best != elected, -readings[index].confidence * looks[index].merit),
    )
    for index in order[:MOST_CONFIRMED]:
        readings[index] = reader.confirm(looks[index].crop, readings[index])
        if readings[index].text == elected and readings[index].confidence >= ENOUGH:
            break
    return vote(looks, readings)


def _of_one_voice(looks: Sequence[PlateLook], readings: Sequence[PlateReading]) -> bool:
    """Whether all readings say the same text, and together hardly think of another."""
    texts = {reading.best for reading in readings}
    if len(texts) != 1 or None in texts:
        return False
    pooled = pool(readings, [look.merit for look in looks[: len(readings)]])
    return pooled.doubt is None and pooled.shares[0][1] >= ONE_VOICE


def vote(looks: Sequence[PlateLook], readings: Sequence[PlateReading]) -> PlateVote:
    """One text from several readings, by position; abstains when they disagree.

    Args:
        looks: The looks, in the order of the readings.
        readings: One a look. One that abstained still speaks for its candidates, with less weight.

    Returns:
        The vote; its text was read as such in at least one look.
    """
    if not looks:
        return PlateVote(None, 0.0, "the plate was not seen", (), 0, None)
    told = _beside_the_text(looks, readings)
    pooled = pool(readings, [look.merit for look in looks])
    if not pooled.shares:
        why = next((reading.reason for reading in readings if reading.reason), "nothing on the plate was legible")
        return replace(PlateVote(None, 0.0, why, (), len(looks), looks[0]), **told)
    elected, share = pooled.shares[0]
    supporters = [reading for reading in readings if reading.best == elected]
    backers = [(look, reading) for look, reading in zip(looks, readings, strict=True) if reading.text == elected]
    best_look = max(backers, key=lambda pair: pair[1].confidence)[0] if backers else looks[0]
    confidence = share * max((reading.confidence for _, reading in backers), default=0.0)
    reason: str | None = None
    if pooled.doubt:
        reason = pooled.doubt
    elif not backers:
        told_why = next((f": {reading.reason}" for reading in supporters if reading.reason), "")
        reason = f"no single look shows the text that the looks vote for{told_why}"
    elif len(supporters) == 1 and confidence < SURE_ALONE:
        reason = "only one look is legible, and it is not sure"
    text = None if reason else elected
    return replace(
        PlateVote(text, round(min(1.0, confidence), 4), reason, pooled.shares, len(looks), best_look), **told
    )


def _beside_the_text(looks: Sequence[PlateLook], readings: Sequence[PlateReading]) -> dict[str, Any]:
    """Expiry and colour by weighted vote, and how many looks were legible."""
    expiry, expiry_confidence = _elected(
        [(reading.expiry, reading.expiry_confidence or 0.5) for reading in readings if reading.expiry]
    )
    colour, colour_confidence = _elected(
        [
            (reading.colour, (reading.colour_confidence or 0.5) * look.merit / max(one.merit for one in looks))
            for look, reading in zip(looks, readings, strict=True)
            if reading.colour
        ]
    )
    return {
        "expiry": expiry,
        "expiry_confidence": expiry_confidence,
        "colour": colour,
        "colour_confidence": colour_confidence,
        "seen": True,
        "legible_looks": sum(reading.best is not None for reading in readings),
    }


def _elected(ballots: Sequence[tuple[str | None, float]]) -> tuple[str | None, float | None]:
    """The value with the most weight, and its confidence: its best ballot's, by its share of all weight."""
    if not ballots:
        return None, None
    totals: dict[str | None, float] = defaultdict(float)
    best: dict[str | None, float] = defaultdict(float)
    for value, weight in ballots:
        totals[value] += weight
        best[value] = max(best[value], weight)
    winner = max(totals, key=lambda value: totals[value])
    share = totals[winner] / sum(totals.values())
    return winner, round(min(1.0, best[winner]) * share, 4)


def moving_along(looks: Sequence[PlateLook]) -> list[PlateLook]:
    """The looks at the vehicle's own plate: one that keeps its place on the vehicle.

    A parked car's plate that lies in the box of a vehicle that passes wanders across it. Where no place holds most of
    the looks, none is believed.
    """
    placed = [(look, _place_on(look.vehicle, look.box)) for look in looks if look.vehicle is not None]
    if len(placed) < 2:
        return list(looks)
    middle_x, middle_y = (float(np.median([place[axis] for _, place in placed])) for axis in (0, 1))
    kept = [
        look for look, (x, y) in placed if abs(x - middle_x) <= MOST_WANDERING and abs(y - middle_y) <= MOST_WANDERING
    ]
    return kept if len(kept) > len(placed) / 2 else []


def _place_on(vehicle: Box, plate: Box) -> tuple[float, float]:
    """The plate's middle as shares of the vehicle's width and height."""
    return (
        ((plate[0] + plate[2]) / 2 - vehicle[0]) / max(1.0, vehicle[2] - vehicle[0]),
        ((plate[1] + plate[3]) / 2 - vehicle[1]) / max(1.0, vehicle[3] - vehicle[1]),
    )


def _plausible(track: Track, plate: Box) -> bool:
    """Whether a plate hangs there: low on a vehicle, and no wider than plates are. A badge or a signboard does not."""
    vehicle = track.last.box
    high = _place_on(vehicle, plate)[1]
    wide = (plate[2] - plate[0]) / max(1.0, vehicle[2] - vehicle[0])
    return high >= HIGHEST_PLACE and wide <= WIDEST_SHARE


def _holds(vehicle: Box, plate: Box) -> bool:
    tolerance = 0.15 * (plate[2] - plate[0])
    return (
        plate[0] >= vehicle[0] - tolerance
        and plate[2] <= vehicle[2] + tolerance
        and plate[1] >= vehicle[1] - tolerance
        and plate[3] <= vehicle[3] + tolerance
    )


def _look(frame_bgr: NDArray[np.uint8], box: Box, score: float, at_s: float, media_s: float, frame: int) -> PlateLook:
    dx, dy = MARGIN * (box[2] - box[0]), MARGIN * (box[3] - box[1])
    height, width = frame_bgr.shape[:2]
    x1, y1 = max(0, round(box[0] - dx)), max(0, round(box[1] - dy))
    x2, y2 = min(width, round(box[2] + dx)), min(height, round(box[3] + dy))
    crop = frame_bgr[y1:y2, x1:x2].copy()
    sharpness = float(cv2.Laplacian(cv2.cvtColor(crop, cv2.COLOR_BGR2GRAY), cv2.CV_64F).var())
    # A plate that the picture's edge cuts is the worst of all, however large.
    cut = 0.2 if y2 >= height or x1 <= 0 or x2 >= width else 1.0
    return PlateLook(
        at_s, media_s, frame, (x1, y1, x2, y2), crop, (x2 - x1) * score * cut * (1 + min(sharpness, 2000.0) / 2000.0)
    )
