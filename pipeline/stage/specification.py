"""What shall be played: camera, road, lamps, weather and who drives where; every field with meaning and bounds.

Metres lie on a flat ground: east to the right, north away from a camera that is not turned. The road runs north.
"""

from __future__ import annotations

import itertools
from datetime import UTC, datetime
from typing import Annotated, Literal, Self

from pydantic import AfterValidator, BaseModel, ConfigDict, Field, field_validator, model_validator

from pipeline.scene.model import Identifier, Reservation
from pipeline.stage.colour import Colour

ActorClass = Literal["car", "motorcycle", "bus", "truck", "bicycle", "person"]
Body = Literal["sedan", "hatch", "mpv", "van", "pickup", "box", "tipper", "city", "coach"]
Shine = Literal["red", "yellow", "green", "off"]
Instant = Annotated[float, Field(ge=0, le=3600)]
Metres = Annotated[float, Field(ge=-500, le=500)]

BODIES: dict[ActorClass, tuple[Body, ...]] = {
    "car": ("sedan", "hatch", "mpv", "van", "pickup"),
    "truck": ("box", "tipper"),
    "bus": ("city", "coach"),
    "motorcycle": (),
    "bicycle": (),
    "person": (),
}


class Part(BaseModel):
    """Base of all parts of a specification: frozen, unknown keys refused."""

    model_config = ConfigDict(extra="forbid", frozen=True)


class StageCamera(Part):
    """Where the camera stands, where it looks and how it takes pictures."""

    east_m: float = Field(0.0, title="East", description="Metres", ge=-200, le=200)
    north_m: float = Field(0.0, title="North", description="Metres", ge=-200, le=200)
    height_m: float = Field(6.5, title="Height", description="Metres above the road", ge=1.5, le=40)
    yaw_degrees: float = Field(
        0.0, title="Yaw", description="0 looks north, positive turns to the right", ge=-80, le=80
    )
    pitch_degrees: float = Field(14.0, title="Pitch", description="Downwards from the horizon", ge=0, le=80)
    focal_px: float = Field(620.0, title="Focal length", description="In pixels of the picture", ge=50, le=20000)
    width_px: int = Field(640, title="Width", description="Pixels, even", ge=160, le=3840, multiple_of=2)
    height_px: int = Field(360, title="Height", description="Pixels, even", ge=90, le=2160, multiple_of=2)
    fps: float = Field(25.0, title="Pictures a second", description="On average", ge=1, le=60)
    frame_jitter: float = Field(
        0.0,
        title="Frame jitter",
        description="Share of the interval by which pictures come early or late",
        ge=0,
        le=0.45,
    )
    shake_px: float = Field(0.0, title="Shake", description="Amplitude of the mast in the wind, in pixels", ge=0, le=12)


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

    @model_validator(mode="after")
    def _complete(self) -> Self:
        names = [lane.id for lane in self.lanes]
        for name in names:
            if names.count(name) > 1:
                raise ValueError(f"the lane id `{name}` is used twice: give each lane its own")
        for one, other in zip(self.lanes, self.lanes[1:], strict=False):
            if other.west_m < one.east_m - 1e-6:
                raise ValueError(
                    f"lanes `{one.id}` and `{other.id}` overlap or are out of order: list them from west to east"
                )
        if self.to_m <= self.from_m:
            raise ValueError("`to_m` must be more than `from_m`")
        for lane in self.lanes:
            if lane.signal and self.stop_line_m is None:
                raise ValueError(f"lane `{lane.id}` has a signal, so the road needs `stop_line_m`")
            if lane.signal and lane.direction == "both":
                raise ValueError(f"lane `{lane.id}` has a signal, so its direction must be `away` or `toward`")
        return self


class StageSignal(Part):
    """A signal head whose lamps face the camera."""

    id: Identifier = Field(title="Signal id", description="Unique in the specification")
    east_m: Metres = Field(title="East", description="Metres")
    north_m: Metres = Field(title="North", description="Metres")
    height_m: float = Field(4.2, title="Height", description="Of the middle of the head, metres", ge=1, le=15)
    lamp_m: float = Field(0.3, title="Lamp", description="Diameter of a lamp, metres", ge=0.1, le=0.6)
    programme: tuple[tuple[Instant, Shine], ...] = Field(
        title="Programme", description="[seconds, red | yellow | green | off], in order of time, from 0", min_length=1
    )

    @field_validator("programme")
    @classmethod
    def _in_order(cls, programme: tuple[tuple[float, Shine], ...]) -> tuple[tuple[float, Shine], ...]:
        times = [at_s for at_s, _ in programme]
        if times[0] != 0 or any(b <= a for a, b in itertools.pairwise(times)):
            raise ValueError("must begin at 0 seconds and go on in order of time, e.g. [[0, green], [2, yellow]]")
        return programme

    def shows(self, at_s: float) -> Shine:
        """What is lit at `at_s`."""
        return [shine for since_s, shine in self.programme if since_s <= at_s + 1e-12][-1]


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


class Light(Part):
    """What shines."""

    time: Literal["day", "dusk", "night"] = Field("day", title="Time", description="day, dusk or night with lamps on")
    sun_azimuth_degrees: float = Field(220.0, title="Sun azimuth", description="0 north, 90 east", ge=0, le=360)
    sun_height_degrees: float = Field(48.0, title="Sun height", description="Above the horizon", ge=8, le=85)
    clouds: float = Field(0.3, title="Clouds", description="0 hard shadows, 1 none", ge=0, le=1)


class Weather(Part):
    """What falls and what veils."""

    rain: float = Field(0.0, title="Rain", description="0 none, 1 a downpour", ge=0, le=1)
    haze: float = Field(0.15, title="Haze", description="0 clear, 1 fog", ge=0, le=1)


class Picture(Part):
    """What sensor and encoder do to the picture."""

    noise: float = Field(2.0, title="Noise", description="Standard deviation in grey levels", ge=0, le=40)
    blur_px: float = Field(0.45, title="Blur", description="Sigma of the lens, in pixels", ge=0, le=4)
    bitrate_kbps: float = Field(2500.0, title="Bitrate", description="Of the H.264 stream", ge=50, le=50000)


class Drive(Part):
    """Along a lane, by a speed profile."""

    lane: Identifier = Field(title="Lane", description="Id of the lane")
    start_m: Metres = Field(title="Start", description="North of the vehicle's middle at 0 seconds, metres")
    offset_m: float = Field(0.0, title="Offset", description="East of the lane's middle, metres", ge=-10, le=10)
    against: bool = Field(False, title="Against", description="Against the lane's direction")
    reverse: bool = Field(False, title="Reverse", description="Backwards: its front looks the other way")
    profile_kmh: tuple[tuple[Instant, float], ...] = Field(
        title="Speed profile", description="[seconds, km/h], straight between, held before and after", min_length=1
    )

    @field_validator("profile_kmh")
    @classmethod
    def _in_order(cls, profile: tuple[tuple[float, float], ...]) -> tuple[tuple[float, float], ...]:
        if any(b[0] <= a[0] for a, b in itertools.pairwise(profile)):
            raise ValueError("must be in order of time")
        if any(not 0 <= kmh <= 250 for _, kmh in profile):
            raise ValueError("holds a speed outside 0 to 250 km/h: a vehicle that backs up has `reverse: true`")
        return profile


class Rider(Part):
    """Somebody on a motorcycle or bicycle, from front to back."""

    helmet: bool = Field(True, title="Helmet", description="Whether one is worn")
    colour: Colour = Field("navy", title="Colour", description="Of the clothes")


class Actor(Part):
    """A road user."""

    id: Identifier = Field(title="Actor id", description="Unique in the specification")
    kind: ActorClass = Field(alias="class", title="Class", description="car, motorcycle, bus, truck, bicycle, person")
    body: Body | None = Field(None, title="Body", description="Which build; by the class if left out")
    colour: Colour = Field("silver", title="Colour", description="A name or [red, green, blue]")
    plate: str | None = Field(None, title="Plate", description="Text, e.g. H 1234 AB; none if left out", max_length=14)
    plate_style: Literal["white", "black", "yellow", "red"] = Field(
        "white", title="Plate style", description="white: private; black: private, old; yellow: public; red: government"
    )
    riders: tuple[Rider, ...] = Field((Rider(),), title="Riders", description="On two wheels", max_length=4)
    drive: Drive | None = Field(None, title="Drive", description="Along a lane; or give `points`")
    points: tuple[tuple[Instant, Metres, Metres], ...] | None = Field(
        None, title="Points", description="[seconds, east, north]: the way of its middle, smooth between", min_length=2
    )
    parked: bool = Field(False, title="Parked", description="No driver, no lamps")

    @model_validator(mode="after")
    def _one_way_of_moving(self) -> Self:
        if (self.drive is None) == (self.points is None):
            raise ValueError(f"actor `{self.id}` needs either `drive` or `points`")
        if self.points and any(b[0] <= a[0] for a, b in zip(self.points, self.points[1:], strict=False)):
            raise ValueError(f"the points of actor `{self.id}` must be in order of time")
        if self.body and self.body not in BODIES[self.kind]:
            known = ", ".join(BODIES[self.kind]) or "none"
            raise ValueError(f"actor `{self.id}`: a {self.kind} has no body `{self.body}` (known: {known})")
        return self


def _aware(value: datetime) -> datetime:
    if value.tzinfo is None:
        raise ValueError("has no UTC offset: write for example 2026-03-02T07:15:00+07:00")
    return value


class Specification(Part):
    """All that happens in front of one camera, for a few seconds."""

    schema_version: Literal["tertib.stage/1"] = Field(
        "tertib.stage/1", alias="schema", title="Schema", description="Always tertib.stage/1"
    )
    name: Identifier = Field(title="Name", description="Short name, also the scene's")
    seed: int = Field(0, title="Seed", description="Of noise, trees and houses", ge=0, le=2**31 - 1)
    duration_s: float = Field(6.0, title="Duration", description="Seconds", gt=0, le=300)
    recorded_at: Annotated[datetime, AfterValidator(_aware)] = Field(
        datetime(2026, 3, 2, 2, 0, tzinfo=UTC), title="Recorded at", description="Time of the first picture"
    )
    timezone: str = Field("Asia/Jakarta", title="Time zone", description="IANA name, for reserved hours")
    camera: StageCamera = StageCamera()
    road: Road
    signals: tuple[StageSignal, ...] = Field((), title="Signals", description="Signal heads", max_length=12)
    count_lines: tuple[StageLine, ...] = Field((), title="Count lines", description="Lines across the road")
    light: Light = Light()
    weather: Weather = Weather()
    picture: Picture = Picture()
    houses: bool = Field(True, title="Houses", description="Houses and trees along the road")
    actors: tuple[Actor, ...] = Field((), title="Actors", description="Who takes part", max_length=60)

    @model_validator(mode="after")
    def _consistent(self) -> Self:
        heads = {head.id for head in self.signals}
        lanes = {lane.id for lane in self.road.lanes}
        for lane in self.road.lanes:
            if lane.signal and lane.signal not in heads:
                raise ValueError(
                    f"lane `{lane.id}` is governed by signal `{lane.signal}`, which is not there "
                    f"(there is: {', '.join(sorted(heads)) or 'none'})"
                )
        names: set[str] = set()
        for actor in self.actors:
            if actor.id in names:
                raise ValueError(f"the actor id `{actor.id}` is used twice: give each actor its own")
            names.add(actor.id)
            if actor.drive and actor.drive.lane not in lanes:
                raise ValueError(
                    f"actor `{actor.id}` drives in lane `{actor.drive.lane}`, which is not there "
                    f"(there is: {', '.join(sorted(lanes))})"
                )
        return self

    def lane(self, name: str) -> StageLane:
        """The lane of this id."""
        return next(lane for lane in self.road.lanes if lane.id == name)

    def signal(self, name: str) -> StageSignal:
        """The signal head of this id."""
        return next(head for head in self.signals if head.id == name)
