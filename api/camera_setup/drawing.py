"""A scene file as lines over a picture, and what two versions of it differ in.

The roadside's own check (`tertib scene check`) decides whether a scene is good; the office knows nothing of rules. Here
it is only read as far as it can be drawn, and what cannot be is named.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any, Final

import yaml

MAX_CHARACTERS: Final = 64_000
MAX_SHAPES: Final = 500
_PARTS: Final = {
    "lanes": ("polygon", "stop_line", "direction"),
    "zones": ("polygon",),
    "signals": ("box",),
    "solid_lines": ("line",),
    "count_lines": ("line",),
}


class SceneUnreadableError(ValueError):
    """The text is no scene file; the sentence says where."""


Point = tuple[float, float]


@dataclass(frozen=True)
class Shape:
    """A line or area, in pixels. `sort`: `lanes.polygon`, `signals.box`, ..."""

    sort: str
    name: str
    points: tuple[Point, ...]
    closed: bool

    @property
    def path(self) -> str:
        """For the attribute `d` of an SVG path."""
        line = " ".join(f"{'M' if at == 0 else 'L'}{x:.1f} {y:.1f}" for at, (x, y) in enumerate(self.points))
        return f"{line} Z" if self.closed else line


@dataclass(frozen=True)
class Drawn:
    """A scene as far as it can be drawn. `surveyed`: pixel and metres of each surveyed point."""

    width: int
    height: int
    shapes: tuple[Shape, ...]
    surveyed: tuple[tuple[Point, Point], ...]
    left_out: tuple[str, ...]


def read_scene(text: str) -> dict[str, Any]:
    """The file's values.

    Raises:
        SceneUnreadableError: too long, no YAML, or no scene.
    """
    if len(text) > MAX_CHARACTERS:
        raise SceneUnreadableError(f"{len(text)} > {MAX_CHARACTERS}")
    if "&" in text or "*" in text:
        raise SceneUnreadableError("& *")  # references could unfold without end; no scene needs them
    try:
        value = yaml.safe_load(text)
    except yaml.YAMLError as error:
        mark = getattr(error, "problem_mark", None)
        raise SceneUnreadableError(f"YAML, {mark.line + 1}" if mark is not None else "YAML") from error
    if not isinstance(value, dict) or not str(value.get("schema", "")).startswith("tertib.scene/"):
        raise SceneUnreadableError("schema: tertib.scene/1")
    return value


def _point(value: object) -> Point | None:
    if not isinstance(value, list) or len(value) != 2 or not all(isinstance(one, int | float) for one in value):
        return None
    x, y = float(value[0]), float(value[1])
    return (x, y) if abs(x) < 1e5 and abs(y) < 1e5 else None


def _points(value: object) -> tuple[Point, ...] | None:
    if not isinstance(value, list) or not value:
        return None
    if len(value) == 4 and all(isinstance(one, int | float) for one in value):
        x1, y1, x2, y2 = (float(one) for one in value)
        return ((x1, y1), (x2, y1), (x2, y2), (x1, y2))
    found = [_point(one) for one in value]
    return tuple(one for one in found if one is not None) if all(one is not None for one in found) else None


def draw(scene: dict[str, Any]) -> Drawn:
    """Everything of a scene that has a place in the picture."""
    frame = scene.get("frame") if isinstance(scene.get("frame"), dict) else {}
    sizes = [frame.get(name) if isinstance(frame, dict) else None for name in ("width_px", "height_px")]
    width, height = (one if isinstance(one, int) and 0 < one <= 16384 else 1280 for one in sizes)
    shapes: list[Shape] = []
    left_out: list[str] = []
    for part, keys in _PARTS.items():
        rows = scene.get(part)
        for row in rows if isinstance(rows, list) else []:
            name = str(row.get("id") or row.get("name") or "?")[:60] if isinstance(row, dict) else "?"
            for key in keys:
                value = row.get(key) if isinstance(row, dict) else None
                if value is None:
                    continue
                points = _points(value)
                if points is None or len(shapes) >= MAX_SHAPES:
                    left_out.append(f"{part}.{name}.{key}")
                else:
                    shapes.append(Shape(f"{part}.{key}", name, points, key in {"polygon", "box"}))
    surveyed: list[tuple[Point, Point]] = []
    rows = scene.get("homography")
    for row in rows if isinstance(rows, list) else []:
        pixel, metre = (_point(row.get(one)) if isinstance(row, dict) else None for one in ("pixel", "metre"))
        if pixel is None or metre is None or len(surveyed) >= 64:
            left_out.append("homography")
        else:
            surveyed.append((pixel, metre))
    return Drawn(width, height, tuple(shapes), tuple(surveyed), tuple(dict.fromkeys(left_out)))


def differences(one: dict[str, Any], other: dict[str, Any]) -> tuple[str, ...]:
    """Parts in which two versions differ, by name: `lanes.bus`, `homography`, ..."""
    found = []
    for key in sorted(set(one) | set(other)):
        a, b = one.get(key), other.get(key)
        if a == b:
            continue
        if isinstance(a, list) and isinstance(b, list) and key in _PARTS:
            by_a, by_b = ({str(row.get("id")): row for row in rows if isinstance(row, dict)} for rows in (a, b))
            names = [name for name in sorted(set(by_a) | set(by_b)) if by_a.get(name) != by_b.get(name)]
            found += [f"{key}.{name}" for name in names]
        else:
            found.append(key)
    return tuple(found)
