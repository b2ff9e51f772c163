from __future__ import annotations

import numpy as np
import pytest

from models.plates.agreement import DIFFERENT, SAME, AgreeingReader, calibrated
from models.plates.alignment import likelihood
from models.plates.line_image import HEIGHT_PX, WIDTH_PX, line_image, normalised
from models.plates.posteriors import INDEX, SILENT, Posteriors
from models.plates.reading import PlateReading
from models.plates.scoring import likelihoods

CROP = np.zeros((60, 200, 3), np.uint8)


class Saying:
    """A reader that always says the same."""

    def __init__(self, *candidates: tuple[str, float], expiry: str | None = None) -> None:
        best = candidates[0][0] if candidates else ""
        self.reading = PlateReading(
            text=None,
            confidence=candidates[0][1] if candidates else 0.0,
            reason=None if candidates else "no characters are legible",
            characters=(0.9,) * len(best),
            candidates=candidates,
            expiry=expiry,
            country="ID",
        )

    def read(self, crop_bgr):  # noqa: ARG002 - the port gives it
        return self.reading


def read(one, two):
    return AgreeingReader(one, two).read(CROP)


def test_a_text_that_both_readers_say_is_named_with_the_expiry_of_the_second():
    reading = read(Saying(("H1234AB", 0.9), ("H1234A8", 0.1)), Saying(("H1234AB", 0.95), expiry="03.27"))
    assert reading.text == "H1234AB"
    assert reading.reason is None
    assert reading.expiry == "03.27"
    assert 0.9 < reading.confidence <= 1


def test_where_the_readers_differ_both_texts_are_candidates_and_none_is_named():
    reading = read(Saying(("C1986N", 0.97), ("G1986N", 0.03)), Saying(("G1986N", 0.99)))
    assert reading.text is None
    assert "C1986N or G1986N" in reading.reason
    assert {text for text, _ in reading.candidates} == {"C1986N", "G1986N"}


def test_a_common_text_with_a_close_rival_is_not_named():
    close = (("B1502NRO", 0.55), ("B1502NRD", 0.45))
    reading = read(Saying(*close), Saying(*close))
    assert reading.text is None
    assert "B1502NRD" in reading.reason
    assert reading.candidates[0][0] == "B1502NRO"


def test_a_text_that_both_see_dimly_is_not_named():
    reading = read(Saying(("H1234AB", 0.3)), Saying(("H1234AB", 0.25)))
    assert reading.text is None
    assert "both readers see H1234AB, but not clearly enough" in reading.reason


def test_a_glance_names_nothing_and_the_second_reader_confirms_it():
    reader = AgreeingReader(Saying(("H1234AB", 0.95)), Saying(("H1234AB", 0.9)))
    glance = reader.glance(CROP)
    assert glance.text is None
    assert glance.best == "H1234AB"
    assert reader.confirm(CROP, glance).text == "H1234AB"


def test_calibration_keeps_the_order_and_stays_a_share():
    raw = [0.0, 0.1, 0.5, 0.9, 1.0]
    told = [calibrated(value, SAME) for value in raw]
    assert told == sorted(told)
    assert 0 < told[0] < told[-1] < 1
    assert calibrated(0.5, DIFFERENT) < calibrated(0.5, SAME)


def test_positions_share_what_the_candidates_share():
    reading = Saying(("B1234AO", 0.6), ("B1234AQ", 0.3), ("B1234", 0.1)).reading
    places = reading.posteriors()
    assert places[0] == {"B": pytest.approx(1.0)}
    assert places[6] == {"O": pytest.approx(2 / 3), "Q": pytest.approx(1 / 3)}


@pytest.mark.parametrize("readers", [(Saying(), Saying(("H1234AB", 0.9))), (Saying(("H1234AB", 0.9)), Saying())])
def test_one_reader_alone_is_not_enough(readers):
    reading = read(*readers)
    assert reading.text is None
    assert reading.candidates[0][0] == "H1234AB"
    assert "one of two readers" in reading.reason


def test_two_readers_that_see_nothing_say_why():
    assert read(Saying(), Saying()).reason == "no characters are legible"


def test_likelihoods_of_many_texts_are_those_of_each_alone():
    rng = np.random.default_rng(2)
    looks = []
    for _ in range(3):
        shares = rng.dirichlet(np.full(38, 0.2), 24).astype(np.float32)
        shares[::2, SILENT] += 2
        looks.append(Posteriors(shares / shares.sum(1, keepdims=True)))
    texts = ["AA11", "B7", "QQ0O0", "XYZ123", "11"]
    together = likelihoods(looks, texts)
    alone = [[likelihood(look, text) for text in texts] for look in looks]
    assert np.allclose(together, alone, atol=1e-6)


def test_a_text_longer_than_the_line_is_as_good_as_impossible():
    shares = np.full((4, 38), 1e-6, np.float32)
    shares[:, INDEX["A"]] = 1
    assert likelihoods([Posteriors(shares)], ["ABABABABAB"])[0, 0] < -60


def test_line_images_have_one_size_and_blue_letters_on_dark_stand_out():
    blue = np.full((50, 300, 3), 10, np.uint8)
    blue[10:40, 50:60] = (255, 20, 20)
    image = line_image(blue)
    assert image.shape == (HEIGHT_PX, WIDTH_PX)
    assert np.ptp(image) > 200
    flat = normalised(np.full((2, HEIGHT_PX, WIDTH_PX), 80, np.uint8))
    assert np.abs(flat).max() == 0
