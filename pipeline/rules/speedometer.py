"""A speed on the road: a straight line through places in metres over timestamps, and its uncertainty."""

from __future__ import annotations

import math
from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from pipeline.perception.track import Sighting, Track
from pipeline.rules.moment import Moment
from pipeline.rules.underbody import CLEARANCE_SIGMA_M, OVERHANG_SIGMA_M, TYPICAL, Underbody, end_of_vehicle
from pipeline.scene import Scene, Zone
from pipeline.scene.geometry import within
from pipeline.scene.homography import Homography

Array = NDArray[np.float64]
MIN_SIGHTINGS = 6
MIN_SPAN_S = 0.4
MIN_PATH_M = 6.0
EDGE_PX = 4.0
PIXEL_SIGMA_PX = 1.0
"""Scatter of the nearest wheels' place in a box, from picture to picture."""
EDGE_SHARE = 0.01
"""The same as a share of the box's height, where that is more."""
DRIFT_PX = 1.0
"""By how much that place may wander on the vehicle while it is measured: an error that no scatter shows."""
COVERAGE = 1.96
MOST_BEND = 0.06
"""Share of the way by which it may bend: speed is measured along a straight line."""
ODD_INTERVAL = 0.15
"""An interval between stamps that differs so much from the usual one is odd: late pictures, or a clock that was set."""
STEP_SIGMAS = 4.0
"""Of a vehicle that went so much farther or less far in an odd interval than it says, the clock was set."""
ROUND_STEP = 3
"""Pictures on either side of an odd interval that tell how far it went in it."""
WORST_LEVER = 1.5
"""A step of the clock in the middle of a run tilts a straight line by half more than its share of the run's time."""


@dataclass(frozen=True)
class SpeedReading:
    """A measured speed.

    Attributes:
        kmh: By least squares over all pictures but two.
        u95_kmh: Its expanded uncertainty, 95 %: fit, drift, homography and clock.
        two_stills_kmh: From the two pictures that the fit left out.
        two_stills_u95_kmh: Of that second estimate.
        path_m: Length of the way that was measured.
        span_s: Time that it took.
        stills: The two pictures.
        sightings: All that were used.
    """

    kmh: float
    u95_kmh: float
    two_stills_kmh: float
    two_stills_u95_kmh: float
    path_m: float
    span_s: float
    stills: tuple[Sighting, Sighting]
    sightings: tuple[Sighting, ...]


def measured_run(track: Track, zone: Zone, scene: Scene) -> tuple[Sighting, ...]:
    """The latest unbroken stretch of sightings in a measuring zone, wholly in the picture."""
    end = len(track.sightings)
    while end > 0 and not measurable(track.sightings[end - 1], zone, scene):
        end -= 1
    start = end
    while start > 0 and measurable(track.sightings[start - 1], zone, scene):
        start -= 1
    return track.sightings[start:end]


def measurable(sighting: Sighting, zone: Zone, scene: Scene) -> bool:
    """Whether a vehicle's place can be told: in the zone, and not cut by the picture's edge."""
    whole = sighting.box[3] < scene.frame.height_px - EDGE_PX and sighting.box[0] > EDGE_PX
    return whole and sighting.box[2] < scene.frame.width_px - EDGE_PX and within(zone.polygon)(sighting.ground)


def measure(
    run: Sequence[Sighting], ground: Homography, moment: Moment, vehicle_class: str = "car"
) -> SpeedReading | None:
    """Measure the speed over a stretch of sightings.

    Args:
        run: In order of time.
        ground: Metres on the road.
        moment: For the clock's errors and the camera's place.
        vehicle_class: Whose underbody it has.

    Returns:
        The reading, or None when the stretch is too short, bends, or its times are not in order.
    """
    if len(run) < MIN_SIGHTINGS or run[-1].at_s - run[0].at_s < MIN_SPAN_S:
        return None
    pixels = np.array([s.ground for s in run])
    times = np.array([s.at_s for s in run]) - run[0].at_s
    places, scatter = ground.to_metres(pixels, PIXEL_SIGMA_PX)
    if not np.isfinite(places).all() or (np.diff(times) <= 0).any():
        return None
    _, own = ground.to_metres(pixels, 0.0)
    scatter = scatter - own
    seen_way = places[-1] - places[0]
    ends = _ends(places, seen_way, vehicle_class, moment)
    places = ends[0]
    middle = places.mean(axis=0)
    way = np.linalg.svd(places - middle, full_matrices=False)[2][0]
    way = way if seen_way @ way > 0 else -way
    along, aside = (places - middle) @ way, (places - middle) @ np.array([-way[1], way[0]])
    path_m = float(along[-1] - along[0])
    if path_m < MIN_PATH_M or float(np.ptp(aside)) > MOST_BEND * path_m + 0.6:
        return None
    # A large box trembles more than a small one.
    grown = np.array([max(1.0, EDGE_SHARE * (s.box[3] - s.box[1]) / PIXEL_SIGMA_PX) for s in run])
    sigma = np.sqrt(np.einsum("nij,i,j->n", scatter, way, way)) * grown
    step_s = unseen_step_s(times, along, sigma)
    if step_s is None:
        return None
    first, last = _stills(times, sigma)
    kept = np.ones(len(run), bool)
    kept[[first, last]] = False
    slope, fit_sigma = _fit(times[kept], along[kept], sigma[kept])
    two = float((along[last] - along[first]) / (times[last] - times[first]))
    body = math.sqrt(
        sum((_fit(times[kept], (other - middle)[kept] @ way, sigma[kept])[0] - slope) ** 2 for other in ends[1:])
    )
    drift = DRIFT_PX / PIXEL_SIGMA_PX * float(np.hypot(sigma[0], sigma[-1])) / path_m * slope / 2
    survey = _survey_share(pixels[[0, -1]], ground, way, path_m) * slope
    span_s = float(times[-1])
    # What an unseen step may be is anything up to its bound: a rectangular distribution (GUM 4.3.7).
    stamps_s = math.hypot(moment.stamp_sigma_s * math.sqrt(2), WORST_LEVER * step_s / math.sqrt(3))
    clock = math.hypot(moment.clock_rate_error * slope, stamps_s / span_s * slope)
    u95 = COVERAGE * math.sqrt(fit_sigma**2 + drift**2 + body**2 + survey**2 + clock**2)
    between = float(times[last] - times[first])
    two_scatter = float(np.hypot(sigma[first], sigma[last])) / between
    two_u95 = COVERAGE * math.sqrt(two_scatter**2 + body**2 + survey**2 + clock**2)
    return SpeedReading(
        kmh=3.6 * slope,
        u95_kmh=3.6 * u95,
        two_stills_kmh=3.6 * two,
        two_stills_u95_kmh=3.6 * two_u95,
        path_m=path_m,
        span_s=span_s,
        stills=(run[first], run[last]),
        sightings=tuple(run),
    )


def _ends(places: Array, way: Array, vehicle_class: str, moment: Moment) -> list[Array]:
    """Places of the vehicle's nearer end: as is typical of its class, and as its clearance and overhang may differ."""
    view = moment.scene.viewpoint
    if view is None:
        return [places]
    typical = TYPICAL.get(vehicle_class, TYPICAL["car"])
    heading = way / np.linalg.norm(way)
    bodies = [
        typical,
        Underbody(typical.clearance_m + CLEARANCE_SIGMA_M, typical.overhang_m),
        Underbody(typical.clearance_m, typical.overhang_m + OVERHANG_SIGMA_M),
    ]
    return [end_of_vehicle(places, heading, view, body) for body in bodies]


def _stills(times: Array, sigma: Array) -> tuple[int, int]:
    """Numbers of the two pictures, one of the first and one of the last third, that tell a speed best by themselves.

    Chosen by their errors and the time between them, before anything is known of what they say.
    """
    third = max(2, len(times) // 3)
    early, late = np.arange(third), np.arange(len(times) - third, len(times))
    spread = np.hypot(sigma[early][:, None], sigma[late][None, :]) / (times[late][None, :] - times[early][:, None])
    first, last = np.unravel_index(int(np.argmin(spread)), spread.shape)
    return int(early[first]), int(late[last])


def unseen_step_s(times: Array, along: Array, sigma: Array) -> float | None:
    """By how much the clock may have been set while a vehicle was measured.

    Pictures that come late or are lost make odd intervals too, but then the vehicle goes as much farther in them: what
    it goes beyond that is held against what its places' own errors explain.

    Args:
        times: [n] seconds, rising.
        along: [n] metres along the way.
        sigma: [n] errors of these, one sigma, in metres.

    Returns:
        The largest step, in seconds, that could hide in these errors, 0 where all intervals are alike; None when an
        odd interval shows that the clock was set.
    """
    steps = np.diff(times)
    usual = float(np.median(steps))
    pace = float((along[-1] - along[0]) / (times[-1] - times[0]))
    largest_s = 0.0
    for index in np.flatnonzero(np.abs(steps - usual) > ODD_INTERVAL * usual):
        bounds_m = [abs(float(steps[index] - usual)) * abs(pace)]
        for count in (1, ROUND_STEP):
            low, high = slice(max(0, index + 1 - count), index + 1), slice(index + 1, index + 1 + count)
            excess_m = along[high].mean() - along[low].mean() - pace * (times[high].mean() - times[low].mean())
            error_m = math.hypot(*(float(sigma[part].mean()) / math.sqrt(len(sigma[part])) for part in (low, high)))
            # Errors of neighbouring pictures are alike: three are not worth three.
            bound_m = STEP_SIGMAS * error_m * (1.0 if count == 1 else math.sqrt(2))
            if abs(excess_m) > bound_m:
                return None
            bounds_m.append(bound_m + abs(float(excess_m)))
        largest_s = max(largest_s, min(bounds_m) / abs(pace))
    return largest_s


def _fit(times: Array, along: Array, sigma: Array) -> tuple[float, float]:
    """Weighted straight line with one down-weighting of outliers: its slope and the slope's error."""
    weights = 1 / sigma**2
    for _ in range(3):
        mean = float((weights * times).sum() / weights.sum())
        level = float((weights * along).sum() / weights.sum())
        spread = float((weights * (times - mean) ** 2).sum())
        slope = float((weights * (times - mean) * (along - level)).sum() / spread)
        off = (along - level - slope * (times - mean)) / sigma
        scale = max(1.0, 1.4826 * float(np.median(np.abs(off))))
        weights = np.minimum(1.0, 2.5 * scale / np.maximum(np.abs(off), 1e-9)) / sigma**2
    chi = float((weights * sigma**2 * off**2).sum()) / max(1, len(times) - 2)
    # Errors of neighbouring pictures are alike: a tracker's box wanders. Half as many of them are independent.
    return slope, math.sqrt(2 * max(1.0, chi) / spread)


def _survey_share(ends: Array, ground: Homography, way: Array, path_m: float) -> float:
    """Relative error that the survey gives to the distance between two places."""
    covariance = ground.joint_covariance(ends)
    row = np.concatenate([-way, way])
    return float(math.sqrt(max(0.0, row @ covariance @ row))) / path_m
