"""The gauges: read from the database and the disk when they are asked for, the same from every process."""

from __future__ import annotations

import shutil
from collections.abc import Iterator
from dataclasses import dataclass
from datetime import datetime, timedelta
from pathlib import Path
from typing import Final

from sqlalchemy import ColumnExpressionArgument, func, select
from sqlalchemy.orm import Session

from api.audit.tables import TreeHeadRow
from api.clock import now
from api.intake.tables import CameraRow, IncidentRow, PackageRow
from api.outbox.tables import OutboxRow
from api.people.tables import AttemptRow
from api.portal.tables import LookupRow
from api.review.tables import PaceAlarmRow
from api.store.tables import CaseRow, ClockRow

_LATELY: Final = timedelta(hours=1)
_CAMERA_SILENT_AFTER: Final = timedelta(hours=24)


@dataclass(frozen=True)
class Gauge:
    """One number.

    Attributes:
        name: as Prometheus knows it, with its unit.
        help: what it counts.
        label: name of the one label, or None.
        values: by the label's value; under "" where there is no label.
    """

    name: str
    help: str
    label: str | None
    values: dict[str, float]


def gauges(session: Session, evidence: Path) -> Iterator[Gauge]:
    """All gauges, at this moment.

    Args:
        session: an open session; only read.
        evidence: folder of the evidence files.
    """
    moment = now(session)

    def count(name: str, told: str, table: type, *conditions: ColumnExpressionArgument[bool]) -> Gauge:
        query = select(func.count()).select_from(table).where(*conditions)
        return Gauge(name, told, None, {"": float(session.scalar(query) or 0)})

    cases = session.execute(select(CaseRow.kind, CaseRow.state, func.count()).group_by(CaseRow.kind, CaseRow.state))
    by_state = {f"{kind}:{state}": float(number) for kind, state, number in cases}
    yield Gauge("tertib_cases", "Cases by kind and state.", "kind_state", by_state)
    overdue = session.execute(
        select(ClockRow.name, func.count())
        .where(ClockRow.stopped_at.is_(None), ClockRow.paused_at.is_(None), ClockRow.due_at < moment)
        .group_by(ClockRow.name)
    )
    yield Gauge(
        "tertib_clocks_overdue", "Deadlines that passed without an answer.", "clock", {n: float(c) for n, c in overdue}
    )
    oldest = session.scalar(select(func.min(CaseRow.opened_at)).where(CaseRow.state == "awaiting_review"))
    yield _age("tertib_review_oldest_seconds", "Age of the oldest case that awaits review.", oldest, moment)
    head = session.scalar(select(func.max(TreeHeadRow.made_at)))
    yield _age("tertib_head_age_seconds", "Time since a head over the store was published.", head, moment)
    last = session.scalar(select(func.max(PackageRow.received_at)))
    yield _age("tertib_package_age_seconds", "Time since a package was accepted.", last, moment)
    lately = moment - _LATELY
    yield count("tertib_cameras", "Cameras that may deliver.", CameraRow, CameraRow.active)
    silent = CameraRow.last_package_at < moment - _CAMERA_SILENT_AFTER
    yield count("tertib_cameras_silent", "Cameras without a package for a day.", CameraRow, CameraRow.active, silent)
    refused = session.execute(
        select(IncidentRow.step, func.count()).where(IncidentRow.last_at > lately).group_by(IncidentRow.step)
    )
    yield Gauge(
        "tertib_packages_refused", "Packages refused in an hour, by step.", "step", {s: float(c) for s, c in refused}
    )
    yield count(
        "tertib_sign_ins_failed",
        "Sign-ins that failed in an hour.",
        AttemptRow,
        AttemptRow.at > lately,
        ~AttemptRow.succeeded,
    )
    yield count("tertib_lookups_failed", "Look-ups that failed in an hour.", LookupRow, LookupRow.at > lately)
    yield count("tertib_pace_alarms", "Officers who decided too fast, in all.", PaceAlarmRow)
    waiting = session.execute(select(OutboxRow.state, func.count()).group_by(OutboxRow.state))
    yield Gauge("tertib_outbox", "Messages to the outside by state.", "state", {s: float(c) for s, c in waiting})
    # The folder is made with the first package: until then its disk is that of the folder above.
    disk = shutil.disk_usage(evidence if evidence.exists() else evidence.parent)
    yield Gauge("tertib_evidence_disk_free_bytes", "Room for evidence.", None, {"": float(disk.free)})
    yield Gauge("tertib_evidence_disk_bytes", "Size of the disk for evidence.", None, {"": float(disk.total)})


def _age(name: str, told: str, since: datetime | None, moment: datetime) -> Gauge:
    """Seconds since a moment; no value where nothing has happened yet."""
    return Gauge(name, told, None, {} if since is None else {"": max(0.0, (moment - since).total_seconds())})
