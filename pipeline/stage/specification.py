"""What shall be played: camera, road, lamps, weather and who drives where; every field with meaning and bounds.

Metres lie on a flat ground: east to the right, north away from a camera that is not turned. The road runs north.
"""

from __future__ import annotations

import itertools
from datetime import UTC, datetime
from typing import Annotated, Literal, Self

from pydantic import AfterValidator, Field, field_validator, model_validator

from pipeline.scene.hours import Calendar
from pipeline.scene.measures import Certificate, Grace
from pipeline.scene.model import Identifier, VehicleCheck
from pipeline.stage.cast import Actor
from pipeline.stage.part import Instant, Metres, Part
from pipeline.stage.roadway import Road, StageLane, StageLine

Shine = Literal["red", "yellow", "green", "off"]


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
    clock_steps: tuple[tuple[Instant, Annotated[float, Field(ge=-0.5, le=60)]], ...] = Field(
        (),
        title="Clock steps",
        description="[seconds, by seconds]: when the camera's clock is set, and how far it jumps",
        max_length=4,
    )


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

    flicker: float = Field(
        0.0, title="Flicker", description="Share of the pictures that catch the lamps dark", ge=0, le=0.9
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
    grace: Grace = Field(Grace(), title="Grace", description="What is granted to the driver, as in a scene file")
    certificate: Certificate | None = Field(None, title="Certificate", description="Of the speed measurement")
    calendar: Calendar | None = Field(None, title="Calendar", description="Holidays, as in a scene file")
    checks: tuple[VehicleCheck, ...] = Field(
        ("no_helmet", "pillion"), title="Checks", description="Offences that need no marking, as in a scene file"
    )
    directed: tuple[tuple[Instant, Instant], ...] = Field(
        (), title="Directed", description="[from, to] in seconds: police direct the traffic by hand"
    )
    priority_plates: tuple[str, ...] = Field((), title="Priority plates", description="Registered priority vehicles")
    survey_sigma_px: float = Field(
        0.0, title="Survey error in the picture", description="Of the surveyed points, one sigma", ge=0, le=20
    )
    survey_sigma_m: float = Field(
        0.0, title="Survey error on the ground", description="Of the surveyed points, one sigma", ge=0, le=5
    )
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


__all__ = [
    "Actor",
    "Light",
    "Picture",
    "Road",
    "Shine",
    "Specification",
    "StageCamera",
    "StageLane",
    "StageLine",
    "StageSignal",
    "Weather",
]
