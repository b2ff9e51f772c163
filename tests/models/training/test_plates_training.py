from __future__ import annotations

import json
from pathlib import Path

import cv2
import numpy as np
import pytest

torch = pytest.importorskip("torch", reason="training needs the extra `train`")

from typer.testing import CliRunner  # noqa: E402 - as above

from models.errors import ModelError  # noqa: E402 - as above
from models.plates.grammar import grammar_of  # noqa: E402 - as above
from models.plates.line_image import HEIGHT_PX, WIDTH_PX, normalised  # noqa: E402 - as above
from models.plates.line_network import LineNetwork  # noqa: E402 - as above
from models.plates.net_reader import NetReader  # noqa: E402 - as above
from models.training.plates.batches import made_batch, wanted_steps  # noqa: E402 - as above
from models.training.plates.drawing import draw  # noqa: E402 - as above
from models.training.plates.export import export, load_checkpoint  # noqa: E402 - as above
from models.training.plates.network import PlateNet  # noqa: E402 - as above
from models.training.plates.photographs import PHOTOGRAPH_LABELS, load_photographs  # noqa: E402 - as above
from models.training.plates.texts import random_text  # noqa: E402 - as above
from models.training.plates.train import Recipe, best_path, course, train  # noqa: E402 - as above
from scripts.commands.models import app  # noqa: E402 - as above
from tests.models.plate_drawing import draw_plate  # noqa: E402 - as above

FEW = Recipe(steps=4, batch=4, held_out=4)


def weights(checkpoint: Path) -> dict[str, torch.Tensor]:
    return torch.load(checkpoint, weights_only=True)["model"]


@pytest.fixture(scope="module")
def checkpoint(tmp_path_factory) -> Path:
    return train(tmp_path_factory.mktemp("plates"), FEW)


def test_made_plates_are_the_same_for_the_same_seed_and_differ_for_another():
    one, again, other = made_batch(1, 5, 6), made_batch(1, 5, 6), made_batch(2, 5, 6)
    assert one.texts == again.texts
    assert np.array_equal(one.images, again.images)
    assert one.texts != other.texts


def test_made_lines_have_one_size_contrast_and_their_characters_in_order():
    batch = made_batch(3, 0, 24)
    assert batch.images.shape == (24, HEIGHT_PX, WIDTH_PX)
    assert min(image.std() for image in batch.images) > 0
    for text, steps in zip(batch.texts, batch.steps, strict=True):
        said = best_path([step for step in steps.tolist() if step >= 0])
        assert len(said) <= len(text)
        assert all(character in text for character in said)


def test_drawn_centres_lie_inside_the_plate_from_left_to_right():
    rng = np.random.default_rng(4)
    for _ in range(20):
        plate = random_text(rng)
        drawn = draw(rng, plate)
        assert len(drawn.centres) == len(plate.text)
        assert (np.diff(drawn.centres[:, 0]) > 0).all()
        assert drawn.box[0] < drawn.centres[0, 0] < drawn.centres[-1, 0] < drawn.box[2]


def test_indonesian_texts_fit_the_grammar_they_will_be_read_by():
    rng = np.random.default_rng(5)
    grammar = grammar_of("ID")
    texts = [plate.text for plate in (random_text(rng) for _ in range(300)) if plate.kind == "ID"]
    assert len(texts) > 100
    fits = [grammar.fit(text) for text in texts]
    assert all(fit is not None and fit.known for fit in fits)


def test_steps_say_each_character_at_its_middle_and_nothing_between_or_beside():
    centres = np.array([40.0, 80.0, 120.0], np.float32)
    steps = wanted_steps("A1A", centres)
    assert best_path([step for step in steps.tolist() if step >= 0]) == "A1A"
    assert steps[0] == 0
    assert steps[-1] == 0


def test_the_rate_warms_up_holds_and_falls_to_nothing():
    recipe = Recipe()
    assert course(0, 0.0, recipe) < 0.02
    assert course(500, 0.3, recipe) == 1.0
    assert 0 < course(500, 0.9, recipe) < 1
    assert course(500, 1.0, recipe) < 1e-9


def test_a_resumed_training_ends_where_an_unbroken_one_does(tmp_path, monkeypatch):
    monkeypatch.setattr("models.training.plates.train.SAVE_EVERY", 2)
    whole = weights(train(tmp_path / "whole", FEW))

    class StoppedError(Exception):
        pass

    def stop_after_three(state: dict[str, float]) -> None:
        if state["step"] == 3:
            raise StoppedError

    with pytest.raises(StoppedError):
        train(tmp_path / "broken", FEW, tell=stop_after_three)
    broken = weights(train(tmp_path / "broken", FEW, resume=True))
    assert all(torch.allclose(whole[name].float(), broken[name].float(), atol=1e-5) for name in whole)
    assert json.loads((tmp_path / "broken" / "log.jsonl").read_text().splitlines()[-1])["step"] == 4


def test_minutes_end_a_training_before_its_steps(tmp_path):
    ticks = iter(range(0, 10_000, 30))
    train(tmp_path, Recipe(steps=500, batch=2, held_out=2), minutes=1.0, clock=lambda: float(next(ticks)))
    assert json.loads((tmp_path / "log.jsonl").read_text().splitlines()[-1])["step"] < 10


def test_resuming_nothing_or_another_recipe_is_refused(tmp_path, checkpoint):
    with pytest.raises(ModelError, match="nothing to resume"):
        train(tmp_path, FEW, resume=True)
    with pytest.raises(ModelError, match="seed"):
        train(checkpoint.parent, Recipe(steps=6, batch=4, held_out=4, seed=99), resume=True)


def photographs_in(folder: Path) -> Path:
    folder.mkdir(exist_ok=True)
    rows = ["image,text"]
    for groups in (("H", "1837", "KT"), ("B", "42", "OAQ")):
        cv2.imwrite(str(folder / f"{groups[1]}.png"), draw_plate(groups, expiry="08-27"))
        rows.append(f"{groups[1]}.png,{''.join(groups)}")
    (folder / PHOTOGRAPH_LABELS).write_text("\n".join(rows), encoding="utf-8")
    return folder


def test_real_crops_are_mixed_in_each_spoiled_anew(tmp_path):
    real = load_photographs(photographs_in(tmp_path))
    batch, again, drawn = made_batch(3, 1, 25, real), made_batch(3, 1, 25, real), made_batch(3, 1, 25)
    assert np.array_equal(batch.images, again.images)
    assert set(batch.texts[:2]) <= set(real.texts)
    assert (batch.steps[:2] == -1).all()
    assert not set(drawn.texts) & set(real.texts)
    assert not np.array_equal(batch.images[0], made_batch(3, 2, 25, real).images[0])


def test_photographs_that_cannot_be_used_are_told(tmp_path):
    with pytest.raises(ModelError, match=r"labels.csv: cannot be read"):
        load_photographs(tmp_path)
    folder = photographs_in(tmp_path)
    (folder / PHOTOGRAPH_LABELS).write_text("image,text\n42.png,b-42\n", encoding="utf-8")
    with pytest.raises(ModelError, match="no text of A-Z and 0-9"):
        load_photographs(folder)


def test_training_may_begin_with_an_earlier_network_of_another_height(tmp_path, checkpoint):
    saved = torch.load(checkpoint, weights_only=True)
    saved["model"]["collapse.0.weight"] = saved["model"]["collapse.0.weight"][:, :, :4]
    torch.save(saved, tmp_path / "lower.pt")
    begun = PlateNet()
    begun.begin_from(saved["model"])
    assert torch.equal(begun.state_dict()["picture.0.weight"], saved["model"]["picture.0.weight"])
    assert train(tmp_path / "out", FEW, base=tmp_path / "lower.pt").exists()
    with pytest.raises(ModelError, match="nothing to begin with"):
        train(tmp_path / "none", FEW, base=tmp_path / "absent.pt")


def test_the_exported_network_says_what_the_trained_one_says_and_reads_behind_the_port(tmp_path, checkpoint):
    path = export(checkpoint, tmp_path / "plates-id.onnx")
    batch = made_batch(6, 0, 3)
    with torch.no_grad():
        expected = load_checkpoint(checkpoint)(torch.from_numpy(normalised(batch.images))).exp().numpy()
    seen = LineNetwork(path).recognise_all(list(batch.images))
    for look, shares in zip(seen, expected, strict=True):
        assert np.abs(look.shares[:, :36] - shares[:, 1:]).max() < 1e-3
    reading = NetReader(LineNetwork(path), [grammar_of("ID")]).read(np.full((60, 200, 3), 90, np.uint8))
    assert reading.text is None
    assert reading.reason


def test_files_that_hold_no_such_network_are_refused_in_a_sentence(tmp_path):
    with pytest.raises(ModelError, match="no checkpoint"):
        export(tmp_path / "absent.pt", tmp_path / "out.onnx")
    (tmp_path / "broken.pt").write_bytes(b"no network")
    with pytest.raises(ModelError, match="cannot read"):
        export(tmp_path / "broken.pt", tmp_path / "out.onnx")
    (tmp_path / "broken.onnx").write_bytes(b"no network")
    with pytest.raises(ModelError, match="no plate network"):
        LineNetwork(tmp_path / "broken.onnx")


def test_the_command_trains_for_a_moment(tmp_path, monkeypatch):
    monkeypatch.setenv("TERTIB_HOME", str(tmp_path))
    out = CliRunner().invoke(app, ["train", "plates", "--smoke"])
    assert out.exit_code == 0, out.output
    refused = CliRunner().invoke(app, ["train", "plates", "--resume"])
    assert refused.exit_code != 0
    exported = CliRunner().invoke(app, ["export", "plates"])
    assert exported.exit_code != 0
