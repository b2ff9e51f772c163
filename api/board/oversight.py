"""What supervisors and auditors see beyond the open board: ladders that are being climbed, and how the cameras are."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import datetime, timedelta
from typing import Final

from sqlalchemy import Float, Text, cast, func, select, true
from sqlalchemy.dialects.postgresql import JSONB
from sqlalchemy.orm import Session

from api.intake.tables import CameraRow, IncidentRow, PackageRow
from api.jurisdiction.loading import jurisdictions_of
from api.store.reading import Viewer, readable_by
from api.store.tables import CaseRow, ClockRow

QUIET_AFTER: Final = timedelta(hours=24)
LOOK_BACK: Final = timedelta(days=7)
MOST_LATE: Final = 5_000
DOUBTFUL_MS: Final = 1_000.0
LAST_PACKAGES: Final = 100


@dataclass(frozen=True)
class Rung:
    """Deadlines that passed and are not met: how many of a clock stand on a rung of its ladder."""

    clock: str
    rung: int
    n: int
    oldest_due_at: datetime


@dataclass(frozen=True)
class Health:
    """A camera: when it last delivered, and what was refused of it lately.

    Attributes:
        clock: by which clock its latest package was timed; "" when there is none.
        clock_uncertainty_ms: how far that clock may be off.
        missing: numbers of its chain that are not there among its `LAST_PACKAGES` latest packages.
    """

    camera: str
    place: str
    agency: str
    active: bool
    last_package_at: datetime | None
    refused: int
    steps: str
    clock: str = ""
    clock_uncertainty_ms: float | None = None
    missing: int = 0

    @property
    def clock_doubtful(self) -> bool:
        """Whether nobody set the camera's clock, or it may be off by a second or more."""
        return self.clock == "assumed" or (self.clock_uncertainty_ms or 0) >= DOUBTFUL_MS

    def quiet_since(self, moment: datetime) -> timedelta | None:
        """How long nothing came, when that is unusual; None while it delivers or is switched off."""
        if not self.active:
            return None
        quiet = moment - self.last_package_at if self.last_package_at else QUIET_AFTER
        return quiet if quiet >= QUIET_AFTER else None


def ladders(session: Session, viewer: Viewer, moment: datetime) -> list[Rung]:
    """Overdue clocks by rung, the highest first; of all that is overdue the `MOST_LATE` oldest are looked at."""
    late = (
        readable_by(viewer)
        .join(ClockRow, ClockRow.case_id == CaseRow.id)
        .with_only_columns(ClockRow.name, ClockRow.rung, ClockRow.due_at, maintain_column_froms=True)
        .where(ClockRow.stopped_at.is_(None), ClockRow.paused_at.is_(None), ClockRow.due_at < moment)
        .order_by(ClockRow.due_at)
        .limit(MOST_LATE)
        .subquery()
    )
    query = select(late.c.name, late.c.rung, func.count(), func.min(late.c.due_at)).group_by(late.c.name, late.c.rung)
    rows = [Rung(name, rung, n, oldest) for name, rung, n, oldest in session.execute(query)]
    return sorted(rows, key=lambda row: (-row.rung, -row.n, row.clock))


def ladder_name(session: Session, clock: str, rung: int, language: str) -> str:
    """To whom a rung of a clock's ladder goes, in words; empty for the first, which is nobody's yet."""
    for jurisdiction in jurisdictions_of(session):
        for policy in jurisdiction.clocks:
            if policy.name == clock and 0 < rung <= len(policy.ladder):
                return policy.ladder[rung - 1].names.text(language)
    return ""


def cameras(session: Session, viewer: Viewer, moment: datetime) -> list[Health]:
    """The cameras of a viewer's agency, or all; those that are quiet longest first."""
    refused = (
        select(IncidentRow.camera_id, func.sum(IncidentRow.times), func.string_agg(IncidentRow.step.distinct(), ", "))
        .where(IncidentRow.last_at > moment - LOOK_BACK)
        .group_by(IncidentRow.camera_id)
    )
    told = {camera: (int(n), steps) for camera, n, steps in session.execute(refused)}
    query = select(CameraRow)
    latest = _latest(session)
    if viewer.only_agency is not None:
        query = query.where(CameraRow.agency == viewer.only_agency)
    found = []
    for row in session.scalars(query):
        refused_n, steps = told.get(row.camera_id, (0, ""))
        clock, off, missing = latest.get(row.camera_id, ("", None, 0))
        about = (row.camera_id, row.place, row.agency, row.active, row.last_package_at)
        found.append(Health(*about, refused_n, steps, clock, off, missing))
    return sorted(found, key=lambda one: (-(one.quiet_since(moment) or timedelta()).total_seconds(), one.camera))


def _latest(session: Session) -> dict[str, tuple[str, float | None, int]]:
    """Of each camera the clock of its latest package, and how many are missing among its last ones.

    A few rows of an index a camera, however many packages there are.
    """
    lasts = (
        select(PackageRow.sequence, PackageRow.manifest)
        .where(PackageRow.camera_id == CameraRow.camera_id)
        .order_by(PackageRow.sequence.desc())
    )
    one = lasts.limit(1).lateral()
    many = lasts.with_only_columns(PackageRow.sequence).limit(LAST_PACKAGES).lateral()
    told = cast(one.c.manifest, JSONB)
    clocks = select(
        CameraRow.camera_id, told["clock_source"].astext, cast(cast(told["clock_uncertainty_ms"], Text), Float)
    ).join(one, true())
    gaps = (
        select(CameraRow.camera_id, func.max(many.c.sequence) - func.min(many.c.sequence) + 1 - func.count())
        .join(many, true())
        .group_by(CameraRow.camera_id)
    )
    missing = {camera: int(n) for camera, n in session.execute(gaps)}
    return {camera: (clock, off, missing.get(camera, 0)) for camera, clock, off in session.execute(clocks)}
