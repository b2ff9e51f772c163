"""The kill drill: many reviewers work off a queue, some are killed (SIGKILL), and no case is decided twice or lost."""

from __future__ import annotations

import os
import random
import signal
import time
from collections.abc import Callable
from dataclasses import asdict, dataclass
from datetime import timedelta
from typing import Final, TypeVar
from uuid import UUID

from sqlalchemy import func, select

from api.clock import DatabaseClock
from api.database import Database
from api.jurisdiction.loading import Jurisdictions
from api.review import decision, seeing
from api.review.decision import Judge
from api.review.leases import LEASE
from api.review.queue import take_next
from api.store.errors import ChainBroken
from api.store.kinds import Actor, Audience, CaseKind
from api.store.reading import Viewer
from api.store.service import open_case, verify_chain
from api.store.tables import CaseRow, EventRow
from api.tickets.service import issue_ticket

T = TypeVar("T")
_LOOK: Final = timedelta(seconds=4)
_ROUND_LIMIT_S: Final = 3600
_TOLD_EVERY_S: Final = 15
_OPENED_AT_ONCE: Final = 100
_REASON: Final = "no_offence"


@dataclass(frozen=True)
class Drill:
    """What the drill found.

    Attributes:
        cases: how many waited.
        reviewers: how many worked.
        killed: how many of them were killed.
        left_on_desks: cases that lay on the desks of the killed, and came back when their time had run out.
        decided_once: cases with exactly one decision.
        decided_twice: cases with more than one: must be 0.
        lost: cases with none: must be 0.
        broken_chains: cases whose chain does not verify: must be 0.
        seconds: wall time of the work.
    """

    cases: int
    reviewers: int
    killed: int
    left_on_desks: int
    decided_once: int
    decided_twice: int
    lost: int
    broken_chains: int
    seconds: float

    @property
    def holds(self) -> bool:
        """Whether every case was decided exactly once."""
        return not (self.decided_twice or self.lost or self.broken_chains)

    def told(self) -> dict[str, object]:
        """As JSON values."""
        return {**asdict(self), "holds": self.holds}


def open_cases(database: Database, cases: int) -> list[UUID]:
    """Violations that wait, by the office's own service."""
    opened: list[UUID] = []
    while len(opened) < cases:
        with database.session() as session:
            for _ in range(min(_OPENED_AT_ONCE, cases - len(opened))):
                row = open_case(
                    session,
                    CaseKind.VIOLATION,
                    jurisdiction=database.jurisdictions.first,
                    actor=Actor("cam-drill", "Jl. Latihan", "camera"),
                    body={"drill": True},
                    audience=Audience.INTERNAL,
                    agency=database.jurisdictions.first.enforcement_agency,
                    subject={"plate": "H1234AB", "offence": "bus_lane", "camera_id": "cam-drill"},
                )
                opened.append(row.id)
    return opened


def drill(
    url: str,
    jurisdictions: Jurisdictions,
    *,
    cases: int,
    reviewers: int = 32,
    killed: int = 5,
    told: Callable[[str], None] = lambda _: None,
) -> Drill:
    """Run the drill on a store whose queue is empty.

    Args:
        url: postgresql:// address of the application's role.
        jurisdictions: law and deadlines.
        cases: how many cases wait.
        reviewers: how many processes work them off.
        killed: how many of them are killed while they work.
        told: called with a sentence now and then.
    """
    opened = _with(url, jurisdictions, DatabaseClock(), lambda database: open_cases(database, cases))
    told(f"{cases} cases wait")
    began = time.monotonic()
    working = {_start(url, jurisdictions, number, timedelta()): number for number in range(reviewers)}
    # Killed at different moments while work goes on: with a case on the desk, or in the middle of a transaction.
    for pid in random.Random(7).sample(sorted(working), killed):  # noqa: S311 - no secret: who is killed
        time.sleep(min(0.3, cases / 4000))
        os.kill(pid, signal.SIGKILL)
    _wait(working, lambda: told(_progress(url, jurisdictions, opened, time.monotonic() - began)))
    left = _with(url, jurisdictions, DatabaseClock(), lambda database: _undecided(database, opened))
    told(f"{killed} were killed, {left} cases lie on their desks")
    # Their time runs out (here the clock is put forward), and others take the cases up.
    _wait({_start(url, jurisdictions, reviewers + n, LEASE + timedelta(minutes=1)): n for n in range(2)})
    seconds = time.monotonic() - began
    found = _with(url, jurisdictions, DatabaseClock(), lambda database: _examine(database, opened))
    return Drill(cases, reviewers, killed, left, *found, round(seconds, 1))


def _with(url: str, jurisdictions: Jurisdictions, clock: DatabaseClock, work: Callable[[Database], T]) -> T:
    database = Database(url, jurisdictions=jurisdictions, clock=clock)
    try:
        return work(database)
    finally:
        database.close()


def _start(url: str, jurisdictions: Jurisdictions, number: int, offset: timedelta) -> int:
    pid = os.fork()
    if pid:
        return pid
    # A reviewer of its own: its own connections, and no end that the parent's exit handlers would notice.
    code = 1
    try:
        clock = DatabaseClock(offset)
        _with(url, jurisdictions, clock, lambda database: _review(database, clock, number))
        code = 0
    finally:
        os._exit(code)


def _review(database: Database, clock: DatabaseClock, number: int) -> None:
    actor = Actor(f"drill-{number}", f"Petugas {number}", "officer")
    judge = Judge(actor, Viewer.staff(actor), f"session-{number}")
    base = clock.offset
    while True:
        clock.offset = base
        with database.session() as session:
            taken = take_next(session, judge.viewer, actor)
            if taken is None:
                return
            seeing.record(session, case_id=taken, viewer=actor, session_id=judge.session_id, what=seeing.PAGE)
        clock.offset = base + _LOOK
        with database.session() as session:
            decision.decide(
                session,
                judge,
                taken,
                decision="reject",
                reason_id=_REASON,
                blocked=None,
                roles=frozenset(),
                issue_ticket=issue_ticket,
            )


def _progress(url: str, jurisdictions: Jurisdictions, opened: list[UUID], seconds: float) -> str:
    left = _with(url, jurisdictions, DatabaseClock(), lambda database: _undecided(database, opened))
    return f"{len(opened) - left} of {len(opened)} decided after {seconds:.0f} s"


def _wait(working: dict[int, int], tell: Callable[[], None] = lambda: None) -> None:
    """Until all have ended; who hangs is ended.

    Args:
        working: process ids of the reviewers.
        tell: called now and then meanwhile.

    Raises:
        TimeoutError: a reviewer did not end.
    """
    until = time.monotonic() + _ROUND_LIMIT_S
    next_told = time.monotonic() + _TOLD_EVERY_S
    left = set(working)
    while left:
        if time.monotonic() > next_told:
            tell()
            next_told = time.monotonic() + _TOLD_EVERY_S
        for pid in list(left):
            if os.waitpid(pid, os.WNOHANG)[0]:
                left.discard(pid)
        if left and time.monotonic() > until:
            for pid in left:
                os.kill(pid, signal.SIGKILL)
                os.waitpid(pid, 0)
            message = f"{len(left)} reviewers of the drill did not end"
            raise TimeoutError(message)
        time.sleep(0.05)


def _undecided(database: Database, opened: list[UUID]) -> int:
    with database.session() as session:
        query = select(func.count()).where(CaseRow.id.in_(opened), CaseRow.state == "awaiting_review")
        return session.scalar(query) or 0


def _examine(database: Database, opened: list[UUID]) -> tuple[int, int, int, int]:
    """(decided once, twice, never, broken chains)."""
    with database.session() as session:
        query = (
            select(EventRow.case_id, func.count())
            .where(EventRow.case_id.in_(opened), EventRow.type.in_(("approved", "rejected")))
            .group_by(EventRow.case_id)
        )
        decided: dict[UUID, int] = {case_id: n for case_id, n in session.execute(query)}  # noqa: C416 - rows, not pairs
        broken = 0
        for case_id in opened[:: max(1, len(opened) // 500)]:
            try:
                verify_chain(session, case_id)
            except ChainBroken:
                broken += 1
    once = sum(n == 1 for n in decided.values())
    return once, sum(n > 1 for n in decided.values()), len(opened) - len(decided), broken
