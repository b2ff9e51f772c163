"""Who takes part: road users, what they look like, and the ways they take."""

from __future__ import annotations

import itertools
from typing import Annotated, Literal, Self

from pydantic import Field, field_validator, model_validator

from pipeline.scene.model import Identifier
from pipeline.stage.colour import Colour
from pipeline.stage.part import Instant, Metres, Part

ActorClass = Literal["car", "motorcycle", "bus", "truck", "bicycle", "person"]
Body = Literal["sedan", "hatch", "mpv", "van", "pickup", "box", "tipper", "city", "coach"]
Profile = tuple[tuple[Instant, float], ...]

BODIES: dict[ActorClass, tuple[Body, ...]] = {
    "car": ("sedan", "hatch", "mpv", "van", "pickup"),
    "truck": ("box", "tipper"),
    "bus": ("city", "coach"),
    "motorcycle": (),
    "bicycle": (),
    "person": (),
}
ROLES: dict[str, ActorClass] = {"ambulance": "car", "officer": "person"}


def _in_order(profile: Profile) -> Profile:
    if any(b[0] <= a[0] for a, b in itertools.pairwise(profile)):
        raise ValueError("must be in order of time")
    if any(not 0 <= kmh <= 250 for _, kmh in profile):
        raise ValueError("holds a speed outside 0 to 250 km/h: a vehicle that backs up has `reverse: true`")
    return profile


class Drive(Part):
    """Along a lane, by a speed profile."""

    lane: Identifier = Field(title="Lane", description="Id of the lane")
    start_m: Metres = Field(title="Start", description="North of the vehicle's middle at 0 seconds, metres")
    offset_m: float = Field(0.0, title="Offset", description="East of the lane's middle, metres", ge=-10, le=10)
    against: bool = Field(False, title="Against", description="Against the lane's direction")
    reverse: bool = Field(False, title="Reverse", description="Backwards: its front looks the other way")
    profile_kmh: Profile = Field(
        title="Speed profile", description="[seconds, km/h], straight between, held before and after", min_length=1
    )

    _in_order = field_validator("profile_kmh")(_in_order)


class Way(Part):
    """Along straight pieces with rounded corners, by a speed profile: turns, changes of lane, turning back."""

    corners: tuple[tuple[Metres, Metres], ...] = Field(
        title="Corners",
        description="[east, north] in metres; the first is where its middle is at 0 seconds",
        min_length=2,
    )
    radius_m: float = Field(6.0, title="Radius", description="Of the arcs at the corners, metres", gt=0.2, le=200)
    profile_kmh: Profile = Field(
        title="Speed profile", description="[seconds, km/h], straight between, held before and after", min_length=1
    )

    _in_order = field_validator("profile_kmh")(_in_order)

    @model_validator(mode="after")
    def _goes_somewhere(self) -> Self:
        for one, other in itertools.pairwise(self.corners):
            if abs(one[0] - other[0]) + abs(one[1] - other[1]) < 0.1:
                raise ValueError("`corners` holds one place twice: give different points")
        return self


class Rider(Part):
    """Somebody on a motorcycle or bicycle, from front to back."""

    helmet: bool = Field(True, title="Helmet", description="Whether one is worn")
    colour: Colour = Field("navy", title="Colour", description="Of the clothes")
    headwear: Literal["hair", "hijab", "cap"] = Field(
        "hair", title="Headwear", description="What is on the head, under the helmet where one is worn"
    )
    cloth: Colour = Field("beige", title="Cloth", description="Of hijab or cap")
    child: bool = Field(False, title="Child", description="Half as large")


class Actor(Part):
    """A road user."""

    id: Identifier = Field(title="Actor id", description="Unique in the specification")
    kind: ActorClass = Field(alias="class", title="Class", description="car, motorcycle, bus, truck, bicycle, person")
    body: Body | None = Field(None, title="Body", description="Which build; by the class if left out")
    role: Literal["ambulance", "officer"] | None = Field(
        None, title="Role", description="ambulance: a van with stripes and beacons; officer: a person who waves"
    )
    colour: Colour = Field("silver", title="Colour", description="A name or [red, green, blue]")
    plate: str | None = Field(None, title="Plate", description="Text, e.g. H 1234 AB; none if left out", max_length=14)
    plate_style: Literal["white", "black", "yellow", "red"] = Field(
        "white", title="Plate style", description="white: private; black: private, old; yellow: public; red: government"
    )
    expiry: Annotated[str, Field(pattern=r"^(0[1-9]|1[0-2])\.\d\d$")] = Field(
        "04.29", title="Expiry", description="Month and year on the plate's second line, e.g. 04.29"
    )
    riders: tuple[Rider, ...] = Field((Rider(),), title="Riders", description="On two wheels", max_length=4)
    child_seat: bool = Field(False, title="Child seat", description="An empty seat for a child behind the rider")
    drive: Drive | None = Field(None, title="Drive", description="Along a lane; or give `way` or `points`")
    way: Way | None = Field(None, title="Way", description="Along straight pieces and arcs")
    points: tuple[tuple[Instant, Metres, Metres], ...] | None = Field(
        None, title="Points", description="[seconds, east, north]: the way of its middle, smooth between", min_length=2
    )
    parked: bool = Field(False, title="Parked", description="No driver, no lamps")

    @model_validator(mode="after")
    def _is_possible(self) -> Self:
        if sum(way is not None for way in (self.drive, self.way, self.points)) != 1:
            raise ValueError(f"actor `{self.id}` needs either `drive`, `way` or `points`")
        if self.points and any(b[0] <= a[0] for a, b in itertools.pairwise(self.points)):
            raise ValueError(f"the points of actor `{self.id}` must be in order of time")
        if self.body and self.body not in BODIES[self.kind]:
            known = ", ".join(BODIES[self.kind]) or "none"
            raise ValueError(f"actor `{self.id}`: a {self.kind} has no body `{self.body}` (known: {known})")
        if self.role and ROLES[self.role] != self.kind:
            raise ValueError(f"actor `{self.id}`: an {self.role} is of class {ROLES[self.role]}")
        return self
