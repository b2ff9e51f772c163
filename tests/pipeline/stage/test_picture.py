"""What is drawn is where truth says, and shows what the specification says."""

from __future__ import annotations

import numpy as np
import pytest

from pipeline.perception.signals import read_head
from pipeline.scene import Scene
from pipeline.stage.lens import Lens
from pipeline.stage.picture import Studio
from pipeline.stage.scene_file import UnseenError, scene_of
from pipeline.stage.world import World, box_of
from tests.pipeline.stage.plays import JUNCTION, PLAIN_ROAD, head, play, vehicle

QUIET = {"noise": 0, "blur_px": 0}


@pytest.mark.parametrize(
    ("kind", "body"),
    [
        ("car", "sedan"),
        ("car", "pickup"),
        ("bus", "coach"),
        ("truck", "tipper"),
        ("motorcycle", None),
        ("bicycle", None),
    ],
)
def test_a_vehicle_changes_the_picture_inside_its_box_and_only_near_it(kind: str, body: str | None) -> None:
    parts = {"start_m": 24.0, "profile_kmh": [[0, 0]]}
    actor = vehicle(kind, body=body, colour="red", plate="H 1 A", drive=parts)
    full, empty = play(PLAIN_ROAD, actor, picture=QUIET), play(PLAIN_ROAD, picture=QUIET)
    world = World(full)
    changed = np.abs(Studio(world).take(0.0).astype(int) - Studio(World(empty)).take(0.0)).max(axis=2) > 24
    box = box_of(world.presence(1, 0.0), Lens(full.camera))
    assert box is not None
    x1, y1, x2, y2 = (round(value) for value in box)
    assert changed[y1:y2, x1:x2].mean() > 0.3
    rows, columns = np.nonzero(changed)
    # The box is as tight as a pixel at the top; shadows may fall beside and below.
    assert abs(int(rows.min()) - y1) <= 2
    assert columns.min() >= x1 - (x2 - x1) * 3
    outside = changed.copy()
    outside[:, max(0, x1 - 90) : x2 + 90] = False
    assert outside.sum() == 0


@pytest.mark.parametrize("time", ["day", "night"])
@pytest.mark.parametrize("state", ["red", "yellow", "green"])
def test_a_lamp_shows_its_colour_to_a_reader_of_signals(state: str, time: str) -> None:
    camera = {"width_px": 640, "height_px": 360, "focal_px": 700, "fps": 10}
    specification = play(JUNCTION, signals=head((0, state)), light={"time": time}, camera=camera)
    scene = Scene.model_validate(scene_of(specification, Lens(specification.camera)))
    assert read_head(Studio(World(specification)).take(0.0), scene.signals[0]) == state


def test_night_is_darker_than_day_and_lamps_light_the_road() -> None:
    car = vehicle("car", "oncoming", drive={"start_m": 30, "profile_kmh": [[0, 0]]})
    by_day, by_night = (
        Studio(World(play(PLAIN_ROAD, car, light={"time": time}))).take(0.0) for time in ("day", "night")
    )
    assert by_night.mean() < 0.5 * by_day.mean()
    assert by_night.max() > 200


def test_the_scene_has_what_the_road_has() -> None:
    specification = play(JUNCTION, signals=head((0, "red")))
    scene = Scene.model_validate(scene_of(specification, Lens(specification.camera)))
    assert [lane.id for lane in scene.lanes] == ["lane", "oncoming"]
    lane, oncoming = scene.lanes
    assert lane.signal == "head"
    assert lane.direction is not None
    assert oncoming.direction is not None
    assert lane.direction[0][1] > lane.direction[1][1], "away from the camera is upwards"
    assert oncoming.direction[0][1] < oncoming.direction[1][1]
    assert lane.stop_line is not None
    for reference in scene.homography:
        east, north = reference.metre
        assert Lens(specification.camera).pixel(east, north) == pytest.approx(reference.pixel, abs=0.01)


def test_a_signal_outside_the_picture_is_refused_with_a_sentence() -> None:
    lamps = [{**head((0, "red"))[0], "height_m": 14.0}]
    specification = play(JUNCTION, signals=lamps)
    with pytest.raises(UnseenError, match="signal `head` is not wholly in the picture"):
        scene_of(specification, Lens(specification.camera))
