"""A camera that sees nothing decodes keyframes only; what wakes it is decoded from before it began."""

from __future__ import annotations

from datetime import UTC, datetime
from pathlib import Path

import av
import numpy as np
import pytest

from pipeline.ingest.saving import KeyframeRest
from pipeline.ingest.video_file import FileSource

MORNING = datetime(2026, 3, 2, tzinfo=UTC)


def clip(path: Path, moving: range, count: int = 120) -> Path:
    """Ten pictures a second, a keyframe each second; noise, and a square that moves in some of them."""
    noise = np.random.default_rng(1)
    with av.open(str(path), "w") as output:
        stream = output.add_stream("libx264", rate=10)
        stream.width, stream.height, stream.pix_fmt = 320, 180, "yuv420p"
        stream.codec_context.gop_size = 10
        stream.options = {"preset": "veryfast", "bf": "0", "sc_threshold": "0"}
        for index in range(count):
            pixels = np.clip(90 + noise.normal(0, 1.5, (180, 320, 1)) + np.zeros((1, 1, 3)), 0, 255).astype(np.uint8)
            if index in moving:
                x = 10 + 12 * (index - moving.start)
                pixels[80:130, x : x + 50] = 220
            output.mux(stream.encode(av.VideoFrame.from_ndarray(pixels, format="bgr24")))
        output.mux(stream.encode(None))
    return path


def watch(path: Path, *, rested: bool) -> tuple[list[float], set[float], int]:
    """Times that were shown, those of them that were replayed, and the packets never decoded."""
    source = FileSource(path, recorded_at=MORNING, clock_uncertainty_ms=1, started_at=MORNING)
    rest = KeyframeRest()
    if rested:
        source.rest = rest
    shown: list[float] = []
    replayed: set[float] = set()
    for frame in source.frames():
        shown.append(round(frame.media_s, 3))
        bright = float((frame.luma(320) > 160).mean())
        rest.still(frame.at_s, quiet=bright < 0.005)
        if frame.replayed:
            replayed.add(round(frame.media_s, 3))
    return shown, replayed, source.rested


@pytest.mark.parametrize("begins", [73, 75, 78])
def test_nothing_that_moves_is_missed_wherever_in_a_group_it_begins(tmp_path: Path, begins: int) -> None:
    path = clip(tmp_path / "clip.mp4", range(begins, begins + 18))
    shown, replayed, rested = watch(path, rested=True)
    everything, _, _ = watch(path, rested=False)
    needed = [time for time in everything if begins / 10 <= time < (begins + 18) / 10]
    assert set(needed) <= set(shown)
    assert shown == sorted(shown)
    assert replayed
    assert rested >= 30


def test_an_empty_road_is_hardly_decoded(tmp_path: Path) -> None:
    shown, _, rested = watch(clip(tmp_path / "clip.mp4", range(0)), rested=True)
    assert len(shown) <= 50
    assert rested >= 65


def test_a_resting_camera_shows_its_keyframes_so_that_who_stands_is_followed(tmp_path: Path) -> None:
    shown, _, _ = watch(clip(tmp_path / "clip.mp4", range(0)), rested=True)
    assert {5.0, 6.0, 7.0, 8.0, 9.0, 10.0} <= set(shown)
    assert shown == sorted(set(shown))
