"""The road: lanes, what is painted on them, and areas in which something is forbidden."""

from __future__ import annotations

from itertools import pairwise
from typing import Literal, Self

from pydantic import Field, model_validator

from pipeline.scene.hours import Hours
from pipeline.scene.model import Identifier, Reservation
from pipeline.scene.road import Exempt, ZoneUse
from pipeline.stage.part import Metres, Part


class StageLane(Part):
    """A straight lane along the road."""

    id: Identifier = Field(title="Lane id", description="Unique in the specification")
    centre_m: Metres = Field(title="Centre", description="East of the lane's middle, in metres")
    width_m: float = Field(3.3, title="Width", description="Metres", ge=1, le=12)
    direction: Literal["away", "toward", "both"] = Field(
        "away", title="Direction", description="away: north, from the camera; toward: south; both: not prescribed"
    )
    reserved_for: Reservation | None = Field(None, title="Reserved for", description="As in a scene file")
    signal: Identifier | None = Field(None, title="Signal", description="Id of the head that governs the lane")
    turn_on_red: Literal["left", "right"] | None = Field(
        None, title="Turn on red", description="Where a sign allows it, as the driver sees it"
    )
    arrow: Literal["through", "left", "right"] | None = Field(
        None, title="Arrow", description="Painted on the lane before its stop line"
    )
    speed_limit_kmh: float | None = Field(None, title="Speed limit", description="km/h", gt=0, le=200)

    @property
    def west_m(self) -> float:
        """Left edge seen from the south."""
        return self.centre_m - self.width_m / 2

    @property
    def east_m(self) -> float:
        """Right edge seen from the south."""
        return self.centre_m + self.width_m / 2


class Band(Part):
    """A stretch of the road, from south to north."""

    from_m: Metres = Field(title="From", description="North, metres")
    to_m: Metres = Field(title="To", description="North, metres; more than `from_m`")

    @model_validator(mode="after")
    def _ordered(self) -> Self:
        if self.to_m <= self.from_m:
            raise ValueError("`to_m` must be more than `from_m`")
        return self


class StageLine(Part):
    """A count line across the road, from west to east."""

    id: Identifier = Field(title="Line id", description="Unique in the specification")
    north_m: Metres = Field(title="North", description="Metres")
    west_m: Metres = Field(title="West end", description="East coordinate of the left end, metres")
    east_m: Metres = Field(title="East end", description="East coordinate of the right end, metres")

    @model_validator(mode="after")
    def _ordered(self) -> Self:
        if self.east_m - self.west_m < 0.5:
            raise ValueError("`east_m` must be at least 0.5 m more than `west_m`")
        return self


class StageMark(Part):
    """A solid marking along the road that must not be crossed."""

    id: Identifier = Field(title="Line id", description="Unique in the specification")
    east_m: Metres = Field(title="East", description="Of its middle, metres")
    from_m: Metres = Field(title="From", description="Where it begins, north in metres")
    to_m: Metres = Field(title="To", description="Where it ends, north in metres; more than `from_m`")
    forbidden: Literal["both", "to_left", "to_right"] = Field(
        "both", title="Forbidden", description="Which crossing, seen by who looks north"
    )

    @model_validator(mode="after")
    def _ordered(self) -> Self:
        if self.to_m - self.from_m < 1:
            raise ValueError("`to_m` must be at least 1 m more than `from_m`")
        return self


class StageZone(Part):
    """An area of the road that something is forbidden in, as in a scene file."""

    id: Identifier = Field(title="Zone id", description="Unique in the specification")
    use: ZoneUse = Field(title="Use", description="As in a scene file")
    west_m: Metres = Field(title="West", description="Left edge, east coordinate in metres")
    east_m: Metres = Field(title="East", description="Right edge, east coordinate in metres")
    from_m: Metres = Field(title="From", description="Near edge, north in metres")
    to_m: Metres = Field(title="To", description="Far edge, north in metres")
    hours: tuple[Hours, ...] = Field((Hours(),), title="Hours", description="When", min_length=1)
    exempt: Exempt = Field(Exempt(), title="Exempt", description="Who is free of it")

    @model_validator(mode="after")
    def _ordered(self) -> Self:
        if self.east_m - self.west_m < 0.5 or self.to_m - self.from_m < 0.5:
            raise ValueError("`east_m` and `to_m` must be at least 0.5 m more than `west_m` and `from_m`")
        return self


class Road(Part):
    """The road and what is painted on it."""

    from_m: Metres = Field(-30.0, title="From", description="Where the road begins, north in metres")
    to_m: Metres = Field(160.0, title="To", description="Where it ends, north in metres")
    lanes: tuple[StageLane, ...] = Field(title="Lanes", description="From west to east", min_length=1, max_length=12)
    stop_line_m: Metres | None = Field(
        None, title="Stop line", description="North of the near edge of the line, across all lanes with a signal"
    )
    crosswalk: Band | None = Field(None, title="Crosswalk", description="A zebra crossing")
    cross_road: Band | None = Field(None, title="Cross road", description="A road that crosses, as a stretch of north")
    marks: tuple[StageMark, ...] = Field((), title="Marks", description="Solid lines", max_length=12)
    zones: tuple[StageZone, ...] = Field((), title="Zones", description="Areas in which something is forbidden")
    measuring: Band | None = Field(
        None, title="Measuring", description="Where speed is measured; the near part of the road if left out"
    )

    @model_validator(mode="after")
    def _complete(self) -> Self:
        names = [lane.id for lane in self.lanes]
        for name in names:
            if names.count(name) > 1:
                raise ValueError(f"the lane id `{name}` is used twice: give each lane its own")
        for one, other in pairwise(self.lanes):
            if other.west_m < one.east_m - 1e-6:
                raise ValueError(
                    f"lanes `{one.id}` and `{other.id}` overlap or are out of order: list them from west to east"
                )
        if self.to_m <= self.from_m:
            raise ValueError("`to_m` must be more than `from_m`")
        for lane in self.lanes:
            if lane.signal and self.stop_line_m is None:
                raise ValueError(f"lane `{lane.id}` has a signal, so the road needs `stop_line_m`")
            if lane.turn_on_red and not lane.signal:
                raise ValueError(f"lane `{lane.id}` has turn_on_red but no signal")
            if lane.signal and lane.direction == "both":
                raise ValueError(f"lane `{lane.id}` has a signal, so its direction must be `away` or `toward`")
        return self
