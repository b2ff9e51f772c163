from __future__ import annotations

from dataclasses import replace
from typing import Any

import pytest

from pipeline.docket import Docket
from pipeline.evidence.offence import OffenceCode
from pipeline.exhibits import Finding
from pipeline.ingest import CaptureClock
from pipeline.perception.plates import PlateVote
from pipeline.perception.track import Sighting, Track
from pipeline.rules import Candidate
from tests.pipeline.rules.journeys import one_way_scene

SCENE = one_way_scene()


def track(number: int, since: float = 0.0, until: float = 3.0, x: float = 500.0) -> Track:
    steps = round((until - since) * 10) + 1
    sightings = [
        Sighting(since + n / 10, round(10 * since) + n, (x - 40, 100 + 10.0 * n, x + 40, 160 + 10.0 * n), 0.9)
        for n in range(steps)
    ]
    return Track(number, tuple(sightings), {"car": 1.0})


def candidate(of: Track, at_s: float = 2.0, *, lasting: bool = True) -> Candidate:
    return Candidate(
        OffenceCode.WRONG_WAY, of.id, "car", "up", round(at_s * 10), at_s, of.last.box, {}, (), lasting=lasting
    )


def finding(of: Track, text: str | None = None, at_s: float = 2.0) -> Finding:
    vote = PlateVote(text, 0.9 if text else 0.0, None if text else "too far", (), 1, None)
    memory: Any = None
    return Finding(SCENE, candidate(of, at_s), of, vote, CaptureClock("file", 0.0), memory, 0.0, {})


def test_a_track_is_entered_once_an_offence() -> None:
    docket, car = Docket(), track(1)
    assert docket.enter([candidate(car)], [car], {}) == 1
    assert docket.enter([candidate(car, 2.1)], [car], {}) == 0
    assert docket.open_tracks() == {1}
    assert len(docket.ripe(20.0, set())) == 1
    assert docket.enter([candidate(car, 2.2)], [car], {}) == 0


def test_it_waits_for_the_vehicle_to_pass_and_for_the_clip_s_end_but_not_forever() -> None:
    docket, car = Docket(), track(1)
    docket.enter([candidate(car)], [car], {})
    assert docket.ripe(4.9, set()) == []
    assert docket.ripe(6.0, {1}) == []
    assert len(docket.ripe(10.0, {1})) == 1


@pytest.mark.parametrize(("lasting", "chosen_s"), [(True, 2.4), (False, 2.0)])
def test_where_the_offence_lasts_the_picture_that_shows_the_plate_best_is_taken(lasting: bool, chosen_s: float) -> None:
    docket, car = Docket(), track(1)
    for at_s, merit in ((2.0, 10.0), (2.2, 5.0), (2.4, 30.0), (2.6, 20.0)):
        docket.enter([candidate(car, at_s, lasting=lasting)], [car], {1: merit})
    assert docket.ripe(20.0, set())[0][0].at_s == chosen_s


def test_the_whole_way_of_the_vehicle_is_told() -> None:
    docket = Docket()
    docket.enter([candidate(track(1))], [track(1)], {})
    docket.enter([], [track(1, until=5.0)], {})
    assert docket.ripe(20.0, set())[0][1].last.at_s == 5.0


def test_one_vehicle_under_two_numbers_is_one_case() -> None:
    docket = Docket()
    assert docket.accept(finding(track(1, until=3.0)))
    # Lost, and found again a second later a little farther on.
    again = track(2, since=4.0, until=6.0)
    moved = replace(again, sightings=tuple(replace(s, box=(460.0, 420.0, 540.0, 480.0)) for s in again.sightings))
    assert not docket.accept(finding(moved, at_s=5.0))


def test_the_same_plate_is_one_case_wherever_it_comes_up_again() -> None:
    docket = Docket()
    assert docket.accept(finding(track(1), "H1234AB"))
    assert not docket.accept(finding(track(2, since=10.0, until=13.0, x=900.0), "H1234AB", at_s=12.0))
    assert docket.accept(finding(track(3, since=300.0, until=303.0), "H1234AB", at_s=302.0))


def test_two_vehicles_one_behind_the_other_or_side_by_side_are_two_cases() -> None:
    docket = Docket()
    assert docket.accept(finding(track(1), "H1AB"))
    assert docket.accept(finding(track(2, x=620.0)))
    assert docket.accept(finding(track(3, since=3.5, until=6.0), "H2CD", at_s=5.0))
