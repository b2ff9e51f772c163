"""What is measured by: surveyed points, speed limits, what is granted to the driver, and the site's certificate."""

from __future__ import annotations

from datetime import date
from typing import Self

from pydantic import Field, model_validator

from pipeline.scene.geometry import Point
from pipeline.scene.hours import Hours
from pipeline.scene.parts import Identifier, Strict
from pipeline.scene.road import VehicleClass


class GroundReference(Strict):
    """A surveyed point: the same spot in the picture and on the ground."""

    pixel: Point = Field(title="Pixel", description="[x, y] in the picture")
    metre: Point = Field(title="Metre", description="[east, north] in metres from a local origin (UTM will do)")
    pixel_sigma_px: float = Field(
        1.5, title="Pixel error", description="How well the spot was hit in the picture, one sigma", gt=0, le=50
    )
    metre_sigma_m: float = Field(
        0.05, title="Survey error", description="How well the spot was surveyed, one sigma", gt=0, le=10
    )


class SpeedLimit(Strict):
    """A speed limit, for whom and when. A row that names a class goes before one for all; else the highest counts."""

    kmh: float = Field(title="Limit", description="Kilometres an hour, as the sign says", ge=5, le=150)
    lanes: tuple[Identifier, ...] = Field((), title="Lanes", description="Ids of lanes; all, if left out")
    classes: tuple[VehicleClass, ...] = Field((), title="Classes", description="Vehicle classes; all, if left out")
    hours: tuple[Hours, ...] = Field((Hours(),), title="Hours", description="When; always, if left out", min_length=1)


class Grace(Strict):
    """What is granted to the driver before an offence is one. Never less than the product's own floor."""

    red_s: float = Field(
        0.5, title="Red", description="Red must have lasted so long, in seconds, when the line is passed", ge=0.3, le=5
    )
    beyond_line_m: float = Field(
        2.0, title="Beyond the line", description="How far one must go on beyond it, in metres", ge=0.5, le=30
    )
    standing_s: float = Field(
        2.0, title="Standing", description="How long one must stand beyond the stop line, in seconds", ge=1, le=60
    )
    stopping_s: float = Field(
        30.0, title="Stopping", description="How long one may stand where nobody may, in seconds", ge=3, le=3600
    )
    speed_kmh: float = Field(
        3.0, title="Speed", description="Taken off a measured speed up to 100 km/h, at least", ge=3, le=20
    )
    speed_share: float = Field(
        0.03, title="Speed share", description="Taken off above 100 km/h, as a share, at least", ge=0.03, le=0.2
    )


class Certificate(Strict):
    """Who tested this site's speed measurement, and until when that holds; without it speeds are indications."""

    issuer: str = Field(title="Issuer", description="The metrology office", min_length=1, max_length=120)
    number: str = Field(title="Number", description="As it stands on the certificate", min_length=1, max_length=80)
    valid_from: date = Field(title="Valid from", description="First day")
    valid_to: date = Field(title="Valid to", description="Last day")
    error_kmh: float = Field(
        title="Error", description="Largest error found at the test, in kilometres an hour", ge=0, le=10
    )

    @model_validator(mode="after")
    def _ordered(self) -> Self:
        if self.valid_to < self.valid_from:
            raise ValueError(
                f"certificate {self.number} ends ({self.valid_to}) before it begins ({self.valid_from}): "
                "read the dates again"
            )
        return self

    def holds_on(self, day: date) -> bool:
        """Whether it is valid on a (local) day."""
        return self.valid_from <= day <= self.valid_to
