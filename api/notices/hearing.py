"""What WhatsApp tells us: delivery reports for our notices. Called by the inbox, once a message."""

from __future__ import annotations

from uuid import UUID

from sqlalchemy import or_, select
from sqlalchemy.orm import Session

from api.notices.planning import delivered, undelivered
from api.notices.tables import NoticeRow
from api.notices.whatsapp import Report, reports
from api.outbox.tables import InboxRow

SOURCE = "whatsapp"


def handle(session: Session, row: InboxRow) -> str:
    """Write down what became of our messages; reports of messages that are not ours are counted and left alone."""
    ours = others = 0
    for report in reports(row.raw):
        notice = _notice(session, report)
        if notice is None:
            others += 1
            continue
        ours += 1
        if report.status in {"delivered", "read"}:
            delivered(session, notice)
        elif report.status == "failed":
            undelivered(session, notice, report.why or "WhatsApp gives no reason")
    return f"{ours} reports on our messages, {others} on others"


def _notice(session: Session, report: Report) -> NoticeRow | None:
    conditions = [NoticeRow.provider_id == report.provider_id] if report.provider_id else []
    prefix, _, notice_id = report.key.partition(":")
    if prefix == "notice":
        try:
            conditions.append(NoticeRow.id == UUID(notice_id))
        except ValueError:
            return None
    if not conditions:
        return None
    return session.scalars(select(NoticeRow).where(or_(*conditions)).limit(1).with_for_update()).first()
