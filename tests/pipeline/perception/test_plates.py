from __future__ import annotations

from itertools import pairwise

import numpy as np
import pytest

from models.detection import CLASSES, Detections
from models.plates.reading import PlateReading
from pipeline.perception.plates import PlateAlbum, PlateLook, moving_along, read_plate, vote
from pipeline.perception.shared_reader import SharedReader
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


def weighing(*candidates: tuple[str, float], confidence: float = 0.7, named: bool = True) -> PlateReading:
    text = candidates[0][0] if named else None
    return PlateReading(text, confidence, None if named else "doubt", (), candidates, country="ID")


def test_looks_that_err_at_different_characters_are_mended_by_each_other() -> None:
    told = vote(
        looks(4),
        [
            weighing(("B1234ABC", 0.8), ("B1234A8C", 0.1)),
            weighing(("B1284ABC", 0.55), ("B1234ABC", 0.45), named=False),
            weighing(("B1234AEC", 0.5), ("B1234ABC", 0.5), named=False),
            weighing(("B1234ABC", 0.9)),
        ],
    )
    assert told.text == "B1234ABC"
    assert told.legible_looks == 4


def test_a_look_alike_that_no_look_resolves_is_not_named() -> None:
    close = weighing(("B1234AO", 0.6), ("B1234AQ", 0.4))
    told = vote(looks(4), [close] * 4)
    assert told.text is None
    assert "character 7 of B1234AO is O or Q" in (told.reason or "")
    assert [text for text, _ in told.candidates] == ["B1234AO", "B1234AQ"]


def test_expiry_and_colour_are_those_that_most_looks_show() -> None:
    def dated(expiry: str | None, colour: str) -> PlateReading:
        return PlateReading(
            "H1AB",
            0.9,
            None,
            (),
            (("H1AB", 0.9),),
            expiry,
            "ID",
            expiry_confidence=0.9,
            colour=colour,
            colour_confidence=0.8,
        )

    told = vote(looks(3), [dated("03.27", "black"), dated("03.27", "black"), dated(None, "white")])
    assert (told.expiry, told.colour) == ("03.27", "black")
    assert 0.3 < (told.colour_confidence or 0) < 0.8
    assert (told.expiry_confidence or 0) > 0.8


def test_a_parked_cars_plate_that_a_vehicle_passes_is_not_its_own() -> None:
    parked = (300.0, 150.0, 340.0, 165.0)
    passing = [
        PlateLook(t, t, int(t), (300, 150, 340, 165), PICTURE[:20, :60], 1.0, (x, 80.0, x + 200, 200.0))
        for t, x in enumerate((140.0, 180.0, 220.0, 260.0))
    ]
    assert len(moving_along(passing)) < 2
    riding = [
        PlateLook(t, t, int(t), (x, 150, x + 40, 165), PICTURE[:20, :60], 1.0, (x - 80, 80.0, x + 120, 200.0))
        for t, x in enumerate((140.0, 180.0, 220.0))
    ]
    assert len(moving_along([*riding, PlateLook(9, 9, 9, parked, PICTURE[:20, :60], 1.0, (120, 80, 320, 200))])) == 3


@pytest.mark.parametrize("box", [(180.0, 105.0, 240.0, 118.0), (105.0, 150.0, 295.0, 190.0)], ids=["high", "wide"])
def test_badges_and_signboards_are_no_plates(box: tuple[float, float, float, float]) -> None:
    album = collected(plates(box), [track(1, 100, 100, 300, 200)], {1}, [0.0])
    assert album.looks(1) == []
    assert album.glimpsed(1)


def test_a_plate_too_small_to_read_was_seen_all_the_same() -> None:
    album = collected(plates((150, 150, 165, 156)), [track(1, 100, 100, 300, 200)], {1}, [0.0])
    told = album.read(1, Stages("H1AB"))
    assert told.text is None
    assert (told.seen, told.legible_looks) == (True, 0)
    assert not album.read(2, Stages("H1AB")).seen


class Stages:
    """A reader of two stages that always reads the same; counts what its second stage is asked."""

    def __init__(self, text: str, *, differs: bool = False) -> None:
        self.text, self.differs, self.asked = text, differs, 0

    def read(self, crop_bgr: np.ndarray) -> PlateReading:
        return self.confirm(crop_bgr, self.glance(crop_bgr))

    def glance(self, crop_bgr: np.ndarray) -> PlateReading:  # noqa: ARG002 - the port's signature
        return PlateReading(None, 0.8, "only one of two readers has looked", (), ((self.text, 0.9),))

    def confirm(self, crop_bgr: np.ndarray, own: PlateReading) -> PlateReading:  # noqa: ARG002 - as above
        self.asked += 1
        if self.differs:
            return PlateReading(None, 0.4, "two readers disagree: H1AB or H1A8", (), own.candidates)
        return PlateReading(self.text, 0.9, None, (), own.candidates)


def test_the_second_reader_is_asked_about_few_looks_and_must_agree() -> None:
    agreeing, differing = Stages("H1AB"), Stages("H1AB", differs=True)
    assert read_plate(looks(5), SharedReader(agreeing)).text == "H1AB"
    assert agreeing.asked == 1
    refused = read_plate(looks(5), SharedReader(differing))
    assert refused.text is None
    assert "two readers" in (refused.reason or "")
    assert refused.candidates[0][0] == "H1AB"
    assert differing.asked <= 2


class Successive(Stages):
    """Reads one text after another."""

    def __init__(self, *texts: str) -> None:
        super().__init__(texts[0])
        self.texts, self.glances = texts, 0

    def glance(self, crop_bgr: np.ndarray) -> PlateReading:
        self.text = self.texts[self.glances]
        self.glances += 1
        return super().glance(crop_bgr)


@pytest.mark.parametrize(
    ("texts", "glances"),
    [(("H1AB",) * 5, 3), (("H1AB", "H1A8", "H1AB", "H1AB", "H1AB"), 5)],
    ids=["agreed", "one differs"],
)
def test_a_thrifty_reader_reads_on_unless_the_best_looks_say_the_same(texts: tuple[str, ...], glances: int) -> None:
    reader = Successive(*texts)
    read_plate(looks(5), reader, thrifty=True)
    assert reader.glances == glances


def test_a_reader_that_is_not_thrifty_reads_every_look() -> None:
    reader = Successive(*("H1AB",) * 5)
    assert read_plate(looks(5), reader).text == "H1AB"
    assert reader.glances == 5
