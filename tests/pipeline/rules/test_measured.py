"""Speed, plates and riders: what is measured of a vehicle when it has passed."""

from __future__ import annotations

import math
from collections.abc import Sequence
from dataclasses import replace
from typing import Any

import numpy as np
import pytest

from pipeline.perception.phase import PhaseLog
from pipeline.perception.plates import PlateVote
from pipeline.perception.riders import RiderVerdict
from pipeline.perception.track import Track
from pipeline.rules import Candidate, Moment, is_grave, judge, reconsider
from pipeline.rules.odd_even import last_digit
from pipeline.rules.plate_expired import months_over
from pipeline.scene import Scene
from tests.pipeline.rules.journeys import MONDAY_MORNING_S, ROAD, along_x, journey, scene

FLAT = [  # 20 pixels a metre, seen straight from above: a speed in pixels is a speed in metres
    {"pixel": [300, 700], "metre": [0, 0], "pixel_sigma_px": 0.2, "metre_sigma_m": 0.01},
    {"pixel": [700, 700], "metre": [20, 0], "pixel_sigma_px": 0.2, "metre_sigma_m": 0.01},
    {"pixel": [700, 100], "metre": [20, 30], "pixel_sigma_px": 0.2, "metre_sigma_m": 0.01},
    {"pixel": [300, 100], "metre": [0, 30], "pixel_sigma_px": 0.2, "metre_sigma_m": 0.01},
]
CERTIFICATE = {
    "issuer": "BSML",
    "number": "A1",
    "valid_from": "2026-01-01",
    "valid_to": "2026-12-31",
    "error_kmh": 1.0,
}


def speed_scene(**more: Any) -> Scene:
    parts = {
        "homography": FLAT,
        "speed_limits": [{"kmh": 50}],
        "zones": [{"id": "trap", "use": "measuring", "polygon": [[300, 650], [300, 150], [700, 150], [700, 650]]}],
        "certificate": CERTIFICATE,
    }
    return scene(**{**parts, **more})


def at_kmh(kmh: float, *, number: int = 1, x: float = 500, noise_px: float = 0.0, fps: float = 25) -> Track:
    random = np.random.default_rng(number)
    pace = kmh / 3.6 * 20

    def place(t: float) -> tuple[float, float]:
        dx, dy = random.normal(0, noise_px, 2)
        return x + dx, 780 - pace * t + dy

    return journey(place, seconds=600 / pace, fps=fps, number=number)


def closing(where: Scene, track: Track, **more: Any) -> Moment:
    return Moment(track.last.at_s, track.last.frame, (track,), PhaseLog(), where, closing=True, **more)


def told(where: Scene, track: Track, **more: Any) -> list[Candidate]:
    return judge(closing(where, track, **more))


@pytest.mark.parametrize("kmh", [61.0, 80.0, 119.0])
def test_a_speed_is_told_with_an_uncertainty_that_holds_and_never_ticketed_too_high(kmh: float) -> None:
    (candidate,) = told(speed_scene(), at_kmh(kmh, noise_px=1.0))
    measured = candidate.measured
    assert not is_grave(candidate.doubts)
    assert abs(float(measured["speed_kmh"] or 0) - kmh) < float(measured["speed_u95_kmh"] or 0)
    assert 50 < int(measured["ticket_speed_kmh"] or 0) <= kmh - 3
    assert len(candidate.instants) == 2


@pytest.mark.parametrize("kmh", [30.0, 50.0, 53.0])
def test_within_the_limit_and_its_grace_nobody_is_told(kmh: float) -> None:
    assert told(speed_scene(), at_kmh(kmh, noise_px=1.0)) == []


@pytest.mark.parametrize("certificate", [None, {**CERTIFICATE, "valid_to": "2026-02-28"}])
def test_without_a_valid_certificate_a_speed_is_an_indication_only(certificate: dict[str, Any] | None) -> None:
    (candidate,) = told(speed_scene(certificate=certificate), at_kmh(80))
    assert is_grave(candidate.doubts)
    assert any("an indication only" in doubt for doubt in candidate.doubts)


def test_a_clock_that_steps_measures_nothing() -> None:
    track = at_kmh(80)
    half = len(track.sightings) // 2
    stepped = [replace(s, at_s=s.at_s - 0.03 * (n >= half)) for n, s in enumerate(track.sightings)]
    assert told(speed_scene(), replace(track, sightings=tuple(stepped))) == []


def stamped(track: Track, late_s: Sequence[float]) -> Track:
    """The same ways, each picture stamped so much later."""
    moved = [replace(s, at_s=s.at_s + late) for s, late in zip(track.sightings, late_s, strict=True)]
    return replace(track, sightings=tuple(moved))


def test_a_camera_whose_pictures_come_early_and_late_measures_all_the_same() -> None:
    for number, kmh in enumerate((60.0, 75.0, 90.0, 110.0), 1):
        pace, random = kmh / 3.6 * 20, np.random.default_rng(number)
        steady = at_kmh(kmh, number=number, noise_px=1.0)
        late_s = random.uniform(-0.006, 0.006, len(steady.sightings))
        # The picture was really taken then: the vehicle is as much farther.
        moved = [
            replace(s, at_s=s.at_s + late, box=(s.box[0], s.box[1] - pace * late, s.box[2], s.box[3] - pace * late))
            for s, late in zip(steady.sightings, late_s, strict=True)
        ]
        (candidate,) = told(speed_scene(), replace(steady, sightings=tuple(moved)))
        assert not is_grave(candidate.doubts)
        assert abs(float(candidate.measured["speed_kmh"] or 0) - kmh) < float(candidate.measured["speed_u95_kmh"] or 0)


@pytest.mark.parametrize("by_s", [-0.038, -0.02, -0.008, 0.05, 0.3])
def test_a_clock_that_is_set_never_makes_a_ticket_above_the_truth(by_s: float) -> None:
    for number, kmh in enumerate((60.0, 90.0, 119.0), 1):
        track = at_kmh(kmh, number=number, noise_px=1.0)
        for where in range(4, len(track.sightings) - 4, 3):
            set_back = stamped(track, [by_s * (n >= where) for n in range(len(track.sightings))])
            for candidate in told(speed_scene(), set_back):
                assert int(candidate.measured["ticket_speed_kmh"] or 0) <= kmh


def test_a_second_vehicle_in_the_zone_is_told_and_one_right_beside_makes_it_no_ticket() -> None:
    fast = at_kmh(80)
    for x, grave in ((660.0, False), (570.0, True)):
        slow = at_kmh(75, number=2, x=x)
        seen = min(len(fast.sightings), len(slow.sightings))
        moment = replace(closing(speed_scene(), fast), tracks=(fast, slow))
        (candidate,) = [c for c in judge(moment) if c.track_id == 1]
        assert any("another vehicle (track 2)" in doubt for doubt in candidate.doubts)
        assert is_grave(candidate.doubts) is grave, seen


def test_a_class_that_is_not_certain_gets_the_higher_limit() -> None:
    limits = [{"kmh": 80}, {"kmh": 60, "classes": ["truck"]}]
    where = speed_scene(speed_limits=limits)
    assert told(where, replace(at_kmh(75), votes={"truck": 3.0, "car": 2.0})) == []
    assert len(told(where, replace(at_kmh(75), votes={"truck": 3.0}))) == 1


def vote(text: str | None, **more: Any) -> PlateVote:
    return PlateVote(text, 0.9, None if text else "why", ((text, 1.0),) if text else (), 4, None, **more)


ODD_EVEN = scene(
    zones=[{"id": "area", "use": "odd_even", "polygon": ROAD, "exempt": {"plate_colours": ["yellow", "blue_edged"]}}]
)
DRIVES = journey(along_x(500, 700, -120), seconds=4)


@pytest.mark.parametrize(
    ("plate", "codes", "grave"),
    [
        (vote("H1235AB", colour="white", colour_confidence=0.9), ["odd_even"], False),
        (vote("H1234AB", colour="white", colour_confidence=0.9), [], False),
        (vote("H1235AB", colour="yellow", colour_confidence=0.9), [], False),
        (vote("H1235AB"), ["odd_even"], True),
        (vote(None), [], False),
    ],
    ids=["odd on an even day", "even", "public", "colour unknown", "not read"],
)
def test_odd_and_even_days(plate: PlateVote, codes: list[str], grave: bool) -> None:
    found = told(ODD_EVEN, DRIVES, plates={1: plate})
    assert [candidate.offence.value for candidate in found] == codes
    assert [is_grave(candidate.doubts) for candidate in found] == [grave] * len(codes)


def test_the_digit_that_counts_is_the_last_of_the_number() -> None:
    assert [last_digit(text) for text in ("H1234AB", "B7A", "CD1201", "RI")] == [4, 7, 1, None]


@pytest.mark.parametrize(("expiry", "over"), [("02.26", 1), ("03.26", 0), ("12.30", -57), ("13.26", None), ("x", None)])
def test_months_of_a_plate(expiry: str, over: int | None) -> None:
    assert months_over(expiry, 2026, 3) == over


def test_an_expired_plate_is_told_for_review() -> None:
    where = scene(checks=["plate_expired"])
    (candidate,) = told(where, DRIVES, plates={1: vote("H1", expiry="11.25", expiry_confidence=0.9, seen=True)})
    assert (candidate.offence.value, candidate.measured["months_over"]) == ("plate_expired", 4)
    assert any("for review" in doubt for doubt in candidate.doubts)
    for fine in ("03.26", "11.27"):
        assert told(where, DRIVES, plates={1: vote("H1", expiry=fine, expiry_confidence=0.9)}) == []


def test_a_plate_that_was_ever_glimpsed_is_no_missing_plate() -> None:
    where, near = scene(checks=["no_plate"]), journey(along_x(500, 700, -120), seconds=4, size=(200.0, 150.0))
    assert [c.offence.value for c in told(where, near, plates={1: vote(None)})] == ["no_plate"]
    assert told(where, near, plates={1: vote(None, seen=True)}) == []
    assert told(where, near, plates={}) == []
    assert told(where, DRIVES, plates={1: vote(None)}) == [], "too far"


@pytest.mark.parametrize(
    ("verdict", "codes"),
    [
        (RiderVerdict(1, 2, 1, 1, 0, 9, 1.2, None, 20), ["no_helmet"]),
        (RiderVerdict(1, 3, 0, 3, 0, 9, 1.2, None, 20), ["pillion"]),
        (RiderVerdict(1, 3, 2, 1, 0, 9, 1.2, None, 20), ["no_helmet", "pillion"]),
        (RiderVerdict(1, 2, 0, 1, 1, 9, 1.2, None, 20), []),
        (RiderVerdict(1, 2, 1, 1, 0, 3, 0.2, None, 20), []),
        (RiderVerdict(1, None, 0, 0, 0, 9, 1.2, "hidden", None), []),
    ],
    ids=["bare", "three", "both", "unclear", "too few looks", "cannot count"],
)
def test_riders(verdict: RiderVerdict, codes: list[str]) -> None:
    rides = replace(DRIVES, votes={"motorcycle": 8.0})
    found = told(scene(checks=["no_helmet", "pillion"]), rides, riders={1: verdict})
    assert [candidate.offence.value for candidate in found] == codes
    assert told(scene(checks=["no_helmet", "pillion"]), DRIVES, riders={1: verdict}) == [], "a car"


def test_a_registered_priority_vehicle_is_never_offered() -> None:
    where = scene(
        lanes=[{"id": "bus", "polygon": ROAD, "reserved_for": {"classes": ["bus"]}}], priority_plates=["H 9 X"]
    )
    moment = Moment(DRIVES.last.at_s, DRIVES.last.frame, (DRIVES,), PhaseLog(), where)
    (candidate,) = judge(moment)
    ambulance = reconsider(candidate, closing(where, DRIVES, plates={1: vote("H9X")}))
    other = reconsider(candidate, closing(where, DRIVES, plates={1: vote("H8X")}))
    assert ambulance is not None
    assert is_grave(ambulance.doubts)
    assert other is not None
    assert not is_grave(other.doubts)


def test_while_police_direct_the_traffic_signs_do_not_bind() -> None:
    times = {"from": "2026-03-02T06:00:00+07:00", "to": "2026-03-02T08:00:00+07:00", "by": "Polrestabes"}
    where = scene(lanes=[{"id": "bus", "polygon": ROAD, "reserved_for": {"classes": ["bus"]}}], directed=[times])
    (candidate,) = judge(Moment(DRIVES.last.at_s, DRIVES.last.frame, (DRIVES,), PhaseLog(), where))
    assert is_grave(candidate.doubts)


def test_two_vehicles_taken_for_one_are_not_offered() -> None:
    where = scene(lanes=[{"id": "bus", "polygon": ROAD, "reserved_for": {"classes": ["bus"]}}])
    jumps = journey(lambda t: (500, 700 - 120 * t - (180 if t > 1.5 else 0)), seconds=3)
    for candidate in judge(Moment(jumps.last.at_s, jumps.last.frame, (jumps,), PhaseLog(), where)):
        assert is_grave(candidate.doubts)
    assert math.isclose(jumps.first.at_s, MONDAY_MORNING_S)
