"""Scenes that read well and would judge wrongly: each is refused with one sentence that says what to do."""

from __future__ import annotations

import copy
from typing import Any

import pytest
import yaml

from pipeline.scene import SceneError, load_scene

GOOD: dict[str, Any] = yaml.safe_load("""
schema: tertib.scene/1
name: test
camera: {id: test-1, name: Test, agency: test, jurisdiction: jateng, place: Nowhere, latitude: -7, longitude: 110}
frame: {width_px: 640, height_px: 360}
signals: [{id: head, box: [600, 10, 610, 40]}]
lanes:
  - id: up
    polygon: [[100, 350], [200, 50], [300, 50], [400, 350]]
    direction: [[250, 300], [250, 100]]
    stop_line: [[150, 200], [350, 200]]
    signal: head
    reserved_for: {classes: [bus], hours: [{days: [mon], from: "06:00", to: "09:00", holidays: "off"}]}
  - {id: beside, polygon: [[400, 350], [300, 50], [400, 50], [600, 350]]}
zones: [{id: trap, use: measuring, polygon: [[100, 300], [200, 100], [300, 100], [400, 300]]}]
solid_lines: [{id: middle, line: [[400, 350], [350, 200], [300, 50]]}]
homography:
  - {pixel: [100, 300], metre: [0, 0]}
  - {pixel: [400, 300], metre: [7, 0]}
  - {pixel: [300, 100], metre: [7, 30]}
  - {pixel: [200, 100], metre: [0, 30]}
speed_limits: [{kmh: 50, lanes: [up]}]
certificate: {issuer: BSML, number: A1, valid_from: 2026-01-01, valid_to: 2026-12-31, error_kmh: 1.0}
calendar: {holidays: [2026-03-19], complete_to: 2026-12-31}
""")


def read(tmp_path: Any, content: dict[str, Any]) -> Any:
    path = tmp_path / "scene.yaml"
    path.write_text(yaml.safe_dump(content))
    return load_scene(path)


def test_the_good_scene_is_good(tmp_path: Any) -> None:
    scene = read(tmp_path, GOOD)
    assert scene.speed_limits[0].kmh == 50
    assert [day.isoformat() for day in scene.holidays] == ["2026-03-19"]


@pytest.mark.parametrize(
    ("change", "sentence"),
    [
        (lambda s: s.pop("homography"), r"speed_limits: there is no homography.*survey at least four points"),
        (lambda s: s.pop("zones"), r"speed_limits: no zone has `use: measuring`"),
        (
            lambda s: s["homography"].append({"pixel": [250, 200], "metre": [3.5, 20]}),
            r"homography\.\d: the other points put it \d+\.\d\d m from where",
        ),
        (lambda s: s["homography"][2].update(pixel=[250, 301]), r"homography: .*three lie on a line"),
        (lambda s: s["homography"].pop(), r"homography: needs at least four"),
        (
            lambda s: s["lanes"][1].update(polygon=[[150, 350], [220, 50], [330, 50], [450, 350]]),
            r"lanes: `up` and `beside` overlap by \d+%.*draw them side by side",
        ),
        (lambda s: s["lanes"][0].pop("signal"), r"signals: `head` governs no lane"),
        (lambda s: s["solid_lines"][0].update(line=[[10, 10], [900, 10]]), r"solid_lines\.middle\.line: .*outside"),
        (lambda s: s["homography"][2].update(pixel=[300, 500]), r"homography\.3\.pixel: .*outside the frame"),
        (
            lambda s: s["speed_limits"][0].update(lanes=["nowhere"]),
            r"there is no lane `nowhere` \(there is: beside",
        ),
        (lambda s: s["certificate"].update(valid_to="2025-12-31"), r"certificate A1 ends .* before it begins"),
        (lambda s: s.pop("calendar"), r"lanes\.up\.reserved_for\.hours: depends on holidays.*list the holidays"),
        (lambda s: s["calendar"].update(complete_to="2026-01-01"), r"later than complete_to"),
        (lambda s: s["lanes"][1].update(turn_on_red={"to": "left"}), r"`beside` has turn_on_red but no signal"),
        (lambda s: s["zones"][0].update(use="waiting"), r"is for waiting, but exempt\.classes says not for whom"),
        (lambda s: s["zones"][0].update(use="no_stoping"), r"zones\.trap\.use: "),
        (lambda s: s.update(grace={"speed_kmh": 1}), r"grace\.speed_kmh: .*greater than or equal to 3"),
        (
            lambda s: s["lanes"][0].update(polygon=[[100, 350], [300, 50], [200, 50], [400, 350]]),
            r"lanes\.up\.polygon: crosses itself \(edge 1 meets edge 3\)",
        ),
        (lambda s: s["lanes"][0].update(stop_line=[[150, 200], [700, 200]]), r"lanes\.up\.stop_line: .*outside"),
        (lambda s: s["lanes"][0].update(stop_line=[[450, 340], [590, 340]]), r"`up` has a stop_line that lies beside"),
        (
            lambda s: s["lanes"][0]["reserved_for"].update(classes=["tram"]),
            r"reserved_for\.classes\.1: `tram` is none of car, motorcycle, bus, truck or bicycle$",
        ),
        (
            lambda s: s["lanes"][0]["reserved_for"]["hours"][0].update(to="25:00"),
            r"hours\.1\.to: `25:00` is no time of day: write it quoted.*24:00\"$",
        ),
        (
            lambda s: s["signals"][0].update(box=[600, 10, 600, 40]),
            r"signals\.head\.box: .*at least 2 pixels wide and high",
        ),
    ],
)
def test_a_bad_scene_gets_one_clear_sentence(tmp_path: Any, change: Any, sentence: str) -> None:
    content = copy.deepcopy(GOOD)
    change(content)
    with pytest.raises(SceneError, match=sentence) as told:
        read(tmp_path, content)
    assert "\n" not in str(told.value)
