"""The kill drill: the office is killed while cameras send; what was acknowledged must be there, once and whole."""

from __future__ import annotations

import random
import sqlite3
import time
from collections import Counter
from collections.abc import Callable
from contextlib import closing
from dataclasses import asdict, dataclass
from pathlib import Path
from typing import Final
from uuid import UUID

from sqlalchemy import func, select
from sqlalchemy.orm import Session

from api.audit.verifying import Audit, steady
from api.intake.evidence import evidence_key
from api.intake.evidence_store import EvidenceDamaged, EvidenceStore
from api.intake.tables import PackageRow
from api.settings import Settings
from api.store.tables import CaseRow
from scripts.commands._drill_nursery import Nursery, write_pace
from scripts.commands._drill_office import Office, drill_office

_EVERY_CRASH: Final = 4
_END_LIMIT_S: Final = 300
_OFFICE, _WORKER = "office", "worker"


@dataclass(frozen=True)
class Killed:
    """What the drill found.

    Attributes:
        packages: how many were to be sent.
        clients: by so many cameras at once.
        kills: how often a process of the office, of its worker and of a camera was killed (SIGKILL).
        crashes: how often PostgreSQL was stopped with `-m immediate`.
        acknowledged: packages that the office said it has.
        stored: of these, those with exactly one row and one case: must be all.
        wrong_files: of these, those whose file is absent or another: must be 0.
        cases: cases in the store: must be as many as packages.
        findings: what `audit verify` finds: must be 0.
        orphans: evidence files that no case names: must be 0 once all was sent.
        leftovers: unfinished files of killed writes; swept after an hour.
        seconds: wall time.
    """

    packages: int
    clients: int
    kills: dict[str, int]
    crashes: int
    acknowledged: int
    stored: int
    wrong_files: int
    cases: int
    findings: int
    orphans: int
    leftovers: int
    seconds: float

    @property
    def holds(self) -> bool:
        """Whether nothing was lost and nothing doubled."""
        whole = self.acknowledged == self.stored == self.cases == self.packages
        return whole and not (self.wrong_files or self.findings or self.orphans)

    def told(self) -> dict[str, object]:
        """As JSON values."""
        return {**asdict(self), "holds": self.holds}


def drill_kill(
    home: Path,
    *,
    packages: int,
    kills: int,
    clients: int = 8,
    size_bytes: int = 60_000,
    seed: int = 7,
    told: Callable[[str], None] = lambda _: None,
) -> Killed:
    """Run the drill in a folder where no office is.

    Args:
        home: the folder.
        packages: how many are sent, in all.
        kills: how often a process is killed: the office, its worker, or a camera, by chance.
        clients: how many cameras send at once, each a process with a spool.
        size_bytes: of a package.
        seed: of the moments of the kills, and of whom they meet.
        told: called with a sentence now and then.
    """
    began = time.monotonic()
    chance = random.Random(seed)  # noqa: S311 - no secret: moments of kills
    count = packages // clients
    with drill_office(home, clients) as (office, cameras), closing(Nursery(home)) as nursery:

        def start(name: str) -> None:
            if name == _OFFICE:
                nursery.start(name, "office", port=office.port)
                office.wait(lambda: nursery.lives(_OFFICE))
            elif name == _WORKER:
                nursery.start(name, "worker")
            else:
                nursery.start(name, "camera", port=office.port, camera_id=name, count=count, size_bytes=size_bytes)

        names = [camera.camera_id for camera in cameras]
        write_pace(home, 0)
        for name in (_OFFICE, _WORKER, *names):
            start(name)
        met: Counter[str] = Counter()
        crashes = 0
        for number in range(1, kills + 1):
            time.sleep(chance.uniform(0.02, 0.8))
            name = chance.choice((_OFFICE, _OFFICE, _WORKER, *chance.sample(names, min(2, len(names)))))
            nursery.kill(name)
            met["camera" if name in names else name] += 1
            if number % _EVERY_CRASH == 0:
                office.crash_database()
                crashes += 1
            start(name)
            write_pace(home, number / kills)
            if number % 10 == 0:
                told(f"{number} kills, {len(_acknowledged(home, names))} packages acknowledged")
        until = time.monotonic() + _END_LIMIT_S
        while any(nursery.lives(name) for name in names) and time.monotonic() < until:
            time.sleep(0.1)
        nursery.close()
        return _examine(
            office,
            _acknowledged(home, names),
            count * clients,
            clients=clients,
            kills=dict(met),
            crashes=crashes,
            seconds=time.monotonic() - began,
        )


def _acknowledged(home: Path, names: list[str]) -> list[str]:
    """What the boxes' spools hold as acknowledged by the office."""
    found: list[str] = []
    for name in names:
        path = home / "boxes" / name / "spool.sqlite3"
        if path.exists():
            with closing(sqlite3.connect(path, timeout=30)) as spool:
                rows = spool.execute("SELECT package_id FROM packages WHERE state = 'acknowledged'")
                found += [str(package_id) for (package_id,) in rows]
    return found


def _examine(
    office: Office,
    acknowledged: list[str],
    packages: int,
    *,
    clients: int,
    kills: dict[str, int],
    crashes: int,
    seconds: float,
) -> Killed:
    store = EvidenceStore(Settings(home=office.home).evidence)
    with office.database.session() as session:
        steady(session)
        rows = {row.package_id: row for row in session.scalars(select(PackageRow))}
        cases = session.scalar(select(func.count()).select_from(CaseRow)) or 0
        findings = len(list(Audit(session).findings()))
    held = [rows[UUID(one)] for one in acknowledged if UUID(one) in rows]
    with office.database.session() as session:
        wrong = sum(not _is_whole(session, store, row) for row in held)
    named = {row.sha256 for row in rows.values()}
    return Killed(
        packages=packages,
        clients=clients,
        kills=kills,
        crashes=crashes,
        acknowledged=len(acknowledged),
        stored=len({row.case_id for row in held}),
        wrong_files=wrong,
        cases=cases,
        findings=findings,
        orphans=sum(path.stem not in named for path in store.folder.rglob("*.tertib")),
        leftovers=sum(1 for _ in store.folder.rglob("*.tmp")),
        seconds=round(seconds, 1),
    )


def _is_whole(session: Session, store: EvidenceStore, row: PackageRow) -> bool:
    try:
        store.read(row.sha256, evidence_key(session, row))
    except EvidenceDamaged:
        return False
    return True
