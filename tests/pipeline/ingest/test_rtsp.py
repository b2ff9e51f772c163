from __future__ import annotations

import socket
import subprocess
import sys
import time
from collections.abc import Iterator
from datetime import UTC, datetime
from itertools import islice, pairwise
from pathlib import Path
from typing import Any

import av
import pytest

from pipeline.ingest import MediaError
from pipeline.ingest.frame import luma_of
from pipeline.ingest.latest import LatestOnly
from pipeline.ingest.rtsp import RtspSource
from tests.pipeline.ingest.clips import write_clip


def free_port() -> int:
    with socket.socket() as listener:
        listener.bind(("127.0.0.1", 0))
        return int(listener.getsockname()[1])


@pytest.fixture(scope="module")
def address(tmp_path_factory: pytest.TempPathFactory) -> Iterator[str]:
    """A camera in another process: a file server that speaks RTSP over TCP and sends reports of its clock."""
    folder = tmp_path_factory.mktemp("rtsp")
    write_clip(folder / "clip.mp4", 60, gop=20)
    port, control = free_port(), free_port()
    server = Path(sys.executable).with_name("rtsp-server")
    command = [str(server), "-d", str(folder), "-H", "127.0.0.1", "-p", str(port), "-cp", str(control)]
    with subprocess.Popen(command, stdout=subprocess.DEVNULL, stderr=subprocess.DEVNULL) as process:
        for _ in range(100):
            with socket.socket() as probe:
                if probe.connect_ex(("127.0.0.1", port)) == 0:
                    break
            time.sleep(0.1)
        yield f"rtsp://127.0.0.1:{port}/clip.mp4"
        process.terminate()


def test_a_stream_gives_every_picture_with_the_camera_s_own_time(address: str) -> None:
    frames = list(islice(RtspSource(address).frames(), 25))
    assert [frame.index for frame in frames] == list(range(25))
    assert {frame.clock.source for frame in frames} == {"rtcp"}
    steps = [later.at_s - earlier.at_s for earlier, later in pairwise(frames)]
    assert all(step == pytest.approx(0.1, abs=0.03) for step in steps)
    assert abs(frames[-1].at_s - datetime.now(UTC).timestamp()) < 10
    clip = frames[-1].memory.cut(frames[0].media_s, frames[-1].media_s)
    assert clip is not None
    again = frames[-1].memory.pictures([frames[10].media_s])[0]
    assert again is not None
    assert abs(again.astype(float) - frames[10].bgr()).mean() < 2


def test_a_camera_that_is_off_is_tried_with_growing_patience_and_then_told() -> None:
    waits: list[float] = []
    url = f"rtsp://user:secret@127.0.0.1:{free_port()}/clip"
    source = RtspSource(url, attempts=4, sleep=waits.append, jitter=lambda: 1.0)
    with pytest.raises(MediaError, match="no pictures after 4 attempts") as told:
        list(source.frames())
    assert waits == [1.0, 2.0, 4.0]
    assert "secret" not in str(told.value)


def test_a_slow_reader_gets_the_newest_picture_and_the_late_ones_are_counted(address: str) -> None:
    latest = LatestOnly(RtspSource(address), most_fps=60)
    taken = []
    for frame in latest.frames():
        taken.append(frame.index)
        time.sleep(0.35)
        if len(taken) == 5:
            break
    latest.close()
    assert taken[-1] - taken[0] > 6
    assert latest.dropped > 2


def test_after_a_break_the_stream_goes_on_as_a_new_segment(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    clip, reopen = write_clip(tmp_path / "clip.mp4", 10), av.open

    def connect(name: Any, *how: Any, **options: Any) -> Any:
        return reopen(str(clip)) if name == "rtsp://camera" else reopen(name, *how, **options)

    monkeypatch.setattr("av.open", connect)
    waits: list[float] = []
    frames = list(islice(RtspSource("rtsp://camera", sleep=waits.append, now=lambda: 1000.0).frames(), 15))
    assert [frame.segment for frame in frames] == [0] * 10 + [1] * 5
    assert [frame.index for frame in frames] == list(range(15))
    assert frames[0].memory is not frames[12].memory
    assert len(waits) == 1
    # A stream without reports of its clock is timed by its arrival, and says so.
    assert frames[0].clock.source == "arrival"
    assert frames[0].clock.uncertainty_ms >= 100


class _AlwaysResting:
    def resting(self) -> bool:
        return True

    def wakes(self, picture: av.VideoFrame) -> bool:
        return not picture.width


def test_a_picture_that_was_handed_on_is_not_touched_again(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    # Whoever gets it looks at it in another thread; one picture scaled in two threads at once is a SIGSEGV.
    clip, reopen = write_clip(tmp_path / "clip.mp4", 60, gop=5), av.open

    def connect(name: Any, *how: Any, **options: Any) -> Any:
        return reopen(str(clip)) if name == "rtsp://camera" else reopen(name, *how, **options)

    monkeypatch.setattr("av.open", connect)
    monkeypatch.setattr("pipeline.ingest.frozen.LOOK_EVERY_S", 0.0)
    handed_on: list[av.VideoFrame] = []
    touched_late: list[int] = []

    def touched(picture: av.VideoFrame, width_px: int) -> Any:
        touched_late.extend(number for number, known in enumerate(handed_on) if known is picture)
        return luma_of(picture, width_px)

    monkeypatch.setattr("pipeline.ingest.frozen.luma_of", touched)
    source = RtspSource("rtsp://camera", attempts=1, now=lambda: 1000.0, steady=lambda: 0.0)
    source.rest = _AlwaysResting()
    for frame in islice(source.frames(), 8):
        handed_on += [frame.picture]
    assert source.health.resting > 10
    assert touched_late == []
