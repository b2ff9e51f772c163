from __future__ import annotations

import json
from datetime import timedelta
from pathlib import Path

import av
import numpy as np
import pytest

from pipeline.scene import load_scene
from pipeline.stage import Specification, produce
from pipeline.stage.clip import TICKS, ticks_of
from tests.pipeline.stage.plays import PLAIN_ROAD, play, vehicle


def performed(duration_s: float = 0.8) -> Specification:
    camera = {"width_px": 320, "height_px": 180, "focal_px": 300, "fps": 10, "frame_jitter": 0.3}
    return play(PLAIN_ROAD, vehicle(), duration_s=duration_s, seed=3, camera=camera)


def test_a_performance_is_clip_scene_and_truth(tmp_path: Path) -> None:
    specification = performed()
    made = produce(specification, tmp_path / "new" / "folder")
    scene = load_scene(made.folder / "scene.yaml")
    assert scene.media_path() == str((made.folder / "clip.mp4").resolve())
    with av.open(str(made.folder / "clip.mp4")) as clip:
        times = [float(frame.time) for frame in clip.decode(video=0)]
        assert (clip.streams.video[0].width, clip.streams.video[0].height) == (320, 180)
    assert times == pytest.approx([tick / TICKS for tick in ticks_of(specification)], abs=1e-6)
    assert len(set(np.round(np.diff(times), 4))) > 1, "pictures come early and late"
    truth = [json.loads(line) for line in (made.folder / "truth.jsonl").read_text().splitlines()]
    assert truth[0]["kind"] == "clip"
    assert truth[0]["frames"] == len(times) == made.frames
    places = [record for record in truth if record["kind"] == "position"]
    start = specification.recorded_at
    for place, at_s in zip(places, times, strict=True):
        moment = (start + timedelta(microseconds=round(at_s * 1e6))).strftime("%H:%M:%S.%fZ")
        assert place["time"].endswith(moment)
        assert place["north_m"] == pytest.approx(10 + 10 * at_s, abs=1e-4)


def test_the_same_specification_gives_the_same_clip_and_truth(tmp_path: Path) -> None:
    one, other = produce(performed(0.3), tmp_path / "one"), produce(performed(0.3), tmp_path / "other")
    for name in ("clip.mp4", "scene.yaml", "truth.jsonl"):
        assert (one.folder / name).read_bytes() == (other.folder / name).read_bytes()


def test_truth_can_be_had_without_drawing(tmp_path: Path) -> None:
    made = produce(performed(), tmp_path, pictures=False)
    assert sorted(path.name for path in made.folder.iterdir()) == ["scene.yaml", "truth.jsonl"]
