"""Which heads of a picture sit on which motorcycle, and which head is which from picture to picture."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, field

import numpy as np
from scipy.optimize import linear_sum_assignment

from models.riders.heads import SeenHead
from pipeline.perception.track import Box
from pipeline.scene.geometry import Point

BESIDE = 0.3
"""How far beside the motorcycle's box a rider's head may be, in the box's widths."""
ABOVE = 1.3
"""How far above its upper edge, in the box's longer side."""
BELOW = 0.55
"""How far below its upper edge, in its height: a box may hold the riders, too."""
LARGEST_HEAD = 0.6
SMALLEST_HEAD = 0.06
"""Side of a head in the motorcycle's longer side: a face nearer to the camera, or far behind, is not a rider's."""
SAME_SEAT_HEADS = 1.0
"""How far a head may be from its seat, in its own sides, to be the same head."""
KEPT_HEADS = 0.6
KEPT_SHARE = 0.8
"""A rider's head is so near (in its own sides) to its usual place in so many of the looks."""
MOVED_SIZES = 0.5
"""How far the motorcycle must have gone, in its own sizes: who stands beside it stays behind."""
GROWN = 1.3
"""Or how much larger it must have become, coming near or going."""
NEW_PLACE = 0.35
"""Weight of the newest look in a seat's place."""


def long_side(box: Box) -> float:
    """The longer side of a box, in pixels."""
    return max(box[2] - box[0], box[3] - box[1])


def sits_on(head: Box, motorcycle: Box, person: Box | None = None) -> float | None:
    """How far a head is from the middle above a motorcycle, in its sizes; None where no rider's head can be.

    Args:
        head: in pixels.
        motorcycle: in pixels.
        person: the body below the head, if it was seen: whose feet are elsewhere does not sit on it.
    """
    x1, y1, x2, y2 = motorcycle
    width, height, size = x2 - x1, y2 - y1, long_side(motorcycle)
    x, y = (head[0] + head[2]) / 2, (head[1] + head[3]) / 2
    if not x1 - BESIDE * width <= x <= x2 + BESIDE * width or not y1 - ABOVE * size <= y <= y1 + BELOW * height:
        return None
    if not SMALLEST_HEAD * size <= long_side(head) <= LARGEST_HEAD * size:
        return None
    if person is not None and not _astride(person, motorcycle):
        return None
    return abs(x - (x1 + x2) / 2) / max(width, 0.4 * size) + 0.3 * abs(y - (y1 - 0.2 * size)) / size


def _astride(person: Box, motorcycle: Box) -> bool:
    """Whether a body stands over a motorcycle: beside each other, both reach the ground next to one another."""
    x1, y1, x2, y2 = motorcycle
    shared = min(person[2], x2) - max(person[0], x1)
    if shared < 0.4 * min(person[2] - person[0], x2 - x1):
        return False
    return y1 - 0.15 * (y2 - y1) <= person[3] <= y2 + 0.25 * (y2 - y1)


def allotted(heads: Sequence[SeenHead], motorcycles: Sequence[Box]) -> list[list[SeenHead]]:
    """The heads of each motorcycle; a head belongs to one at most, the nearest."""
    found: list[list[SeenHead]] = [[] for _ in motorcycles]
    for head in heads:
        near = [
            (distance, place)
            for place, box in enumerate(motorcycles)
            if (distance := sits_on(head.box, box, head.person)) is not None
        ]
        if near:
            found[min(near)[1]].append(head)
    return found


@dataclass(frozen=True)
class SeatLook:
    """One head in one picture.

    Attributes:
        at_s: Capture time.
        frame: Number of the picture.
        head: What was seen.
        motorcycle: The motorcycle's box.
        place: The head's middle from the motorcycle's lower middle, in the motorcycle's longer sides.
        side: The head's side, likewise.
    """

    at_s: float
    frame: int
    head: SeenHead
    motorcycle: Box
    place: Point
    side: float


@dataclass
class Seat:
    """One head of a motorcycle over time.

    Attributes:
        place: Where it was lately, as in `SeatLook`.
        side: Its side lately.
        looks: In order of time.
    """

    place: Point
    side: float
    looks: list[SeatLook] = field(default_factory=list)

    @property
    def span_s(self) -> float:
        """Time between the first and the last look, in seconds."""
        return self.looks[-1].at_s - self.looks[0].at_s

    def goes_along(self) -> bool:
        """Whether it kept its place over the motorcycle while that went on: who stands by the road falls behind."""
        if not moved([look.motorcycle for look in self.looks]):
            return False
        middle = np.median([look.place for look in self.looks], axis=0)
        side = float(np.median([look.side for look in self.looks]))
        kept = [np.hypot(*(np.array(look.place) - middle)) <= KEPT_HEADS * side for look in self.looks]
        return bool(sum(kept) >= KEPT_SHARE * len(kept))


def moved(boxes: Sequence[Box]) -> bool:
    """Whether a motorcycle went on, over the road or towards the camera."""
    first, last = boxes[0], boxes[-1]
    sizes = sorted(long_side(box) for box in boxes)
    gone = max(abs(first[0] + first[2] - last[0] - last[2]) / 2, abs(first[3] - last[3]))
    return gone >= MOVED_SIZES * sizes[len(sizes) // 2] or sizes[-1] >= GROWN * sizes[0]


def seated(seats: list[Seat], heads: Sequence[SeenHead], motorcycle: Box, at_s: float, frame: int) -> None:
    """Give each head of a picture to its seat; a head without one gets a new one.

    Args:
        seats: of the motorcycle; grows.
        heads: of the motorcycle in this picture.
        motorcycle: its box in this picture.
        at_s: capture time.
        frame: number of the picture.
    """
    size = long_side(motorcycle)
    anchor = (motorcycle[0] + motorcycle[2]) / 2, motorcycle[3]
    places = [
        (((h.box[0] + h.box[2]) / 2 - anchor[0]) / size, ((h.box[1] + h.box[3]) / 2 - anchor[1]) / size) for h in heads
    ]
    sides = [long_side(head.box) / size for head in heads]
    free = set(range(len(heads)))
    if seats and heads:
        far = np.array(
            [
                [
                    np.hypot(x - s.place[0], y - s.place[1]) / max(side, s.side)
                    for (x, y), side in zip(places, sides, strict=True)
                ]
                for s in seats
            ]
        )
        for row, column in zip(*linear_sum_assignment(np.minimum(far, 10)), strict=True):
            if far[row, column] <= SAME_SEAT_HEADS:
                seat, place = seats[row], places[column]
                seat.place = (
                    (1 - NEW_PLACE) * seat.place[0] + NEW_PLACE * place[0],
                    (1 - NEW_PLACE) * seat.place[1] + NEW_PLACE * place[1],
                )
                seat.side = (1 - NEW_PLACE) * seat.side + NEW_PLACE * sides[column]
                seat.looks.append(SeatLook(at_s, frame, heads[column], motorcycle, place, sides[column]))
                free.discard(int(column))
    for index in sorted(free):
        look = SeatLook(at_s, frame, heads[index], motorcycle, places[index], sides[index])
        seats.append(Seat(places[index], sides[index], [look]))
