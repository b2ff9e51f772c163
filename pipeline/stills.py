"""Stills of a case: as they were taken, as they are drawn upon, and the plate, each as JPEG."""

from __future__ import annotations

from collections.abc import Sequence

import cv2
import numpy as np
from numpy.typing import NDArray

from pipeline.perception.track import Box
from pipeline.scene import Lane, Scene
from pipeline.scene.geometry import Point

JPEG_QUALITY = 90
LANE = (255, 190, 40)
OFFENDER = (40, 40, 235)
LINE = (60, 220, 255)
ALLOWED = (90, 210, 90)
WHITE = (255, 255, 255)
"""Colours in BGR."""

Picture = NDArray[np.uint8]


def jpeg(picture_bgr: Picture, quality: int = JPEG_QUALITY) -> bytes:
    """Encode a picture (uint8 [h, w, 3] BGR) as JPEG.

    Raises:
        ValueError: It cannot be encoded (no pixels).
    """
    done, data = cv2.imencode(".jpg", picture_bgr, [cv2.IMWRITE_JPEG_QUALITY, quality])
    if not done:
        raise ValueError(f"a picture of shape {picture_bgr.shape} cannot be written as JPEG")
    return data.tobytes()


def png(picture_bgr: Picture) -> bytes:
    """Encode a picture (uint8 [h, w, 3] BGR) as PNG."""
    return cv2.imencode(".png", picture_bgr)[1].tobytes()


def drawn_offence(
    picture_bgr: Picture, scene: Scene, lane_id: str, box: Box, way: Sequence[Point], caption: str
) -> Picture:
    """The offence still with the lane (zone, solid line), its arrow and line, the vehicle's box and the way it came.

    Args:
        picture_bgr: uint8 [h, w, 3]; it is not changed.
        scene: Where the lane is drawn.
        lane_id: The lane, zone or solid line of the offence.
        box: The vehicle.
        way: Its ground points up to this picture.
        caption: One line, ASCII.
    """
    picture = picture_bgr.copy()
    for lane in scene.lanes:
        if lane.id == lane_id:
            draw_lane(picture, lane, OFFENDER if lane.stop_line else LANE)
            for head in scene.signals:
                if head.id == lane.signal:
                    _rectangle(picture, head.box, LINE, 2)
    for zone in scene.zones:
        if zone.id == lane_id:
            _polygon(picture, zone.polygon, LANE)
    for line in scene.solid_lines:
        if line.id == lane_id:
            _path(picture, line.line, LINE)
    if len(way) > 1:
        _path(picture, way, OFFENDER)
    _rectangle(picture, box, OFFENDER, _thickness(picture) + 1)
    label(picture, caption, (8, picture.shape[0] - 10))
    return picture


def draw_scene(picture_bgr: Picture, scene: Scene) -> Picture:
    """A picture with all that the scene says about it, named; the picture itself is not changed."""
    picture = picture_bgr.copy()
    for zone in scene.zones:
        _polygon(picture, zone.polygon, (200, 120, 200))
        label(picture, f"{zone.id} ({zone.use})", zone.polygon[0])
    for lane in scene.lanes:
        draw_lane(picture, lane, LANE)
        kept = f", kept for {'+'.join(lane.reserved_for.classes)}" if lane.reserved_for else ""
        governed = f", signal {lane.signal}" if lane.signal else ""
        middle = np.mean(np.array(lane.polygon), axis=0)
        label(picture, f"{lane.id}{kept}{governed}", (float(middle[0]) - 40, float(middle[1])))
    for solid in scene.solid_lines:
        _path(picture, solid.line, OFFENDER)
        label(picture, f"{solid.id} (solid)", solid.line[0])
    for head in scene.signals:
        _rectangle(picture, head.box, LINE, 1)
        label(picture, head.id, (head.box[0], head.box[3] + 14))
    for line in scene.count_lines:
        start, end = line.line
        cv2.line(picture, _pixel(start), _pixel(end), LINE, _thickness(picture), cv2.LINE_AA)
        middle_point = ((start[0] + end[0]) / 2, (start[1] + end[1]) / 2)
        # Towards the right of somebody who walks from the first to the second end.
        dx, dy = end[0] - start[0], end[1] - start[1]
        length = max(1.0, (dx * dx + dy * dy) ** 0.5)
        tip = (middle_point[0] - 40 * dy / length, middle_point[1] + 40 * dx / length)
        _arrow(picture, middle_point, tip, LINE)
        label(picture, f"{line.id}: {line.right}", tip)
    for reference in scene.homography:
        cv2.drawMarker(picture, _pixel(reference.pixel), WHITE, cv2.MARKER_CROSS, 14, 2)
    return picture


def draw_lane(picture: Picture, lane: Lane, colour: tuple[int, int, int]) -> None:
    """Draw a lane's outline, stop line and permitted direction into `picture`."""
    _polygon(picture, lane.polygon, colour)
    if lane.stop_line:
        cv2.line(
            picture, _pixel(lane.stop_line[0]), _pixel(lane.stop_line[1]), LINE, _thickness(picture) + 1, cv2.LINE_AA
        )
    if lane.direction:
        _arrow(picture, lane.direction[0], lane.direction[1], ALLOWED)


def label(picture: Picture, text: str, place: Point) -> None:
    """Write one line of ASCII on a dark ground, kept inside the picture."""
    scale = max(0.4, picture.shape[1] / 2000)
    plain = text.encode("ascii", "replace").decode()
    (width, height), base = cv2.getTextSize(plain, cv2.FONT_HERSHEY_SIMPLEX, scale, 1)
    x = int(min(max(0, place[0]), max(0, picture.shape[1] - width - 4)))
    y = int(min(max(height + 4, place[1]), picture.shape[0] - base - 2))
    cv2.rectangle(picture, (x - 3, y - height - 4), (x + width + 3, y + base + 1), (20, 20, 20), -1)
    cv2.putText(picture, plain, (x, y), cv2.FONT_HERSHEY_SIMPLEX, scale, WHITE, 1, cv2.LINE_AA)


def _polygon(picture: Picture, corners: Sequence[Point], colour: tuple[int, int, int]) -> None:
    points = [np.array(corners, np.int32)]
    wash = picture.copy()
    cv2.fillPoly(wash, points, colour)
    cv2.addWeighted(wash, 0.16, picture, 0.84, 0, dst=picture)
    cv2.polylines(picture, points, isClosed=True, color=colour, thickness=_thickness(picture), lineType=cv2.LINE_AA)


def _path(picture: Picture, way: Sequence[Point], colour: tuple[int, int, int]) -> None:
    points = [np.array(way, np.int32)]
    cv2.polylines(picture, points, isClosed=False, color=WHITE, thickness=_thickness(picture) + 2, lineType=cv2.LINE_AA)
    cv2.polylines(picture, points, isClosed=False, color=colour, thickness=_thickness(picture), lineType=cv2.LINE_AA)


def _arrow(picture: Picture, start: Point, end: Point, colour: tuple[int, int, int]) -> None:
    cv2.arrowedLine(picture, _pixel(start), _pixel(end), colour, _thickness(picture) + 1, cv2.LINE_AA, tipLength=0.15)


def _rectangle(picture: Picture, box: Sequence[float], colour: tuple[int, int, int], thickness: int) -> None:
    cv2.rectangle(picture, _pixel((box[0], box[1])), _pixel((box[2], box[3])), colour, thickness)


def _pixel(point: Point) -> tuple[int, int]:
    return round(point[0]), round(point[1])


def _thickness(picture: Picture) -> int:
    return max(1, int(picture.shape[1] / 640 + 0.5))
