from __future__ import annotations

from itertools import pairwise

import numpy as np
import pytest

from models.detection import CLASSES, Detections
from models.plates.reading import PlateReading
from pipeline.perception.plates import PlateAlbum, PlateLook, read_plate, vote
from pipeline.perception.track import Sighting, Track

PICTURE = np.random.default_rng(1).integers(0, 255, (400, 600, 3), np.uint8)


def reading(text: str | None, confidence: float = 0.9, *, best: str | None = None) -> PlateReading:
    candidates = ((best or text or "", confidence),) if best or text else ()
    return PlateReading(text, confidence, None if text else "too blurred", (), candidates, None)


def looks(count: int) -> list[PlateLook]:
    return [PlateLook(float(n), float(n), n, (0, 0, 60, 20), PICTURE[:20, :60], 60.0 - n) for n in range(count)]


def test_looks_that_agree_give_the_text() -> None:
    told = vote(looks(3), [reading("H1234AB"), reading("H1234AB"), reading(None, 0.3)])
    assert told.text == "H1234AB"
    assert told.looks == 3
    assert told.candidates[0] == ("H1234AB", 1.0)


def test_a_character_that_one_look_misread_is_outvoted() -> None:
    told = vote(looks(4), [reading("H1234AB"), reading("H1234A8", 0.6), reading("H1234AB"), reading("H1234AB")])
    assert told.text == "H1234AB"
    assert told.confidence < 0.95


@pytest.mark.parametrize(
    ("readings", "why"),
    [
        ([reading("H1234AB"), reading("H1284AB")], "disagree"),
        ([reading("H1234AB"), reading("H123AB")], "disagree"),
        ([reading("H1234AB", 0.6), reading(None, 0.1)], "only one look"),
        ([reading(None, 0.4, best="H1234AB"), reading(None, 0.4, best="H1234AB")], "no single look"),
        ([reading(None, 0.0)], "too blurred"),
        ([], "not seen"),
    ],
)
def test_in_doubt_it_abstains_and_says_why(readings: list[PlateReading], why: str) -> None:
    told = vote(looks(len(readings)), readings)
    assert told.text is None
    assert why in (told.reason or "")


def test_one_very_sure_look_is_enough() -> None:
    assert vote(looks(1), [reading("H1234AB", 0.97)]).text == "H1234AB"


def test_the_best_look_is_one_that_shows_the_text() -> None:
    told = vote(looks(3), [reading("H1234A8", 0.5), reading("H1234AB", 0.8), reading("H1234AB", 0.9)])
    assert told.best is not None
    assert told.best.frame == 2


def track(number: int, *box: float) -> Track:
    return Track(number, (Sighting(0.0, 0, (box[0], box[1], box[2], box[3]), 0.9),), {"car": 1.0})


def plates(*boxes: tuple[float, float, float, float]) -> Detections:
    count = len(boxes)
    return Detections(
        np.array(boxes, np.float32).reshape(-1, 4),
        np.full(count, 0.8, np.float32),
        np.full(count, CLASSES.index("plate"), np.int64),
    )


def collected(seen: Detections, tracks: list[Track], watched: set[int], times: list[float]) -> PlateAlbum:
    album = PlateAlbum()
    for index, at_s in enumerate(times):
        album.collect(PICTURE, seen, tracks, watched, at_s=at_s, media_s=at_s, frame=index)
    return album


def test_only_watched_tracks_are_looked_at() -> None:
    album = collected(
        plates((150, 150, 200, 170), (450, 150, 500, 170)),
        [track(1, 100, 100, 300, 200), track(2, 400, 100, 590, 200)],
        {2},
        [0.0],
    )
    assert album.looks(1) == []
    assert len(album.looks(2)) == 1
    assert album.merits(0).keys() == {2}


def test_a_plate_in_two_vehicles_boxes_belongs_to_neither() -> None:
    album = collected(
        plates((150, 150, 200, 170)), [track(1, 100, 100, 300, 200), track(2, 120, 90, 320, 210)], {1, 2}, [0.0]
    )
    assert album.looks(1) == album.looks(2) == []


def test_looks_are_apart_in_time_and_few() -> None:
    times = [index * 0.03 for index in range(60)]
    album = collected(plates((150, 150, 200, 170)), [track(1, 100, 100, 300, 200)], {1}, times)
    kept = sorted(look.at_s for look in album.looks(1))
    assert len(kept) <= 5
    assert all(later - earlier >= 0.08 - 1e-9 for earlier, later in pairwise(kept))


def test_crops_of_those_of_whom_nothing_came_are_dropped() -> None:
    album = collected(plates((150, 150, 200, 170)), [track(1, 100, 100, 300, 200)], {1}, [0.0])
    album.forget_all_but({7})
    assert album.looks(1) == []


def test_every_kept_look_is_read() -> None:
    class Reader:
        calls = 0

        def read(self, crop_bgr: np.ndarray) -> PlateReading:  # noqa: ARG002 - the port's signature
            self.calls += 1
            return reading("H1AB")

    reader = Reader()
    assert read_plate(looks(4), reader).text == "H1AB"
    assert reader.calls == 4
