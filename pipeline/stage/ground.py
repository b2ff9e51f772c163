"""The road as the camera sees it without traffic: asphalt, markings, kerbs, verges and sky."""

from __future__ import annotations

from itertools import pairwise

import cv2
import numpy as np
from numpy.typing import NDArray

from pipeline.stage.lens import Lens
from pipeline.stage.roadway import StageZone
from pipeline.stage.specification import Specification

Plane = NDArray[np.float32]
Colour = tuple[float, float, float]

ASPHALT: Colour = (104, 102, 100)
BUS_ASPHALT: Colour = (82, 84, 128)
PAVEMENT: Colour = (140, 150, 158)
KERB: Colour = (176, 180, 182)
VERGE: Colour = (66, 112, 98)
PAINT: Colour = (222, 224, 224)
YELLOW: Colour = (70, 178, 214)
LINE_M = 0.13
STOP_LINE_M = 0.5
PAVEMENT_M = 2.6
_TILE = 512
_TILE_PER_M = 12.0


class Ground:
    """Paints the empty place once.

    Args:
        lens: At the canvas's scale.
        specification: Road and surroundings.
        random: Of grain and spots.
    """

    def __init__(self, lens: Lens, specification: Specification, random: np.random.Generator) -> None:
        self._specification = specification
        self._lens = lens
        self._east, self._north = lens.ground()
        self._below = np.isfinite(self._east)
        away = np.hypot(self._east - lens.place[0], self._north - lens.place[1])
        self._pixel_m = np.nan_to_num(np.hypot(away, lens.place[2]) / lens.focal, nan=1e3)
        # One row of pixels covers more of the road's length than one column of its width.
        self._row_m = np.nan_to_num(self._pixel_m * np.maximum(1.0, away / lens.place[2]), nan=1e3)
        self._grain = _grain(random)

    def painted(self) -> NDArray[np.float32]:
        """The empty place, float32 [h, w, 3], without houses."""
        road = self._specification.road
        west, east = road.lanes[0].west_m - 0.4, road.lanes[-1].east_m + 0.4
        pixels = np.empty((*self._east.shape, 3), np.float32)
        pixels[:] = VERGE
        self._mix(pixels, self._strip(self._east, west - PAVEMENT_M, east + PAVEMENT_M), PAVEMENT)
        self._mix(pixels, self._strip(self._east, west - 0.22, east + 0.22), KERB)
        surface = self._strip(self._east, west, east) * self._strip_north(road.from_m, road.to_m)
        if road.cross_road:
            surface = np.maximum(surface, self._strip_north(road.cross_road.from_m, road.cross_road.to_m))
        self._mix(pixels, surface, ASPHALT)
        for lane in road.lanes:
            if lane.reserved_for:
                area = self._strip(self._east, lane.west_m, lane.east_m) * self._strip_north(road.from_m, road.to_m)
                self._mix(pixels, area, BUS_ASPHALT)
            for wheel in (-0.8, 0.8):
                track = np.exp(-(((self._east - lane.centre_m - wheel) / 0.35) ** 2))
                self._mix(pixels, 0.16 * np.nan_to_num(track) * surface, (78, 77, 76))
        self._texture(pixels, surface)
        self._markings(pixels, surface)
        self._haze(pixels)
        pixels[~self._below] = 0
        return np.where(self._below[..., None], pixels, self._sky())

    def depth_m(self) -> Plane:
        """Distance of the ground under each pixel, large above the horizon."""
        return np.asarray(self._pixel_m * self._lens.focal, np.float32)

    def pools(self, spots: list[tuple[float, float]], reach_m: float) -> Plane:
        """Round spots of light on the ground, 0..1 [h, w]."""
        light = np.zeros(self._east.shape, np.float32)
        for east, north in spots:
            square = (self._east - east) ** 2 + (self._north - north) ** 2
            light += np.nan_to_num(np.exp(-square / (2 * reach_m**2)), nan=0.0)
        return np.asarray(np.minimum(light, 1.2), np.float32)

    def _strip(self, where: Plane, low: float, high: float, pixel: Plane | None = None) -> Plane:
        size = self._pixel_m if pixel is None else pixel
        half, middle = (high - low) / 2, (high + low) / 2
        cover = np.clip((half - np.abs(where - middle)) / size + 0.5, 0, 1) * np.minimum(1, 2 * half / size)
        return np.asarray(np.nan_to_num(cover), np.float32)

    def _strip_north(self, low: float, high: float) -> Plane:
        return self._strip(self._north, low, high, self._row_m)

    @staticmethod
    def _mix(pixels: NDArray[np.float32], cover: Plane, colour: Colour) -> None:
        pixels += cover[..., None] * (np.array(colour, np.float32) - pixels)

    def _texture(self, pixels: NDArray[np.float32], surface: Plane) -> None:
        for per_m, weight in ((_TILE_PER_M, 9.0), (_TILE_PER_M / 9, 7.0), (_TILE_PER_M / 40, 8.0)):
            x = (np.nan_to_num(self._east) * per_m % _TILE).astype(np.float32)
            y = (np.nan_to_num(self._north) * per_m % _TILE).astype(np.float32)
            grain = cv2.remap(self._grain, x, y, cv2.INTER_LINEAR, borderMode=cv2.BORDER_WRAP)
            fade = np.minimum(1.0, 1.0 / np.maximum(1e-6, self._row_m * per_m))
            # Grass is rougher than a road.
            pixels += (grain * fade * weight * (1.0 + 0.9 * (1 - surface)))[..., None]

    def _markings(self, pixels: NDArray[np.float32], surface: Plane) -> None:
        road = self._specification.road
        open_road = self._strip_north(road.from_m, road.to_m)
        if road.cross_road:
            open_road = open_road * (1 - self._strip_north(road.cross_road.from_m - 1, road.cross_road.to_m + 1))
        if road.crosswalk:
            open_road = open_road * (1 - self._strip_north(road.crosswalk.from_m - 0.4, road.crosswalk.to_m + 0.4))
        edges = (road.lanes[0].west_m, road.lanes[-1].east_m)
        for edge in edges:
            self._mix(pixels, 0.9 * self._line(edge) * open_road, PAINT)
        self._between_lanes(pixels, open_road)
        for mark in road.marks:
            solid = self._line(mark.east_m, 0.15) * self._strip_north(mark.from_m, mark.to_m)
            self._mix(pixels, 0.95 * solid * surface, PAINT)
        for zone in road.zones:
            self._zone(pixels, zone, surface)
        self._arrows(pixels, surface)
        self._at_junctions(pixels, surface, edges)

    def _between_lanes(self, pixels: NDArray[np.float32], open_road: Plane) -> None:
        """What parts the lanes: double yellow against oncoming traffic, solid beside a bus lane, else dashes."""
        road = self._specification.road
        for one, other in pairwise(road.lanes):
            middle = (one.east_m + other.west_m) / 2
            if {one.direction, other.direction} == {"away", "toward"}:
                for shift in (-0.16, 0.16):
                    self._mix(pixels, 0.9 * self._line(middle + shift) * open_road, YELLOW)
            elif one.reserved_for or other.reserved_for:
                self._mix(pixels, 0.9 * self._line(middle, 0.2) * open_road, PAINT)
            else:
                phase = np.nan_to_num(self._north % 8.0)
                dash = np.clip((1.5 - np.abs(phase - 4.0)) / self._row_m + 0.5, 0, 1)
                share = np.where(self._row_m > 8, 3 / 8, dash)
                for mark in (mark for mark in road.marks if abs(mark.east_m - middle) < 0.3):
                    share = share * (1 - self._strip_north(mark.from_m, mark.to_m))
                self._mix(pixels, 0.9 * self._line(middle) * open_road * share, PAINT)

    def _at_junctions(self, pixels: NDArray[np.float32], surface: Plane, edges: tuple[float, float]) -> None:
        """Stop lines and zebra crossings."""
        road = self._specification.road
        if road.stop_line_m is not None:
            for lane in (lane for lane in road.lanes if lane.signal):
                # The near edge seen by those who arrive is what must not be passed.
                low = road.stop_line_m if lane.direction == "away" else road.stop_line_m - STOP_LINE_M
                bar = self._strip_north(low, low + STOP_LINE_M)
                self._mix(pixels, 0.92 * bar * self._strip(self._east, lane.west_m, lane.east_m), PAINT)
        if road.crosswalk:
            phase = np.nan_to_num((self._east - road.lanes[0].west_m) % 1.0)
            bars = np.clip((0.25 - np.abs(phase - 0.5)) / self._pixel_m + 0.5, 0, 1)
            area = self._strip_north(road.crosswalk.from_m, road.crosswalk.to_m) * self._strip(self._east, *edges)
            self._mix(pixels, 0.9 * area * bars * surface, PAINT)

    def _zone(self, pixels: NDArray[np.float32], zone: StageZone, surface: Plane) -> None:
        """Hatching of what is closed or must be kept clear, yellow zigzag where nobody may stop."""
        area = self._strip(self._east, zone.west_m, zone.east_m) * self._strip_north(zone.from_m, zone.to_m) * surface
        east, north = np.nan_to_num(self._east - zone.west_m), np.nan_to_num(self._north)
        if zone.use == "lane_closed":
            self._mix(pixels, 0.85 * area * self._repeated(north + east, 3.2, 0.45), PAINT)
        elif zone.use == "box":
            for slant in (east, -east):
                self._mix(pixels, 0.8 * area * self._repeated(north + slant, 2.4, 0.2), YELLOW)
        elif zone.use == "no_stopping":
            wave = np.abs(np.nan_to_num(north % 4.0) - 2.0) * 0.35
            for shift in (0.35, 1.2):
                near = np.clip((0.1 - np.abs(east - shift - wave)) / self._pixel_m + 0.5, 0, 1)
                self._mix(pixels, 0.85 * area * near.astype(np.float32), YELLOW)
        elif zone.use == "waiting":
            self._mix(pixels, 0.55 * area, (60, 60, 190))

    def _repeated(self, along: Plane, every_m: float, wide_m: float) -> Plane:
        phase = np.abs(along % every_m - every_m / 2)
        share = np.clip((wide_m / 2 - phase) / self._row_m + 0.5, 0, 1)
        return np.asarray(np.where(self._row_m > every_m, wide_m / every_m, share), np.float32)

    def _arrows(self, pixels: NDArray[np.float32], surface: Plane) -> None:
        """Arrows on lanes, five metres long, seven metres before the stop line."""
        road = self._specification.road
        for lane in (lane for lane in road.lanes if lane.arrow):
            line = road.stop_line_m if road.stop_line_m is not None else road.from_m + 40
            sign = 1.0 if lane.direction != "toward" else -1.0
            along = np.nan_to_num(sign * (self._north - line), nan=1e3) + 12.0
            aside = np.nan_to_num(sign * (self._east - lane.centre_m), nan=1e3)
            shaft = (np.abs(aside) < 0.12) & (along > 0) & (along < 3.4)
            turn = {"left": -1.0, "right": 1.0}.get(lane.arrow or "", 0.0)
            if turn:
                side = aside * turn
                bend = (np.abs(along - 3.2) < 0.25) & (side > -0.12) & (side < 0.6)
                tip = (side >= 0.6) & (side < 1.2) & (np.abs(along - 3.2) < (1.2 - side) * 1.4)
            else:
                bend = np.zeros_like(shaft)
                tip = (along >= 3.4) & (along < 5.0) & (np.abs(aside) < (5.0 - along) * 0.3)
            self._mix(pixels, 0.9 * (shaft | bend | tip).astype(np.float32) * surface, PAINT)

    def _line(self, where_m: float, width_m: float = LINE_M) -> Plane:
        return self._strip(self._east, where_m - width_m / 2, where_m + width_m / 2)

    def _haze(self, pixels: NDArray[np.float32]) -> None:
        haze = self._specification.weather.haze
        share = 1 - np.exp(-self.depth_m() * (0.0006 + 0.02 * haze**2))
        self._mix(pixels, share.astype(np.float32), self._horizon())

    def _horizon(self) -> Colour:
        return (206, 200, 192) if self._specification.light.time == "day" else (150, 132, 122)

    def _sky(self) -> NDArray[np.float32]:
        height, width = self._east.shape
        rows = np.flatnonzero(~self._below.all(axis=1))
        lowest = max(1, int(rows.max()) + 1 if len(rows) else 1)
        up = np.clip(1 - np.arange(height, dtype=np.float32) / lowest, 0, 1)[:, None, None]
        top = np.array((206, 158, 112), np.float32)
        veil = self._specification.light.clouds * 0.6 + self._specification.weather.rain * 0.4
        top = top * (1 - veil) + np.array((196, 194, 190), np.float32) * veil
        sky = np.array(self._horizon(), np.float32) * (1 - up) + top * up
        sky = np.broadcast_to(sky, (height, width, 3)).copy()
        columns, lines = np.meshgrid(np.arange(width) * 0.5 % _TILE, np.arange(height) * 2.0 % _TILE)
        cloud = cv2.remap(self._grain, columns.astype(np.float32), lines.astype(np.float32), cv2.INTER_LINEAR)
        return np.asarray(sky + 6.0 * cv2.GaussianBlur(cloud, (0, 0), 6)[..., None], np.float32)


def _grain(random: np.random.Generator) -> Plane:
    """Noise that can be tiled, mean 0, deviation 1: fine grain with a little of the coarser."""
    total = np.zeros((_TILE, _TILE), np.float32)
    for size, weight in ((_TILE, 0.8), (_TILE // 2, 0.7), (_TILE // 8, 0.5), (_TILE // 32, 0.4)):
        small = random.normal(0, 1, (size, size)).astype(np.float32)
        total += weight * cv2.resize(np.pad(small, 1, mode="wrap"), (_TILE, _TILE), interpolation=cv2.INTER_LINEAR)
    return np.asarray((total - total.mean()) / total.std(), np.float32)
