"""Files of a case: kept, listed, handed out. Never commits."""

from __future__ import annotations

from uuid import UUID

from sqlalchemy import select
from sqlalchemy.orm import Session, undefer

from api.attachments.cleaning import Attachment
from api.attachments.tables import AttachmentRow
from api.clock import now
from api.store.kinds import Actor, Audience
from api.store.service import append, lock_case
from api.store.tables import CaseRow


def attach(session: Session, case: CaseRow, attachment: Attachment, *, actor: Actor) -> AttachmentRow:
    """Keep a file with a case; its hash goes into the case's chain. The same file twice is held once.

    Raises:
        IllegalTransition: the case takes no files any more.
    """
    lock_case(session, case.id)
    query = select(AttachmentRow).where(
        AttachmentRow.case_id == case.id, AttachmentRow.original_sha256 == attachment.original_sha256
    )
    held = session.scalars(query).first()
    if held is not None:
        return held
    row = AttachmentRow(
        case_id=case.id,
        name=attachment.name,
        media_type=attachment.media_type,
        size_bytes=len(attachment.data),
        sha256=attachment.sha256,
        original_sha256=attachment.original_sha256,
        added_at=now(session),
        data=attachment.data,
    )
    session.add(row)
    session.flush()
    body = {
        "attachment": str(row.id),
        "name": row.name,
        "media_type": row.media_type,
        "size_bytes": row.size_bytes,
        "sha256": row.sha256,
        "original_sha256": row.original_sha256,
    }
    append(session, case.id, "attached", actor=actor, body=body, audience=Audience.PARTY)
    return row


def attachments_of(session: Session, case: CaseRow) -> list[AttachmentRow]:
    """The files of a case, without their bytes; `case` must come from the one door."""
    query = select(AttachmentRow).where(AttachmentRow.case_id == case.id).order_by(AttachmentRow.added_at)
    return list(session.scalars(query))


def attachment_data(session: Session, case: CaseRow, attachment_id: UUID) -> AttachmentRow | None:
    """One file of a case with its bytes; None when the case has no such file. `case` must come from the one door."""
    query = (
        select(AttachmentRow)
        .where(AttachmentRow.case_id == case.id, AttachmentRow.id == attachment_id)
        .options(undefer(AttachmentRow.data))
    )
    return session.scalars(query).one_or_none()
