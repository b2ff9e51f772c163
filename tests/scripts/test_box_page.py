"""The page for the technician: what it calls is there, and its way from a code to a delivering camera is walked."""

from __future__ import annotations

import json
import re
import shlex
import shutil
import subprocess
import sys
import time
from pathlib import Path

import pytest
from typer.main import get_command

from pipeline.box.simulated_camera import SimulatedCamera
from scripts.commands._drill_office import drill_office
from scripts.tertib import SUBCOMMANDS
from tests.pipeline.roadside import Vehicle, downwards, write_clip
from tests.scripts.test_camera_command import SCENE

ROOT = Path(__file__).resolve().parents[2]
PAGE = (ROOT / "docs" / "box.md").read_text()
TERTIB = Path(sys.executable).with_name("tertib")
CAMERA = "jt-smg-001"


def lines() -> list[str]:
    """The commands of the page's blocks, continued lines joined, remarks left out."""
    blocks = "\n".join(re.findall(r"```\n(.*?)```", PAGE, flags=re.DOTALL)).replace("\\\n", " ")
    return [line.partition(" #")[0].strip() for line in blocks.splitlines() if line.strip()]


def ours() -> list[str]:
    found = [re.match(r"(?:sudo -u tertib )?(tertib .*)", line) for line in lines()]
    return [match.group(1) for match in found if match]


def test_every_command_that_the_page_or_a_unit_names_exists() -> None:
    units = "\n".join(file.read_text() for file in (ROOT / "samples" / "box").glob("*.service"))
    named = {tuple(words) for words in re.findall(r"`tertib ([a-z]+)(?: ([a-z-]+))?", PAGE)}
    named |= {tuple(words) for words in re.findall(r"^tertib ([a-z]+)(?: ([a-z-]+))?", "\n".join(ours()), re.MULTILINE)}
    named |= {tuple(words) for words in re.findall(r"bin/tertib ([a-z]+)(?: ([a-z-]+))?", units)}
    assert len(named) > 6
    for group, command in named:
        assert group in SUBCOMMANDS
        module = __import__(f"scripts.commands.{group}", fromlist=["app"])
        found = get_command(module.app)
        if command and hasattr(found, "commands"):
            assert command in found.commands, f"tertib {group} {command}"


def test_what_the_page_copies_is_there_and_systemd_takes_it(tmp_path: Path) -> None:
    samples = ROOT / "samples" / "box"
    assert {file.name for file in samples.iterdir()} >= set(re.findall(r"samples/box/([\w.-]+\.\w+)", PAGE))
    assert "/opt/tertib/samples/box/*.service /opt/tertib/samples/box/*.timer" in PAGE
    analyse = shutil.which("systemd-analyze")
    if analyse is None:
        pytest.skip("no systemd on this machine")
    for file in [*samples.glob("*.service"), *samples.glob("*.timer")]:
        (tmp_path / file.name).write_text(file.read_text().replace("/opt/tertib/.venv/bin/tertib", str(TERTIB)))
    made = [str(file) for file in tmp_path.iterdir()]
    done = subprocess.run([analyse, "verify", *made], capture_output=True, text=True, check=False)
    assert (done.returncode, done.stderr) == (0, "")


@pytest.mark.slow
def test_the_way_of_the_page_ends_at_a_camera_that_is_live(tmp_path: Path) -> None:
    box, etc = tmp_path / "lib", tmp_path / "etc"
    (etc / "cameras").mkdir(parents=True)
    box.mkdir()
    clip = write_clip(tmp_path / "clip.mp4", [Vehicle(200, downwards(90, 45))], 6)

    def moved(command: str, url: str, code: str = "") -> list[str]:
        here = command.replace("/var/lib/tertib", str(box)).replace("/etc/tertib", str(etc))
        here = here.replace("https://etle.example", url).replace("${TERTIB_OFFICE}", url)
        here = here.replace("7KQ2-MX4P-9DTR-B3WE", code).replace("9108", "19108")
        return [str(TERTIB), *shlex.split(here)[1:]]

    def run(command: list[str]) -> subprocess.CompletedProcess[str]:
        return subprocess.run(command, capture_output=True, text=True, check=False, cwd=ROOT)

    add, make_code, enrol, doctor = ours()
    with drill_office(tmp_path / "office", 1) as (office, _), SimulatedCamera(clip) as camera:
        office.serve()
        home = ["--home", str(tmp_path / "office")]
        assert run(moved(add, office.url) + home).returncode == 0
        code = json.loads(run(moved(make_code, office.url) + home).stdout)["code"]
        told = run(moved(enrol, office.url, code))
        assert told.stdout == f"{CAMERA} is enrolled; its chain goes on at place 1\n", told.stderr
        scene = SCENE.format(id=CAMERA).replace(
            "source: clip.mp4, recorded_at: 2026-03-02T07:00:00+07:00", "source: URL"
        )
        (etc / "cameras" / "one.yaml").write_text(scene.replace("URL", camera.url))
        unit = (ROOT / "samples" / "box" / "tertib-box.service").read_text()
        start = re.search(r"ExecStart=\S+/(tertib .*)", unit)
        assert start is not None
        running = subprocess.Popen(moved(start.group(1), office.url), stderr=subprocess.PIPE, text=True)
        try:
            end = time.monotonic() + 90
            while (found := run(moved(doctor, office.url))).returncode != 0:
                assert time.monotonic() < end, found.stdout
                time.sleep(2)
            assert f"{CAMERA} is live" in found.stdout
        finally:
            running.terminate()
            _, log = running.communicate(timeout=60)
    assert all(json.loads(line)["event"] for line in log.splitlines())
