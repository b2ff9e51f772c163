"""Truth is reckoned, not measured: it must agree with what can be reckoned by hand."""

from __future__ import annotations

from datetime import UTC, datetime, timedelta

import pytest

from tests.pipeline.stage.plays import BUS_ROAD, JUNCTION, PLAIN_ROAD, head, offences, play, told, vehicle

START = datetime(2026, 3, 2, 2, 0, tzinfo=UTC)


def seconds(stamp: str) -> float:
    return (datetime.fromisoformat(stamp) - START) / timedelta(seconds=1)


def test_the_instant_of_passing_on_red_is_exact_to_the_microsecond() -> None:
    # A sedan of 4.5 m: rear axle 1.35 m behind, front axle 1.395 m ahead of the middle; 10 m/s.
    car = vehicle(body="sedan", plate="h 12 ab", drive={"start_m": 5.0})
    (offence,) = told(play(JUNCTION, car, signals=head((0, "yellow"), (0.5, "red"))), "offence")
    assert offence["offence"] == "red_light"
    assert seconds(offence["time"]) == pytest.approx((20 - 5 + 0.3 * 4.5) / 10, abs=1e-6)
    assert seconds(offence["measured"]["front_wheels_at"]) == pytest.approx((20 - 5 - 0.31 * 4.5) / 10, abs=1e-6)
    assert offence["measured"]["red_for_s"] == pytest.approx((15 - 0.31 * 4.5) / 10 - 0.5, abs=1e-6)
    assert offence["plate"]["text"] == "H12AB"
    assert offence["frame"] == 17
    assert not offence["borderline"]


def test_braking_is_reckoned_by_the_square_of_time() -> None:
    # From 10 m/s evenly to a stand in 4 s: 20 m, so it is 16 m on after t with 10 t - 1.25 t2 = 16.
    line = [{"id": "line", "north_m": 24.65, "west_m": -2, "east_m": 2}]
    car = vehicle(body="sedan", drive={"start_m": 10.0, "profile_kmh": [[0, 36], [4, 0]]})
    (crossing,) = told(play(PLAIN_ROAD, car, count_lines=line, duration_s=5), "crossing")
    assert seconds(crossing["time"]) == pytest.approx((10 - (100 - 4 * 1.25 * 16) ** 0.5) / 2.5, abs=1e-6)
    assert crossing["toward"] == "away"


def test_a_long_lorry_that_passed_on_yellow_is_innocent_although_its_rear_wheels_pass_on_red() -> None:
    lorry = vehicle("truck", drive={"start_m": 14.0, "profile_kmh": [[0, 9]]})
    lamps = head((0, "yellow"), (1.8, "red"))
    assert offences(play(JUNCTION, lorry, signals=lamps, duration_s=6)) == []


def test_who_passes_in_the_first_half_second_of_red_is_borderline() -> None:
    car = vehicle(body="sedan", drive={"start_m": 5.0})
    (offence,) = told(play(JUNCTION, car, signals=head((0, "yellow"), (1.2, "red"))), "offence")
    assert offence["borderline"]


@pytest.mark.parametrize(("beyond_m", "expected"), [(1.5, ["stop_line"]), (-0.5, [])])
def test_who_stands_beyond_the_line_on_red_is_told_by_metres(beyond_m: float, expected: list[str]) -> None:
    # 5 m/s to a stand in one second: 2.5 m.
    stop = {"start_m": 20 + beyond_m - 2.25 - 2.5, "profile_kmh": [[0, 18], [1, 0]]}
    car = vehicle(body="sedan", drive=stop)
    assert offences(play(JUNCTION, car, signals=head((0, "yellow"), (0.9, "red")))) == expected


@pytest.mark.parametrize(
    ("parts", "expected"),
    [
        ({"against": True, "start_m": 45.0}, ["wrong_way"]),
        ({}, []),
        ({"reverse": True}, []),
        ({"against": True, "start_m": 30.0, "profile_kmh": [[0, 0]]}, []),
    ],
)
def test_only_who_moves_against_the_direction_drives_the_wrong_way(
    parts: dict[str, object], expected: list[str]
) -> None:
    assert offences(play(PLAIN_ROAD, vehicle(drive=parts))) == expected


@pytest.mark.parametrize(
    ("kind", "hour", "expected"),
    [("car", 7, ["bus_lane"]), ("car", 10, []), ("bus", 7, []), ("bicycle", 7, []), ("motorcycle", 7, ["bus_lane"])],
)
def test_a_bus_lane_binds_at_its_hours_and_by_class(kind: str, hour: int, expected: list[str]) -> None:
    at = f"2026-03-02T{hour:02d}:15:00+07:00"
    actor = vehicle(kind, "bus", drive={"profile_kmh": [[0, 20]]})
    assert offences(play(BUS_ROAD, actor, recorded_at=at)) == expected


def test_bare_heads_and_too_many_riders_are_offences_of_the_motorcycle() -> None:
    riders = [{"helmet": True}, {"helmet": False}, {"helmet": True}]
    found = offences(play(PLAIN_ROAD, vehicle("motorcycle", drive={"profile_kmh": [[0, 15]]}, riders=riders)))
    assert sorted(found) == ["no_helmet", "pillion"]


def test_places_and_speeds_are_those_of_the_journey() -> None:
    places = told(play(PLAIN_ROAD, vehicle(drive={"start_m": 12.0})), "position")
    assert [place["north_m"] for place in places[:3]] == [12.0, 13.0, 14.0]
    assert {place["speed_kmh"] for place in places} == {36.0}
    assert all(place["box"][2] > place["box"][0] for place in places)


def test_phases_are_told_at_their_onset() -> None:
    lamps = head((0, "green"), (1.23, "yellow"), (2.5, "red"))
    phases = told(play(JUNCTION, signals=lamps), "phase")
    assert [(p["state"], seconds(p["time"]), p["frame"]) for p in phases] == [
        ("green", 0.0, 0),
        ("yellow", 1.23, 13),
        ("red", 2.5, 25),
    ]
