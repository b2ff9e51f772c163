"""Setting a camera up: the scene is drawn, surveyed points fit or say by how much not, versions are compared."""

from __future__ import annotations

import json
from collections.abc import Callable
from datetime import datetime, timedelta
from pathlib import Path

import pytest
from fastapi.testclient import TestClient

from api.camera_setup.adding import PartUnfitError, add_part, first_text, points_in
from api.camera_setup.drawing import SceneUnreadableError, differences, draw, read_scene
from api.camera_setup.ground import PointsUnfitError, fit
from api.camera_setup.shadow import ShadowUnreadableError, compare, offered
from api.camera_setup.versions import VersionRefusedError, read_signature
from api.database import Database
from api.intake.cameras import add_camera
from api.people.service import User
from pipeline.evidence.keys import SigningKey
from pipeline.scene import load_scene
from pipeline.scene.signing import sign_scene
from tests.api.public_pages import get, picture, send

SCENES = sorted((Path(__file__).parents[2] / "samples" / "scenes").glob("*.yaml"))
TRUTH = [[12.0, 1.5, 3.0], [0.4, 9.0, -2.0], [0.001, 0.002, 1.0]]


def ground_of(x: float, y: float) -> tuple[float, float]:
    e, n, w = (row[0] * x + row[1] * y + row[2] for row in TRUTH)
    return e / w, n / w


def test_exact_points_fit_exactly_and_a_wrong_one_shows() -> None:
    pixels = [(100.0, 100.0), (600.0, 120.0), (620.0, 400.0), (90.0, 380.0), (300.0, 250.0), (200.0, 150.0)]
    exact = [(pixel, ground_of(*pixel)) for pixel in pixels]
    assert fit(exact).rms_m < 1e-6
    (pixel, (east, north)) = exact[4]
    moved = fit([*exact[:4], (pixel, (east + 40.0, north)), exact[5]])
    assert moved.rms_m > 1
    assert len(moved.grid) > 4


@pytest.mark.parametrize(
    "pixels", [[(0, 0), (1, 0), (2, 0)], [(0, 0), (1, 1), (2, 2), (3, 3)], [(5, 5), (5, 5), (5, 5), (5, 5)]]
)
def test_points_that_make_no_plane_are_refused(pixels: list[tuple[float, float]]) -> None:
    with pytest.raises(PointsUnfitError):
        fit([(pixel, (pixel[0] * 2.0, pixel[1] * 3.0)) for pixel in pixels])


@pytest.mark.parametrize("path", SCENES, ids=lambda path: path.stem)
def test_every_sample_scene_is_drawn_whole(path: Path) -> None:
    text = path.read_text("utf-8").replace("&", "")
    drawn = draw(read_scene(text))
    assert drawn.shapes
    assert drawn.left_out == ()


@pytest.mark.parametrize("text", ["- a", "schema: other/1", "a: [", "a: &x 1\nb: *x", "x" * 70_000])
def test_what_is_no_scene_is_named(text: str) -> None:
    with pytest.raises(SceneUnreadableError):
        read_scene(text)


def test_two_versions_differ_by_name() -> None:
    one = {"lanes": [{"id": "bus", "polygon": [[1, 1]]}, {"id": "car"}], "version": 1}
    other = {"lanes": [{"id": "bus", "polygon": [[2, 1]]}, {"id": "car"}], "version": 2}
    assert differences(one, other) == ("lanes.bus", "version")


@pytest.mark.parametrize("path", SCENES, ids=lambda path: path.stem)
def test_what_is_drawn_is_written_where_it_belongs_and_nothing_else_changes(path: Path) -> None:
    text = path.read_text("utf-8")
    made = add_part(text, "lane", "drawn", points_in("1,2 100,2\n100 , 200"))
    made = add_part(made, "stop_line", "drawn", points_in("5,6 7,8"))
    made = add_part(made, "stop_line", "drawn", points_in("9,9 8,8"))  # drawn anew, it takes the old one's place
    made = add_part(made, "signal", "north", points_in("50,60 20,30"))
    made = add_part(made, "point", "", points_in("640,300"), points_in("3.5,-12"))
    values = read_scene(made)
    lane = next(one for one in values["lanes"] if one["id"] == "drawn")
    assert lane == {"id": "drawn", "polygon": [[1, 2], [100, 2], [100, 200]], "stop_line": [[9, 9], [8, 8]]}
    assert values["signals"][-1] == {"id": "north", "box": [20, 30, 50, 60]}
    assert values["homography"][-1] == {"pixel": [640, 300], "metre": [3.5, -12]}
    kept = iter(made.splitlines())
    assert all(any(line == other for other in kept) for line in text.splitlines()), (
        "every line is still there, in order"
    )


def filled_in(text: str) -> str:
    """What only a person knows: where the camera stands, and its address."""
    for key, value in (("latitude:", "-6.98"), ("longitude:", "110.41"), ("source:", "rtsp://camera/1")):
        text = text.replace(key, f"{key} {value}")
    return text


def test_a_first_scene_is_one_that_the_roadside_reads(tmp_path: Path) -> None:
    text = first_text("jt-1", "dishub", "jateng", "Jl. Pemuda: utara", 1280, 720)
    text = add_part(text, "lane", "bus", points_in("1,2 100,2 100,200"))
    file = tmp_path / "scene.yaml"
    file.write_text(filled_in(text), "utf-8")
    assert load_scene(file).lanes[0].id == "bus"


@pytest.mark.parametrize(
    ("sort", "name", "points", "metres", "why"),
    [
        ("lane", "a", "1,2 3", "", "points"),
        ("lane", "a", "1,2 3,4", "", "count"),
        ("lane", "A b", "1,2 3,4 5,6", "", "name"),
        ("lane", "x", "1,2 3,4 5,6", "", "taken"),
        ("stop_line", "none", "1,2 3,4", "", "lane"),
        ("point", "", "1,2", "", "metres"),
        ("tree", "a", "1,2", "", "sort"),
        ("lane", "a", "1,2 " * 101, "", "many"),
    ],
)
def test_what_cannot_be_added_says_why(sort: str, name: str, points: str, metres: str, why: str) -> None:
    scene = "schema: tertib.scene/1\nlanes:\n  - id: x\n    polygon: [[1, 1], [2, 2], [3, 1]]\n"
    with pytest.raises(PartUnfitError) as caught:
        add_part(scene, sort, name, points_in(points), points_in(metres))
    assert caught.value.message == f"cameras.add.error.{why}"


def run(*candidates: tuple[str, float, str | None]) -> str:
    """An output of `tertib observe --jsonl`."""
    begin = datetime.fromisoformat("2026-03-02T07:00:00+07:00")
    return "\n".join(
        json.dumps(
            {
                "kind": "offence",
                "offence": offence,
                "time": (begin + timedelta(seconds=at_s)).isoformat(),
                "plate": {"text": plate},
            }
        )
        for offence, at_s, plate in candidates
    )


def test_two_versions_tried_on_the_same_footage_are_laid_side_by_side() -> None:
    before = run(("bus_lane", 1, "H1"), ("bus_lane", 10, "H2"), ("red_light", 20, None), ("bus_lane", 30, "H3"))
    after = run(("bus_lane", 1.4, "H1"), ("bus_lane", 10, "H9"), ("red_light", 20.5, "H4"))
    compared = compare(offered(before), offered(after))
    lines = {line.offence: (line.both, line.only_before, line.only_after) for line in compared.lines}
    assert lines == {"bus_lane": (1, 2, 1), "red_light": (1, 0, 0)}
    assert [(whose, one.plate) for whose, one in compared.differ] == [
        ("before", "H2"),
        ("after", "H9"),
        ("before", "H3"),
    ]
    for bad in ("{", "[]", '{"kind": "offence"}', '{"kind":"offence","offence":"a","time":"2026-01-01","plate":{}}'):
        with pytest.raises(ShadowUnreadableError):
            offered(bad)


def test_a_signed_version_is_published_once_and_only_if_its_signature_holds(
    client: TestClient,
    database: Database,
    make_user: Callable[..., User],
    sign_in: Callable[[User], TestClient],
    tmp_path: Path,
) -> None:
    with database.session() as session:
        add_camera(session, camera_id="jt-1", place="Jl. Pemuda", agency="dishub", jurisdiction="jateng")
    sign_in(make_user("supervisor"))
    page = get(client, "/cameras/jt-1")
    form = page.form("/cameras/jt-1")
    added = send(client, form, act="add", sort="lane", name="bus", points="10,700 600,300 700,300 600,700", metres="")
    assert added.status_code == 200
    assert "scene__shape--lanes-polygon" in added.text
    file = tmp_path / "jt-1.yaml"
    text = filled_in(page.form("/cameras/jt-1").fields["scene"])
    text = add_part(text, "lane", "bus", points_in("10,700 600,300 700,300 600,700"))
    file.write_text(text, "utf-8")
    scene = load_scene(file)
    signature = sign_scene(
        name=scene.name,
        camera_id="jt-1",
        version=scene.version,
        version_sha256=scene.version_sha256,
        signer="Teknisi",
        key=SigningKey.generate(),
        now=datetime.fromisoformat("2026-03-02T07:00:00+00:00"),
    )
    told = signature.model_dump_json(by_alias=True)
    assert read_signature(told).signer == "Teknisi"
    with pytest.raises(VersionRefusedError):
        read_signature(told.replace("Teknisi", "Tamu"))
    other = page.form("/cameras/jt-1/versions")

    def publish(signed: str, scene_text: str = text):
        return send(client, other, files={"signature": ("a.sig.json", signed, "application/json")}, scene=scene_text)

    assert publish(told.replace("Teknisi", "Tamu")).status_code == 422
    assert publish("{}").status_code == 422
    assert publish(told, text.replace("name: jt-1", "name: other", 1)).status_code == 422
    good = publish(told)
    assert (good.status_code, "Teknisi" in good.text) == (200, True)
    assert publish(told).status_code == 422, "a version is published once"
    assert client.get("/cameras/jt-1/versions/1.yaml").text == text
    assert client.get("/cameras/jt-1/versions/1.yaml.sig.json").text == told
    assert client.get("/cameras/jt-1/versions/2.yaml").status_code == 404
    assert client.get("/cameras/jt-1/versions/1.exe").status_code == 404
    assert get(client, "/cameras/jt-1").form("/cameras/jt-1").fields["scene"] == text, "work goes on from the last one"
    frame = page.form("/cameras/jt-1/frame")
    assert client.get("/cameras/jt-1/frame.jpg").status_code == 404
    assert send(client, frame, files={"frame": ("a.jpg", b"none", "image/jpeg")}, scene=text).status_code == 422
    put = send(client, frame, files={"frame": ("a.png", picture(64, 36, media_type="PNG"), "image/png")}, scene=text)
    assert "/cameras/jt-1/frame.jpg" in put.text
    assert client.get("/cameras/jt-1/frame.jpg").headers["content-type"] == "image/jpeg"
    shadow = page.form("/cameras/jt-1/shadow")
    one, two = run(("bus_lane", 1, "H1")), run(("bus_lane", 5, "H1"))
    files = {"before": ("a.jsonl", one, "text/plain"), "after": ("b.jsonl", two, "text/plain")}
    told_side_by_side = send(client, shadow, files=files, scene=text)
    assert told_side_by_side.status_code == 200
    assert "bus_lane" in told_side_by_side.text
    assert send(client, shadow, files={"before": ("a", b"x", "text/plain")}, scene=text).status_code == 422


def test_the_page_keeps_what_was_typed_and_is_for_technicians(
    client: TestClient, database: Database, make_user: Callable[..., User], sign_in: Callable[[User], TestClient]
) -> None:
    with database.session() as session:
        add_camera(session, camera_id="smg-01", place="Jl. Pemuda", agency="dishub", jurisdiction="jateng")
    sign_in(make_user("officer"))
    assert get(client, "/cameras").status == 403
    client.cookies.clear()
    sign_in(make_user("supervisor"))
    assert "smg-01" in get(client, "/cameras").text
    form = get(client, "/cameras/smg-01").form("/cameras/smg-01")
    bad = send(client, form, scene="lanes: [")
    assert bad.status_code == 422
    assert "lanes: [" in bad.text
    scene = SCENES[0].read_text("utf-8")
    good = send(client, form, scene=scene, other=scene)
    assert good.status_code == 200
    assert "scene__shape--lanes-polygon" in good.text
    assert get(client, "/cameras/absent").status == 404
    assert get(client, "/statistics").status == 200
    assert client.get("/statistics.csv").text.startswith("what,key,number,value")
