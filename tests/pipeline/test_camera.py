from __future__ import annotations

import io
import threading
from pathlib import Path

import av
import cv2
import numpy as np
import pytest

from pipeline.camera import Camera, CameraStats, Event, run_cameras
from pipeline.evidence.keys import PublicKeyRing, SigningKey
from pipeline.evidence.manifest import Software
from pipeline.evidence.moving import Moving
from pipeline.evidence.package import SealedPackage
from pipeline.evidence.verify import verify
from pipeline.exhibits import Finding
from pipeline.ingest import MediaError, open_source
from pipeline.ingest.saving import Steps
from pipeline.rules.crossing import Crossing
from pipeline.scene import Scene
from pipeline.sealer import FolderLedger, Sealer
from tests.pipeline.roadside import (
    BUSES_ONLY,
    MORNING,
    ONE_WAY_UP,
    Onlooker,
    PlateOf,
    Vehicle,
    downwards,
    scene,
    upwards,
    write_clip,
)

WRONG = Vehicle(200, downwards(90, 45))
RIGHT = Vehicle(140, upwards(240, 235, 28))
KEY = SigningKey.from_seed(bytes(32))


def camera(clip: Path, where: Scene, vehicles: list[Vehicle], texts: dict[int, str] | None = None) -> Camera:
    source = open_source(str(clip), recorded_at=MORNING, started_at=MORNING)
    return Camera(where, source, detector=Onlooker(vehicles), reader=PlateOf(texts or {}))


def watched(*cameras: Camera, folder: Path | None = None) -> tuple[list[Event], list[SealedPackage], CameraStats]:
    sealer = (
        Sealer(keys={"test-1": KEY}, ledger=FolderLedger(folder), software=Software(version="test")) if folder else None
    )
    events: list[Event] = []
    packages: list[SealedPackage] = []
    stats = run_cameras(
        list(cameras),
        sealer,
        stop=threading.Event(),
        on_event=lambda _, event: events.append(event),
        on_package=packages.append,
    )
    return events, packages, stats


def test_the_one_who_drives_against_the_arrow_is_found_once_with_his_plate(tmp_path: Path) -> None:
    vehicles = [WRONG, RIGHT]
    clip = write_clip(tmp_path / "clip.mp4", vehicles, 6)
    events, _, stats = watched(camera(clip, scene(lanes=[ONE_WAY_UP]), vehicles, {200: "H1234AB", 140: "K9"}))
    findings = [event for event in events if isinstance(event, Finding)]
    assert [finding.candidate.offence for finding in findings] == ["wrong_way"]
    assert findings[0].plate.text == "H1234AB"
    assert (stats.frames, stats.findings, dict(stats.by_offence)) == (60, 1, {"wrong_way": 1})
    assert stats.tracks == 2
    assert stats.video_s == pytest.approx(5.9)


def test_a_package_holds_the_clip_and_the_stills_and_verifies(tmp_path: Path) -> None:
    vehicles = [WRONG, RIGHT]
    clip = write_clip(tmp_path / "clip.mp4", vehicles, 6)
    _, packages, _ = watched(
        camera(clip, scene(lanes=[ONE_WAY_UP]), vehicles, {200: "H1234AB"}), folder=tmp_path / "out"
    )
    ring = PublicKeyRing(keys=(KEY.public("test-1", valid_from=MORNING),))
    verified = verify((tmp_path / "out" / packages[0].file_name).read_bytes(), ring)
    manifest = verified.manifest
    assert {member.role.value for member in manifest.members} == {
        "clip",
        "overview",
        "offence",
        "offence_drawn",
        "plate",
        "moving",
    }
    assert manifest.plate.text == "H1234AB"
    assert all(condition.met for condition in manifest.conditions)
    with av.open(io.BytesIO(verified.members["clip.mp4"])) as container:
        assert sum(1 for _ in container.decode(video=0)) > 20
    offence = cv2.imdecode(np.frombuffer(verified.members["offence.jpg"], np.uint8), cv2.IMREAD_COLOR)
    x1, y1, x2, y2 = (round(value) for value in manifest.track.box)
    assert np.median(offence[y1 + 3 : y2 - 3, x1 + 3 : x2 - 3]) == pytest.approx(200, abs=6)
    # The other vehicle is marked as a bystander, and the offender is not.
    marked = manifest.bystanders["offence.jpg"]
    assert any(200 < (box[0] + box[2]) / 2 < 280 for box in marked)
    assert not any(box[0] < 90 < box[2] for box in marked)
    # Where everybody was while the clip ran, and where in the clip the offence is.
    moving = Moving.from_bytes(verified.members["moving.json"])
    assert manifest.measured["offence_in_clip_s"] == pytest.approx(-moving.clip_begins_s, abs=0.01)
    assert {outline.sort for outline in moving.outlines} == {"lane", "direction"}
    nearest = min(moving.instants, key=lambda instant: abs(instant.at_s))
    assert nearest.own is not None
    assert nearest.own == pytest.approx(manifest.track.box, abs=8)
    assert any(200 < (box[0] + box[2]) / 2 < 280 for box in nearest.others)


def test_the_next_package_of_a_camera_links_to_the_one_before(tmp_path: Path) -> None:
    clip = write_clip(tmp_path / "clip.mp4", [WRONG], 6)
    for sequence in (1, 2):
        _, packages, _ = watched(camera(clip, scene(lanes=[ONE_WAY_UP]), [WRONG]), folder=tmp_path / "out")
        assert packages[0].manifest.chain.sequence == sequence
    assert len(list((tmp_path / "out").glob("*.tertib"))) == 2


def test_a_plate_that_leaves_the_picture_before_the_offence_is_certain_is_read(tmp_path: Path) -> None:
    # It stands at a gate with its plate in view, then moves on beyond the lower edge.
    waits = Vehicle(200, lambda t: (160, 150 if t < 3 else 150 + 60 * (t - 3)))
    clip = write_clip(tmp_path / "clip.mp4", [waits], 6)
    events, _, _ = watched(camera(clip, scene(lanes=[BUSES_ONLY]), [waits], {200: "H1234AB"}))
    findings = [event for event in events if isinstance(event, Finding)]
    assert [(finding.candidate.offence.value, finding.plate.text) for finding in findings] == [("bus_lane", "H1234AB")]


def test_a_bus_in_its_lane_and_a_parked_car_are_left_alone(tmp_path: Path) -> None:
    bus = Vehicle(200, downwards(90, 45), kind="bus")
    parked = Vehicle(140, lambda _: (240, 120))
    clip = write_clip(tmp_path / "clip.mp4", [bus, parked], 5)
    events, _, stats = watched(camera(clip, scene(lanes=[BUSES_ONLY]), [bus, parked]))
    assert events == []
    assert stats.tracks >= 1


def test_vehicles_are_counted_by_direction(tmp_path: Path) -> None:
    line = {"id": "line", "line": [[20, 140], [300, 140]], "left": "in", "right": "out"}
    vehicles = [WRONG, RIGHT]
    clip = write_clip(tmp_path / "clip.mp4", vehicles, 6)
    events, _, _ = watched(camera(clip, scene(count_lines=[line]), vehicles))
    assert sorted(event.toward for event in events if isinstance(event, Crossing)) == ["in", "out"]


def test_nothing_is_inferred_where_nothing_moves(tmp_path: Path) -> None:
    clip = write_clip(tmp_path / "clip.mp4", [Vehicle(200, downwards(90, 45, since=6))], 8)
    _, _, stats = watched(camera(clip, scene(lanes=[ONE_WAY_UP]), []))
    assert stats.inferred < 0.6 * stats.analysed


def test_who_stands_is_followed_while_the_camera_rests_and_found_when_he_moves_on(tmp_path: Path) -> None:
    # Seven seconds at the gate without any motion, and then into the lane that is kept for buses.
    waits = Vehicle(200, lambda t: (160, 120 if t < 7 else 120 + 30 * (t - 7)))
    clip = write_clip(tmp_path / "clip.mp4", [waits], 10)
    found: dict[str, tuple[list[tuple[str, str | None]], int, int]] = {}
    for name, steps in {"all": Steps(), "none": Steps.none()}.items():
        source = open_source(str(clip), recorded_at=MORNING, started_at=MORNING)
        watching = Camera(
            scene(lanes=[BUSES_ONLY]), source, detector=Onlooker([waits]), reader=PlateOf({200: "H1"}), steps=steps
        )
        events, _, stats = watched(watching)
        told = [(e.candidate.offence.value, e.plate.text) for e in events if isinstance(e, Finding)]
        found[name] = (told, stats.tracks, stats.inferred)
    assert found["all"][:2] == found["none"][:2] == ([("bus_lane", "H1")], 1)
    assert found["all"][2] < 0.6 * found["none"][2]


def test_what_was_found_in_a_clip_that_is_cut_off_is_told_before_the_complaint(tmp_path: Path) -> None:
    clip = write_clip(tmp_path / "clip.mkv", [WRONG], 20)
    clip.write_bytes(clip.read_bytes()[: int(clip.stat().st_size * 0.7)])
    events: list[Event] = []
    with pytest.raises(MediaError, match=r"cut off|damaged"):
        run_cameras(
            [camera(clip, scene(lanes=[ONE_WAY_UP]), [WRONG])],
            None,
            stop=threading.Event(),
            on_event=lambda _, event: events.append(event),
        )
    assert [event.candidate.offence.value for event in events if isinstance(event, Finding)] == ["wrong_way"]


def test_cameras_stop_when_they_are_told_to(tmp_path: Path) -> None:
    stop = threading.Event()
    stop.set()
    clip = write_clip(tmp_path / "clip.mp4", [WRONG], 6)
    stats = run_cameras([camera(clip, scene(lanes=[ONE_WAY_UP]), [WRONG])], None, stop=stop)
    assert stats.frames <= 60


def test_several_cameras_are_summed(tmp_path: Path) -> None:
    clip = write_clip(tmp_path / "clip.mp4", [WRONG], 6)
    where = scene(lanes=[ONE_WAY_UP])
    _, _, stats = watched(camera(clip, where, [WRONG]), camera(clip, where, [WRONG]))
    assert (stats.frames, stats.findings) == (120, 2)
