"""The smaller stream is looked at; clips and stills come from the main one, of the same moment."""

from __future__ import annotations

import io
import threading
import time
from itertools import islice
from pathlib import Path

import av
import cv2
import numpy as np
import pytest

from pipeline.box.simulated_camera import SimulatedCamera
from pipeline.ingest import Frame
from pipeline.ingest.main_stream import MainStream, TwoStreams
from pipeline.ingest.rtsp import RtspSource
from tests.pipeline.ingest.clips import picture, write_clip
from tests.pipeline.ingest.test_rtsp_faults import QUICK


@pytest.fixture(scope="module")
def clips(tmp_path_factory: pytest.TempPathFactory) -> tuple[Path, Path]:
    folder = tmp_path_factory.mktemp("clips")
    small = write_clip(folder / "small.mp4", 50, fps=25, gop=10)
    with av.open(str(folder / "main.mp4"), "w") as output:
        stream = output.add_stream("libx264", rate=25)
        stream.width, stream.height, stream.pix_fmt, stream.options = 320, 192, "yuv420p", {"preset": "ultrafast"}
        stream.codec_context.gop_size = 25
        for index in range(50):
            pixels = cv2.resize(picture(index), (320, 192), interpolation=cv2.INTER_NEAREST)
            output.mux(stream.encode(av.VideoFrame.from_ndarray(pixels, format="bgr24")))
        output.mux(stream.encode(None))
    return small, folder / "main.mp4"


def two(small: SimulatedCamera, main: SimulatedCamera) -> TwoStreams:
    size = (320, 192)
    looked_at = RtspSource(small.url, patience=QUICK, attempts=None, sleep=lambda _: time.sleep(0.05), drawn_px=size)
    return TwoStreams(looked_at, MainStream(main.url, size, patience=QUICK, jitter=lambda: 0.0))


def size_of(data: bytes) -> tuple[int, int, int]:
    with av.open(io.BytesIO(data)) as container:
        shown = list(container.decode(video=0))
        return shown[0].width, shown[0].height, len(shown)


def number(pixels: np.ndarray) -> int:
    """Which picture of the loop it is, as the square in it says."""
    bright = np.flatnonzero(pixels[100:120].mean(axis=(0, 2)) > 150)
    return round(float(bright[0]) / 2 / 4)


def watched(source: TwoStreams, main: SimulatedCamera, seconds: float) -> list[Frame]:
    frames = source.frames()
    kept = [next(frames)]
    while kept[-1].at_s - kept[0].at_s < seconds:
        kept.append(next(frames))
    return kept


def test_what_is_seen_in_the_small_stream_is_shown_from_the_main_one(clips: tuple[Path, Path]) -> None:
    with SimulatedCamera(clips[0]) as small, SimulatedCamera(clips[1]) as main:
        source = two(small, main)
        kept = watched(source, main, 4.5)
        last = kept[-1]
        assert (last.picture.width, last.size_px) == (160, (320, 192))
        cut = last.memory.cut(last.media_s - 1.5, last.media_s - 0.3)
        looked_at = [frame for frame in kept if 0.4 < last.at_s - frame.at_s < 1.5][::6]
        stills = last.memory.pictures([frame.media_s for frame in looked_at])
        source.close()
    assert cut is not None
    assert size_of(cut.data)[:2] == (320, 192)
    assert cut.begins_s is not None
    assert last.media_s - 3.0 < cut.begins_s <= last.media_s - 1.4
    # The two streams began at different moments: the same shift at every moment says that the moments are the same.
    shifts = [(number(s) - number(f.bgr())) % 34 for f, s in zip(looked_at, stills, strict=True) if s is not None]
    assert len(shifts) == len(looked_at) >= 4
    common = max(set(shifts), key=shifts.count)
    # The loop's end is a jump of its own, which one of the moments may lie at.
    assert sum(min((shift - common) % 34, (common - shift) % 34) <= 1 for shift in shifts) >= len(shifts) - 1
    assert all(still is not None and still.shape == (192, 320, 3) for still in stills)


def test_while_the_main_stream_is_away_the_small_one_is_evidence_enough(clips: tuple[Path, Path]) -> None:
    with SimulatedCamera(clips[0]) as small, SimulatedCamera(clips[1]) as main:
        main.fault = "refuse"
        source = two(small, main)
        last = watched(source, main, 1.0)[-1]
        cut = last.memory.cut(last.media_s - 0.5, last.media_s)
        (still,) = last.memory.pictures([last.media_s])
        source.close()
    assert cut is not None
    assert size_of(cut.data)[:2] == (160, 96)
    assert still is not None
    assert still.shape == (192, 320, 3)


def test_a_main_stream_that_comes_back_is_kept_anew(clips: tuple[Path, Path]) -> None:
    with SimulatedCamera(clips[0]) as small, SimulatedCamera(clips[1]) as main:
        source = two(small, main)
        frames = source.frames()
        list(islice(frames, 60))
        main.drop()
        healed = threading.Event()
        end = time.monotonic() + 15
        while not healed.is_set() and time.monotonic() < end:
            frame = next(frames)
            cut = frame.memory.cut(frame.media_s - 0.3, frame.media_s)
            if main.connections > 1 and cut is not None and size_of(cut.data)[0] == 320:
                healed.set()
        source.close()
    assert healed.is_set()
