"""What signs, markings and plates forbid, reckoned on small scenes: each offence beside its look-alikes."""

from __future__ import annotations

from typing import Any

import pytest

from tests.pipeline.stage.plays import JUNCTION, PLAIN_ROAD, head, offences, play, told, vehicle

RED = head((0, "red"))


def road_with(**parts: Any) -> dict[str, Any]:
    return {**PLAIN_ROAD, **parts}


def zone(use: str, **parts: Any) -> list[dict[str, Any]]:
    return [{"id": "zone", "use": use, "west_m": -1.65, "east_m": 1.65, "from_m": 10, "to_m": 60, **parts}]


def way(*corners: tuple[float, float], kmh: float = 30, radius_m: float = 5) -> dict[str, Any]:
    return {
        "id": "x",
        "class": "car",
        "body": "sedan",
        "plate": "H 1234 AB",
        "way": {"corners": corners, "radius_m": radius_m, "profile_kmh": [[0, kmh]]},
    }


LEFT_ON_RED = way((0, 8), (0, 26), (-30, 26), kmh=22)


@pytest.mark.parametrize(("allowed", "expected"), [("left", []), ("right", ["red_light"]), (None, ["red_light"])])
def test_a_left_turn_on_red_is_lawful_only_where_a_sign_allows_it(allowed: str | None, expected: list[str]) -> None:
    road = {**JUNCTION, "lanes": [{**JUNCTION["lanes"][0], "turn_on_red": allowed}]}  # type: ignore[dict-item] # a literal
    assert offences(play(road, LEFT_ON_RED, signals=RED, duration_s=5)) == expected


def test_police_and_registered_priority_free_from_the_signal() -> None:
    car = vehicle(body="sedan", plate="H 1 A", drive={"start_m": 5.0})
    assert offences(play(JUNCTION, car, signals=RED)) == ["red_light"]
    assert offences(play(JUNCTION, car, signals=RED, directed=[[0, 4]])) == []
    assert offences(play(JUNCTION, car, signals=RED, priority_plates=["H1A"])) == []


@pytest.mark.parametrize(
    ("stands_s", "hours", "expected"),
    [(6.0, None, ["no_stopping"]), (2.0, None, []), (6.0, [{"from": "20:00", "to": "22:00"}], [])],
)
def test_standing_is_an_offence_after_what_is_granted_and_at_its_hours(
    stands_s: float, hours: list[dict[str, str]] | None, expected: list[str]
) -> None:
    parts = {"hours": hours} if hours else {}
    stops = {"start_m": 15.0, "profile_kmh": [[0, 0], [stands_s, 0], [stands_s + 0.2, 20]]}
    car = vehicle(body="sedan", drive=stops)
    scene = road_with(zones=zone("no_stopping", **parts))
    assert offences(play(scene, car, duration_s=8, grace={"stopping_s": 4})) == expected


@pytest.mark.parametrize(
    ("kind", "exempt", "expected"),
    [("car", {}, ["lane_closed"]), ("truck", {"classes": ["truck"]}, []), ("bicycle", {}, [])],
)
def test_a_closed_lane_is_closed_to_all_who_are_not_named(
    kind: str, exempt: dict[str, Any], expected: list[str]
) -> None:
    scene = road_with(zones=zone("lane_closed", exempt=exempt))
    assert offences(play(scene, vehicle(kind, drive={"profile_kmh": [[0, 25]]}))) == expected


MARK = [{"id": "solid", "east_m": 1.75, "from_m": 5, "to_m": 80}]
CHANGES = way((0, 5), (0, 16), (3.5, 26), (3.5, 60))
BESIDE = way((0.55, 5), (0.55, 60))


@pytest.mark.parametrize(
    ("actor", "forbidden", "expected"),
    [
        (CHANGES, "both", ["line_crossed"]),
        (CHANGES, "to_left", []),
        (BESIDE, "both", []),
    ],
)
def test_a_solid_line_is_crossed_by_wheels_in_the_forbidden_direction(
    actor: dict[str, Any], forbidden: str, expected: list[str]
) -> None:
    scene = {"lanes": [{"id": "lane", "centre_m": 0.0}, {"id": "two", "centre_m": 3.5}]}
    found = offences(play({**scene, "marks": [{**MARK[0], "forbidden": forbidden}]}, actor, duration_s=6))
    assert found == expected


def test_turning_back_is_told_and_turning_off_is_not() -> None:
    scene = road_with(zones=zone("no_u_turn", east_m=5.2, to_m=35), cross_road={"from_m": 22, "to_m": 34})
    back = way((0, 8), (0, 24), (3.5, 24), (3.5, -20), kmh=18, radius_m=1.75)
    off = way((0, 8), (0, 26), (30, 26), kmh=18)
    assert "u_turn" in offences(play(scene, back, duration_s=6))
    assert "u_turn" not in offences(play(scene, off, duration_s=6))


@pytest.mark.parametrize(
    ("plate", "style", "day", "expected"),
    [
        ("H 1235 A", "white", 2, ["odd_even"]),
        ("H 1234 A", "white", 2, []),
        ("H 1235 A", "yellow", 2, []),
        ("H 1235 A", "white", 3, []),
        ("H 1234 A", "white", 19, []),
    ],
)
def test_odd_and_even_follow_the_last_digit_the_date_and_the_calendar(
    plate: str, style: str, day: int, expected: list[str]
) -> None:
    hours = [{"from": "06:00", "to": "10:00", "holidays": "off"}]
    scene = road_with(zones=zone("odd_even", hours=hours, exempt={"plate_colours": ["yellow"]}))
    car = vehicle(body="sedan", plate=plate, plate_style=style, drive={"profile_kmh": [[0, 20]]})
    specification = play(
        scene,
        car,
        recorded_at=f"2026-03-{day:02d}T08:00:00+07:00",
        calendar={"holidays": ["2026-03-19"], "complete_to": "2026-12-31"},
        camera={"width_px": 640, "height_px": 360, "focal_px": 2000, "fps": 10, "pitch_degrees": 17},
    )
    assert offences(specification) == expected


@pytest.mark.parametrize(
    ("parts", "expected"),
    [
        ({"plate": None}, ["no_plate"]),
        ({"plate": "H 1 A", "expiry": "02.26"}, ["plate_expired"]),
        ({"plate": "H 1 A", "expiry": "03.26"}, []),
    ],
)
def test_plates_are_missing_or_out_of_date_by_the_month(parts: dict[str, Any], expected: list[str]) -> None:
    car = vehicle(body="sedan", drive={"start_m": 14.0, "profile_kmh": [[0, 8]]}, **parts)
    camera = {"width_px": 640, "height_px": 360, "focal_px": 5000, "fps": 10, "pitch_degrees": 22, "height_m": 6}
    specification = play(PLAIN_ROAD, car, checks=["no_plate", "plate_expired"], camera=camera)
    assert offences(specification) == expected


def test_a_hijab_is_no_helmet_and_a_helmet_over_it_is_one() -> None:
    def ridden(*, helmet: bool) -> list[str]:
        riders = [{"helmet": helmet, "headwear": "hijab"}]
        return offences(play(PLAIN_ROAD, vehicle("motorcycle", drive={"profile_kmh": [[0, 15]]}, riders=riders)))

    assert ridden(helmet=False) == ["no_helmet"]
    assert ridden(helmet=True) == []


def test_times_are_those_of_a_clock_that_was_set() -> None:
    car = vehicle(body="sedan", drive={"start_m": 5.0})
    camera = {"width_px": 480, "height_px": 270, "focal_px": 450, "fps": 10}
    steady = told(play(JUNCTION, car, signals=RED, camera=camera), "offence")[0]
    stepped = told(play(JUNCTION, car, signals=RED, camera={**camera, "clock_steps": [[1, 20]]}), "offence")[0]
    assert steady["frame"] == stepped["frame"]
    assert steady["time"][17:19] == "01"
    assert stepped["time"][17:19] == "21"
