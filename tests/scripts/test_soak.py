"""The soak's verdict says no when memory grows, a handle stays open, a gap is missing or a package comes twice."""

from __future__ import annotations

import base64
import hashlib
from collections.abc import Iterator

import httpx
import pytest

from scripts.commands._soak_faults import Fault
from scripts.commands._soak_office import Receiver
from scripts.commands._soak_verdict import Sample, SeenGap, growth, recovery
from tests.pipeline.evidence.builder import key_ring, sealed_chain, sealed_package

MB = 1_000_000


def samples(rss_mb: float = 500, grows_mb: float = 0, files: int = 12, more_files: int = 0) -> list[Sample]:
    last = 360
    return [
        Sample(
            at_s=10.0 * number,
            process="box",
            rss_bytes=round((rss_mb + grows_mb * number / last) * MB),
            open_files=files + more_files * number // last,
            threads=30,
            cpu_s=3.0 * number,
        )
        for number in range(last + 1)
    ]


def test_a_box_that_stays_as_it_is_is_flat_and_one_that_grows_is_not() -> None:
    assert growth(samples())["flat"] is True
    assert growth(samples(grows_mb=60))["flat"] is False
    assert growth(samples(grows_mb=60))["rss_slope_mb_an_hour"] == pytest.approx(60, rel=0.01)
    assert growth(samples(more_files=20))["flat"] is False
    assert growth(samples())["cpu_share_of_a_core"] == pytest.approx(0.3)


def fault(kind: str = "mute", began: float = 100.0, ended: float = 120.0) -> Fault:
    return Fault("soak-1", kind, began, ended)


def gap(began: float, ended: float | None, who: str = "soak-1") -> SeenGap:
    return SeenGap(who, began, ended, "nothing came")


def test_each_fault_must_have_left_its_gap_and_the_camera_must_be_back() -> None:
    told = recovery([fault()], [gap(101, 125)])
    assert (told["faults_without_a_gap"], told["back_s_most"], told["back_in_time"]) == ([], 5.0, True)
    assert recovery([fault()], [gap(101, 170)])["back_in_time"] is False
    assert recovery([fault()], [gap(101, None)])["back_in_time"] is False
    assert recovery([fault()], [])["faults_without_a_gap"] == ["soak-1 mute at 100"]
    assert recovery([fault()], [gap(101, 125, "soak-2")])["faults_without_a_gap"] == ["soak-1 mute at 100"]
    assert recovery([fault()], [gap(300, 310)])["faults_without_a_gap"] == ["soak-1 mute at 100"]


@pytest.fixture
def office() -> Iterator[Receiver]:
    made = Receiver(lambda: key_ring("smg-01"))
    yield made
    made.close()


def post(office: Receiver, data: bytes) -> httpx.Response:
    digest = base64.b64encode(hashlib.sha256(data).digest()).decode()
    return httpx.post(f"{office.url}/v1/packages", content=data, headers={"Content-Digest": f"sha-256=:{digest}:"})


def test_the_receiving_office_tells_a_package_that_comes_again_from_another_for_its_place(office: Receiver) -> None:
    first, second = sealed_chain(2, camera_id="smg-01")
    assert [post(office, data).status_code for data in (first.data, first.data, second.data)] == [201, 200, 201]
    assert (office.again, office.doubled, len(office.places)) == (1, [], 2)
    usurper = sealed_package(camera_id="smg-01", id_="00000000-0000-4000-8000-00000000abcd")
    post(office, usurper.data)
    assert office.doubled == [("smg-01", 1)]
    assert post(office, first.data[:-9]).status_code == 422
    assert len(office.unverified) == 1


def test_the_receiving_office_fails_as_it_is_told(office: Receiver) -> None:
    (only,) = sealed_chain(1, camera_id="smg-01")
    office.fault = "busy"
    answer = post(office, only.data)
    assert (answer.status_code, answer.headers["Retry-After"]) == (503, "5")
    office.fault = "lost_answer"
    with pytest.raises(httpx.HTTPError):
        post(office, only.data)
    office.fault = "none"
    assert post(office, only.data).status_code == 200
    assert (office.again, len(office.places)) == (1, 1)
