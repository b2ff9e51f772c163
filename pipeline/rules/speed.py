"""Driving faster than the limit, measured on the road in metres, with its uncertainty."""

from __future__ import annotations

import math
from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from pipeline.evidence.manifest import Measure
from pipeline.evidence.offence import OffenceCode
from pipeline.perception.track import Box, Sighting, Track
from pipeline.rules.candidate import Candidate, met
from pipeline.rules.doubts import GRAVE, common_doubts
from pipeline.rules.moment import Moment
from pipeline.rules.underbody import CLEARANCE_SIGMA_M, OVERHANG_SIGMA_M, TYPICAL, Underbody, end_of_vehicle
from pipeline.scene import Lane, Scene, Zone
from pipeline.scene.geometry import inside
from pipeline.scene.homography import Homography
from pipeline.scene.measures import SpeedLimit

Array = NDArray[np.float64]
MOTORISED = ("car", "motorcycle", "bus", "truck")
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
MAX_ANGLE_DEGREES = 35.0
MOST_BEND = 0.06
"""Share of the way by which it may bend: speed is measured along a straight line."""
ODD_INTERVAL, ODD_PACE = 0.15, 0.3
AGREE_KMH, AGREE_SHARE = 2.0, 0.05
SIDE_BY_SIDE_PX = 8.0


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


def speed(moment: Moment) -> list[Candidate]:
    """A vehicle drives faster than the limit: UU 22/2009 Art. 287(5) with Art. 106(4)(g) and 115(a).

    Judged when the vehicle has left the measuring zone. All of these must hold:

    1. The scene has a limit for the lane, the class and the hour, a zone with `use: measuring`, and a homography.
    2. The vehicle was in the zone, whole, in at least `MIN_SIGHTINGS` pictures, for `MIN_SPAN_S` and `MIN_PATH_M`, on
       a straight way along the lane.
    3. Its speed by least squares over the timestamps, less the larger of its 95 % uncertainty (fit, homography,
       clock), of `grace` (3 km/h, 3 % above 100 km/h) and of the certificate's error, and rounded down to whole km/h,
       is above the limit. That value is the one to ticket.

    Grave doubts: no valid site certificate on that day (then it is an indication only); a second estimate, from two
    stills that the fit did not use, does not agree; another vehicle in the measuring zone beside it or over it.
    Another vehicle elsewhere in the zone is a doubt (OIML R 91: the speed must be attributable).
    """
    scene = moment.scene
    if not scene.speed_limits or scene.ground is None:
        return []
    found: list[Candidate] = []
    for zone in scene.zones:
        if zone.use == "measuring":
            for track in moment.tracks:
                candidate = _judge(moment, zone, scene.ground, track)
                if candidate:
                    found.append(candidate)
    return found


def _judge(moment: Moment, zone: Zone, ground: Homography, track: Track) -> Candidate | None:
    if track.vehicle_class not in MOTORISED or len(track.sightings) < MIN_SIGHTINGS:
        return None
    if not moment.closing and (
        not _measurable(track.sightings[-2], zone, moment.scene) or _measurable(track.last, zone, moment.scene)
    ):
        return None
    run = measured_run(track, zone, moment.scene)
    lane = _lane(moment.scene, run)
    limit = _limit(moment, track, lane, run)
    reading = None if limit is None else measure(run, ground, moment, track.vehicle_class)
    if limit is None or reading is None or not _along(lane, reading, ground):
        return None
    granted_kmh = max(reading.u95_kmh, _granted_kmh(moment.scene, reading.kmh))
    ticket_kmh = math.floor(reading.kmh - granted_kmh)
    if ticket_kmh <= limit.kmh:
        return None
    return _candidate(moment, zone, track, lane, limit, reading, ticket_kmh)


def measured_run(track: Track, zone: Zone, scene: Scene) -> tuple[Sighting, ...]:
    """The latest unbroken stretch of sightings in a measuring zone, wholly in the picture."""
    end = len(track.sightings)
    while end > 0 and not _measurable(track.sightings[end - 1], zone, scene):
        end -= 1
    start = end
    while start > 0 and _measurable(track.sightings[start - 1], zone, scene):
        start -= 1
    return track.sightings[start:end]


def _measurable(sighting: Sighting, zone: Zone, scene: Scene) -> bool:
    whole = sighting.box[3] < scene.frame.height_px - EDGE_PX and sighting.box[0] > EDGE_PX
    return whole and sighting.box[2] < scene.frame.width_px - EDGE_PX and inside(sighting.ground, zone.polygon)


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
    if path_m < MIN_PATH_M or float(np.ptp(aside)) > MOST_BEND * path_m + 0.6 or _clock_stepped(times, along):
        return None
    # A large box trembles more than a small one.
    grown = np.array([max(1.0, EDGE_SHARE * (s.box[3] - s.box[1]) / PIXEL_SIGMA_PX) for s in run])
    sigma = np.sqrt(np.einsum("nij,i,j->n", scatter, way, way)) * grown
    first, last = len(run) // 6, len(run) - 1 - len(run) // 6
    kept = np.ones(len(run), bool)
    kept[[first, last]] = False
    slope, fit_sigma = _fit(times[kept], along[kept], sigma[kept])
    two = float((along[last] - along[first]) / (times[last] - times[first]))
    body = math.sqrt(
        sum((_fit(times[kept], (other - middle)[kept] @ way, sigma[kept])[0] - slope) ** 2 for other in ends[1:])
    )
    drift = DRIFT_PX / PIXEL_SIGMA_PX * float(np.hypot(sigma[0], sigma[-1])) / path_m * slope / 2
    survey = _survey_share(pixels[[0, -1]], ground, way, path_m) * slope
    clock = math.hypot(moment.clock_rate_error * slope, moment.stamp_sigma_s * math.sqrt(2) / times[-1] * slope)
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
        span_s=float(times[-1]),
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


def _clock_stepped(times: Array, along: Array) -> bool:
    """Whether one interval between stamps is odd, and the vehicle did not go as much farther or less far in it."""
    steps = np.diff(times)
    usual = float(np.median(steps))
    odd = np.abs(steps - usual) > ODD_INTERVAL * usual
    pace = np.diff(along) / steps
    return bool((odd & (np.abs(pace / float(np.median(pace)) - 1) > ODD_PACE)).any())


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


def _granted_kmh(scene: Scene, kmh: float) -> float:
    by_test = scene.certificate.error_kmh if scene.certificate else 0.0
    return max(scene.grace.speed_kmh, scene.grace.speed_share * kmh, by_test)


def _lane(scene: Scene, run: Sequence[Sighting]) -> Lane | None:
    """The lane in which most of the run was."""
    votes = {lane.id: sum(inside(s.ground, lane.polygon) for s in run) for lane in scene.lanes}
    best = max(scene.lanes, key=lambda lane: votes[lane.id], default=None)
    return best if best is not None and 2 * votes[best.id] > len(run) else None


def _limit(moment: Moment, track: Track, lane: Lane | None, run: Sequence[Sighting]) -> SpeedLimit | None:
    """The limit that holds for a vehicle; where its class is not certain, the highest of those that may hold."""
    if not run:
        return None
    at_s = run[len(run) // 2].at_s
    here = [
        limit
        for limit in moment.scene.speed_limits
        if (not limit.lanes or (lane is not None and lane.id in limit.lanes)) and moment.within(limit.hours, at_s)
    ]
    chosen: list[SpeedLimit] = []
    for name in [name for name in track.votes if track.share(name) > 0.1] or [track.vehicle_class]:
        own = [limit for limit in here if name in limit.classes] or [limit for limit in here if not limit.classes]
        if not own:
            return None
        chosen.append(max(own, key=lambda limit: limit.kmh))
    return max(chosen, key=lambda limit: limit.kmh, default=None)


def _along(lane: Lane | None, reading: SpeedReading, ground: Homography) -> bool:
    """Whether it drove along its lane (either way), not across."""
    if lane is None or lane.direction is None:
        return True
    arrow = np.diff(ground.metres(lane.direction), axis=0)[0]
    moved = np.diff(ground.metres([s.ground for s in reading.stills]), axis=0)[0]
    cosine = abs(float(arrow @ moved)) / float(np.linalg.norm(arrow) * np.linalg.norm(moved))
    return not math.isfinite(cosine) or cosine >= math.cos(math.radians(MAX_ANGLE_DEGREES))


def _candidate(
    moment: Moment,
    zone: Zone,
    track: Track,
    lane: Lane | None,
    limit: SpeedLimit,
    reading: SpeedReading,
    ticket_kmh: int,
) -> Candidate:
    shown = reading.stills[1]
    local = moment.local(shown.at_s)
    certificate = moment.scene.certificate
    doubts = common_doubts(track, reading.sightings, moment)
    if certificate is None or not certificate.holds_on(local.date()):
        why = (
            "there is no site certificate" if certificate is None else f"certificate {certificate.number} is not valid"
        )
        doubts.append(f"{GRAVE}an indication only: {why} on {local:%Y-%m-%d}")
    off_kmh = abs(reading.kmh - reading.two_stills_kmh)
    allowed_kmh = max(AGREE_KMH, AGREE_SHARE * reading.kmh)
    if off_kmh > allowed_kmh or reading.two_stills_u95_kmh > 3 * allowed_kmh:
        doubts.append(
            f"{GRAVE}the second estimate, from two stills, does not confirm it "
            f"({reading.two_stills_kmh:.1f} with an uncertainty of {reading.two_stills_u95_kmh:.1f} km/h)"
        )
    doubts += _company_doubts(moment, zone, track, reading)
    measured: dict[str, Measure] = {
        "zone": zone.id,
        "lane": lane.id if lane else None,
        "limit_kmh": limit.kmh,
        "speed_kmh": round(reading.kmh, 2),
        "speed_u95_kmh": round(reading.u95_kmh, 2),
        "ticket_speed_kmh": ticket_kmh,
        "two_stills_kmh": round(reading.two_stills_kmh, 2),
        "two_stills_u95_kmh": round(reading.two_stills_u95_kmh, 2),
        "path_m": round(reading.path_m, 2),
        "span_s": round(reading.span_s, 4),
        "sightings": len(reading.sightings),
        "certificate": certificate.number if certificate else None,
    }
    return Candidate(
        offence=OffenceCode.SPEED,
        track_id=track.id,
        vehicle_class=track.vehicle_class,
        lane=lane.id if lane else "",
        frame=shown.frame,
        at_s=shown.at_s,
        box=shown.box,
        measured=measured,
        conditions=(
            met("A limit holds here", f"{limit.kmh:g} km/h, {local:%A %H:%M:%S} local time"),
            met(
                "The speed was measured",
                f"{reading.kmh:.1f} km/h, 95 % within {reading.u95_kmh:.1f} km/h, over {reading.path_m:.1f} m "
                f"and {reading.span_s:.2f} s",
            ),
            met("Less its uncertainty it is above the limit", f"{ticket_kmh} km/h is the value to ticket"),
            met("A second estimate", f"{reading.two_stills_kmh:.1f} km/h from two stills"),
        ),
        doubts=tuple(doubts),
        instants=tuple((s.frame, s.ground) for s in reading.stills),
    )


def _company_doubts(moment: Moment, zone: Zone, track: Track, reading: SpeedReading) -> list[str]:
    """Other vehicles in the measuring zone at the same time."""
    since_s, until_s = reading.sightings[0].at_s, reading.sightings[-1].at_s
    mine = {s.frame: s.box for s in reading.sightings}
    doubts: list[str] = []
    for other in moment.tracks:
        if other.id == track.id or other.vehicle_class not in MOTORISED:
            continue
        beside = [s for s in other.sightings if since_s <= s.at_s <= until_s and inside(s.ground, zone.polygon)]
        if not beside:
            continue
        touching = sum(_touch(mine[s.frame], s.box) for s in beside if s.frame in mine)
        if touching * 4 > len(mine):
            doubts.append(f"{GRAVE}another vehicle (track {other.id}) was right beside it while it was measured")
        else:
            doubts.append(f"another vehicle (track {other.id}) was in the measuring zone: make sure whose speed it is")
    return doubts


def _touch(one: Box, other: Box) -> bool:
    return (
        one[0] < other[2] + SIDE_BY_SIDE_PX
        and other[0] < one[2] + SIDE_BY_SIDE_PX
        and one[1] < other[3] + SIDE_BY_SIDE_PX
        and other[1] < one[3] + SIDE_BY_SIDE_PX
    )
