from __future__ import annotations

import numpy as np
import pytest

torch = pytest.importorskip("torch", reason="training needs the extra `train`")

from typer.testing import CliRunner  # noqa: E402 - as above

from models.classifier import CropClassifier  # noqa: E402 - as above
from models.errors import ModelError  # noqa: E402 - as above
from models.riders.head_image import CLASSES, SIDE_PX  # noqa: E402 - as above
from models.signals.lamp_image import CHANNELS, HEIGHT_PX, STATES, WIDTH_PX  # noqa: E402 - as above
from models.training.riders.batches import covered  # noqa: E402 - as above
from models.training.signals.batches import batch  # noqa: E402 - as above
from models.training.signals.drawing import draw_head  # noqa: E402 - as above
from models.training.signals.export import export, load_checkpoint  # noqa: E402 - as above
from models.training.signals.heads import heads, lit_end  # noqa: E402 - as above
from models.training.signals.smoke import make_set  # noqa: E402 - as above
from models.training.signals.train import Recipe, fitted_temperature, train  # noqa: E402 - as above
from scripts.commands.models import app  # noqa: E402 - as above


@pytest.fixture(scope="module")
def made(tmp_path_factory):
    return make_set(tmp_path_factory.mktemp("signals"), pictures=6)


@pytest.mark.parametrize("name", ["signals", "riders"])
def test_a_smoke_run_trains_and_exports_what_the_roadside_runs(name, tmp_path):
    runner = CliRunner()
    trained = runner.invoke(app, ["train", name, "--smoke", "--out", str(tmp_path)])
    assert trained.exit_code == 0, trained.output
    written = runner.invoke(app, ["export", name, "--checkpoint", str(tmp_path / "last.pt")])
    assert written.exit_code == 0, written.output
    path, size = written.output.split()[:2]
    if name == "signals":
        assert int(size) < 500_000
        network = CropClassifier(path, size_px=(HEIGHT_PX, WIDTH_PX), classes=len(STATES))
        shares = network.shares(np.zeros((2, CHANNELS, HEIGHT_PX, WIDTH_PX), np.float32))
    else:
        network = CropClassifier(path, size_px=(SIDE_PX, SIDE_PX), classes=len(CLASSES))
        shares = network.shares(np.zeros((2, 3, SIDE_PX, SIDE_PX), np.float32))
    assert shares.sum(axis=1) == pytest.approx(1, abs=1e-4)
    other = (SIDE_PX, SIDE_PX) if name == "signals" else (HEIGHT_PX, WIDTH_PX)
    with pytest.raises(ModelError, match="a classifier of 3 classes"):
        CropClassifier(path, size_px=other, classes=3)


def test_the_same_seed_gives_the_same_network(made, tmp_path):
    one, again = (train(made, tmp_path / name, Recipe().smoke()) for name in ("one", "again"))
    assert all(
        torch.equal(value, torch.load(again, weights_only=True)["model"][key])
        for key, value in torch.load(one, weights_only=True)["model"].items()
    )


def test_drawn_heads_glow_where_their_state_says():
    rng = np.random.default_rng(3)
    ground = np.full((20, 20, 3), 120, np.uint8)
    for state, end in (("red", "red"), ("green", "green")):
        ends = [lit_end(draw_head(rng, ground, state), state) for _ in range(40)]
        assert ends.count(end) >= 30
        assert ends.count("green" if end == "red" else "red") <= 2


def test_heads_of_turned_pictures_are_set_upright(made):
    for head in heads(made, margin=0.3):
        if head.clear and head.state != "yellow":
            assert lit_end(head.crop, head.state) == head.state


def test_a_batch_is_the_same_for_the_same_seed(made):
    known = heads(made, margin=0.3)
    one, again = (batch(np.random.default_rng(5), known, 12) for _ in range(2))
    assert np.array_equal(one[0], again[0])
    assert one[0].shape == (12, CHANNELS, HEIGHT_PX, WIDTH_PX)
    assert 0 <= one[0].min() < one[0].max() <= 1


def test_cloth_is_drawn_on_the_head_and_not_beside_it():
    rng = np.random.default_rng(2)
    plain = np.full((120, 120, 3), 128, np.uint8)
    for _ in range(20):
        changed = np.abs(covered(rng, plain).astype(int) - plain).max(axis=2) > 30
        assert changed[25:95, 25:95].mean() > 0
        assert not changed[:, :8].any()
        assert not changed[:8].any()


def test_a_network_that_is_too_sure_is_cooled():
    scores = np.array([[8.0, 0, 0], [8.0, 0, 0], [8.0, 0, 0], [8.0, 0, 0]], np.float32)
    assert fitted_temperature(scores, np.array([0, 0, 1, 0])) > 2
    assert fitted_temperature(scores / 8, np.array([0, 0, 0, 0])) < 1


def test_missing_pictures_and_damaged_checkpoints_are_told_in_a_sentence(tmp_path):
    with pytest.raises(ModelError, match="no labelled signal heads"):
        heads(tmp_path, margin=0.3)
    with pytest.raises(ModelError, match="run `tertib models train signals` first"):
        load_checkpoint(tmp_path / "none.pt")
    (tmp_path / "bad.pt").write_bytes(b"no")
    with pytest.raises(ModelError, match="cannot read the checkpoint"):
        export(tmp_path / "bad.pt", tmp_path / "x.onnx")
