"""The scene file: every field with what it means and within which bounds it is believed.

A scene says what a person knows about a place and no camera can see: where the lanes are, who may use them and when,
which lamp governs which lane. Unknown keys are refused everywhere: a misspelt key must never switch an offence off
silently.
"""

from __future__ import annotations

import hashlib
import json
from collections.abc import Iterator
from datetime import date, datetime
from functools import cached_property
from pathlib import Path
from typing import Literal, Self
from zoneinfo import ZoneInfo, ZoneInfoNotFoundError

from pydantic import Field, PrivateAttr, field_validator, model_validator

from pipeline.scene.consistency import check_governed, check_ground, check_limits, check_no_overlap
from pipeline.scene.geometry import Point
from pipeline.scene.homography import Homography
from pipeline.scene.hours import Calendar, Directed, Hours
from pipeline.scene.measures import Certificate, Grace, GroundReference, SpeedLimit
from pipeline.scene.parts import Identifier, Strict
from pipeline.scene.road import CountLine, Lane, Reservation, SignalHead, SolidLine, VehicleClass, Zone
from pipeline.scene.signing import SceneSignature
from pipeline.scene.viewpoint import Viewpoint, viewpoint_of

VehicleCheck = Literal["no_helmet", "pillion", "plate_expired", "no_plate"]
ExperimentalCheck = Literal["seat_belt", "phone"]


class Camera(Strict):
    """Which camera it is and where it stands."""

    id: Identifier = Field(
        title="Camera id", description="Unique in the office; the signing key belongs to it, e.g. jt-smg-001"
    )
    name: str = Field(title="Name", description="What people call it", min_length=1, max_length=120)
    agency: str = Field(
        title="Agency", description="Who runs it, a key of the jurisdiction's agencies", min_length=1, max_length=80
    )
    jurisdiction: Identifier = Field(
        title="Jurisdiction", description="Whose articles and deadlines apply, e.g. jateng"
    )
    place: str = Field(
        title="Place", description="Street and direction, as it shall stand on a notice", min_length=1, max_length=200
    )
    latitude: float = Field(title="Latitude", description="Degrees north, WGS 84", ge=-90, le=90)
    longitude: float = Field(title="Longitude", description="Degrees east, WGS 84", ge=-180, le=180)
    timezone: str = Field("Asia/Jakarta", title="Time zone", description="IANA name; hours of lanes are in this zone")

    @field_validator("timezone")
    @classmethod
    def _known_zone(cls, value: str) -> str:
        try:
            ZoneInfo(value)
        except (ZoneInfoNotFoundError, ValueError) as error:
            raise ValueError(f"`{value}` is no IANA time zone: write for example Asia/Jakarta") from error
        return value

    @property
    def zone(self) -> ZoneInfo:
        """The time zone itself."""
        return ZoneInfo(self.timezone)


class FrameSize(Strict):
    """Size of the picture that the coordinates are drawn on."""

    width_px: int = Field(title="Width", description="Pixels", ge=64, le=16384)
    height_px: int = Field(title="Height", description="Pixels", ge=64, le=16384)


class Media(Strict):
    """Where pictures come from when the command line names nothing else."""

    source: str = Field(
        title="Source", description="A file or folder (relative to the scene file) or an rtsp:// address", min_length=1
    )
    detect: str | None = Field(
        None,
        title="Smaller stream",
        description="A smaller stream of the same camera to look at; clips and stills then come from `source`",
        pattern=r"^rtsps?://",
    )
    recorded_at: datetime | None = Field(
        None,
        title="Recorded at",
        description="For files: when the first picture was taken, with its UTC offset, e.g. 2026-03-02T07:15:00+07:00",
    )
    clock_uncertainty_ms: float = Field(
        1000.0,
        title="Clock uncertainty",
        description="How far `recorded_at` may be off, in milliseconds",
        ge=0,
        le=86_400_000,
    )

    @field_validator("recorded_at")
    @classmethod
    def _aware(cls, value: datetime | None) -> datetime | None:
        if value is not None and value.tzinfo is None:
            raise ValueError("has no UTC offset: write for example 2026-03-02T07:15:00+07:00")
        return value


class Scene(Strict):
    """All that is known about what one camera sees."""

    schema_version: Literal["tertib.scene/1"] = Field(
        "tertib.scene/1", alias="schema", title="Schema", description="Always tertib.scene/1"
    )
    name: Identifier = Field(title="Scene name", description="Short name, used in file names")
    version: int = Field(
        1, title="Version", description="Counted up by the technician at each change; signed", ge=1, le=1_000_000
    )
    camera: Camera
    frame: FrameSize
    media: Media | None = None
    analyse_fps: float = Field(
        10.0,
        title="Analysed frames a second",
        description="Upper limit; every frame still lands in the evidence clip",
        ge=0.5,
        le=60,
    )
    plate_countries: tuple[str, ...] = Field(
        ("ID",), title="Plate countries", description="ISO codes, most likely first", min_length=1
    )
    lanes: tuple[Lane, ...] = Field((), title="Lanes", description="Strips of road with what is allowed on them")
    signals: tuple[SignalHead, ...] = Field((), title="Signals", description="Signal heads in the picture")
    zones: tuple[Zone, ...] = Field((), title="Zones", description="Named areas")
    count_lines: tuple[CountLine, ...] = Field(
        (), title="Count lines", description="Lines on which vehicles are counted"
    )
    solid_lines: tuple[SolidLine, ...] = Field((), title="Solid lines", description="Markings that must not be crossed")
    homography: tuple[GroundReference, ...] = Field(
        (), title="Ground references", description="None, or at least four surveyed points"
    )
    speed_limits: tuple[SpeedLimit, ...] = Field(
        (), title="Speed limits", description="Need a homography and a zone with `use: measuring`"
    )
    certificate: Certificate | None = Field(
        None, title="Certificate", description="Of the speed measurement at this site; without it nothing is ticketed"
    )
    grace: Grace = Field(Grace(), title="Grace", description="What is granted to the driver")
    calendar: Calendar | None = Field(None, title="Calendar", description="Holidays, for hours that depend on them")
    checks: tuple[VehicleCheck, ...] = Field(
        (),
        title="Checks",
        description="Offences that need no marking, judged of every vehicle in the lanes (or everywhere without lanes)",
    )
    experimental: tuple[ExperimentalCheck, ...] = Field(
        (),
        title="Experimental",
        description="Offences for which only the way is built, and no model yet: candidates are never offered",
    )
    directed: tuple[Directed, ...] = Field(
        (), title="Directed", description="Times in which police directed the traffic by hand"
    )
    priority_plates: tuple[str, ...] = Field(
        (),
        title="Priority plates",
        description="Registered priority vehicles (UU 22/2009 Art. 134), as the office last sent them",
        max_length=20000,
    )
    _folder: Path = PrivateAttr(default=Path())
    _signature: SceneSignature | None = PrivateAttr(default=None)

    @field_validator("priority_plates")
    @classmethod
    def _plates_are_normal(cls, plates: tuple[str, ...]) -> tuple[str, ...]:
        return tuple("".join(part for part in plate.upper() if part.isalnum()) for plate in plates)

    @model_validator(mode="after")
    def _consistent(self) -> Self:
        seen: set[str] = set()
        for kind in ("lanes", "signals", "zones", "count_lines", "solid_lines"):
            for part in getattr(self, kind):
                if part.id in seen:
                    raise ValueError(
                        f"{kind}: the id `{part.id}` is used twice: give each lane, signal, zone and line its own"
                    )
                seen.add(part.id)
        check_governed(self.lanes, self.signals)
        check_limits(
            lanes=self.lanes,
            zones=self.zones,
            limits=self.speed_limits,
            references=self.homography,
            hours=self._hours(),
            calendar=self.calendar,
        )
        for where, points in self._drawn():
            for x, y in points:
                if not (0 <= x <= self.frame.width_px and 0 <= y <= self.frame.height_px):
                    size = f"{self.frame.width_px} x {self.frame.height_px}"
                    raise ValueError(f"{where}: the point [{x:g}, {y:g}] lies outside the frame of {size} pixels")
        check_no_overlap(self.lanes)
        check_ground(self.homography)
        return self

    def _hours(self) -> Iterator[tuple[str, Hours]]:
        for lane in self.lanes:
            if lane.reserved_for:
                yield from ((f"lanes.{lane.id}.reserved_for.hours", part) for part in lane.reserved_for.hours)
        for zone in self.zones:
            yield from ((f"zones.{zone.id}.hours", part) for part in zone.hours)
        for line in self.solid_lines:
            yield from ((f"solid_lines.{line.id}.hours", part) for part in line.hours)
        for number, limit in enumerate(self.speed_limits, 1):
            yield from ((f"speed_limits.{number}.hours", part) for part in limit.hours)

    def _drawn(self) -> list[tuple[str, tuple[Point, ...]]]:
        drawn: list[tuple[str, tuple[Point, ...]]] = []
        for lane in self.lanes:
            drawn.append((f"lanes.{lane.id}.polygon", lane.polygon))
            drawn += [
                (f"lanes.{lane.id}.{key}", line)
                for key, line in (("direction", lane.direction), ("stop_line", lane.stop_line))
                if line
            ]
        drawn += [(f"zones.{zone.id}.polygon", zone.polygon) for zone in self.zones]
        drawn += [
            (f"lanes.{lane.id}.turn_on_red.exit", lane.turn_on_red.exit)
            for lane in self.lanes
            if lane.turn_on_red and lane.turn_on_red.exit
        ]
        drawn += [(f"solid_lines.{line.id}.line", line.line) for line in self.solid_lines]
        drawn += [(f"count_lines.{line.id}.line", line.line) for line in self.count_lines]
        drawn += [(f"signals.{head.id}.box", (head.box[:2], head.box[2:])) for head in self.signals]
        drawn += [(f"homography.{index}.pixel", (point.pixel,)) for index, point in enumerate(self.homography, 1)]
        return drawn

    @property
    def version_sha256(self) -> str:
        """SHA-256 of the scene's meaning: the same for two files that differ in comments or order of keys only.

        Keys at their default are left out, so that a signed scene keeps its version when the schema grows.
        """
        content = self.model_dump(mode="json", by_alias=True, exclude_defaults=True)
        canonical = json.dumps(content, sort_keys=True, separators=(",", ":"), ensure_ascii=False)
        return hashlib.sha256(canonical.encode()).hexdigest()

    @cached_property
    def ground(self) -> Homography | None:
        """Metres on the road, where points were surveyed."""
        return Homography.fit(self.homography) if self.homography else None

    @cached_property
    def viewpoint(self) -> Viewpoint | None:
        """Where the camera hangs, as far as the surveyed points tell."""
        ground = self.ground
        return viewpoint_of(ground, self.frame.width_px, self.frame.height_px) if ground else None

    @property
    def holidays(self) -> tuple[date, ...]:
        """Days that count as holidays here."""
        return self.calendar.holidays if self.calendar else ()

    def found_in(self, folder: Path) -> Scene:
        """This scene, with paths of media counted from `folder`; where a scene lies is no part of its meaning."""
        self._folder = folder
        return self

    def signed_with(self, signature: SceneSignature | None) -> Scene:
        """This scene with the signature that lies beside its file."""
        self._signature = signature
        return self

    @property
    def signature(self) -> SceneSignature | None:
        """The technician's signature; None for a scene that nobody signed."""
        return self._signature

    def media_path(self) -> str | None:
        """The default source as one can open it: an address as it is, a path made relative to the scene file."""
        if self.media is None or "://" in self.media.source:
            return self.media.source if self.media else None
        return str((self._folder / self.media.source).resolve())


__all__ = [
    "Calendar",
    "Camera",
    "Certificate",
    "CountLine",
    "Directed",
    "FrameSize",
    "Grace",
    "GroundReference",
    "Hours",
    "Identifier",
    "Lane",
    "Media",
    "Reservation",
    "Scene",
    "SignalHead",
    "SolidLine",
    "SpeedLimit",
    "VehicleClass",
    "Zone",
]
