"""The kill drill: the office is killed while cameras send; what was acknowledged must be there, once and whole."""

from __future__ import annotations

import hashlib
import random
import threading
import time
from collections.abc import Callable
from dataclasses import asdict, dataclass
from pathlib import Path
from typing import Final
from uuid import UUID, uuid4

from sqlalchemy import func, select

from api.audit.verifying import Audit, steady
from api.intake.evidence_store import EvidenceStore
from api.intake.tables import PackageRow
from api.settings import Settings
from api.store.tables import CaseRow
from scripts.commands._drill_office import Camera, Office, drill_office

_EVERY_CRASH: Final = 4


@dataclass(frozen=True)
class Killed:
    """What the drill found.

    Attributes:
        packages: how many were to be sent.
        clients: by so many cameras at once.
        kills: how often the serving process was killed (SIGKILL).
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
    kills: int
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


class _Pace:
    """Spreads the packages over the kills, so that a fast office is killed while cameras send as well."""

    def __init__(self, kills: int) -> None:
        self._wanted, self._done, self._changed = kills, 0, threading.Condition()

    @property
    def done(self) -> int:
        return self._done

    def killed(self) -> None:
        with self._changed:
            self._done += 1
            self._changed.notify_all()

    def wait_for(self, share: float) -> None:
        """Until so large a share of the kills is done."""
        with self._changed:
            self._changed.wait_for(lambda: self._done >= int(share * self._wanted))


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
        kills: how often the serving process is killed.
        clients: how many cameras send at once.
        size_bytes: of a package.
        seed: of the moments of the kills.
        told: called with a sentence now and then.
    """
    began = time.monotonic()
    chance = random.Random(seed)  # noqa: S311 - no secret: moments of kills
    with drill_office(home, clients) as (office, cameras):
        office.serve()
        acknowledged: list[str] = []
        stop, pace = threading.Event(), _Pace(kills)
        threads = [
            threading.Thread(
                target=_send,
                args=(office, camera, packages // clients, size_bytes, acknowledged, stop, pace),
                daemon=True,
            )
            for camera in cameras
        ]
        for thread in threads:
            thread.start()
        crashes = 0
        while pace.done < kills:
            time.sleep(chance.uniform(0.02, 0.8))
            office.kill()
            if (pace.done + 1) % _EVERY_CRASH == 0:
                office.crash_database()
                crashes += 1
            office.serve()
            pace.killed()
            if pace.done % 10 == 0:
                told(f"{pace.done} kills, {len(acknowledged)} packages acknowledged")
        for thread in threads:
            thread.join()
        stop.set()
        office.kill()
        wanted = packages // clients * clients
        return _examine(
            office,
            acknowledged,
            wanted,
            clients=clients,
            kills=pace.done,
            crashes=crashes,
            seconds=time.monotonic() - began,
        )


def _send(
    office: Office,
    camera: Camera,
    count: int,
    size_bytes: int,
    acknowledged: list[str],
    stop: threading.Event,
    pace: _Pace,
) -> None:
    for number in range(count):
        pace.wait_for(number / count)
        package = camera.package(str(uuid4()), size_bytes)
        if not office.deliver_until_acknowledged(package, stop):
            return
        acknowledged.append(package.package_id)


def _examine(
    office: Office, acknowledged: list[str], packages: int, *, clients: int, kills: int, crashes: int, seconds: float
) -> Killed:
    store = EvidenceStore(Settings(home=office.home).evidence)
    with office.database.session() as session:
        steady(session)
        rows = {row.package_id: row for row in session.scalars(select(PackageRow))}
        cases = session.scalar(select(func.count()).select_from(CaseRow)) or 0
        findings = len(list(Audit(session).findings()))
    held = [rows[UUID(one)] for one in acknowledged if UUID(one) in rows]
    wrong = sum(
        not store.path_of(row.sha256).is_file()
        or hashlib.sha256(store.path_of(row.sha256).read_bytes()).hexdigest() != row.sha256
        for row in held
    )
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
