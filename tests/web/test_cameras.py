"""Setting a camera up: the scene is drawn, surveyed points fit or say by how much not, versions are compared."""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path

import pytest
from fastapi.testclient import TestClient

from api.camera_setup.drawing import SceneUnreadableError, differences, draw, read_scene
from api.camera_setup.ground import PointsUnfitError, fit
from api.database import Database
from api.intake.cameras import add_camera
from api.people.service import User
from tests.api.public_pages import get, send

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
