from __future__ import annotations

from pathlib import Path

import cv2
import numpy as np
import pytest

torch = pytest.importorskip("torch", reason="training needs the extra `train`")
ultralytics = pytest.importorskip("models.backends.guarded_ultralytics", reason="training needs the extra `train`")

from typer.testing import CliRunner  # noqa: E402 - after the skip

from models.backends.onnx_detector import OnnxDetector  # noqa: E402 - as above
from models.backends.openvino import OpenvinoRunner  # noqa: E402 - as above
from models.detection import CLASSES  # noqa: E402 - as above
from models.errors import ModelError  # noqa: E402 - as above
from models.training.traffic.agreement import HEADS_UNDECIDED  # noqa: E402 - as above
from models.training.traffic.export import blend, export, load_checkpoint  # noqa: E402 - as above
from models.training.traffic.loss import UndecidedLoss  # noqa: E402 - as above
from models.training.traffic.network import adapt, load_base  # noqa: E402 - as above
from models.training.traffic.pictures import (  # noqa: E402 - as above
    Composer,
    darkened,
    dazzled,
    rained,
    read_set,
)
from models.training.traffic.smoke import make_set  # noqa: E402 - as above
from models.training.traffic.train import Recipe, train  # noqa: E402 - as above
from scripts.commands.models import app  # noqa: E402 - as above

COCO_NAMES = ["person", "bicycle", "car", "motorcycle", "airplane", "bus", "train", "truck", "boat", "traffic light"]
RECIPE = Recipe(epochs=2, plain_epochs=1, side_px=96, batch=2)


@pytest.fixture(scope="module")
def base(tmp_path_factory) -> Path:
    """A YOLOv8n of COCO's shape that has learned nothing: no download needed."""
    torch.manual_seed(0)
    model = ultralytics.YOLO("yolov8n.yaml", verbose=False)
    model.model.names = {row: COCO_NAMES[row] if row < len(COCO_NAMES) else f"thing {row}" for row in range(80)}
    path = tmp_path_factory.mktemp("base") / "base.pt"
    torch.save({"model": model.model, "train_args": {}}, path)
    return path


@pytest.fixture(scope="module")
def pictures(tmp_path_factory) -> Path:
    return make_set(tmp_path_factory.mktemp("set"), pictures=4)


def weights(checkpoint: Path) -> dict[str, torch.Tensor]:
    return torch.load(checkpoint, weights_only=False)["model"].state_dict()


def test_known_classes_keep_their_rows_and_new_ones_start_rare(base):
    old = load_base(base)
    rows = [branch[-1].weight.clone() for branch in old.model[-1].cv3]
    new = adapt(old)
    for before, branch in zip(rows, new.model[-1].cv3, strict=True):
        after = branch[-1]
        assert torch.equal(after.weight[CLASSES.index("car")], before[COCO_NAMES.index("car")])
        assert torch.equal(after.weight[CLASSES.index("signal")], before[COCO_NAMES.index("traffic light")])
        assert torch.sigmoid(after.bias[CLASSES.index("plate")]) < 0.01


def test_the_command_trains_and_exports_what_the_roadside_can_run(base, tmp_path):
    run = CliRunner()
    out = tmp_path / "out"
    trained = run.invoke(app, ["train", "traffic-n", "--base", str(base), "--out", str(out), "--smoke"])
    assert trained.exit_code == 0, trained.output
    pictures = make_set(tmp_path / "set", pictures=2)
    asked = ["export", "traffic-n", "--checkpoint", str(out / "last.pt"), "--calibrate", str(pictures)]
    written = run.invoke(app, asked)
    assert written.exit_code == 0, written.output
    full, small = out / "traffic-n.onnx", out / "traffic-n-int8.onnx"
    assert small.stat().st_size < 0.6 * full.stat().st_size < 10_000_000
    for path in (full, small):
        detector = OnnxDetector(path, OpenvinoRunner(path, threads=1, device="CPU"))
        for height, width in ((720, 1280), (300, 300)):
            detector.detect(np.zeros((height, width, 3), np.uint8))


def test_an_interrupted_training_goes_on_to_the_same_network(base, pictures, tmp_path):
    whole = weights(train(base, pictures, tmp_path / "whole", RECIPE))

    class InterruptedByUserError(Exception):
        pass

    def stop_in_second_epoch(state: dict[str, float]) -> None:
        if state["epoch"] == 1:
            raise InterruptedByUserError

    with pytest.raises(InterruptedByUserError):
        train(base, pictures, tmp_path / "part", RECIPE, tell=stop_in_second_epoch)
    resumed = weights(train(base, pictures, tmp_path / "part", RECIPE, resume=True))
    assert all(torch.allclose(whole[name], resumed[name], atol=1e-5) for name in whole)


def test_the_first_layers_keep_what_coco_taught(base, pictures, tmp_path):
    before = load_base(base).state_dict()
    after = weights(train(base, pictures, tmp_path / "out", RECIPE))
    assert torch.equal(before["model.0.conv.weight"], after["model.0.conv.weight"])
    assert not torch.equal(before["model.21.cv1.conv.weight"], after["model.21.cv1.conv.weight"])


def test_blending_brings_the_base_back_but_leaves_new_classes_as_trained(base, pictures, tmp_path):
    trained = load_checkpoint(train(base, pictures, tmp_path / "out", RECIPE))
    plate = trained.model[-1].cv3[0][-1].weight[CLASSES.index("plate")].clone()
    old = adapt(load_base(base))
    blend(trained, old, keep=1.0)
    after = dict(trained.named_parameters())
    rows = "model.22.cv3.0.2.weight"
    assert torch.equal(after[rows][CLASSES.index("plate")], plate)
    assert torch.equal(after[rows][0], dict(old.named_parameters())[rows][0])
    assert torch.equal(after["model.21.cv1.conv.weight"], dict(old.named_parameters())["model.21.cv1.conv.weight"])


def test_undecided_regions_teach_no_class(base):
    network = adapt(load_base(base)).train()
    criterion = UndecidedLoss(network)
    output = network(torch.rand(1, 3, 96, 96, generator=torch.Generator().manual_seed(1)))
    car = {"batch_idx": torch.zeros(1), "cls": torch.zeros(1, 1), "bboxes": torch.tensor([[0.3, 0.3, 0.2, 0.2]])}
    everywhere = torch.tensor([[0.5, 0.5, 1.0, 1.0]])
    hushed = {
        "batch_idx": torch.zeros(2),
        "cls": torch.tensor([[0.0], [float(len(CLASSES))]]),
        "bboxes": torch.cat([car["bboxes"], everywhere]),
    }
    _, loud = criterion(output, car)
    _, quiet = criterion(output, hushed)
    assert quiet[1] < loud[1]
    assert quiet[0] == pytest.approx(float(loud[0]))


def test_an_unmarked_head_silences_heads_and_nothing_else(base):
    network = adapt(load_base(base)).train()
    criterion = UndecidedLoss(network)
    output = network(torch.rand(1, 3, 96, 96, generator=torch.Generator().manual_seed(1)))
    person = {
        "batch_idx": torch.zeros(1),
        "cls": torch.full((1, 1), 5.0),
        "bboxes": torch.tensor([[0.4, 0.5, 0.3, 0.6]]),
    }
    everywhere = torch.tensor([[0.5, 0.5, 1.0, 1.0]])
    losses = {}
    for name, kind in (("heads", HEADS_UNDECIDED), ("all", len(CLASSES))):
        silent = torch.cat([person["cls"], torch.tensor([[float(kind)]])])
        batch = {"batch_idx": torch.zeros(2), "cls": silent, "bboxes": torch.cat([person["bboxes"], everywhere])}
        losses[name] = criterion(output, batch)[1]
    loud = criterion(output, person)[1]
    assert losses["all"][1] < losses["heads"][1] < loud[1]


@pytest.mark.parametrize(
    ("spoil", "brighter"), [(darkened, False), (dazzled, True)], ids=["night is darker", "glare is brighter"]
)
def test_light_does_what_its_name_says(spoil, brighter):
    grey = np.full((64, 64, 3), 120, np.uint8)
    after = spoil(grey.copy(), np.random.default_rng(2))
    assert after.shape == grey.shape
    assert after.dtype == np.uint8
    assert (after.mean() > 120) == brighter


def test_rain_streaks_and_leaves_the_picture_a_picture():
    after = rained(np.full((64, 64, 3), 60, np.uint8), np.random.default_rng(2))
    assert after.shape == (64, 64, 3)
    assert after.std() > 1


@pytest.mark.parametrize("mosaic", [True, False])
def test_a_picture_is_the_same_for_the_same_seed(pictures, mosaic):
    first, second = (
        Composer(read_set(pictures), side_px=128, seed=3).compose(1, epoch=2, place=5, mosaic=mosaic) for _ in range(2)
    )
    assert all(np.array_equal(a, b) for a, b in zip(first, second, strict=True))
    picture, boxes, classes = first
    assert picture.shape == (128, 128, 3)
    assert boxes.min(initial=0) >= 0
    assert boxes.max(initial=0) <= 128
    assert len(boxes) == len(classes)


class TestBadInput:
    def test_a_missing_base_says_what_to_give(self, pictures, tmp_path):
        with pytest.raises(ModelError, match="--base"):
            train(tmp_path / "none.pt", pictures, tmp_path / "out", RECIPE)

    def test_a_file_that_is_no_network_is_told_in_one_line(self, pictures, tmp_path):
        (tmp_path / "bad.pt").write_bytes(b"no network")
        with pytest.raises(ModelError, match="cannot load the base network") as told:
            train(tmp_path / "bad.pt", pictures, tmp_path / "out", RECIPE)
        assert "\n" not in str(told.value)

    def test_an_empty_set_says_how_to_make_one(self, base, tmp_path):
        with pytest.raises(ModelError, match=r"models\.training\.traffic\.label"):
            train(base, tmp_path, tmp_path / "out", RECIPE)

    @pytest.mark.parametrize("line", ["0 0.5 0.5 0.1", "12 0.5 0.5 0.1 0.1", "car 0.5 0.5 0.1 0.1"])
    def test_a_wrong_label_names_its_file(self, tmp_path, line):
        for folder in ("images", "labels"):
            (tmp_path / folder).mkdir()
        cv2.imwrite(str(tmp_path / "images" / "a.jpg"), np.zeros((8, 8, 3), np.uint8))
        (tmp_path / "labels" / "a.txt").write_text(line + "\n", encoding="utf-8")
        with pytest.raises(ModelError, match=r"a\.txt"):
            read_set(tmp_path)

    def test_resuming_nothing_is_told(self, base, pictures, tmp_path):
        with pytest.raises(ModelError, match="nothing to resume"):
            train(base, pictures, tmp_path / "out", RECIPE, resume=True)

    def test_a_damaged_checkpoint_is_told(self, tmp_path):
        (tmp_path / "last.pt").write_bytes(b"half a file")
        with pytest.raises(ModelError, match="cannot read the checkpoint"):
            export(tmp_path / "last.pt", tmp_path / "out.onnx")


def test_a_smoke_run_needs_no_base_and_writes_over_no_checkpoint(tmp_path, monkeypatch):
    monkeypatch.setenv("TERTIB_HOME", str(tmp_path / "home"))
    done = CliRunner().invoke(app, ["train", "traffic-n", "--smoke"])
    assert done.exit_code == 0, done.output
    assert "it runs" in done.output
    assert not list(tmp_path.rglob("last.pt"))
