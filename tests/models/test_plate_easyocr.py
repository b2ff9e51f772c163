"""EasyOCR behind the same port, and what is said where it is not installed."""

import sys

import pytest

from models.errors import ModelError
from models.plates.reader import load_plate_reader
from tests.models.plate_drawing import draw_plate


@pytest.mark.slow
def test_easyocr_reads_a_plain_plate_without_any_download():
    pytest.importorskip("easyocr", reason="the extra `train` is not installed")
    pytest.importorskip("easyocr_en_models", reason="the extra `train` is not installed")
    reading = load_plate_reader("easyocr", countries=("ID",)).read(draw_plate(("H", "1837", "KT"), expiry="08-27"))
    assert reading.best == "H1837KT"


def test_an_absent_extra_is_told_in_one_sentence(monkeypatch):
    monkeypatch.setitem(sys.modules, "easyocr", None)
    with pytest.raises(
        ModelError, match=r"needs the extra `train` \(easyocr is not installed\): run scripts/setup dev"
    ):
        load_plate_reader("easyocr")
