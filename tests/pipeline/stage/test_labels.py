from __future__ import annotations

from pathlib import Path

import cv2
import pytest

from models.detection import CLASSES
from pipeline.stage.labels import labelled, write_labels
from pipeline.stage.route import Route
from tests.pipeline.stage.plays import JUNCTION, PLAIN_ROAD, head, play, vehicle

STANDS = {"profile_kmh": [[0, 0]]}
CAMERA = {"width_px": 640, "height_px": 360, "focal_px": 900, "fps": 10}


def test_a_ride_is_labelled_part_by_part() -> None:
    riders = [{"helmet": True}, {"helmet": False, "headwear": "hijab"}]
    actor = vehicle("motorcycle", plate="H 12 AB", riders=riders, drive={"start_m": 14.5, **STANDS})
    scene = play(PLAIN_ROAD, actor, camera=CAMERA, duration_s=0.5)
    _, labels = next(labelled(scene, every_s=1.0))
    names = sorted(name for name, _ in labels)
    assert names == ["bare_head", "helmeted_head", "motorcycle", "person", "person", "plate"]
    boxes = dict(labels)
    assert boxes["motorcycle"][1] > boxes["helmeted_head"][1], "the machine is boxed without its riders"


def test_who_is_hidden_is_not_labelled() -> None:
    bus = vehicle("bus", id="bus", drive={"start_m": 20.0, **STANDS})
    behind = vehicle("motorcycle", id="behind", drive={"start_m": 32.0, **STANDS})
    scene = play(PLAIN_ROAD, bus, behind, camera={**CAMERA, "height_m": 3, "pitch_degrees": 5}, duration_s=0.5)
    _, labels = next(labelled(scene, every_s=1.0))
    assert [name for name, _ in labels] == ["bus"]


def test_labels_are_written_as_yolo_reads_them(tmp_path: Path) -> None:
    scene = play(JUNCTION, vehicle(plate="H 1 A"), signals=head((0, "red")), camera=CAMERA, duration_s=1.0)
    assert write_labels(scene, tmp_path, every_s=0.5) == 2
    picture = cv2.imread(str(tmp_path / "images" / "play-000.jpg"))
    assert picture is not None
    assert picture.shape == (360, 640, 3)
    rows = [line.split() for line in (tmp_path / "labels" / "play-000.txt").read_text().splitlines()]
    assert {CLASSES[int(row[0])] for row in rows} >= {"car", "signal"}
    assert all(0 <= float(value) <= 1 for row in rows for value in row[1:])


def test_a_route_is_measured_along_its_arcs() -> None:
    route = Route(((0.0, 0.0), (0.0, 20.0), (-20.0, 20.0)), 6.0)
    assert route.at(14.0) == pytest.approx((0.0, 14.0, 1.5707963))
    # After a quarter of a circle of 6 m it looks west.
    assert route.at(14.0 + 9.42477796) == pytest.approx((-6.0, 20.0, 3.14159265))
    assert route.at(-2.0) == pytest.approx((0.0, -2.0, 1.5707963))
