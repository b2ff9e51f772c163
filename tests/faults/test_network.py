"""The line between box and office is cut, slow, lossy, or the office is busy: nothing is lost, nothing doubled."""

from __future__ import annotations

import random
from collections.abc import Iterator
from datetime import UTC, datetime, timedelta
from pathlib import Path

import httpx
import pytest

from pipeline.delivery.sender import Sender
from pipeline.delivery.spool import Spool
from tests.faults.proxy import bad_line
from tests.pipeline.delivery.office import running_office
from tests.pipeline.evidence.builder import sealed_chain

COUNT = 12


@pytest.fixture
def spool(tmp_path: Path) -> Iterator[Spool]:
    with Spool(tmp_path / "spool") as made:
        for camera in ("smg-01", "smg-02"):
            for package in sealed_chain(COUNT // 2, camera_id=camera):
                made.accept(package)
        yield made


def sender(spool: Spool, url: str, client: httpx.Client, **how: object) -> Sender:
    jitter = random.Random(3)  # noqa: S311 - spreads retries, protects nothing
    return Sender(spool, url, "secret", client=client, sleep=lambda _: None, random=jitter, **how)  # type: ignore[arg-type]


def everything(camera_counts: int = COUNT // 2) -> list[tuple[str, int]]:
    return sorted((camera, place + 1) for camera in ("smg-01", "smg-02") for place in range(camera_counts))


def test_a_tenth_lost_and_two_hundred_milliseconds_late(spool: Spool) -> None:
    with running_office() as office, bad_line(office.url, delay_s=0.2, loss=0.1) as line:
        with httpx.Client(timeout=3, limits=httpx.Limits(max_keepalive_connections=0)) as client:
            sending = sender(spool, line.url, client)
            for _ in range(60):
                if sending.run_once().waiting == 0:
                    break
        assert line.broken > 0
        assert sorted(office.order) == everything()
    assert (spool.counts().pending, spool.counts().acknowledged, spool.counts().refused) == (0, COUNT, 0)


def test_a_cut_line_keeps_everything_and_in_order(spool: Spool) -> None:
    with running_office() as office, bad_line(office.url) as line, httpx.Client(timeout=3) as client:
        sending = sender(spool, line.url, client)
        line.cut = True
        waits = [sending.run_once().retry_in_s for _ in range(6)]
        assert office.order == []
        line.cut = False
        while sending.run_once().waiting:
            pass
        assert sorted(office.order) == everything()
        for camera in ("smg-01", "smg-02"):
            assert [place for name, place in office.order if name == camera] == list(range(1, COUNT // 2 + 1))
    assert all(wait is not None and 1 <= wait <= 30 for wait in waits)


def test_ten_minutes_of_503_are_waited_out_as_the_office_asks(spool: Spool) -> None:
    now = [datetime(2026, 3, 2, tzinfo=UTC)]
    with running_office() as office, httpx.Client(timeout=3) as client:
        sending = sender(spool, office.url, client, clock=lambda: now[0])
        until = now[0] + timedelta(minutes=10)
        tries = 0
        while now[0] < until:
            office.script.append((503, {"Retry-After": "20"}, b"{}"))
            result = sending.run_once()
            assert result.retry_in_s is not None
            assert result.retry_in_s >= 20
            now[0] += timedelta(seconds=result.retry_in_s)
            tries += 1
        assert tries <= 30
        while sending.run_once().waiting:
            pass
        assert sorted(office.order) == everything()
    assert spool.counts().refused == 0


@pytest.mark.parametrize("off", [timedelta(hours=-2), timedelta(hours=2), timedelta(days=400), timedelta(days=-20000)])
def test_a_box_whose_clock_is_wrong_delivers_the_same_packages_once_and_knows_it(spool: Spool, off: timedelta) -> None:
    with running_office() as office, httpx.Client(timeout=3) as client:
        sending = sender(spool, office.url, client, clock=lambda: datetime.now(UTC) + off)
        while sending.run_once().waiting:
            pass
        assert sorted(office.order) == everything()
    # The identity of a package is no time; the box knows by how much it is off, and `tertib doctor` says so.
    assert sending.office_clock_s == pytest.approx(-off.total_seconds(), abs=3)
