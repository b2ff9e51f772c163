from __future__ import annotations

from pathlib import Path

import pytest

from pipeline.delivery.spool import Spool
from tests.pipeline.delivery.office import Office, running_office
from tests.pipeline.evidence.builder import camera_key
from tests.pipeline.roadside import Onlooker, PlateOf, Vehicle, downwards, write_clip
from tests.scripts.terminal import Terminal

WRONG = Vehicle(200, downwards(90, 45))
SCENE = """
name: test
camera: {{id: {id}, name: Test, agency: test, jurisdiction: jateng, place: Nowhere, latitude: -7, longitude: 110}}
frame: {{width_px: 320, height_px: 240}}
media: {{source: clip.mp4, recorded_at: 2026-03-02T07:00:00+07:00}}
lanes:
  - {{id: up, polygon: [[20, 239], [20, 1], [300, 1], [300, 239]], direction: [[160, 200], [160, 50]]}}
"""


@pytest.fixture
def terminal(capsys: pytest.CaptureFixture[str], monkeypatch: pytest.MonkeyPatch) -> Terminal:
    monkeypatch.setattr("scripts.commands.camera.load_detector", lambda *_, **__: Onlooker([WRONG]))
    monkeypatch.setattr("scripts.commands.camera.load_plate_reader", lambda **_: PlateOf({200: "H1234AB"}))
    return Terminal(capsys, monkeypatch)


@pytest.fixture
def box(tmp_path: Path) -> Path:
    """A box with two cameras on one clip, and their keys."""
    write_clip(tmp_path / "clip.mp4", [WRONG], 6)
    for name in ("smg-01", "smg-02"):
        (tmp_path / f"{name}.yaml").write_text(SCENE.format(id=name))
        camera_key(name).save(tmp_path / "keys" / f"{name}.pem")
    return tmp_path


def run(terminal: Terminal, box: Path, *more: object) -> tuple[int, dict[str, object], str]:
    scenes = [box / "smg-01.yaml", box / "smg-02.yaml"]
    told = terminal.tertib("camera", "run", *scenes, "--spool", box / "spool", "--keys", box / "keys", "--jsonl", *more)
    return told.code, told.lines[-1] if told.lines else {}, told.err


def test_what_two_cameras_find_reaches_the_office_once(terminal: Terminal, box: Path) -> None:
    with running_office() as office:
        code, summary, err = run(terminal, box, "--office", office.url, "--token", "secret")
    assert (code, err) == (0, "")
    assert summary["packages"] == 2
    assert summary["waiting"] == 0
    assert sorted(office.order) == [("smg-01", 1), ("smg-02", 1)]
    assert {request["Authorization"] for request in office.requests} == {"Bearer secret"}


def test_without_a_network_nothing_is_lost_and_the_next_run_delivers_it(terminal: Terminal, box: Path) -> None:
    code, summary, err = run(terminal, box, "--office", "http://127.0.0.1:9", "--token", "secret")
    assert code == 0
    assert summary["waiting"] == 2
    assert "cannot be reached" in err
    with Spool(box / "spool") as spool:
        assert len(spool.pending(10)) == 2
    with running_office() as office:
        code, summary, _ = run(terminal, box, "--office", office.url, "--token", "secret")
    assert (code, summary["waiting"]) == (0, 0)
    assert sorted(office.order) == [("smg-01", 1), ("smg-01", 2), ("smg-02", 1), ("smg-02", 2)]


def test_a_refused_token_is_told_and_everything_stays_in_the_spool(terminal: Terminal, box: Path) -> None:
    with running_office() as office:
        refused(office)
        code, summary, err = run(terminal, box, "--office", office.url, "--token", "wrong")
    assert code == 1
    assert summary["waiting"] == 2
    assert "set a new one from the office" in err


def refused(office: Office) -> None:
    office.script.extend([(401, {"Content-Type": "application/json"}, b'{"detail": "unknown token"}')] * 20)


def test_one_camera_in_two_scenes_is_refused(terminal: Terminal, box: Path) -> None:
    told = terminal.tertib("camera", "run", box / "smg-01.yaml", box / "smg-01.yaml", "--spool", box / "spool")
    assert told.code == 2
    assert "stands in two of the scenes" in told.err
    assert told.err.count("\n") == 1
