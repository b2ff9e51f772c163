from __future__ import annotations

from datetime import UTC, datetime, timedelta
from pathlib import Path

import cv2
import pytest

from pipeline.ingest import Frame, MediaError, open_source
from tests.pipeline.ingest.clips import picture, write_clip, write_sound

MORNING = datetime(2026, 3, 2, tzinfo=UTC)


def frames_of(path: Path, recorded_at: datetime | None = MORNING) -> list[Frame]:
    return list(open_source(str(path), recorded_at=recorded_at, started_at=MORNING).frames())


def test_capture_times_follow_the_timestamps_of_the_file(tmp_path: Path) -> None:
    frames = frames_of(write_clip(tmp_path / "clip.mp4", 20, fps=8, b_frames=2))
    assert [frame.index for frame in frames] == list(range(20))
    assert frames[0].captured_at == MORNING
    assert frames[19].captured_at - MORNING == timedelta(seconds=19 / 8)
    assert frames[0].clock.source == "file"


def test_a_file_without_a_known_time_says_so(tmp_path: Path) -> None:
    clock = frames_of(write_clip(tmp_path / "clip.mp4", 3), recorded_at=None)[0].clock
    assert clock.source == "assumed"
    assert clock.uncertainty_ms >= 86_400_000


def test_the_brightness_picture_shows_what_the_full_picture_shows(tmp_path: Path) -> None:
    frame = frames_of(write_clip(tmp_path / "clip.mp4", 5))[4]
    full = cv2.resize(cv2.cvtColor(frame.bgr(), cv2.COLOR_BGR2GRAY), (80, 48), interpolation=cv2.INTER_AREA)
    assert abs(frame.luma(80).astype(float) - full).mean() < 20


def cut_off(path: Path, share: float) -> Path:
    path.write_bytes(path.read_bytes()[: int(path.stat().st_size * share)])
    return path


def test_a_file_whose_end_is_missing_tells_it_after_the_last_good_picture(tmp_path: Path) -> None:
    # Matroska keeps its index in front of the data: the beginning can still be played.
    whole = tmp_path / "clip.mkv"
    write_clip(whole, 100)
    told: list[Frame] = []
    with pytest.raises(MediaError, match=r"clip.mkv: is (cut off|damaged)"):
        told.extend(open_source(str(cut_off(whole, 0.5)), started_at=MORNING).frames())


@pytest.mark.parametrize("share", [0.5, 0.05])
def test_a_file_that_lost_its_index_is_told(tmp_path: Path, share: float) -> None:
    with pytest.raises(MediaError, match=r"clip.mp4: cannot be opened as video; it is damaged, cut off"):
        open_source(str(cut_off(write_clip(tmp_path / "clip.mp4"), share)), started_at=MORNING)


def test_what_is_no_video_is_told(tmp_path: Path) -> None:
    (tmp_path / "text.mp4").write_text("this is no clip")
    with pytest.raises(MediaError, match=r"text\.mp4: cannot be opened as video"):
        open_source(str(tmp_path / "text.mp4"), started_at=MORNING)
    with pytest.raises(MediaError, match=r"sound\.mp4: has no video stream"):
        open_source(str(write_sound(tmp_path / "sound.mp4")), started_at=MORNING)
    with pytest.raises(MediaError, match="there is no such file or folder"):
        open_source(str(tmp_path / "nothing.mp4"), started_at=MORNING)
    with pytest.raises(MediaError, match="only rtsp"):
        open_source("http://example.org/clip", started_at=MORNING)


def test_a_folder_of_images_is_a_source(tmp_path: Path) -> None:
    for index in range(3):
        cv2.imwrite(str(tmp_path / f"{index:02d}.png"), picture(index))
    frames = frames_of(tmp_path)
    assert [frame.captured_at - MORNING for frame in frames] == [timedelta(seconds=n / 10) for n in range(3)]
    assert frames[1].memory.cut(0, 1) is None
    again = frames[1].memory.pictures([0.1])[0]
    assert again is not None
    assert (again == picture(1)).all()


def test_images_that_are_none_are_told(tmp_path: Path) -> None:
    with pytest.raises(MediaError, match="holds no images"):
        open_source(str(tmp_path), started_at=MORNING)
    (tmp_path / "a.jpg").write_bytes(b"")
    with pytest.raises(MediaError, match=r"a\.jpg: cannot be decoded"):
        list(open_source(str(tmp_path), started_at=MORNING).frames())
