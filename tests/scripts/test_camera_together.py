"""All cameras of a box in one process: one detector, a thread and a spool each, and none is touched by another."""

from __future__ import annotations

import threading
import time
from collections.abc import Callable, Iterator
from pathlib import Path

import pytest

from pipeline.box.health import HEALTH_FILE, read_report
from scripts.commands import _box_together
from scripts.commands._box_together import Together, run_together
from tests.pipeline.delivery.office import Office, running_office
from tests.pipeline.evidence.builder import camera_key
from tests.pipeline.roadside import Onlooker, PlateOf, write_clip
from tests.scripts.test_camera_command import SCENE, WRONG


class Watched(Onlooker):
    """Counts how often it is loaded."""

    loaded = 0

    def __init__(self) -> None:
        super().__init__([WRONG])
        Watched.loaded += 1


@pytest.fixture
def office() -> Iterator[Office]:
    with running_office() as made:
        yield made


def until(true: Callable[[], bool], within_s: float = 20.0) -> None:
    end = time.monotonic() + within_s
    while not true():
        assert time.monotonic() < end
        time.sleep(0.05)


def test_cameras_share_one_detector_and_come_and_go_by_themselves(
    tmp_path: Path, office: Office, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(_box_together, "load_detector", lambda **_: Watched())
    monkeypatch.setattr(_box_together, "load_plate_reader", lambda **_: PlateOf({200: "H1234AB"}))
    monkeypatch.setattr(_box_together, "ROUND_S", 0.05)
    scenes, spools, keys = tmp_path / "scenes", tmp_path / "spools", tmp_path / "keys"
    scenes.mkdir()
    write_clip(scenes / "clip.mp4", [WRONG], 6)
    for name in ("smg-01", "smg-02", "smg-03"):
        camera_key(name).save(keys / f"{name}.pem")
        (keys / f"{name}.token").write_text("secret\n")

    def add(name: str) -> None:
        (scenes / f"{name}.yaml").write_text(SCENE.format(id=name))

    def delivered(name: str) -> bool:
        return any(camera == name for camera, _ in office.order)

    add("smg-01")
    add("smg-02")
    Watched.loaded = 0
    stop = threading.Event()
    box = threading.Thread(target=run_together, args=(scenes, spools, Together(office.url, keys), None, stop))
    box.start()
    try:
        until(lambda: delivered("smg-01") and delivered("smg-02"))
        add("smg-03")
        until(lambda: delivered("smg-03"))
        (scenes / "smg-02.yaml").unlink()
        (scenes / "smg-01.yaml").write_text("lanes: [")
        until((spools / "smg-03" / HEALTH_FILE).exists)
    finally:
        stop.set()
        box.join(timeout=30)
    assert not box.is_alive()
    assert Watched.loaded == 1
    report = read_report(spools / "smg-01" / HEALTH_FILE)
    assert report is not None
    assert [camera.camera_id for camera in report.cameras] == ["smg-01"]
    for name in ("smg-01", "smg-02", "smg-03"):
        places = [place for camera, place in office.order if camera == name]
        assert places == list(range(1, len(places) + 1))
