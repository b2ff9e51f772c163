"""Who sits on a motorcycle, and what is on their heads: a verdict over the whole track, not of one picture."""

from __future__ import annotations

from collections import Counter
from collections.abc import Sequence
from dataclasses import dataclass, field
from enum import StrEnum

import numpy as np
from numpy.typing import NDArray

from models.detection import Detections
from models.riders.classifier import SMALLEST_PX, HelmetClassifier, load_helmet_classifier
from models.riders.heads import SeenHead, heads_of
from pipeline.perception.head_search import HeadSearch
from pipeline.perception.rider_seats import Seat, allotted, long_side, moved, seated
from pipeline.perception.track import Box, Track, overlap

LEAST_LOOKS = 5
LEAST_SPAN_S = 0.5
"""Nothing is told of fewer pictures, or of a shorter time."""
STABLE_SHARE = 0.5
"""A head sits on the motorcycle if it was seen above it in so many of the pictures since it came into sight."""
LEAST_SHARE = 0.25
"""And in so many of all pictures of the motorcycle."""
AGREED_SHARE = 0.5
"""Share of all pictures that must show a number of heads at once for it to be believed."""
VOTE_SHARE = 0.8
"""Share of the looks that tell which must tell the same."""
CROWDED_OVERLAP = 0.25
CROWDED_SHARE = 0.5
"""Overlap with another motorcycle, and share of the pictures, from which heads cannot be told apart."""
SURE_WITHOUT_BODY = 0.35
"""Score of a head from which it counts as a rider though no body was seen below it: one rider too many accuses.

Chosen on drawn traffic by `tertib models limits riders`; see the card of `helmet-n`.
"""
NEAR_SIDES = 1.5
"""Persons so near to a motorcycle (in its longer sides) are looked at."""
MOST_LOOKS = 120
"""Pictures kept a motorcycle."""
MOST_SEARCHED = 3
"""Motorcycles of one picture that are looked at: each costs a second look. Who was looked at least comes first."""


class HelmetState(StrEnum):
    """What is on a head. A hijab, a cap and a songkok are `BARE`: none of them is a helmet."""

    HELMET = "helmet"
    BARE = "bare"
    CANNOT_TELL = "cannot_tell"


@dataclass(frozen=True)
class RiderVerdict:
    """What all looks at one motorcycle together say.

    Attributes:
        track_id: The motorcycle's track.
        riders: How many persons sit on it (a child counts), or None when that cannot be told.
        bare: How many of them surely wear no helmet.
        helmeted: How many surely wear one.
        unclear: How many heads nobody can judge.
        looks: Pictures that spoke.
        span_s: Time between the first and the last of them, in seconds.
        reason: Why something is not told (a sentence), or None when all is told.
        best_frame: Number of the picture that shows it best, or None.
        head_boxes: The heads in that picture, those without a helmet first, in pixels.
    """

    track_id: int
    riders: int | None
    bare: int
    helmeted: int
    unclear: int
    looks: int
    span_s: float
    reason: str | None
    best_frame: int | None
    head_boxes: tuple[Box, ...] = ()


@dataclass
class _Watched:
    """All looks at one motorcycle."""

    times: list[tuple[float, int]] = field(default_factory=list)
    boxes: list[Box] = field(default_factory=list)
    crowded: list[bool] = field(default_factory=list)
    seats: list[Seat] = field(default_factory=list)

    def forget_first(self) -> None:
        """Leave the oldest picture out, and heads that were seen in no other."""
        del self.times[0], self.boxes[0], self.crowded[0]
        for seat in self.seats:
            seat.looks = [look for look in seat.looks if look.at_s >= self.times[0][0]]
        self.seats = [seat for seat in self.seats if seat.looks]


class RiderTally:
    """Keeps looks at the motorcycles of one camera.

    Args:
        classifier: Judges heads; by default the network of the catalogue, loaded at the first look.
        search: Finds heads above motorcycles; by default by the catalogue's network.
    """

    def __init__(self, classifier: HelmetClassifier | None = None, search: HeadSearch | None = None) -> None:
        self._classifier = classifier
        self._search = search or HeadSearch()
        self._watched: dict[int, _Watched] = {}

    def look(
        self,
        at_s: float,
        frame_number: int,
        frame_bgr: NDArray[np.uint8],
        motorcycles: Sequence[Track],
        detections: Detections,
    ) -> None:
        """Take in one picture.

        Args:
            at_s: Capture time, later than all before.
            frame_number: Of the picture in its source.
            frame_bgr: uint8 [height, width, 3].
            motorcycles: The tracks to look at that are seen in this picture; of many only some are.
            detections: All that the detector saw in it.

        Raises:
            ModelError: The network is absent or damaged.
        """
        if not motorcycles:
            return
        motorcycles = sorted(motorcycles, key=self._looks_at)[:MOST_SEARCHED]
        own = [track.last.box for track in motorcycles]
        if self._classifier is None:
            self._classifier = load_helmet_classifier()
        others = [box for box in _boxes(detections, "motorcycle") if all(overlap(box, mine) < 0.5 for mine in own)]
        shares = seen_riders(frame_bgr, detections, own, self._classifier, self._search, others=others)
        for place, track in enumerate(motorcycles):
            seen = self._watched.setdefault(track.id, _Watched())
            seen.times.append((at_s, frame_number))
            seen.boxes.append(own[place])
            others_near = (*own[:place], *own[place + 1 :], *others)
            seen.crowded.append(any(overlap(own[place], box) > CROWDED_OVERLAP for box in others_near))
            seated(seen.seats, shares[place], own[place], at_s, frame_number)
            if len(seen.times) > MOST_LOOKS:
                seen.forget_first()

    def _looks_at(self, track: Track) -> int:
        seen = self._watched.get(track.id)
        return 0 if seen is None else len(seen.times)

    def verdict(self, track_id: int) -> RiderVerdict | None:
        """What is known of a motorcycle by now; None when it was never looked at."""
        seen = self._watched.get(track_id)
        return None if seen is None else _verdict(track_id, seen)

    def forget(self, track_id: int) -> None:
        """The track is over and told."""
        self._watched.pop(track_id, None)


def seen_riders(
    frame_bgr: NDArray[np.uint8],
    detections: Detections,
    motorcycles: Sequence[Box],
    classifier: HelmetClassifier,
    search: HeadSearch,
    *,
    others: Sequence[Box] = (),
) -> list[list[SeenHead]]:
    """Who seems to sit on each motorcycle in one picture.

    Args:
        frame_bgr: uint8 [height, width, 3].
        detections: all that the detector saw.
        motorcycles: boxes of those to look at, in pixels.
        classifier: judges heads.
        search: finds heads above them that the detector did not name.
        others: boxes of further motorcycles, whose riders are not these ones'.

    Returns:
        The heads of each of `motorcycles`.
    """
    heads = candidate_heads(frame_bgr, detections, motorcycles, classifier, search)
    return riders_of(heads, motorcycles, others=others)


def candidate_heads(
    frame_bgr: NDArray[np.uint8],
    detections: Detections,
    motorcycles: Sequence[Box],
    classifier: HelmetClassifier,
    search: HeadSearch,
) -> list[SeenHead]:
    """All that may be heads of riders of `motorcycles`, however faint; see `seen_riders`."""
    detections = search.added(frame_bgr, detections, motorcycles)
    near = [box for box in _boxes(detections, "person") if any(_near(box, mine) for mine in motorcycles)]
    return heads_of(frame_bgr, _near_heads(detections, motorcycles), classifier, near)


def riders_of(
    heads: Sequence[SeenHead],
    motorcycles: Sequence[Box],
    *,
    others: Sequence[Box] = (),
    sure_without_body: float = SURE_WITHOUT_BODY,
) -> list[list[SeenHead]]:
    """Of what may be heads, who sits on each motorcycle; a head without a body only where it is as sure as that."""
    sure = [head for head in heads if head.person is not None or head.score >= sure_without_body]
    return allotted(sure, [*motorcycles, *others])[: len(motorcycles)]


def _boxes(detections: Detections, name: str) -> list[Box]:
    return [(x1, y1, x2, y2) for x1, y1, x2, y2 in detections.only(name).boxes.tolist()]


def _near(person: Box, motorcycle: Box) -> bool:
    reach = NEAR_SIDES * long_side(motorcycle)
    return (
        person[2] > motorcycle[0] - reach / 2
        and person[0] < motorcycle[2] + reach / 2
        and person[3] > motorcycle[1] - reach / 2
        and person[1] < motorcycle[3]
    )


def _near_heads(detections: Detections, motorcycles: Sequence[Box]) -> Detections:
    """Only what may be a head of one of these: judging the heads of a whole crowd costs time."""
    keep = np.array([any(_near((*box,), mine) for mine in motorcycles) for box in detections.boxes.tolist()], bool)
    return detections[keep] if len(keep) else detections


def _verdict(track_id: int, seen: _Watched) -> RiderVerdict:
    looks = len(seen.times)
    span_s = seen.times[-1][0] - seen.times[0][0]
    doubt = _doubt(seen, looks, span_s)
    seats = _stable(seen)
    if doubt is None and not seats:
        doubt = "no rider's head was seen for long enough"
    if doubt is not None:
        frame, heads = _best(seats, [])
        return RiderVerdict(track_id, None, 0, 0, len(seats), looks, span_s, doubt, frame, heads)
    riders, reason = _counted(seen, seats)
    told = [_told(seat) for seat in seats]
    states = Counter(state for state, _ in told)
    reasons = [why for _, why in told if why]
    if reason is None and reasons:
        reason = reasons[0]
    frame, heads = _best(seats, [state for state, _ in told])
    return RiderVerdict(
        track_id=track_id,
        riders=riders,
        bare=states[HelmetState.BARE],
        helmeted=states[HelmetState.HELMET],
        unclear=states[HelmetState.CANNOT_TELL],
        looks=looks,
        span_s=span_s,
        reason=reason,
        best_frame=frame,
        head_boxes=heads,
    )


def _doubt(seen: _Watched, looks: int, span_s: float) -> str | None:
    """Why nothing can be told of a motorcycle at all."""
    if looks < LEAST_LOOKS or span_s < LEAST_SPAN_S:
        return f"it was seen in {looks} pictures over {span_s:.1f} s only"
    if sum(seen.crowded) > CROWDED_SHARE * looks:
        return "other motorcycles stand so close that heads cannot be told apart"
    if not moved(seen.boxes):
        return "it did not move, so who stands beside it cannot be told from who sits on it"
    return None


def _stable(seen: _Watched) -> list[Seat]:
    """Seats whose head was there most of the time: who is passed, or walks by, is above the motorcycle for a moment."""
    found = []
    for seat in seen.seats:
        since = sum(at_s >= seat.looks[0].at_s for at_s, _ in seen.times)
        enough = len(seat.looks) >= LEAST_LOOKS and seat.span_s >= LEAST_SPAN_S
        steady = len(seat.looks) >= max(STABLE_SHARE * since, LEAST_SHARE * len(seen.times))
        if enough and steady and seat.goes_along():
            found.append(seat)
    return sorted(found, key=lambda seat: -len(seat.looks))


def _counted(seen: _Watched, seats: list[Seat]) -> tuple[int | None, str | None]:
    """How many ride it: so many heads must have been seen at once, each of them steadily."""
    frames = [{look.frame for look in seat.looks} for seat in seats]
    at_once = Counter(sum(number in each for each in frames) for _, number in seen.times)
    riders = 0
    for count in range(1, len(seats) + 1):
        support = sum(number for shown, number in at_once.items() if shown >= count)
        if support >= max(LEAST_LOOKS, AGREED_SHARE * len(seen.times) if count > 1 else 0):
            riders = count
    if not riders:
        return None, "its riders hide each other, they cannot be counted"
    if riders < len(seats):
        return None, f"{riders} or {len(seats)} riders: their heads were not seen at once for long enough"
    return riders, None


def _told(seat: Seat) -> tuple[HelmetState, str | None]:
    """The vote over a head's looks, and why it failed if it did."""
    said = [(look.at_s, look.head.state) for look in seat.looks if look.head.state != HelmetState.CANNOT_TELL]
    sizes = sorted(look.head.look.size_px for look in seat.looks)
    for state in (HelmetState.BARE, HelmetState.HELMET):
        times = [at_s for at_s, word in said if word == state]
        if (
            len(times) >= LEAST_LOOKS
            and times[-1] - times[0] >= LEAST_SPAN_S
            and len(times) >= VOTE_SHARE * len(said)
            and len(said) >= 0.4 * len(seat.looks)
        ):
            return state, None
    if sizes[len(sizes) // 2] < SMALLEST_PX:
        return HelmetState.CANNOT_TELL, f"a head is only {sizes[len(sizes) // 2]:.0f} pixels large"
    return HelmetState.CANNOT_TELL, "the looks at a head do not agree"


def _best(seats: list[Seat], states: Sequence[HelmetState]) -> tuple[int | None, tuple[Box, ...]]:
    """The picture that shows most heads, the bare ones surest and largest, and its heads."""
    by_frame: dict[int, list[tuple[int, SeenHead]]] = {}
    for place, seat in enumerate(seats):
        for look in seat.looks:
            by_frame.setdefault(look.frame, []).append((place, look.head))
    if not by_frame:
        return None, ()
    bare = {place for place, state in enumerate(states) if state == HelmetState.BARE}

    def merit(frame: int) -> tuple[float, float]:
        shown = by_frame[frame]
        spoken = sum(2.0 + head.look.bare if place in bare else 1.0 for place, head in shown)
        return round(spoken, 1), sum(head.look.size_px for _, head in shown)

    frame = max(by_frame, key=merit)
    shown = sorted(by_frame[frame], key=lambda item: item[0] not in bare)
    return frame, tuple(head.box for _, head in shown)
