from __future__ import annotations

import json
import os
from pathlib import Path

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from pipeline.scene.homography import Homography, HomographyError, leave_one_out_m
from pipeline.scene.measures import GroundReference

# A camera 6 m above the road that looks down by 15 degrees; 900 pixels focal length.
PITCH = np.radians(15)
FOCAL, MIDDLE, HEIGHT_M = 900.0, np.array([640.0, 360.0]), 6.0
GRID_M = [(east, north) for north in (12.0, 20.0, 32.0, 45.0) for east in (-4.0, 0.0, 4.0)]


def seen(east: float, north: float) -> np.ndarray:
    depth = north * np.cos(PITCH) + HEIGHT_M * np.sin(PITCH)
    down = HEIGHT_M * np.cos(PITCH) - north * np.sin(PITCH)
    return MIDDLE + FOCAL * np.array([east, down]) / depth


def references(noise_px: float = 0.0, seed: int = 0, grid: list[tuple[float, float]] = GRID_M) -> list[GroundReference]:
    random = np.random.default_rng(seed)
    return [
        GroundReference(
            pixel=tuple(seen(*metre) + random.normal(0, noise_px, 2)),
            metre=metre,
            pixel_sigma_px=max(noise_px, 0.1),
            metre_sigma_m=0.001,
        )
        for metre in grid
    ]


@given(east=st.floats(-5, 5), north=st.floats(10, 60))
@settings(max_examples=30, deadline=None)
def test_exact_points_map_exactly_there_and_back(east: float, north: float) -> None:
    ground = Homography.fit(references())
    assert ground.metres([seen(east, north)])[0] == pytest.approx((east, north), abs=1e-5)
    assert ground.to_pixels([(east, north)])[0] == pytest.approx(seen(east, north), abs=1e-5)


def test_large_coordinates_as_of_utm_lose_nothing() -> None:
    moved = [
        reference.model_copy(update={"metre": (reference.metre[0] + 844_000, reference.metre[1] + 5_673_000)})
        for reference in references()
    ]
    assert Homography.fit(moved).metres([seen(1, 25)])[0] == pytest.approx((844_001, 5_673_025), abs=1e-4)


def test_the_stated_covariance_is_the_scatter_that_repeated_surveys_show() -> None:
    place = seen(2.0, 38.0)
    fits = [Homography.fit(references(noise_px=1.0, seed=seed)) for seed in range(150)]
    found = np.array([fit.metres([place])[0] for fit in fits])
    stated = np.mean([fit.to_metres([place])[1][0] for fit in fits], axis=0)
    assert np.sqrt(np.diag(stated)) == pytest.approx(found.std(axis=0), rel=0.25)


def test_a_shaky_pixel_makes_the_metres_less_certain_the_farther_away() -> None:
    ground = Homography.fit(references())
    _, near_and_far = ground.to_metres([seen(0, 15), seen(0, 45)], pixel_sigma_px=1.0)
    near, far = np.sqrt(near_and_far[:, 1, 1])
    assert 3 * near < far
    assert far == pytest.approx(ground.metres_a_pixel(tuple(seen(0, 45))), rel=0.05)


def test_the_sky_is_nowhere_on_the_road() -> None:
    assert np.isnan(Homography.fit(references()).metres([(640, 20)])).all()


@pytest.mark.parametrize(
    "grid", [[(0, 12), (0, 20), (0, 30), (0, 40)], [(0, 12), (0, 20), (0, 30), (4, 40)], [(0, 12), (4, 12), (0, 40)]]
)
def test_points_on_a_line_or_too_few_are_refused(grid: list[tuple[float, float]]) -> None:
    with pytest.raises(HomographyError):
        Homography.fit(references(grid=grid))


def test_left_out_points_are_found_again() -> None:
    assert max(leave_one_out_m(references(noise_px=0.3))) < 0.5


@pytest.mark.extra_data
def test_on_surveyed_points_of_a_real_junction_the_error_is_what_was_foretold() -> None:
    """OpenTrafficCam's five points in UTM metres; without points 3 or 4 the rest have no four corners."""
    folder = os.environ.get("TERTIB_EXTRA_DATA")
    if not folder:
        pytest.skip("set TERTIB_EXTRA_DATA to the folder that holds video/calibrated")
    points = json.loads((Path(folder) / "video" / "calibrated" / "Testvideo_FR20.otrfpts").read_text())
    surveyed = [
        GroundReference(
            pixel=(p["x_px"], p["y_px"]), metre=(p["lon_utm"], p["lat_utm"]), pixel_sigma_px=2.5, metre_sigma_m=0.05
        )
        for p in points.values()
    ]
    whole = Homography.fit(surveyed)
    for reference in surveyed:
        assert np.hypot(*(whole.metres([reference.pixel])[0] - np.array(reference.metre))) < 0.6
    errors = {}
    for number, left_out in enumerate(surveyed):
        others = surveyed[:number] + surveyed[number + 1 :]
        try:
            ground = Homography.fit(others)
        except HomographyError:
            continue
        (found,), (spread,) = ground.to_metres([left_out.pixel], left_out.pixel_sigma_px)
        off = found - np.array(left_out.metre)
        errors[number + 1] = float(np.hypot(*off))
        assert off @ np.linalg.solve(spread, off) < 9.0, "farther off than three times the stated uncertainty"
    assert set(errors) == {1, 2, 5}
    assert errors[5] < 0.5, "within the surveyed area"
