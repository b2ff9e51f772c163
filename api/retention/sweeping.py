"""Erasing what must go: a family of cases (violation, ticket, contests) whose rules have all run out loses its keys."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import datetime, timedelta
from typing import Final
from uuid import UUID

from sqlalchemy import select, text
from sqlalchemy.orm import Session

from api.channels.tables import ThreadRow
from api.clock import now
from api.jurisdiction.loading import jurisdictions_of
from api.jurisdiction.model import Retention
from api.notices.tables import NoticeRow
from api.register.tables import VehicleRow
from api.secrecy.cases import erase
from api.secrecy.ring import Ring
from api.secrecy.tables import CaseKeyRow
from api.store.tables import CaseRow, EventRow

_AT_ONCE: Final = 200
# Tables with sealed columns, by the column that names a row.
SEALED: Final = (
    ("vehicles", "plate", VehicleRow),
    ("notices", "id", NoticeRow),
    ("channel_threads", "case_id", ThreadRow),
)


@dataclass(frozen=True)
class Erased:
    """A case whose key was destroyed.

    Attributes:
        case_id: the case.
        reference: its reference.
        rule: the rule's id and version.
    """

    case_id: UUID
    reference: str
    rule: str


def erase_due(session: Session, *, by: str = "system", limit: int = _AT_ONCE) -> list[Erased]:
    """Destroy the keys of the cases whose time is over.

    A case is erased with its whole family or not at all: a violation's evidence stays while its ticket is open.

    Args:
        session: an open transaction.
        by: who asks.
        limit: so many cases at most; whoever calls asks again until none is left.

    Returns:
        What was erased, the oldest first.
    """
    moment = now(session)
    rules = {
        (one.id, rule.kind.value, state): rule
        for one in jurisdictions_of(session)
        for rule in one.retention
        if rule.holds_on(moment.astimezone(one.zone).date())
        for state in rule.states
    }
    if not rules:
        return []
    newest = moment - timedelta(days=min(rule.after_days for rule in rules.values()))
    candidates = select(CaseRow).join(CaseKeyRow, CaseKeyRow.case_id == CaseRow.id).where(CaseRow.opened_at < newest)
    erased: list[Erased] = []
    seen: set[UUID] = set()
    for case in session.scalars(candidates.order_by(CaseRow.opened_at).execution_options(yield_per=_AT_ONCE)):
        if len(erased) >= limit:
            break
        if case.id in seen:
            continue
        family = _family(session, case)
        seen |= {one.id for one in family}
        found = [_rule_run_out(session, one, rules, moment) for one in family]
        for member, rule in zip(family, found, strict=True):
            if None not in found and rule is not None:
                name = f"{rule.id} {rule.version}"
                if erase(session, member.id, rule=name, by=by):
                    erased.append(Erased(member.id, member.reference, name))
    return erased


def _rule_run_out(
    session: Session, case: CaseRow, rules: dict[tuple[str, str, str], Retention], moment: datetime
) -> Retention | None:
    rule = rules.get((case.jurisdiction, case.kind, case.state))
    last = session.scalar(
        select(EventRow.at).where(EventRow.case_id == case.id).order_by(EventRow.number.desc()).limit(1)
    )
    return rule if rule is not None and last is not None and last < moment - timedelta(days=rule.after_days) else None


def _family(session: Session, case: CaseRow) -> list[CaseRow]:
    """The case, those above it and all below the highest."""
    top = case
    while top.parent_id is not None:
        top = session.get_one(CaseRow, top.parent_id)
    found, layer = [top], [top.id]
    while layer:
        children = list(session.scalars(select(CaseRow).where(CaseRow.parent_id.in_(layer))))
        found += children
        layer = [child.id for child in children]
    return found


def reseal(session: Session, ring: Ring) -> int:
    """Seal anew, with the newest key of a ring, whatever is sealed with another or not at all; the cases' keys too.

    Returns:
        How many rows were written.
    """
    written = 0
    for table, key, row_type in SEALED:
        columns = [name for name, column in row_type.__table__.columns.items() if hasattr(column.type, "what")]
        query = text(f"SELECT {key}, {', '.join(columns)} FROM {table} FOR UPDATE")  # noqa: S608 - our own names
        for row in session.execute(query).all():
            fresh = {
                name: ring.seal_text(ring.open_text(value, f"{table}.{name}"), f"{table}.{name}")
                for name, value in zip(columns, row[1:], strict=True)
                if value is not None and not ring.is_newest(value)
            }
            if fresh:
                names = ", ".join(f"{name} = :{name}" for name in fresh)
                statement = text(f"UPDATE {table} SET {names} WHERE {key} = :row_key")  # noqa: S608 - our own names
                session.execute(statement, {**fresh, "row_key": row[0]})
                written += 1
    for case_key in session.scalars(select(CaseKeyRow).with_for_update()):
        if not ring.is_newest_bytes(case_key.key):
            case_key.key = ring.seal(ring.open(case_key.key, "case_keys.key"), "case_keys.key")
            written += 1
    session.flush()
    return written
