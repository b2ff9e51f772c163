"""What people look at, measured at a served office: case page, lists, search, public status, counts."""

from __future__ import annotations

import hashlib
import http.client
import os
import random
import re
import threading
import time
import uuid
from collections.abc import Callable
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import TYPE_CHECKING, Final

import httpx
import psycopg

from api.people.service import add_user
from api.review import queue
from api.store.kinds import Actor
from api.store.reading import Viewer
from pipeline.evidence.manifest import Manifest
from scripts.commands._bench_load import percentile_ms, timed
from scripts.commands._bench_office import served
from scripts.commands._demo_office import free_port

if TYPE_CHECKING:
    from scripts.commands._bench_store import Bench

_RUNS: Final = 200
_SAMPLE: Final = 300
_RATE_PER_S: Final = 200
_RATE_FOR_S: Final = 15
_CLIENTS: Final = 100
_PROCESSES: Final = 2
_OFFICER: Final = Viewer.staff(Actor("bench", "Bench", "officer"))


def measure(bench: Bench, password: str) -> None:
    """Rows of everything that is read."""
    login = f"bench-{uuid.uuid4().hex[:8]}"
    with bench.database.session() as session:
        add_user(session, login=login, name="Bench", role="officer", password=password)
    with psycopg.connect(bench.superuser, autocommit=True) as plain:
        cases = _with_evidence(plain)
        cursors = _cursors(bench)
        overdue = [f"/review?show=overdue{one and '&after=' + one}" for one in cursors[: len(cursors) // 2]]
        plates = [
            row[0]
            for row in plain.execute(
                "SELECT subject->>'plate' FROM cases WHERE kind = 'violation' AND subject->>'plate' IS NOT NULL"
                " ORDER BY id LIMIT %s",
                (_SAMPLE,),
            )
        ]
        complaints = [
            row[0]
            for row in plain.execute(
                "SELECT reference FROM cases WHERE kind = 'complaint' ORDER BY id LIMIT %s",
                (_RATE_PER_S * _RATE_FOR_S,),
            )
        ]
        with served(bench.settings.home, free_port()) as url, httpx.Client(base_url=url, timeout=60) as client:
            token = _sign_in(client, login, password)

            def get(paths: list[str]) -> Callable[[int], None]:
                return lambda n: _good(client.get(paths[n % len(paths)]))

            def search(n: int) -> None:
                fields = {"csrf_token": token, "plate": plates[n % len(plates)], "purpose": "audit"}
                _good(client.post("/review/search", data=fields))

            pages: list[tuple[str, Callable[[int], None], Callable[[int], object], float | None]] = [
                (
                    "case page p95",
                    get([f"/review/{one}" for one in cases]),
                    lambda n: _plain_case(plain, cases[n % len(cases)]),
                    50,
                ),
                (
                    "queue list p95",
                    get([f"/review{one and '?after=' + one}" for one in cursors]),
                    lambda n: _plain_list(plain, cursors[n % len(cursors)]),
                    100,
                ),
                ("overdue list p95", get(overdue), lambda n: _plain_list(plain, cursors[n % (len(cursors) // 2)]), 100),
                ("plate search p95", search, lambda n: _plain_plate(plain, plates[n % len(plates)]), 50),
                (
                    "public status p95, one at a time",
                    get([f"/a/{one}" for one in complaints]),
                    lambda n: _plain_status(plain, complaints[n % len(complaints)]),
                    None,
                ),
            ]
            for what, ours, theirs, floor in pages:
                before = server_cpu_s(bench.settings.home)
                durations = timed(ours, _RUNS)
                cpu_ms = 1000 * (server_cpu_s(bench.settings.home) - before) / _RUNS
                bench.add(
                    what,
                    percentile_ms(durations),
                    percentile_ms(timed(theirs, _RUNS)),
                    "ms",
                    _RUNS,
                    floor=floor,
                    remark=f"HTTP request to one process, sweeper off (median {percentile_ms(durations, 0.5)} ms,"
                    f" CPU of the server {cpu_ms:.1f} ms), beside its queries alone",
                )
        # Every request asks for another complaint, where there are so many: nothing that is kept ready would help.
        paths = [f"/a/{one}" for one in complaints]
        with served(bench.settings.home, free_port(), processes=_PROCESSES) as url:
            for path in paths[: 20 * _PROCESSES]:
                httpx.get(url + path, headers={"accept": "text/html"}, timeout=60)
            durations, failed = _at_rate(url, paths, _RATE_PER_S, _RATE_FOR_S)
        bench.add(
            f"public status p95 at {_RATE_PER_S} requests/s",
            percentile_ms(durations),
            None,
            "ms",
            len(durations),
            floor=100,
            remark=f"{_PROCESSES} processes (as `tertib serve --workers {_PROCESSES}`), sweeper off, {len(paths)}"
            f" complaints; counted from when each request was due (median {percentile_ms(durations, 0.5)} ms);"
            f" {failed} failed",
        )
        _counts(bench, plain)


def server_cpu_s(home: Path) -> float:
    """CPU seconds that the served office of a home folder has used, its database not counted."""
    used = 0.0
    for folder in Path("/proc").glob("[0-9]*"):
        try:
            words = (folder / "cmdline").read_bytes().split(b"\0")
            if b"scripts.commands._bench_office" in words and str(home).encode() in words:
                fields = (folder / "stat").read_text().rpartition(")")[2].split()
                used += (int(fields[11]) + int(fields[12])) / os.sysconf("SC_CLK_TCK")
        except OSError:
            continue
    return used


def _good(answer: httpx.Response) -> None:
    if answer.status_code != httpx.codes.OK:
        message = f"{answer.request.url} answered {answer.status_code}"
        raise RuntimeError(message)


def _sign_in(client: httpx.Client, login: str, password: str) -> str:
    def token(html: str) -> str:
        found = re.search(r'name="csrf_token" value="([^"]+)"', html)
        return found.group(1) if found else ""

    page = client.get("/sign-in", headers={"accept": "text/html"})
    fields = {"login": login, "password": password, "csrf_token": token(page.text)}
    answer = client.post("/sign-in", data=fields)
    if answer.status_code != httpx.codes.SEE_OTHER:
        message = f"the load test could not sign in: {answer.status_code}"
        raise RuntimeError(message)
    return token(client.get("/review/search", headers={"accept": "text/html"}).text)


def _with_evidence(plain: psycopg.Connection) -> list[uuid.UUID]:
    """Waiting violations, each with a package whose manifest says what its case says; without media."""
    rows = plain.execute(
        "SELECT w.case_id, c.subject FROM review_work w JOIN cases c ON c.id = w.case_id"
        " WHERE w.kind = 'violation' ORDER BY w.case_id LIMIT %s",
        (_SAMPLE,),
    ).fetchall()
    for number, (case_id, subject) in enumerate(rows, start=1):
        manifest = _manifest(number, subject).to_bytes().decode()
        plain.execute(
            "INSERT INTO cameras (camera_id, place, agency, jurisdiction, token_sha256, added_at)"
            " VALUES (%s, %s, 'dishub', 'jateng', %s, now()) ON CONFLICT DO NOTHING",
            (subject["camera_id"], subject["place"], hashlib.sha256(subject["camera_id"].encode()).hexdigest()),
        )
        plain.execute(
            "INSERT INTO packages (package_id, camera_id, case_id, sequence, chain_sha256, sha256, size_bytes,"
            " manifest, received_at) VALUES (%s, %s, %s, %s, %s, %s, 1, %s, now()) ON CONFLICT DO NOTHING",
            (
                uuid.uuid5(uuid.NAMESPACE_OID, str(case_id)),
                subject["camera_id"],
                case_id,
                number,
                hashlib.sha256(f"chain {case_id}".encode()).hexdigest(),
                hashlib.sha256(f"package {case_id}".encode()).hexdigest(),
                manifest,
            ),
        )
    return [case_id for case_id, _ in rows]


def _manifest(number: int, subject: dict[str, str]) -> Manifest:
    at = datetime.fromisoformat(subject["occurred_at"])
    still = {"size_bytes": 1000, "sha256": "0" * 64}
    return Manifest.model_validate(
        {
            "package_id": str(uuid.UUID(int=random.Random(number).getrandbits(128), version=4)),  # noqa: S311 - no secret
            "camera": {
                "camera_id": subject["camera_id"],
                "agency": "dishub",
                "jurisdiction": "jateng",
                "place": subject["place"],
            },
            "scene": {"name": "bench", "version_sha256": "0" * 64},
            "offence": "bus_lane",
            "occurred_at": at,
            "clock_source": "rtcp",
            "clock_uncertainty_ms": 20,
            "track": {
                "track_id": 1,
                "vehicle_class": "car",
                "first_seen_at": at - timedelta(seconds=3),
                "last_seen_at": at + timedelta(seconds=2),
                "box": [100, 100, 400, 300],
                "frame": 75,
            },
            "plate": {
                "text": subject["plate"],
                "confidence": 0.93,
                "abstained": False,
                "candidates": [{"text": subject["plate"], "confidence": 0.93}],
                "looks": 5,
            },
            "measured": {"inside_s": 2.4, "inside_share": 0.93},
            "conditions": [{"name": "It was driving, not parked", "met": True}],
            "members": [
                {"name": "clip.mp4", "role": "clip", "media_type": "video/mp4", **still},
                {"name": "offence.jpg", "role": "offence", "media_type": "image/jpeg", **still},
            ],
            "software": {"version": "bench"},
            "chain": {"sequence": number, "previous_sha256": None if number == 1 else "0" * 64},
        }
    )


def _cursors(bench: Bench) -> list[str]:
    """Where pages of the queue begin: the first ones, and deep ones."""
    cursors = [""]
    with bench.database.session() as session:
        for _ in range(40):
            page = queue.page(session, _OFFICER, after=cursors[-1] or None)
            if page.older is None:
                break
            cursors.append(page.older)
    return cursors


def _plain_case(plain: psycopg.Connection, case_id: uuid.UUID) -> None:
    plain.execute("SELECT * FROM cases WHERE id = %s", (case_id,)).fetchall()
    plain.execute("SELECT * FROM events WHERE case_id = %s ORDER BY number", (case_id,)).fetchall()
    plain.execute("SELECT * FROM clocks WHERE case_id = %s", (case_id,)).fetchall()
    plain.execute("SELECT manifest FROM packages WHERE case_id = %s", (case_id,)).fetchall()


def _plain_list(plain: psycopg.Connection, cursor: str) -> None:
    after = queue.place_of(cursor) if cursor else (datetime(1970, 1, 1, tzinfo=UTC), uuid.UUID(int=0))
    plain.execute(
        "SELECT c.*, w.due_at FROM review_work w JOIN cases c ON c.id = w.case_id"
        " WHERE (w.due_at, w.case_id) > (%s, %s) ORDER BY w.due_at, w.case_id LIMIT 51",
        after,
    ).fetchall()


def _plain_plate(plain: psycopg.Connection, plate: str) -> None:
    plain.execute(
        "SELECT * FROM cases WHERE subject->>'plate' = %s ORDER BY opened_at DESC LIMIT 51", (plate,)
    ).fetchall()


def _plain_status(plain: psycopg.Connection, reference: str) -> None:
    row = plain.execute("SELECT id FROM cases WHERE reference = %s", (reference,)).fetchone()
    if row is not None:
        plain.execute("SELECT * FROM events WHERE case_id = %s AND audience = 'public'", row).fetchall()
        plain.execute("SELECT * FROM clocks WHERE case_id = %s", row).fetchall()


def _at_rate(url: str, paths: list[str], per_s: int, seconds: float) -> tuple[list[float], int]:
    """Requests at a fixed rate, whatever the answers: durations from the moment each was due, and how many failed."""
    durations: list[float] = []
    failures: list[int] = []
    began = time.perf_counter() + 0.5
    address = url.removeprefix("http://")

    def client(first: int) -> None:
        # Bare connections that stay open: a cleverer client would be busier than the server.
        connection = http.client.HTTPConnection(address, timeout=60)
        for number in range(first, int(per_s * seconds), _CLIENTS):
            due = began + number / per_s
            time.sleep(max(0.0, due - time.perf_counter()))
            try:
                connection.request("GET", paths[number % len(paths)], headers={"accept": "text/html"})
                answer = connection.getresponse()
                answer.read()
                failures.append(int(answer.status != httpx.codes.OK))
            except (OSError, http.client.HTTPException):
                failures.append(1)
                connection.close()
            durations.append(time.perf_counter() - due)

    threads = [threading.Thread(target=client, args=(first,)) for first in range(_CLIENTS)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    return durations, sum(failures)


def _counts(bench: Bench, plain: psycopg.Connection) -> None:
    def ours(_: int) -> None:
        with bench.database.session() as session:
            queue.counts(session, _OFFICER)

    def theirs(_: int) -> None:
        plain.execute(
            "SELECT count(*) FILTER (WHERE c.kind = 'violation'), count(*) FILTER (WHERE EXISTS (SELECT FROM clocks k"
            " WHERE k.case_id = c.id AND k.stopped_at IS NULL AND k.due_at < now()))"
            " FROM cases c WHERE c.state IN ('awaiting_review', 'open')"
        ).fetchall()

    bench.add(
        "counts of the queue p95",
        percentile_ms(timed(ours, 50)),
        percentile_ms(timed(theirs, 3)),
        "ms",
        50,
        remark="kept up by triggers, beside counting",
    )
