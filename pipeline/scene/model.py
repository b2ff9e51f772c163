"""The scene file: every field with what it means and within which bounds it is believed.

A scene says what a person knows about a place and no camera can see: where the lanes are, who may use them and when,
which lamp governs
which lane. `extra="forbid"` everywhere: a misspelt key must never switch an offence off silently.
"""

from __future__ import annotations

import hashlib
import json
import re
from datetime import datetime, time
from pathlib import Path
from typing import Annotated, Literal, Self
from zoneinfo import ZoneInfo, ZoneInfoNotFoundError

from pydantic import (
    AfterValidator,
    BaseModel,
    BeforeValidator,
    ConfigDict,
    Field,
    PrivateAttr,
    field_validator,
    model_validator,
)

from pipeline.scene import geometry
from pipeline.scene.geometry import Point

VehicleClass = Literal["car", "motorcycle", "bus", "truck", "bicycle"]
Weekday = Literal["mon", "tue", "wed", "thu", "fri", "sat", "sun"]
WEEKDAYS: tuple[Weekday, ...] = ("mon", "tue", "wed", "thu", "fri", "sat", "sun")


def _identifier(value: str) -> str:
    if not re.fullmatch(r"[a-z0-9][a-z0-9_-]{0,62}", value):
        raise ValueError("must be 1 to 63 small letters, digits, `-` or `_`, starting with a letter or digit")
    return value


def _polygon(points: tuple[Point, ...]) -> tuple[Point, ...]:
    crossing = geometry.crossing_edges(points)
    if crossing:
        raise ValueError(
            f"crosses itself (edge {crossing[0]} meets edge {crossing[1]}): list the corners in order around the area"
        )
    if geometry.area(points) < 16:
        raise ValueError("encloses no area: give at least three corners that do not lie on one line")
    return points


def _segment(points: tuple[Point, Point]) -> tuple[Point, Point]:
    if geometry.distance_to_segment(points[0], points[1], points[1]) < 2:
        raise ValueError("has two ends in one place: give two different points")
    return points


def _clock(value: object) -> object:
    # YAML 1.1 reads an unquoted 06:00 as a number in base 60; and 24:00, the end of a day, is no time of Python's.
    if isinstance(value, int) and not isinstance(value, bool):
        value = f"{value // 60:02d}:{value % 60:02d}"
    return "23:59:59.999999" if value == "24:00" else value


Identifier = Annotated[str, AfterValidator(_identifier)]
Polygon = Annotated[tuple[Point, ...], Field(min_length=3, max_length=64), AfterValidator(_polygon)]
Segment = Annotated[tuple[Point, Point], AfterValidator(_segment)]
Clock = Annotated[time, BeforeValidator(_clock)]


class Strict(BaseModel):
    """Base of all parts of a scene: frozen, unknown keys refused."""

    model_config = ConfigDict(extra="forbid", frozen=True)


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


class Hours(Strict):
    """A part of the week, in the camera's local time. `from` after `to` runs past midnight."""

    days: tuple[Weekday, ...] = Field(WEEKDAYS, title="Days", description="mon to sun", min_length=1)
    start: Clock = Field(time(0), alias="from", title="From", description='Local time, quoted: "06:00"')
    end: Clock = Field(
        time(23, 59, 59, 999999), alias="to", title="To", description='Local time, quoted: "09:00"; "24:00" is midnight'
    )

    def covers(self, moment: datetime) -> bool:
        """Whether `moment` (local, aware) falls into these hours."""
        today, clock = WEEKDAYS[moment.weekday()], moment.timetz().replace(tzinfo=None)
        if self.start <= self.end:
            return today in self.days and self.start <= clock <= self.end
        yesterday = WEEKDAYS[(moment.weekday() - 1) % 7]
        return (today in self.days and clock >= self.start) or (yesterday in self.days and clock <= self.end)


class Reservation(Strict):
    """For whom a lane is kept, and when."""

    classes: tuple[VehicleClass, ...] = Field(
        title="Classes", description="Who may use the lane in these hours", min_length=1
    )
    hours: tuple[Hours, ...] = Field((Hours(),), title="Hours", description="When; always, if left out", min_length=1)


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

    @model_validator(mode="after")
    def _complete(self) -> Self:
        if self.signal and not self.stop_line:
            raise ValueError(
                f"lane `{self.id}` names a signal but has no stop_line: draw the line that must not be passed on red"
            )
        if self.stop_line and not self.direction:
            raise ValueError(f"lane `{self.id}` has a stop_line but no direction: say from which side traffic comes")
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

    @field_validator("box")
    @classmethod
    def _ordered(cls, box: tuple[float, float, float, float]) -> tuple[float, float, float, float]:
        if box[2] - box[0] < 2 or box[3] - box[1] < 2:
            raise ValueError("must be [x1, y1, x2, y2] with x1 < x2 and y1 < y2, at least 2 pixels wide and high")
        return box


class Zone(Strict):
    """A named area, for drawing and for rules to come."""

    id: Identifier = Field(title="Zone id", description="Unique in the scene")
    polygon: Polygon = Field(title="Polygon", description="Corners [x, y] in order, in pixels")
    use: str = Field(
        title="Use", description="What the area is, e.g. no_stopping, crosswalk, hidden", min_length=1, max_length=40
    )


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


class GroundReference(Strict):
    """A surveyed point: the same spot in the picture and on the ground."""

    pixel: Point = Field(title="Pixel", description="[x, y] in the picture")
    metre: Point = Field(title="Metre", description="[east, north] in metres from a local origin")


class Scene(Strict):
    """All that is known about what one camera sees."""

    schema_version: Literal["tertib.scene/1"] = Field(
        "tertib.scene/1", alias="schema", title="Schema", description="Always tertib.scene/1"
    )
    name: Identifier = Field(title="Scene name", description="Short name, used in file names")
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
    homography: tuple[GroundReference, ...] = Field(
        (), title="Ground references", description="None, or at least four surveyed points"
    )
    _folder: Path = PrivateAttr(default=Path())

    @model_validator(mode="after")
    def _consistent(self) -> Self:
        named = [
            (kind, part.id) for kind in ("lanes", "signals", "zones", "count_lines") for part in getattr(self, kind)
        ]
        seen: set[str] = set()
        for kind, name in named:
            if name in seen:
                raise ValueError(
                    f"{kind}: the id `{name}` is used twice: give each lane, signal, zone and line its own"
                )
            seen.add(name)
        heads = {head.id for head in self.signals}
        for lane in self.lanes:
            if lane.signal and lane.signal not in heads:
                known = ", ".join(sorted(heads)) or "none"
                raise ValueError(
                    f"lanes: lane `{lane.id}` is governed by signal `{lane.signal}`, which the scene does not have "
                    f"(it has: {known})"
                )
        if 0 < len(self.homography) < 4:
            raise ValueError("homography: needs at least four ground references, or none")
        for where, points in self._drawn():
            for x, y in points:
                if not (0 <= x <= self.frame.width_px and 0 <= y <= self.frame.height_px):
                    size = f"{self.frame.width_px} x {self.frame.height_px}"
                    raise ValueError(f"{where}: the point [{x:g}, {y:g}] lies outside the frame of {size} pixels")
        return self

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
        drawn += [(f"count_lines.{line.id}.line", line.line) for line in self.count_lines]
        drawn += [(f"signals.{head.id}.box", (head.box[:2], head.box[2:])) for head in self.signals]
        drawn += [(f"homography.{index}.pixel", (point.pixel,)) for index, point in enumerate(self.homography, 1)]
        return drawn

    @property
    def version_sha256(self) -> str:
        """SHA-256 of the scene's meaning: the same for two files that differ in comments or order of keys only."""
        canonical = json.dumps(
            self.model_dump(mode="json", by_alias=True), sort_keys=True, separators=(",", ":"), ensure_ascii=False
        )
        return hashlib.sha256(canonical.encode()).hexdigest()

    def found_in(self, folder: Path) -> Scene:
        """This scene, with paths of media counted from `folder`; where a scene lies is no part of its meaning."""
        self._folder = folder
        return self

    def media_path(self) -> str | None:
        """The default source as one can open it: an address as it is, a path made relative to the scene file."""
        if self.media is None or "://" in self.media.source:
            return self.media.source if self.media else None
        return str((self._folder / self.media.source).resolve())
