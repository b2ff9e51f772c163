"""A camera's process is killed, hangs, swells; a scene is added, changed, removed; two have one name."""

from __future__ import annotations

import sys
import time
from collections.abc import Callable, Iterator
from pathlib import Path

import pytest

from pipeline.box.supervisor import Supervisor
from tests.scripts.test_camera_command import SCENE

REPORTS = """
import json, pathlib, sys, time
folder, how = pathlib.Path(sys.argv[1]), pathlib.Path(sys.argv[2])
hoard = []
while True:
    word = how.read_text() if how.exists() else "well"
    if word == "exit": sys.exit(3)
    if word == "swell": hoard.append(bytearray(b"x" * 60_000_000))
    if word != "hang":
        told = {"pid": 1, "at_s": time.time(), "cpu_s": 0, "rss_bytes": 0, "open_files": 0, "cameras": []}
        fresh = folder / "health.new"
        fresh.write_text(json.dumps(told)); fresh.replace(folder / "health.json")
    time.sleep(0.1)
"""


class Box:
    def __init__(self, folder: Path) -> None:
        self.scenes, self.spools, self.said = folder / "scenes", folder / "spools", list[str]()
        self.scenes.mkdir()
        self.folder = folder
        self.supervisor = Supervisor(
            scenes=self.scenes,
            spools=self.spools,
            command=lambda _, spool: [
                sys.executable,
                "-c",
                REPORTS,
                str(spool),
                str(folder / spool.name),
            ],
            say=self.said.append,
            steady=time.monotonic,
            wall=time.time,
            jitter=lambda: 0.0,
            most_memory_bytes=250_000_000,
            hung_after_s=1.5,
        )

    def scene(self, name: str, file: str | None = None) -> Path:
        path = self.scenes / f"{file or name}.yaml"
        path.write_text(SCENE.format(id=name))
        return path

    def tell(self, name: str, word: str) -> None:
        (self.folder / name).write_text(word)

    def pid(self, name: str) -> int:
        process = self.supervisor.wards[name].process
        return process.pid if process else 0

    def until(self, true: Callable[[], bool], within_s: float = 20.0) -> None:
        end = time.monotonic() + within_s
        while not true():
            self.supervisor.round()
            assert time.monotonic() < end, self.said
            time.sleep(0.05)

    def reports(self, name: str) -> bool:
        return self.supervisor.health_file(name).exists()


@pytest.fixture
def box(tmp_path: Path) -> Iterator[Box]:
    made = Box(tmp_path)
    made.scene("smg-01")
    made.scene("smg-02")
    made.until(lambda: {"smg-01", "smg-02"} <= set(made.supervisor.wards) and made.reports("smg-01"))
    made.until(lambda: made.reports("smg-02"))
    yield made
    made.supervisor.stop()


@pytest.mark.parametrize(
    ("word", "told"), [("exit", "ended with code 3"), ("hang", "said nothing for 1.5 s"), ("swell", "250 MB of memory")]
)
def test_a_camera_s_process_that_fails_is_brought_back_and_the_other_does_not_notice(
    box: Box, word: str, told: str
) -> None:
    first, other = box.pid("smg-01"), box.pid("smg-02")
    box.tell("smg-01", word)
    box.until(lambda: any(told in sentence for sentence in box.said))
    box.tell("smg-01", "well")
    box.until(lambda: box.pid("smg-01") not in {0, first} and box.reports("smg-01"))
    assert box.pid("smg-02") == other
    assert box.said[0].startswith("smg-01: it ")
    assert all("smg-02" not in sentence for sentence in box.said)


def test_a_killed_process_is_brought_back(box: Box) -> None:
    first = box.pid("smg-01")
    process = box.supervisor.wards["smg-01"].process
    assert process is not None
    process.kill()
    box.until(lambda: box.pid("smg-01") not in {0, first})
    assert "it was killed, perhaps because the machine ran out of memory" in box.said[0]


def test_cameras_come_change_and_go_without_touching_the_others(box: Box) -> None:
    first, other = box.pid("smg-01"), box.pid("smg-02")
    box.scene("smg-03")
    box.until(lambda: "smg-03" in box.supervisor.wards and box.reports("smg-03"))
    changed = box.scene("smg-01")
    changed.write_text(changed.read_text() + "# another remark\n")
    box.until(lambda: box.pid("smg-01") not in {0, first})
    (box.scenes / "smg-03.yaml").unlink()
    box.until(lambda: "smg-03" not in box.supervisor.wards)
    # A typing mistake does not blind a camera that runs.
    running = box.pid("smg-01")
    changed.write_text("lanes: [")
    box.until(lambda: any("smg-01.yaml" in sentence for sentence in box.said))
    assert box.pid("smg-01") == running
    assert box.pid("smg-02") == other


def test_of_two_cameras_with_one_name_the_second_is_named_and_left_out(box: Box) -> None:
    running = box.pid("smg-01")
    box.scene("smg-01", file="zz-copy")
    box.until(lambda: bool(box.said))
    for _ in range(5):
        box.supervisor.round()
    told = "smg-01 stands in smg-01.yaml already: this scene is not watched until it has an id of its own"
    assert box.said == [f"{box.scenes / 'zz-copy.yaml'}: the camera id {told}"]
    assert box.pid("smg-01") == running
