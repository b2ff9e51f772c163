"""Looks at the plate of one track, and the vote over them: a text only where the looks agree."""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Sequence
from dataclasses import dataclass

import cv2
import numpy as np
from numpy.typing import NDArray

from models.detection import Detections
from models.plates.reader import PlateReader
from models.plates.reading import PlateReading
from pipeline.perception.track import Box, Track

MIN_APART_S = 0.08
"""Two pictures nearer in time show the same blur: they are one look."""
MOST_LOOKS = 5
MIN_PLATE_WIDTH_PX = 24.0
MARGIN = 0.12
"""A loose box reads better than one that cuts the last character."""
SURE_ALONE = 0.85
"""Confidence with which a single look may stand for all."""
MIN_AGREEMENT = 0.6


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
    """

    at_s: float
    media_s: float
    frame: int
    box: Box
    crop: NDArray[np.uint8]
    merit: float


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
    """

    def __init__(self) -> None:
        self._looks: dict[int, list[PlateLook]] = defaultdict(list)

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
        for plate, score in zip(seen.only("plate").boxes, seen.only("plate").scores, strict=True):
            x1, y1, x2, y2 = (float(value) for value in plate)
            owners = [track for track in tracks if _holds(track.last.box, (x1, y1, x2, y2))]
            if len(owners) != 1 or owners[0].id not in watched or x2 - x1 < MIN_PLATE_WIDTH_PX:
                continue
            self._keep(owners[0].id, _look(frame_bgr, (x1, y1, x2, y2), float(score), at_s, media_s, frame))

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
        """The kept looks at a track's plate, best first."""
        return list(self._looks.get(track, ()))

    def forget_all_but(self, tracks: set[int]) -> None:
        """Drop the crops of every track that is not in `tracks`."""
        for track in [number for number in self._looks if number not in tracks]:
            del self._looks[track]


def read_plate(looks: Sequence[PlateLook], reader: PlateReader) -> PlateVote:
    """Read every look and let them vote."""
    return vote(looks, [reader.read(look.crop) for look in looks])


def vote(looks: Sequence[PlateLook], readings: Sequence[PlateReading]) -> PlateVote:
    """One text from several readings, by position; abstains when they disagree.

    Args:
        looks: The looks, in the order of the readings.
        readings: One a look. One that abstained still votes for its best candidate, with half its weight.

    Returns:
        The vote; its text was read as such in at least one look.
    """
    if not looks:
        return PlateVote(None, 0.0, "the plate was not seen", (), 0, None)
    ballots = [
        (look, reading, best, weight)
        for look, reading in zip(looks, readings, strict=True)
        for best, weight in [_ballot(reading)]
        if best
    ]
    if not ballots:
        why = next((reading.reason for reading in readings if reading.reason), "nothing on the plate was legible")
        return PlateVote(None, 0.0, why, (), len(looks), looks[0])
    total = sum(weight for *_, weight in ballots)
    texts: dict[str, float] = defaultdict(float)
    lengths: dict[int, float] = defaultdict(float)
    for _, _, text, weight in ballots:
        texts[text] += weight
        lengths[len(text)] += weight
    candidates = tuple(
        sorted(((text, round(weight / total, 4)) for text, weight in texts.items()), key=lambda pair: -pair[1])
    )[:5]
    length = max(lengths, key=lambda number: lengths[number])
    same = [(text, weight) for _, _, text, weight in ballots if len(text) == length]
    elected, agreement = _by_position(same, length)
    agreement *= lengths[length] / total
    backers = [(look, reading) for look, reading, best, _ in ballots if best == elected and reading.text == elected]
    best_look = max(backers, key=lambda pair: pair[1].confidence)[0] if backers else looks[0]
    confidence = agreement * max((reading.confidence for _, reading in backers), default=0.0)
    reason: str | None = None
    if not backers:
        reason = "no single look shows the text that the looks vote for"
    elif agreement < MIN_AGREEMENT:
        reason = f"the looks disagree ({', '.join(name for name, _ in candidates[:3])})"
    elif len(backers) == 1 and confidence < SURE_ALONE:
        reason = "only one look is legible, and it is not sure"
    return PlateVote(
        None if reason else elected, round(min(1.0, confidence), 4), reason, candidates, len(looks), best_look
    )


def _ballot(reading: PlateReading) -> tuple[str | None, float]:
    if reading.text:
        return reading.text, max(reading.confidence, 0.05)
    if reading.candidates:
        return reading.candidates[0][0], 0.5 * max(reading.confidence, 0.05)
    return None, 0.0


def _by_position(ballots: Sequence[tuple[str, float]], length: int) -> tuple[str, float]:
    """The text of the strongest character at each position, and the weakest position's agreement (0..1)."""
    total = sum(weight for _, weight in ballots)
    text, agreement = "", 1.0
    for position in range(length):
        votes: dict[str, float] = defaultdict(float)
        for candidate, weight in ballots:
            votes[candidate[position]] += weight
        winner = max(votes, key=lambda character: votes[character])
        text += winner
        agreement = min(agreement, votes[winner] / total)
    return text, agreement


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
