"""`tertib bench store`: the case store at size, each thing beside the same work in plain SQL on the same database."""

from __future__ import annotations

import json
import os
import secrets
import sys
import time
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import asdict, dataclass
from datetime import UTC, datetime
from pathlib import Path
from tempfile import TemporaryDirectory
from typing import Annotated, Any, Final

import psycopg
import typer
from sqlalchemy import make_url

from api.database import APP_ROLE, DATABASE_NAME, Database, DatabaseError, connect, start_embedded, stop_embedded
from api.settings import Settings, SettingsError, kept_secret
from models.evaluation.figures import stamped
from scripts.commands._bench_cases import Generator, load
from scripts.commands._bench_drill import drill as kill_drill

EXAMPLE: Final = "Example: tertib bench store --cases 1e5 --json"
FIGURES: Final = Path(__file__).resolve().parents[2] / "api" / "figures"
_TUNING: Final = {
    "shared_buffers": "1GB",
    "max_wal_size": "6GB",
    "checkpoint_timeout": "15min",
    "random_page_cost": "1.1",
}


@dataclass(frozen=True)
class Row:
    """One thing measured.

    Attributes:
        what: in words.
        ours: what the office reached.
        opponent: what plain SQL reached on the same database; None where there is none.
        against: the opponent by name and version.
        ratio: ours over opponent: times as slow, or the share of the rate.
        unit: of both.
        runs: how many times it was done.
        floor: what was to be reached; None: nothing was set.
        reached: whether it was.
        remark: what else must be known.
    """

    what: str
    ours: float
    opponent: float | None
    against: str
    ratio: float | None
    unit: str
    runs: int
    floor: float | None = None
    reached: bool | None = None
    remark: str = ""


class Bench:
    """A store under measurement: where it is, and the rows so far."""

    def __init__(self, settings: Settings, database: Database) -> None:
        self.settings = settings
        self.database = database
        self.superuser = superuser_url(settings)
        self.app = _app_url(settings)
        with psycopg.connect(self.superuser) as connection:
            self.against = f"plain SQL, psycopg {psycopg.__version__}, PostgreSQL {_version(connection)}"
        self.rows: list[Row] = []

    def add(
        self,
        what: str,
        ours: float,
        opponent: float | None,
        unit: str,
        runs: int,
        *,
        floor: float | None = None,
        remark: str = "",
    ) -> None:
        """Write a row down and tell it on standard error."""
        ratio = None if not opponent else round(ours / opponent, 2)
        better_is_more = unit.endswith("/s")
        reached = None if floor is None else (ours >= floor if better_is_more else ours <= floor)
        row = Row(what, ours, opponent, self.against, ratio, unit, runs, floor, reached, remark)
        self.rows.append(row)
        sys.stderr.write(json.dumps({k: v for k, v in asdict(row).items() if k != "against"}) + "\n")


def _version(connection: psycopg.Connection) -> str:
    number = connection.info.server_version
    return f"{number // 10000}.{number % 10000}"


def superuser_url(settings: Settings) -> str:
    """The embedded server's superuser, in the office's database."""
    url = make_url(start_embedded(settings.home)).set(database=DATABASE_NAME)
    return url.render_as_string(hide_password=False)


def _app_url(settings: Settings) -> str:
    password = kept_secret(settings.home / "database-app.key")
    url = make_url(superuser_url(settings)).set(username=APP_ROLE, password=password)
    return url.render_as_string(hide_password=False)


@contextmanager
def store(home: Path, cases: int) -> Iterator[Bench]:
    """An office whose store holds at least so many cases; they are made when it is empty.

    Raises:
        typer.TyperException: the folder holds an office with other cases, or the database does not start.
    """
    try:
        settings = Settings.from_environment(home)
        if settings.database_url is not None:
            raise typer.TyperException(
                "the load test copies cases past all rules: it runs on the embedded database only"
            )
        fresh = not (home / "postgres").exists()
        connect(settings).close()
        if fresh:
            _tune(settings)
        database = connect(settings)
    except (DatabaseError, SettingsError) as error:
        raise typer.TyperException(str(error)) from error
    try:
        with psycopg.connect(superuser_url(settings)) as connection:
            held = (connection.execute("SELECT sum(n)::bigint FROM counts WHERE what = 'case'").fetchone() or (0,))[
                0
            ] or 0
        if 0 < held < cases or (not held and not fresh):
            raise typer.TyperException(f"{home} holds {held} cases: name an empty folder, or ask for at most so many")
        if not held:
            began = time.monotonic()
            generator = Generator(database.jurisdictions.first, seed=1, now=datetime.now(UTC))
            load(superuser_url(settings), generator, cases, told=lambda n: _tell_load(n, cases, began))
        yield Bench(settings, database)
    finally:
        database.close()
        stop_embedded(home)


def _tell_load(copied: int, cases: int, began: float) -> None:
    if copied % 50_000 < 2_000:
        sys.stderr.write(f"{copied} of {cases} cases after {time.monotonic() - began:.0f} s\n")


def _tune(settings: Settings) -> None:
    with psycopg.connect(start_embedded(settings.home), autocommit=True) as connection:
        for name, value in _TUNING.items():
            connection.execute(f"ALTER SYSTEM SET {name} = '{value}'")
    stop_embedded(settings.home)


def measure(
    cases: Annotated[str, typer.Option(help="How many cases the store holds, e.g. 1e5 (ten events each).")] = "1e5",
    as_json: Annotated[bool, typer.Option("--json", help="One JSON object instead of a table.")] = False,
    home: Annotated[
        Path | None,
        typer.Option("--home", help="Folder of the store; it is kept, and used again. [default: a new one]"),
    ] = None,
    drill: Annotated[int, typer.Option(help="Only the kill drill: 32 reviewers, so many cases, 5 killed.")] = 0,
    write: Annotated[bool, typer.Option("--write", help="Also write the figures that are committed.")] = False,
) -> None:
    """Measure the case store at size: pages, lists, search, leases, intake, sweep, each beside plain SQL."""
    wanted = _number(cases)
    with TemporaryDirectory(prefix="tertib-bench-", ignore_cleanup_errors=True) as folder:
        where = home or Path(folder)
        found = _drill(where, drill) if drill else _measured(where, wanted)
    found = stamped("store-drill" if drill else "store", found)
    if write:
        FIGURES.mkdir(parents=True, exist_ok=True)
        path = FIGURES / f"{found['suite']}.json"
        path.write_text(json.dumps(found, indent=2, ensure_ascii=False) + "\n", encoding="utf-8")
    sys.stdout.write(json.dumps(found, ensure_ascii=False) + "\n" if as_json else _table(found))
    if drill and not found["holds"]:
        raise typer.Exit(1)


def _number(cases: str) -> int:
    try:
        value = int(float(cases))
    except (ValueError, OverflowError) as error:
        raise typer.TyperException(f"--cases {cases!r} is no number: write 100000 or 1e5") from error
    if not 1_000 <= value <= 10_000_000:
        raise typer.TyperException("--cases takes 1000 to 1e7")
    return value


def _drill(home: Path, cases: int) -> dict[str, Any]:
    settings = Settings.from_environment(home)
    database = connect(settings)
    database.close()
    try:
        told = kill_drill(_app_url(settings), database.jurisdictions, cases=cases, told=_say).told()
    finally:
        stop_embedded(home)
    return told


def _say(line: str) -> None:
    sys.stderr.write(line + "\n")


def _measured(home: Path, cases: int) -> dict[str, Any]:
    from scripts.commands import _bench_store_reads as reads  # noqa: PLC0415 - needs this module's classes
    from scripts.commands import _bench_store_writes as writes  # noqa: PLC0415 - as above

    load_before = round(os.getloadavg()[0], 1)
    with store(home, cases) as bench:
        with psycopg.connect(bench.superuser) as connection:
            size = connection.execute(
                "SELECT (SELECT count(*) FROM cases),"
                " (SELECT reltuples::bigint FROM pg_class WHERE relname = 'events'),"
                " pg_database_size(current_database())"
            ).fetchone() or (0, 0, 0)
        password = secrets.token_urlsafe(12)
        reads.measure(bench, password)
        writes.measure(bench)
        verified = writes.verify(bench)
    settings = ", ".join(f"{name} {value}" for name, value in _TUNING.items())
    return {
        "cases": size[0],
        "events": size[1],
        "database_bytes": size[2],
        "rows": [asdict(row) for row in bench.rows],
        "verified": verified,
        "load_before": load_before,
        "settings": f"embedded PostgreSQL, {settings}, synchronous_commit and fsync on (off while cases are copied in)",
    }


def _table(found: dict[str, Any]) -> str:
    if "rows" not in found:
        return "".join(f"{key}: {value}\n" for key, value in found.items())
    lines = [f"{found['cases']} cases, {found['events']} events\n"]
    for row in found["rows"]:
        floor = "" if row["floor"] is None else f"  (floor {row['floor']}: {'reached' if row['reached'] else 'MISSED'})"
        beside = "" if row["opponent"] is None else f"  beside {row['opponent']} in plain SQL: x {row['ratio']}"
        lines.append(f"{row['what']}: {row['ours']} {row['unit']}{beside}{floor}\n")
    lines.append(f"verified: {found['verified']}\n")
    return "".join(lines)
