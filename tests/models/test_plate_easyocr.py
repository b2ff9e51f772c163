"""EasyOCR behind the same port, and what is said where it is not installed."""

import sys

import numpy as np
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


def test_our_own_network_is_one_of_easyocrs_user_networks(tmp_path):
    torch = pytest.importorskip("torch", reason="the extra `train` is not installed")
    easyocr = pytest.importorskip("easyocr", reason="the extra `train` is not installed")
    from models.training.plates.easyocr_export import export_easyocr  # noqa: PLC0415 - needs torch
    from models.training.plates.network import PlateNet  # noqa: PLC0415 - as above

    torch.manual_seed(3)
    network = PlateNet().eval()
    torch.save({"model": network.state_dict()}, tmp_path / "last.pt")
    folder = str(export_easyocr(tmp_path / "last.pt", tmp_path / "networks", "plates_test"))
    reader = easyocr.Reader(
        ["en"],
        gpu=False,
        detector=False,
        recog_network="plates_test",
        user_network_directory=folder,
        model_storage_directory=folder,
        download_enabled=False,
        verbose=False,
        quantize=False,
    )
    image = torch.from_numpy(np.linspace(-1, 1, 40 * 192, dtype=np.float32).reshape(1, 1, 40, 192) % 0.7)
    same = (image - image.mean()) / image.std()
    reader.recognizer.eval()
    with torch.no_grad():
        assert torch.allclose(reader.recognizer(image), network(same), atol=1e-3)
    assert len(reader.converter.character) == 37
