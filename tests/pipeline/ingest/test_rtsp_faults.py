"""A real RTSP server misbehaves; the source comes back, and keeps book of what it did not see."""

from __future__ import annotations

import io
import os
import threading
import time
from collections.abc import Iterator
from itertools import islice, pairwise
from pathlib import Path

import av
import pytest

from pipeline.box.health import rss_bytes
from pipeline.box.simulated_camera import Fault, SimulatedCamera
from pipeline.ingest import Frame
from pipeline.ingest.rtsp import Patience, RtspSource
from pipeline.ingest.stream_health import Gap
from tests.pipeline.ingest.clips import write_clip

QUICK = Patience(open_s=1.0, packet_s=1.0, picture_s=1.5, frozen_s=1.0)


@pytest.fixture(scope="module")
def clip(tmp_path_factory: pytest.TempPathFactory) -> Path:
    return write_clip(tmp_path_factory.mktemp("clip") / "h264.mp4", 50, fps=25, gop=10)


def source(camera: SimulatedCamera, **how: object) -> tuple[RtspSource, list[Gap]]:
    gaps: list[Gap] = []
    made = RtspSource(
        camera.url, patience=QUICK, attempts=None, sleep=lambda _: time.sleep(0.05), on_gap=gaps.append, **how
    )  # type: ignore[arg-type]
    return made, gaps


def until_segment(frames: Iterator[Frame], segment: int) -> Frame:
    return next(frame for frame in frames if frame.segment >= segment)


@pytest.mark.parametrize("fault", ["refuse", "silent", "mute", "frozen", "garbage"])
def test_a_camera_that_fails_is_taken_up_again_and_the_gap_is_recorded(clip: Path, fault: Fault) -> None:
    with SimulatedCamera(clip) as camera:
        stream, gaps = source(camera)
        frames = stream.frames()
        before = list(islice(frames, 5))
        camera.fault = fault
        if fault == "refuse":
            camera.drop()
        healing = threading.Timer(3.0, lambda: setattr(camera, "fault", "none"))
        healing.start()
        after = until_segment(frames, 1)
        while camera.fault != "none" or not gaps:
            after = next(frames)
        stream.close()
        healing.join()
    assert after.segment > before[-1].segment
    assert after.memory is not before[-1].memory
    assert gaps[0].why
    assert gaps[0].ended_at_s is not None
    assert gaps[0].ended_at_s > gaps[0].began_at_s
    assert stream.health.gap_count >= 1


def test_a_camera_that_drops_every_connection_loses_nothing_but_the_gaps(clip: Path) -> None:
    with SimulatedCamera(clip, drop_every_s=0.6) as camera:
        stream, gaps = source(camera)
        frames = list(islice(stream.frames(), 40))
        stream.close()
    assert frames[-1].segment >= 2
    assert [frame.index for frame in frames] == list(range(40))
    assert all(later.at_s > earlier.at_s for earlier, later in pairwise(frames))
    assert len(gaps) == frames[-1].segment


def test_another_size_and_another_codec_begin_a_new_segment(clip: Path, tmp_path: Path) -> None:
    with av.open(str(tmp_path / "small.mp4"), "w") as output:
        track = output.add_stream("libx264", rate=25)
        track.width, track.height, track.pix_fmt, track.options = 96, 64, "yuv420p", {"preset": "ultrafast"}
        for level in range(50):
            picture = av.VideoFrame(96, 64, "yuv420p")
            for plane in picture.planes:
                plane.update(bytes([level * 4]) * plane.buffer_size)
            output.mux(track.encode(picture))
        output.mux(track.encode(None))
    hevc = write_clip(tmp_path / "h265.mp4", 50, fps=25, gop=10, codec="libx265")
    with SimulatedCamera(clip) as camera:
        stream, _ = source(camera)
        frames = stream.frames()
        assert next(frames).picture.width == 160
        camera.play(tmp_path / "small.mp4")
        changed = next(frame for frame in frames if frame.picture.width == 96)
        assert changed.segment >= 1
        camera.play(hevc)
        camera.drop()
        after = until_segment(frames, changed.segment + 1)
        assert stream.health.codec == "hevc"
        last = list(islice(frames, 12))[-1]
        cut = last.memory.cut(after.media_s, last.media_s)
        stream.close()
    assert cut is not None
    path = tmp_path / "cut.mp4"
    path.write_bytes(cut.data)
    with av.open(str(path)) as container:
        packets = [packet for packet in container.demux(video=0) if packet.size]
        container.seek(0)
        assert packets[0].is_keyframe
        assert len(list(container.decode(video=0))) == len(packets) >= 12


@pytest.mark.parametrize("off_s", [-7200.0, 7200.0, 400 * 86400.0, -1.79e9])
def test_a_camera_whose_clock_is_wrong_is_timed_by_the_box_and_says_by_how_much(clip: Path, off_s: float) -> None:
    with SimulatedCamera(clip, now=lambda: max(1.0, time.time() + off_s)) as camera:
        stream, _ = source(camera)
        frame = list(islice(stream.frames(), 8))[-1]
        stream.close()
    assert frame.clock.source == "arrival"
    assert frame.clock.apart_s is not None
    assert frame.clock.apart_s == pytest.approx(max(1.0, time.time() + off_s) - time.time(), abs=15)
    assert abs(frame.at_s - time.time()) < 15


def test_when_the_box_s_clock_is_set_times_are_derived_anew(clip: Path) -> None:
    shift = 0.0
    with SimulatedCamera(clip) as camera:
        stream, gaps = source(camera, now=lambda: time.time() + shift)
        frames = stream.frames()
        next(frames)
        shift = 7200.0
        after = until_segment(frames, 1)
        stream.close()
    assert after.at_s > time.time() + 7000
    assert "clock of this box was set by +7200" in gaps[0].why


def test_five_hundred_reconnections_leave_no_file_no_thread_and_no_memory_behind(clip: Path) -> None:
    with SimulatedCamera(clip, speed=20) as camera:
        stream, gaps = source(camera)
        held: list[tuple[int, int, int]] = []
        segment = -1
        for frame in stream.frames():
            if frame.segment == segment:
                continue
            segment = frame.segment
            if segment in {50, 500}:
                files = len(list(Path("/proc/self/fd").iterdir()))
                held.append((files, threading.active_count(), rss_bytes(os.getpid())))
            if segment == 500:
                break
            camera.drop()
        stream.close()
    early, late = held
    assert late[0] <= early[0] + 3
    assert late[1] <= early[1] + 3
    assert late[2] < early[2] + 12_000_000
    assert len(gaps) == stream.health.gap_count == 500


def larger(path: Path, scale: float, *, height_px: int | None = None) -> Path:
    with av.open(str(path), "w") as output:
        track = output.add_stream("libx264", rate=25)
        track.width, track.height = round(160 * scale), height_px or round(96 * scale)
        track.pix_fmt, track.options = "yuv420p", {"preset": "ultrafast"}
        for level in range(50):
            picture = av.VideoFrame(track.width, track.height, "yuv420p")
            for plane in picture.planes:
                plane.update(bytes([level * 4]) * plane.buffer_size)
            output.mux(track.encode(picture))
        output.mux(track.encode(None))
    return path


def test_pictures_of_the_scene_s_shape_are_scaled_to_it_and_the_camera_stays(clip: Path, tmp_path: Path) -> None:
    with SimulatedCamera(clip) as camera:
        stream, _ = source(camera, drawn_px=(160, 96))
        frames = stream.frames()
        next(frames)
        camera.play(larger(tmp_path / "large.mp4", 2.0))
        changed = list(islice((f for f in frames if f.picture.width == 320), 5))[-1]
        assert changed.size_px == (160, 96)
        assert changed.bgr().shape == (96, 160, 3)
        (still,) = changed.memory.pictures([changed.media_s])
        assert still is not None
        assert still.shape == (96, 160, 3)
        connections = stream.health.connections
        list(islice(frames, 10))
        assert stream.health.connections == connections
        stream.close()


def test_pictures_of_another_shape_are_a_gap_that_says_what_to_do(clip: Path, tmp_path: Path) -> None:
    reasons: list[str] = []
    with SimulatedCamera(clip) as camera:
        stream = RtspSource(
            camera.url,
            patience=QUICK,
            attempts=None,
            drawn_px=(160, 96),
            sleep=lambda _: reasons.append(stream.health.why) or time.sleep(0.05),
        )
        frames = stream.frames()
        next(frames)
        camera.play(larger(tmp_path / "square.mp4", 1.0, height_px=160))
        camera.drop()
        healing = threading.Timer(1.5, lambda: (camera.play(clip), camera.drop()))
        healing.start()
        after = until_segment(frames, 1)
        stream.close()
        healing.join()
    assert after.picture.height == 96
    assert any("drawn on 160 x 96 pixels, the pictures are 160 x 160: draw it" in reason for reason in reasons)


@pytest.mark.parametrize("seed", range(3))
def test_a_stream_that_begins_damaged_still_gives_clips_and_stills(clip: Path, seed: int) -> None:
    with SimulatedCamera(clip, seed=seed) as camera:
        camera.fault = "garbage"
        stream = RtspSource(
            camera.url,
            patience=Patience(open_s=3, packet_s=3, picture_s=8, frozen_s=30),
            attempts=None,
            sleep=lambda _: time.sleep(0.05),
        )
        healing = threading.Timer(1.2 + 0.4 * seed, lambda: setattr(camera, "fault", "none"))
        healing.start()
        last = list(islice(stream.frames(), 30))[-1]
        cut = last.memory.cut(last.media_s - 0.8, last.media_s)
        (still,) = last.memory.pictures([last.media_s - 0.4])
        stream.close()
        healing.join()
    assert cut is not None
    with av.open(io.BytesIO(cut.data)) as container:
        assert len(list(container.decode(video=0))) >= 15
    assert still is not None
