"""What `tertib doctor`, the metrics and the log say about a box."""

from __future__ import annotations

import io
import json
import logging
from pathlib import Path

import pytest
from prometheus_client import CollectorRegistry, generate_latest

from pipeline.box.checkup import check_processes, check_scenes
from pipeline.box.clock import box_clock_doubts
from pipeline.box.health import HEALTH_FILE, CameraReport, ProcessReport, read_report, write_report
from pipeline.box.herald import Herald
from pipeline.box.logs import box_log, forward_logging
from pipeline.box.metrics import BoxCollector
from pipeline.box.progress import Progress
from pipeline.camera import CameraStats
from pipeline.ingest.stream_health import StreamHealth
from tests.scripts.terminal import Terminal
from tests.scripts.test_camera_command import SCENE

NOW_S = 1_800_000_000.0


def report(**changes: object) -> ProcessReport:
    camera = {"camera_id": "smg-01", "state": "live", "frames": 7, "last_picture_at_s": NOW_S - 1}
    camera |= {key: changes.pop(key) for key in list(changes) if key in CameraReport.model_fields}
    whole = {"pid": 5, "at_s": NOW_S - 2, "cpu_s": 1.5, "rss_bytes": 9, "open_files": 3, "cameras": [camera], **changes}
    return ProcessReport.model_validate(whole)


def wrong(folder: Path, **changes: object) -> list[str]:
    (folder / "smg-01").mkdir(exist_ok=True)
    write_report(report(**changes), folder / "smg-01" / HEALTH_FILE)
    return [one.sentence for one in check_processes(folder, NOW_S) if one.weight == "wrong"]


@pytest.mark.parametrize(
    ("changes", "sentence"),
    [
        ({"state": "waiting", "why": "connection refused"}, "gives no pictures (connection refused)"),
        ({"last_picture_at_s": NOW_S - 60}, "last picture 60 s ago"),
        ({"at_s": NOW_S - 100}, "said nothing for 100 s"),
        ({"clock_apart_s": -7200.0}, "-7200 s off the box's, so that none of its offences is offered"),
        ({"office_clock_s": 500.0}, "this box's clock is -500 s off the office's"),
        ({"refused": 2}, "the office refused 2 packages"),
        ({"spool_bytes": 95, "spool_most_bytes": 100}, "nearly full"),
        ({"delivery": "the office at x cannot be reached"}, "the office at x cannot be reached"),
    ],
)
def test_each_fault_is_one_sentence(tmp_path: Path, changes: dict[str, object], sentence: str) -> None:
    told = wrong(tmp_path, **changes)
    assert len(told) == 1
    assert sentence in told[0]
    assert "\n" not in told[0]


def test_a_healthy_box_has_nothing_wrong_and_a_silent_one_has(tmp_path: Path) -> None:
    assert wrong(tmp_path) == []
    assert [one.weight for one in check_processes(tmp_path / "empty", NOW_S)] == ["wrong"]


def test_two_scenes_for_one_camera_are_told(tmp_path: Path) -> None:
    for name in ("a", "b"):
        (tmp_path / f"{name}.yaml").write_text(SCENE.format(id="smg-01"))
    assert ["a.yaml and b.yaml name the same camera smg-01" in f.sentence for f in check_scenes(tmp_path)] == [True]


def test_doctor_tells_the_exit_code(tmp_path: Path, capsys, monkeypatch) -> None:
    terminal = Terminal(capsys, monkeypatch)
    (tmp_path / "a.yaml").write_text("lanes: [")
    told = terminal.tertib("doctor", "--scenes", tmp_path, "--json")
    assert told.code == 1
    assert json.loads(told.out)["healthy"] is False
    (tmp_path / "a.yaml").write_text(SCENE.format(id="smg-01"))
    assert terminal.tertib("doctor", "--scenes", tmp_path).code == 0


def test_the_figures_of_a_box_can_be_scraped(tmp_path: Path) -> None:
    wrong(tmp_path, clock_apart_s=-3.0, gap_count=4)
    registry = CollectorRegistry()
    registry.register(BoxCollector(tmp_path, now=lambda: NOW_S))
    text = generate_latest(registry).decode()
    assert 'tertib_camera_frames_total{camera="smg-01"} 7.0' in text
    assert 'tertib_camera_gap_total{camera="smg-01"} 4.0' in text
    assert 'tertib_camera_state{camera="smg-01",state="live"} 1.0' in text
    assert 'tertib_camera_clock_apart_seconds{camera="smg-01"} -3.0' in text
    assert "tertib_process_report_age_seconds" in text


def test_a_damaged_report_is_none(tmp_path: Path) -> None:
    (tmp_path / HEALTH_FILE).write_text("{")
    assert read_report(tmp_path / HEALTH_FILE) is None


def test_the_log_holds_no_plate_and_no_password() -> None:
    target = io.StringIO()
    box_log(target).warning("rtsp://admin:secret@10.0.0.1/a saw H 1234 AB", plate="H1234AB", camera="smg-01")
    line = json.loads(target.getvalue())
    assert line["camera"] == "smg-01"
    assert "H1234AB" not in target.getvalue()
    assert "1234" not in line["event"]
    assert "secret" not in line["event"]


def test_a_process_with_several_cameras_is_counted_once(tmp_path: Path) -> None:
    for name in ("smg-01", "smg-02"):
        (tmp_path / name).mkdir()
        write_report(report(camera_id=name, rss_bytes=500, waiting=2), tmp_path / name / HEALTH_FILE)
    registry = CollectorRegistry()
    registry.register(BoxCollector(tmp_path, now=lambda: NOW_S))
    text = generate_latest(registry).decode()
    memory = [line for line in text.splitlines() if line.startswith("tertib_process_memory_bytes")]
    assert memory == ['tertib_process_memory_bytes{process="smg-01+smg-02"} 500.0']
    assert text.count("tertib_spool_waiting{") == 2


def test_what_libraries_log_has_the_same_form_and_no_plate() -> None:
    target = io.StringIO()
    root = logging.getLogger()
    before = root.handlers[:]
    forward_logging(box_log(target))
    error = ValueError("H 1234 AB is no place")
    logging.getLogger("anything").error("no evidence for rtsp://a:b@10.0.0.1/x", exc_info=error)
    root.handlers[:] = before
    line = json.loads(target.getvalue())
    assert line["event"] == "no evidence for rtsp://10.0.0.1/x"
    assert line["why"] == "ValueError: [plate] is no place"


@pytest.mark.parametrize(
    ("off_s", "doubts"),
    [
        (None, ()),
        (1.4, ()),
        (-30.0, ("the clock of this box is +30 s off the office's",)),
        (7200.0, ("grave: the clock of this box is -7200 s off the office's",)),
    ],
)
def test_a_box_whose_own_clock_is_off_says_so_in_every_package(off_s: float | None, doubts: tuple[str, ...]) -> None:
    assert box_clock_doubts(off_s) == doubts


def test_a_camera_whose_pictures_nobody_takes_any_more_is_stuck_and_one_that_rests_is_not() -> None:
    stats, health = CameraStats(), StreamHealth(state="live")
    progress = Progress(stats, health, stuck_after_s=10)
    found = []
    for second in range(60):
        health.packets += 10
        stats.frames += 10 if second < 10 else 0
        health.resting += 10 if 10 <= second < 30 else 0
        found.append(progress.is_stuck(second))
    assert found.index(True) == 40
    health.state = "waiting"
    assert not progress.is_stuck(61)


def test_the_log_hears_of_a_camera_that_goes_comes_back_and_changes() -> None:
    herald = Herald()

    def news(**changes: object) -> list[str]:
        camera = CameraReport.model_validate({"camera_id": "smg-01", "state": "live", "codec": "h264", **changes})
        return [" ".join([sentence, *map(str, more.values())]) for sentence, more in herald.news(camera)]

    gap = {"began_at_s": 10, "ended_at_s": 22, "why": "nothing came for 8 s"}
    assert news(width_px=1280, height_px=720) == []
    assert news(state="waiting", why="nothing came for 8 s") == ["gives no pictures nothing came for 8 s"]
    assert news(state="waiting", why="nothing came for 8 s") == []
    assert news(state="waiting", why="connection refused") == ["gives no pictures connection refused"]
    assert news(gaps=[gap], gap_count=1) == ["gives pictures again 12.0 nothing came for 8 s"]
    assert news(gaps=[gap], gap_count=1, codec="hevc") == ["sends hevc instead of h264: it is taken as it comes"]
    news(gaps=[gap], gap_count=1, codec="hevc", width_px=1280, height_px=720)
    told = news(gaps=[gap], gap_count=1, codec="hevc", width_px=640, height_px=360)
    assert told == ["sends pictures of 640 x 360 instead of 1280 x 720 pixels"]
