"""The scene file of a stage: lanes, lines and lamps where the camera sees them."""

from __future__ import annotations

from datetime import timedelta
from typing import Any

import numpy as np

from pipeline.scene import Scene
from pipeline.scene.geometry import area
from pipeline.stage.lens import Lens
from pipeline.stage.roadway import StageLane, StageMark, StageZone
from pipeline.stage.specification import Specification
from pipeline.stage.surroundings import head_box

Pixel = tuple[float, float]
FARTHEST_M = 110.0
ANALYSE_FPS = 12.5
MEASURED_M = 22.0
"""Length of road on which speed is measured, unless the specification says where."""


class UnseenError(ValueError):
    """Something that a scene needs lies outside the picture."""


def scene_of(specification: Specification, lens: Lens, *, media: str = "clip.mp4") -> dict[str, Any]:
    """A scene as plain values, ready to be written as YAML.

    Args:
        specification: What is played.
        lens: Of the pictures.
        media: Name of the clip, relative to the scene file.

    Raises:
        UnseenError: A stop line, signal head or count line that lies outside the picture.
    """
    camera = specification.camera
    content: dict[str, Any] = {
        "schema": "tertib.scene/1",
        "name": specification.name,
        "camera": {
            "id": f"stage-{specification.name}"[:63],
            "name": f"Stage {specification.name}",
            "agency": "ditlantas",
            "jurisdiction": "jateng",
            "place": "A stage, drawn by a program: no real place",
            "latitude": -7.0,
            "longitude": 110.4,
            "timezone": specification.timezone,
        },
        "frame": {"width_px": camera.width_px, "height_px": camera.height_px},
        "media": {
            "source": media,
            "recorded_at": specification.recorded_at.isoformat(),
            "clock_uncertainty_ms": 0.0,
        },
        "analyse_fps": min(ANALYSE_FPS, max(0.5, camera.fps)),
        "lanes": [lane for part in specification.road.lanes if (lane := _lane(part, specification, lens))],
        "signals": [_head(head.id, head_box(head, lens), lens) for head in specification.signals],
        "count_lines": [
            {
                "id": line.id,
                "line": _segment(
                    (line.west_m, line.north_m), (line.east_m, line.north_m), lens, f"count line `{line.id}`"
                ),
                "left": "away",
                "right": "toward",
            }
            for line in specification.count_lines
        ],
        "homography": _references(specification, lens),
        **_rules(specification, lens),
    }
    Scene.model_validate(content)
    return content


def _lane(lane: StageLane, specification: Specification, lens: Lens) -> dict[str, Any] | None:
    road = specification.road
    north_end = min(road.to_m, float(lens.place[1]) + FARTHEST_M)
    corners = _ground(lane.west_m, lane.east_m, road.from_m, north_end, lens)
    if corners is None:
        return None
    content: dict[str, Any] = {"id": lane.id, "polygon": corners}
    if lane.direction != "both":
        content["direction"] = _direction(lane, specification, lens, north_end)
    if lane.reserved_for:
        content["reserved_for"] = lane.reserved_for.model_dump(mode="json", by_alias=True)
    if lane.signal and road.stop_line_m is not None:
        ends = ((lane.west_m, road.stop_line_m), (lane.east_m, road.stop_line_m))
        content["stop_line"] = _segment(*ends, lens, f"the stop line of lane `{lane.id}`")
        content["signal"] = lane.signal
    if lane.turn_on_red:
        content["turn_on_red"] = {"to": lane.turn_on_red}
    return content


def _rules(specification: Specification, lens: Lens) -> dict[str, Any]:
    """What is forbidden, granted and known besides lanes and lamps."""
    road = specification.road
    content: dict[str, Any] = {
        "solid_lines": [{"id": mark.id, "line": _mark(mark, lens), "forbidden": mark.forbidden} for mark in road.marks],
        "zones": [_zone(zone, lens) for zone in road.zones],
        "checks": list(specification.checks),
    }
    limits = sorted({lane.speed_limit_kmh for lane in road.lanes if lane.speed_limit_kmh})
    if limits:
        content["speed_limits"] = [
            {"kmh": kmh, "lanes": [lane.id for lane in road.lanes if lane.speed_limit_kmh == kmh]} for kmh in limits
        ]
        content["zones"].append(_measuring(specification, lens))
    for key in ("grace", "certificate", "calendar"):
        part = getattr(specification, key)
        if part is not None:
            content[key] = part.model_dump(mode="json", by_alias=True)
    if specification.directed:
        content["directed"] = [
            {
                "from": (specification.recorded_at + timedelta(seconds=since_s)).isoformat(),
                "to": (specification.recorded_at + timedelta(seconds=until_s)).isoformat(),
                "by": "Satlantas",
            }
            for since_s, until_s in specification.directed
        ]
    if specification.priority_plates:
        content["priority_plates"] = list(specification.priority_plates)
    return content


def _mark(mark: StageMark, lens: Lens) -> list[list[float]]:
    near = max(mark.from_m, float(lens.place[1]) - FARTHEST_M)
    far = min(mark.to_m, float(lens.place[1]) + FARTHEST_M)
    return _segment((mark.east_m, near), (mark.east_m, far), lens, f"solid line `{mark.id}`")


def _zone(zone: StageZone, lens: Lens) -> dict[str, Any]:
    corners = _ground(zone.west_m, zone.east_m, zone.from_m, zone.to_m, lens)
    if corners is None:
        raise UnseenError(f"zone `{zone.id}` is not in the picture: move it, or turn the camera")
    rest = zone.model_dump(mode="json", by_alias=True, include={"hours", "exempt"})
    return {"id": zone.id, "use": zone.use, "polygon": corners, **rest}


def _measuring(specification: Specification, lens: Lens) -> dict[str, Any]:
    road = specification.road
    west, east = road.lanes[0].west_m, road.lanes[-1].east_m
    if road.measuring:
        near, far = road.measuring.from_m, road.measuring.to_m
    else:
        seen = [
            float(north)
            for north in np.arange(road.from_m, road.to_m, 0.5)
            if (pixel := lens.pixel((west + east) / 2, float(north))) and 0 <= pixel[1] <= lens.height
        ]
        if not seen:
            raise UnseenError("the road on which speed is measured is not in the picture: turn the camera")
        near, far = seen[0], min(seen[0] + MEASURED_M, seen[-1])
    corners = _ground(west, east, near, far, lens)
    if corners is None:
        raise UnseenError("`measuring` is not in the picture: move it, or turn the camera")
    return {"id": "measuring", "use": "measuring", "polygon": corners}


def _ground(west_m: float, east_m: float, from_m: float, to_m: float, lens: Lens) -> list[list[float]] | None:
    """A rectangle on the ground as a polygon in the picture, cut by the picture's edge."""
    ground = ((west_m, from_m), (west_m, to_m), (east_m, to_m), (east_m, from_m))
    flat = lens.polygon(np.array([[east, north, 0.0] for east, north in ground]))
    corners = _clipped([] if flat is None else [(float(x), float(y)) for x, y in flat], lens)
    if len(corners) < 3 or area(corners) < 64:
        return None
    return [_pixel(corner) for corner in corners]


def _direction(lane: StageLane, specification: Specification, lens: Lens, north_end: float) -> list[list[float]]:
    inside: list[Pixel] = []
    for north in np.arange(specification.road.from_m, north_end, 0.5):
        pixel = lens.pixel(lane.centre_m, float(north))
        if pixel and 1 <= pixel[0] < lens.width - 1 and 1 <= pixel[1] < lens.height - 1:
            inside.append(pixel)
    if len(inside) < 4:
        raise UnseenError(
            f"the middle of lane `{lane.id}` is not in the picture: turn the camera or leave the lane out"
        )
    # Far points lie close together in the picture: the arrow spans the near half.
    ends = [inside[0], inside[len(inside) // 2]]
    return [_pixel(end) for end in (ends if lane.direction == "away" else reversed(ends))]


def _segment(start: Pixel, end: Pixel, lens: Lens, what: str) -> list[list[float]]:
    pixels = []
    for share in np.linspace(0, 1, 201):
        pixel = lens.pixel(start[0] + share * (end[0] - start[0]), start[1] + share * (end[1] - start[1]))
        if pixel and 0 <= pixel[0] <= lens.width and 0 <= pixel[1] <= lens.height:
            pixels.append(pixel)
    if len(pixels) < 20:
        raise UnseenError(f"{what} is not in the picture: move it, or turn the camera")
    return [_pixel(pixels[0]), _pixel(pixels[-1])]


def _head(name: str, box: tuple[float, float, float, float] | None, lens: Lens) -> dict[str, Any]:
    if box is None or box[0] < 0 or box[1] < 0 or box[2] > lens.width or box[3] > lens.height:
        raise UnseenError(f"signal `{name}` is not wholly in the picture: move it, or turn the camera")
    if box[2] - box[0] < 3:
        raise UnseenError(f"signal `{name}` is {box[2] - box[0]:.1f} pixels wide: too far to be read, move it nearer")
    return {"id": name, "box": [round(value, 2) for value in box], "layout": "vertical"}


def _references(specification: Specification, lens: Lens) -> list[dict[str, Any]]:
    """Surveyed points: a grid over the road that is seen, hit as well as surveyors do."""
    random = np.random.default_rng((specification.seed, 12))
    sigma_px, sigma_m = specification.survey_sigma_px, specification.survey_sigma_m
    lanes = specification.road.lanes
    found: list[dict[str, Any]] = []
    for north in np.arange(round(float(lens.place[1])), round(float(lens.place[1])) + 60, 6.0):
        for east in (lanes[0].west_m, lanes[-1].east_m):
            pixel = lens.pixel(east, float(north))
            if pixel and 0 <= pixel[0] <= lens.width and 0 <= pixel[1] <= lens.height:
                x, y = pixel + random.normal(0, sigma_px, 2) if sigma_px else pixel
                metre = np.add((east, north), random.normal(0, sigma_m, 2)) if sigma_m else (east, north)
                found.append(
                    {
                        "pixel": [
                            round(min(max(float(x), 0), lens.width), 3),
                            round(min(max(float(y), 0), lens.height), 3),
                        ],
                        "metre": [round(float(metre[0]), 4), round(float(metre[1]), 4)],
                        "pixel_sigma_px": max(0.3, sigma_px),
                        "metre_sigma_m": max(0.01, sigma_m),
                    }
                )
    return found[:12] if len(found) >= 4 else []


def _clipped(polygon: list[Pixel], lens: Lens) -> list[Pixel]:
    """A convex polygon cut by the picture's edges."""
    for axis, limit, keep_below in (
        (0, 0.0, False),
        (0, float(lens.width), True),
        (1, 0.0, False),
        (1, float(lens.height), True),
    ):
        kept: list[Pixel] = []
        for one, other in zip(polygon, [*polygon[1:], *polygon[:1]], strict=True):
            inside = one[axis] <= limit if keep_below else one[axis] >= limit
            beyond = other[axis] <= limit if keep_below else other[axis] >= limit
            if inside:
                kept.append(one)
            if inside != beyond:
                share = (limit - one[axis]) / (other[axis] - one[axis])
                kept.append((one[0] + share * (other[0] - one[0]), one[1] + share * (other[1] - one[1])))
        polygon = kept
    # Corners that fall together after the cut.
    return [point for n, point in enumerate(polygon) if np.hypot(*np.subtract(point, polygon[n - 1])) > 0.5]


def _pixel(point: Pixel) -> list[float]:
    return [round(point[0], 2), round(point[1], 2)]
