"""What a person draws on the road: lanes, lines, areas and the lamps that govern them."""

from __future__ import annotations

from typing import Literal, Self

from pydantic import Field, field_validator, model_validator

from pipeline.scene.geometry import Point, inside
from pipeline.scene.hours import Hours
from pipeline.scene.parts import Identifier, Polygon, Polyline, Segment, Strict

VehicleClass = Literal["car", "motorcycle", "bus", "truck", "bicycle"]
PlateColour = Literal["white", "black", "yellow", "red", "green", "blue_edged"]
ZoneUse = Literal[
    "no_stopping",
    "box",
    "waiting",
    "lane_closed",
    "no_u_turn",
    "odd_even",
    "measuring",
    "crosswalk",
    "hidden",
    "other",
]
MIN_LEGAL_YELLOW_S = 3.0


PLACES_ON_LINE = 41


def _crosses(line: tuple[Point, Point], area: tuple[Point, ...]) -> bool:
    """Whether some part of a line lies in an area; a lane may end at its stop line."""
    (ax, ay), (bx, by) = line
    shares = (number / (PLACES_ON_LINE - 1) for number in range(PLACES_ON_LINE))
    return any(inside((ax + share * (bx - ax), ay + share * (by - ay)), area) for share in shares)


class Exempt(Strict):
    """Who need not obey. What is not named is not exempt."""

    classes: tuple[VehicleClass, ...] = Field((), title="Classes", description="Vehicle classes that are free of it")
    plate_colours: tuple[PlateColour, ...] = Field(
        (),
        title="Plate colours",
        description="Of plates: white or black (private), yellow (public), red (state), green (free zone), "
        "blue_edged (electric)",
    )


class Reservation(Strict):
    """For whom a lane is kept, and when."""

    classes: tuple[VehicleClass, ...] = Field(
        title="Classes", description="Who may use the lane in these hours", min_length=1
    )
    hours: tuple[Hours, ...] = Field((Hours(),), title="Hours", description="When; always, if left out", min_length=1)


class TurnOnRed(Strict):
    """Where a sign allows to turn while the signal shows red (in Indonesia mostly to the left)."""

    to: Literal["left", "right"] = Field(title="To", description="left or right, as the driver sees it")
    exit: Polygon | None = Field(
        None, title="Exit", description="Where those who turn leave; without it the bend of the way decides"
    )


class Lane(Strict):
    """A strip of road: whoever's wheels stand in the polygon is in the lane."""

    id: Identifier = Field(title="Lane id", description="Unique in the scene")
    polygon: Polygon = Field(
        title="Polygon", description="Corners [x, y] in order around the lane, on the road surface, in pixels"
    )
    direction: Segment | None = Field(
        None,
        title="Permitted direction",
        description="Two points: traffic goes from the first towards the second; leave out where both ways are allowed",
    )
    reserved_for: Reservation | None = Field(
        None, title="Reserved for", description="Classes and hours; leave out for a lane open to all"
    )
    stop_line: Segment | None = Field(
        None, title="Stop line", description="Two points across the lane, on the road surface"
    )
    signal: Identifier | None = Field(None, title="Signal", description="Id of the signal head that governs this lane")
    turn_on_red: TurnOnRed | None = Field(
        None, title="Turn on red", description="Only where a sign allows it; leave out everywhere else"
    )

    @model_validator(mode="after")
    def _complete(self) -> Self:
        if self.signal and not self.stop_line:
            raise ValueError(
                f"lane `{self.id}` names a signal but has no stop_line: draw the line that must not be passed on red"
            )
        if self.stop_line and not self.direction:
            raise ValueError(f"lane `{self.id}` has a stop_line but no direction: say from which side traffic comes")
        if self.stop_line and not _crosses(self.stop_line, self.polygon):
            raise ValueError(f"lane `{self.id}` has a stop_line that lies beside it: draw the line across the lane")
        if self.turn_on_red and not self.signal:
            raise ValueError(f"lane `{self.id}` has turn_on_red but no signal: name the signal, or leave it out")
        return self


class SignalHead(Strict):
    """The lamps that a camera can see: the box round the housing, from the top of red to the bottom of green."""

    id: Identifier = Field(title="Signal id", description="Unique in the scene")
    box: tuple[float, float, float, float] = Field(
        title="Box", description="[x1, y1, x2, y2] in pixels round the lamps"
    )
    layout: Literal["vertical", "horizontal", "single"] = Field(
        "vertical",
        title="Layout",
        description="vertical: red on top; horizontal: red at the left; single: one lamp that changes colour",
    )
    min_yellow_s: float = Field(
        MIN_LEGAL_YELLOW_S,
        title="Least yellow",
        description="Legal minimum of yellow before red, in seconds; a red after a shorter one makes no ticket",
        ge=1,
        le=10,
    )
    controller: str | None = Field(
        None,
        title="Controller",
        description="Name of this head in the signal controller's feed, where there is one",
        min_length=1,
        max_length=80,
    )

    @field_validator("box")
    @classmethod
    def _box_is_ordered(cls, box: tuple[float, float, float, float]) -> tuple[float, float, float, float]:
        if box[2] - box[0] < 2 or box[3] - box[1] < 2:
            raise ValueError("must be [x1, y1, x2, y2] with x1 < x2 and y1 < y2, at least 2 pixels wide and high")
        return box


class Zone(Strict):
    """A named area on the road and what it is for.

    no_stopping: nobody may stand (Art. 287(3)); box: must be kept clear, nobody may stand there during red; waiting:
    beyond the stop line, where `exempt.classes` may wait (ruang henti khusus); lane_closed: nobody may drive, a
    shoulder say; no_u_turn: no turning back; odd_even: plates of the other parity may not drive; measuring: speed is
    measured here; crosswalk; hidden: the road cannot be seen; other: for drawing only.
    """

    id: Identifier = Field(title="Zone id", description="Unique in the scene")
    polygon: Polygon = Field(title="Polygon", description="Corners [x, y] in order, in pixels")
    use: ZoneUse = Field(title="Use", description="What the area is for")
    lanes: tuple[Identifier, ...] = Field(
        (), title="Lanes", description="Ids of the lanes whose traffic it concerns; all, if left out"
    )
    hours: tuple[Hours, ...] = Field((Hours(),), title="Hours", description="When; always, if left out", min_length=1)
    exempt: Exempt = Field(Exempt(), title="Exempt", description="Who is free of it")

    @model_validator(mode="after")
    def _waiting_is_for_somebody(self) -> Self:
        if self.use == "waiting" and not self.exempt.classes:
            raise ValueError(f"zone `{self.id}` is for waiting, but exempt.classes says not for whom: name the classes")
        return self


class SolidLine(Strict):
    """A solid marking between lanes: it must not be crossed (Art. 287(1))."""

    id: Identifier = Field(title="Line id", description="Unique in the scene")
    line: Polyline = Field(title="Line", description="Two or more points along the marking, on the road surface")
    forbidden: Literal["both", "to_left", "to_right"] = Field(
        "both",
        title="Forbidden",
        description="Which crossing; to_left: ending at the left of who walks from the first point to the last",
    )
    hours: tuple[Hours, ...] = Field((Hours(),), title="Hours", description="When; always, if left out", min_length=1)
    exempt: Exempt = Field(Exempt(), title="Exempt", description="Who is free of it")


class CountLine(Strict):
    """A line on which vehicles are counted, by direction."""

    id: Identifier = Field(title="Line id", description="Unique in the scene")
    line: Segment = Field(
        title="Line", description="Two points; who walks from the first to the second has `left` at the left hand"
    )
    left: str = Field(
        "left",
        title="Left",
        description="Name of the direction of those who end on the left",
        min_length=1,
        max_length=40,
    )
    right: str = Field(
        "right",
        title="Right",
        description="Name of the direction of those who end on the right",
        min_length=1,
        max_length=40,
    )
