from __future__ import annotations

import json
from pathlib import Path

import cv2
import numpy as np
import pytest

from tests.pipeline.ingest.clips import write_clip
from tests.scripts.terminal import Terminal

SCENE = """
name: test
camera: {id: test-1, name: Test, agency: test, jurisdiction: jateng, place: Nowhere, latitude: -7, longitude: 110}
frame: {width_px: 160, height_px: 96}
media: {source: clip.mp4}
lanes:
  - {id: up, polygon: [[20, 90], [20, 10], [140, 10], [140, 90]], direction: [[80, 80], [80, 20]]}
"""


@pytest.fixture
def terminal(capsys: pytest.CaptureFixture[str], monkeypatch: pytest.MonkeyPatch) -> Terminal:
    return Terminal(capsys, monkeypatch)


@pytest.fixture
def scene_file(tmp_path: Path) -> Path:
    write_clip(tmp_path / "clip.mp4", 12)
    path = tmp_path / "scene.yaml"
    path.write_text(SCENE)
    return path


def test_a_good_scene_is_in_order_and_says_what_it_judges(terminal: Terminal, scene_file: Path) -> None:
    told = terminal.tertib("scene", "check", scene_file)
    assert (told.code, told.err) == (0, "")
    assert "in order" in told.out
    assert "wrong_way" in told.out
    summary = json.loads(terminal.tertib("scene", "check", scene_file, "--json").out)
    assert summary["lanes"] == ["up"]
    assert summary["offences"] == ["wrong_way"]
    assert len(summary["version_sha256"]) == 64


@pytest.mark.parametrize(
    ("old", "new", "sentence"),
    [
        ("lanes:", "lnaes:", "did you mean `lanes`"),
        ("[20, 10], [140, 10]", "[140, 10], [20, 10]", "crosses itself"),
        ("[[80, 80], [80, 20]]", "[[80, 80], [80, 200]]", "outside the frame"),
        ("height_px: 96", "height_px: 100", "but the pictures are 160 x 96"),
        ("clip.mp4", "clap.mp4", "clap.mp4: there is no such file"),
    ],
)
def test_a_bad_scene_is_refused_in_one_line(
    terminal: Terminal, scene_file: Path, old: str, new: str, sentence: str
) -> None:
    scene_file.write_text(SCENE.replace(old, new))
    told = terminal.tertib("scene", "check", scene_file)
    assert told.code == 2
    assert told.out == ""
    assert sentence in told.err
    assert told.err.count("\n") == 1


def test_drawing_leaves_the_picture_and_adds_the_lane(terminal: Terminal, scene_file: Path, tmp_path: Path) -> None:
    output = tmp_path / "new" / "scene.png"
    told = terminal.tertib("scene", "draw", scene_file, "-o", output, "--at", "0.5")
    assert told.code == 0, told.err
    drawn = cv2.imread(str(output))
    assert drawn.shape == (96, 160, 3)
    # The outline is coloured; the ground of the clip is grey.
    assert np.ptp(drawn[30, 20].astype(int)) > 40
    assert np.ptp(drawn[3, 3].astype(int)) < 20


def test_the_schema_describes_every_key(terminal: Terminal) -> None:
    schema = json.loads(terminal.tertib("scene", "schema").out)
    lane = schema["$defs"]["Lane"]["properties"]
    assert all(part.get("title") and part.get("description") for part in lane.values())


CERTIFIED = (
    SCENE
    + """
certificate: {issuer: BSML Regional II, number: S-7, valid_from: 2025-01-01, valid_to: 2025-12-31, error_kmh: 1.0}
"""
)


def test_an_expired_certificate_is_told_in_one_sentence(terminal: Terminal, scene_file: Path) -> None:
    scene_file.write_text(CERTIFIED)
    told = terminal.tertib("scene", "check", scene_file, "--on", "2026-03-02")
    assert told.code == 1
    assert "S-7 of BSML Regional II expired on 2025-12-31: speeds are indications only" in told.err
    assert told.err.count("\n") == 1
    assert terminal.tertib("scene", "check", scene_file, "--on", "2025-06-30").code == 0
    assert "write for example" in terminal.tertib("scene", "check", scene_file, "--on", "soon").err
