from __future__ import annotations

import io
from pathlib import Path

import av
import numpy as np
import pytest

from pipeline.ingest import Clip
from pipeline.ingest.packet_ring import PacketRing
from tests.pipeline.ingest.clips import picture, write_clip


def filled(path: Path, *, drop_first_times: bool = False, **limits: float) -> PacketRing:
    with av.open(str(path)) as container:
        stream = container.streams.video[0]
        ring = PacketRing(stream, **limits)  # type: ignore[arg-type]
        for index, packet in enumerate(container.demux(stream)):
            if index == 0 and drop_first_times:
                packet.pts = packet.dts = None
            ring.add(packet)
    return ring


def played(clip: Clip | None) -> list[np.ndarray]:
    assert clip is not None
    with av.open(io.BytesIO(clip.data)) as container:
        return [frame.to_ndarray(format="bgr24") for frame in container.decode(video=0)]


def packets(data: bytes) -> list[bytes]:
    with av.open(io.BytesIO(data)) as container:
        return [bytes(packet) for packet in container.demux(video=0) if packet.size]


@pytest.mark.parametrize("b_frames", [0, 2])
def test_a_clip_starts_at_a_keyframe_and_holds_the_camera_s_own_bytes(tmp_path: Path, b_frames: int) -> None:
    path = write_clip(tmp_path / "clip.mp4", 60, b_frames=b_frames)
    clip = filled(path).cut(2.4, 4.05)
    pictures = played(clip)
    assert clip is not None
    assert clip.media_type == "video/mp4"
    # Asked from 2.4 s on; the keyframe before is at 2.0 s.
    assert 20 <= len(pictures) <= 24
    assert abs(pictures[0].astype(float) - picture(20)).mean() < 6
    original = packets(path.read_bytes())
    first = original.index(packets(clip.data)[0])
    assert packets(clip.data) == original[first : first + len(packets(clip.data))]


def test_the_index_stands_in_front_so_that_a_browser_plays_at_once(tmp_path: Path) -> None:
    clip = filled(write_clip(tmp_path / "clip.mp4", 40)).cut(0, 3)
    assert clip is not None
    assert 0 < clip.data.index(b"moov") < clip.data.index(b"mdat")


def test_the_first_packet_of_a_stream_counts_although_it_has_no_time(tmp_path: Path) -> None:
    ring = filled(write_clip(tmp_path / "clip.mp4", 20, gop=100), drop_first_times=True)
    assert len(played(ring.cut(0, 5))) == 20


def test_old_groups_go_and_the_group_that_covers_the_beginning_stays_whole(tmp_path: Path) -> None:
    ring = filled(write_clip(tmp_path / "clip.mp4", 100), capacity_s=2.5)
    pictures = played(ring.cut(0, 100))
    assert 25 <= len(pictures) <= 45
    assert len(pictures) % 10 == 0


def test_the_bound_in_bytes_holds(tmp_path: Path) -> None:
    path = write_clip(tmp_path / "clip.mp4", 100)
    ring = filled(path, capacity_bytes=path.stat().st_size // 3)
    assert len(played(ring.cut(0, 100))) <= 50


def test_pictures_are_found_again_by_their_time(tmp_path: Path) -> None:
    ring = filled(write_clip(tmp_path / "clip.mp4", 50, b_frames=2))
    found = ring.pictures([3.1, 1.2, 40.0])
    assert abs(found[0].astype(float) - picture(31)).mean() < 6  # type: ignore[union-attr]
    assert abs(found[1].astype(float) - picture(12)).mean() < 6  # type: ignore[union-attr]
    assert found[2] is None


def test_a_codec_that_mp4_does_not_take_is_kept_in_another_container(tmp_path: Path) -> None:
    clip = filled(write_clip(tmp_path / "clip.webm", 20, codec="libvpx")).cut(0, 2)
    assert clip is not None
    assert clip.media_type == "video/webm"
    assert len(played(clip)) == 20


def test_a_time_that_is_gone_gives_nothing(tmp_path: Path) -> None:
    ring = filled(write_clip(tmp_path / "clip.mp4", 20))
    assert ring.cut(-9, -5) is None
    assert isinstance(ring.pictures([1.0])[0], np.ndarray)


def test_a_ring_on_a_disk_gives_the_same_clip_and_gives_its_room_back(tmp_path: Path) -> None:
    path = write_clip(tmp_path / "clip.mp4", 300)
    (tmp_path / "ring").mkdir()
    before = len(list(Path("/proc/self/fd").iterdir()))
    ring = filled(path, capacity_s=5, folder=tmp_path / "ring")
    in_memory = filled(path, capacity_s=5)
    open_files = len(list(Path("/proc/self/fd").iterdir())) - before
    # A file a second of video here, and none for what has fallen out of the ring; none has a name that could stay.
    assert 5 <= open_files <= 8
    assert list((tmp_path / "ring").iterdir()) == []
    here, there = ring.cut(26, 29), in_memory.cut(26, 29)
    assert here is not None
    assert there is not None
    assert packets(here.data) == packets(there.data)
    assert (ring.pictures([28.0])[0] == in_memory.pictures([28.0])[0]).all()  # type: ignore[union-attr]
    del ring
    assert len(list(Path("/proc/self/fd").iterdir())) == before


def test_a_disk_that_is_gone_costs_memory_but_no_picture(tmp_path: Path) -> None:
    ring = filled(write_clip(tmp_path / "clip.mp4", 40), folder=tmp_path / "no such folder")
    assert len(played(ring.cut(0, 5))) == 40
