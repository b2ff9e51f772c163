"""Real footage that may not be redistributed: runs only where `TERTIB_EXTRA_DATA` names its folder."""

from __future__ import annotations

import os
import threading
from pathlib import Path

import pytest

from models.detector import load_detector
from models.plates.reader import load_plate_reader
from pipeline.camera import Camera, Event, run_cameras
from pipeline.exhibits import Finding
from pipeline.ingest import open_source
from pipeline.perception.phase import PhaseChange
from pipeline.scene import Scene
from tests.pipeline.roadside import CAMERA, MORNING

pytestmark = [pytest.mark.extra_data, pytest.mark.slow]

RED_LIGHT = {
    "name": "redlight",
    "camera": CAMERA,
    "frame": {"width_px": 640, "height_px": 352},
    "signals": [{"id": "head", "box": [455, 21, 462, 36]}],
    "lanes": [
        {
            "id": "through",
            "polygon": [[0, 160], [150, 142], [415, 170], [87, 351], [0, 351]],
            "direction": [[140, 280], [400, 110]],
            "stop_line": [[15, 128], [425, 171]],
            "signal": "head",
        }
    ],
}


def footage(name: str) -> Path:
    folder = os.environ.get("TERTIB_EXTRA_DATA")
    if not folder:
        pytest.skip("set TERTIB_EXTRA_DATA to the folder that holds video/dev")
    path = Path(folder) / "video" / "dev" / name
    if not path.exists():
        pytest.skip(f"{path} is not there")
    return path


def test_of_three_cars_at_a_red_light_only_the_one_that_passes_is_offered() -> None:
    source = open_source(str(footage("redlight-us-1.mp4")), recorded_at=MORNING, started_at=MORNING)
    scene = Scene.model_validate(RED_LIGHT)
    camera = Camera(scene, source, detector=load_detector(), reader=load_plate_reader())
    events: list[Event] = []
    run_cameras([camera], None, stop=threading.Event(), on_event=lambda _, event: events.append(event))
    findings = [event for event in events if isinstance(event, Finding)]
    assert [finding.candidate.offence.value for finding in findings] == ["red_light"]
    # By eye the rear wheels pass the line between frames 175 and 182.
    assert 174 <= findings[0].candidate.frame <= 184
    assert {event.state for event in events if isinstance(event, PhaseChange)} == {"red"}
