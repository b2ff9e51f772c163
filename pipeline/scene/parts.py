"""What all parts of a scene file are made of: names, points, lines, areas and times of day, each checked."""

from __future__ import annotations

import re
from datetime import time
from itertools import pairwise
from typing import Annotated

from pydantic import AfterValidator, BaseModel, BeforeValidator, ConfigDict, Field

from pipeline.scene import geometry
from pipeline.scene.geometry import Point


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


def _polyline(points: tuple[Point, ...]) -> tuple[Point, ...]:
    for number, (start, end) in enumerate(pairwise(points), 1):
        if geometry.distance_to_segment(start, end, end) < 2:
            raise ValueError(f"has its points {number} and {number + 1} in one place: give different points")
    return points


def _clock(value: object) -> object:
    # YAML 1.1 reads an unquoted 06:00 as a number in base 60; and 24:00, the end of a day, is no time of Python's.
    if isinstance(value, int) and not isinstance(value, bool):
        value = f"{value // 60:02d}:{value % 60:02d}"
    if isinstance(value, str) and not re.fullmatch(r"([01]\d|2[0-3]):[0-5]\d(:[0-5]\d(\.\d{1,6})?)?|24:00", value):
        raise ValueError(f'`{value}` is no time of day: write it quoted, from "00:00" to "24:00"')
    return "23:59:59.999999" if value == "24:00" else value


Identifier = Annotated[str, AfterValidator(_identifier)]
Polygon = Annotated[tuple[Point, ...], Field(min_length=3, max_length=64), AfterValidator(_polygon)]
Segment = Annotated[tuple[Point, Point], AfterValidator(_segment)]
Polyline = Annotated[tuple[Point, ...], Field(min_length=2, max_length=64), AfterValidator(_polyline)]
Clock = Annotated[time, BeforeValidator(_clock)]


class Strict(BaseModel):
    """Base of all parts of a scene: frozen, unknown keys refused."""

    model_config = ConfigDict(extra="forbid", frozen=True)
