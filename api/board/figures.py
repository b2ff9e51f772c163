"""What the board says, from counts that are kept up: agencies, months, regencies, cameras, from capture to payment.

Nothing is counted over cases, events or clocks here. Where fewer than `SMALL` persons stand behind a number, the number
is not said: it could tell who.
"""

from __future__ import annotations

from dataclasses import dataclass
from datetime import UTC, datetime
from typing import Final

from sqlalchemy import func, select
from sqlalchemy.orm import Session

from api.board.regencies import UNKNOWN, Place, places_of
from api.board.tables import BoardCountRow
from api.jurisdiction.model import Jurisdiction
from api.review.agreement import Rate
from api.store.clocks import OnTime
from api.store.kinds import Actor, CaseKind
from api.store.reading import Viewer
from api.store.rollups import cases_by_state, kept, lines_of

SMALL: Final = 5
# A share of so few decisions says nothing of a camera.
FEWEST_DECISIONS: Final = 20
FIRST: Final = "first_response"
# The board reads what every officer may: all but what goes past the unit.
_BOARD: Final = Viewer(actor=Actor(id="board", name="Papan terbuka", role="officer"))
_PAID: Final = frozenset({"paid", "settled"})
_UNDECIDED: Final = "awaiting_review"


@dataclass(frozen=True)
class AgencyLine:
    """An agency's answers to complaints, over all time."""

    agency: str
    name: str
    kept: OnTime

    @property
    def waiting(self) -> int:
        """Not answered yet, in time or late."""
        return self.kept.running + self.kept.overdue_open


@dataclass(frozen=True)
class MonthLine:
    """Clocks of complaints that began in a month and have ended."""

    month: datetime
    on_time: int
    late: int

    @property
    def share(self) -> float | None:
        """Of those that ended."""
        return self.on_time / (self.on_time + self.late) if self.on_time + self.late else None


@dataclass(frozen=True)
class RegencyLine:
    """Complaints of a regency; numbers are None where fewer than `SMALL` came."""

    regency: Place
    opened: int | None
    on_time: int | None
    late: int | None
    overdue_open: int | None

    @property
    def share(self) -> float | None:
        """Kept, of those that ended or are overdue."""
        if self.opened is None or self.on_time is None or self.late is None or self.overdue_open is None:
            return None
        judged = self.on_time + self.late + self.overdue_open
        return self.on_time / judged if judged else None


@dataclass(frozen=True)
class CameraLine:
    """What officers said of a camera's candidates: rejected is the camera's error; so is a ticket cancelled later."""

    camera: str
    rejected: Rate
    cancelled: int
    agreed: Rate

    @property
    def told(self) -> bool:
        """Whether there are enough decisions to say a share."""
        return self.rejected.of >= FEWEST_DECISIONS


@dataclass(frozen=True)
class Stage:
    """One stage of the way from capture to payment."""

    name: str
    n: int


def agencies(session: Session, jurisdiction: Jurisdiction, moment: datetime) -> list[AgencyLine]:
    """Every agency, those that answer worst first; one without complaints last."""
    counted = kept(session, _BOARD, FIRST, moment)
    names = {one.id: one.short for one in jurisdiction.agencies}
    nothing = OnTime(0, 0, 0, 0)
    lines = [AgencyLine(one, names.get(one, one), counted.get(one, nothing)) for one in sorted({*names, *counted})]
    return sorted(lines, key=lambda line: (line.kept.share is None, line.kept.share or 0.0, -line.waiting, line.name))


def months(session: Session) -> list[MonthLine]:
    """How the 24 hours were kept, by the month in which the complaint came; the newest first."""
    ended = lines_of("ended", _BOARD)
    keys = [f"{FIRST}:on_time", f"{FIRST}:late"]
    query = select(ended.c.bucket, ended.c.key, func.sum(ended.c.n)).where(ended.c.key.in_(keys))
    found: dict[datetime, dict[str, int]] = {}
    for month, key, n in session.execute(query.group_by(ended.c.bucket, ended.c.key)):
        found.setdefault(month.astimezone(UTC), {})[key.rpartition(":")[2]] = int(n)
    return [MonthLine(m, one.get("on_time", 0), one.get("late", 0)) for m, one in sorted(found.items(), reverse=True)]


def regencies(session: Session, jurisdiction: Jurisdiction) -> list[RegencyLine]:
    """Every regency of the map, also those from which nothing came."""
    counted = _counted(session, "regency")
    lines = []
    for one in places_of(jurisdiction):
        has = counted.get(one.code, {})
        opened, late = has.get("opened", 0), has.get("late", 0)
        overdue_open = max(0, has.get("overdue", 0) - late)
        said = opened >= SMALL
        lines.append(
            RegencyLine(
                one,
                opened if said or opened == 0 else None,
                has.get("on_time", 0) if said else None,
                late if said else None,
                overdue_open if said else None,
            )
        )
    return lines


def without_place(session: Session) -> int:
    """Complaints that belong to no regency: no agency of one, no coordinates."""
    return _counted(session, "regency").get(UNKNOWN, {}).get("opened", 0)


def cameras(session: Session) -> list[CameraLine]:
    """Every camera with decisions, the most first."""
    held = lines_of("read", _BOARD)
    query = select(held.c.key, func.sum(held.c.n)).where(held.c.kind == "camera").group_by(held.c.key)
    found: dict[str, dict[str, int]] = {}
    for name, n in session.execute(query):
        camera, _, outcome = name.rpartition("|")
        found.setdefault(camera, {})[outcome] = int(n)
    cancelled = _counted(session, "camera")
    lines = []
    for camera, outcomes in found.items():
        approved, rejected = outcomes.get("approved", 0), outcomes.get("rejected", 0)
        lines.append(
            CameraLine(
                camera,
                Rate(rejected, approved + rejected),
                cancelled.get(camera, {}).get("cancelled", 0),
                Rate(outcomes.get("agreed", 0), outcomes.get("second", 0)),
            )
        )
    return sorted(lines, key=lambda line: (-line.rejected.of, line.camera))


def funnel(session: Session, viewer: Viewer = _BOARD) -> list[Stage]:
    """From capture to payment, over all time: how many cases that a viewer may read reached each stage."""
    by: dict[CaseKind, dict[str, int]] = {}
    for one in cases_by_state(session, viewer):
        of_kind = by.setdefault(one.kind, {})
        of_kind[one.state] = of_kind.get(one.state, 0) + one.n
    violations, tickets = by.get(CaseKind.VIOLATION, {}), by.get(CaseKind.TICKET, {})
    captured = sum(violations.values())
    return [
        Stage("captured", captured),
        Stage("decided", captured - violations.get(_UNDECIDED, 0)),
        Stage("approved", sum(n for state, n in violations.items() if state not in {_UNDECIDED, "rejected"})),
        Stage("tickets", sum(tickets.values())),
        Stage("contested", sum(by.get(CaseKind.CONTEST, {}).values())),
        Stage("cancelled", tickets.get("cancelled", 0)),
        Stage("paid", sum(n for state, n in tickets.items() if state in _PAID)),
    ]


def _counted(session: Session, what: str) -> dict[str, dict[str, int]]:
    query = (
        select(BoardCountRow.key, func.sum(BoardCountRow.n))
        .where(BoardCountRow.what == what)
        .group_by(BoardCountRow.key)
    )
    found: dict[str, dict[str, int]] = {}
    for key, n in session.execute(query):
        name, _, outcome = key.rpartition("|")
        found.setdefault(name, {})[outcome] = int(n)
    return found
