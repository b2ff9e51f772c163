"""Letters for the post, in batches: one PDF that the printing house prints, one list of addresses, one order."""

from __future__ import annotations

import csv
import io
from collections.abc import Sequence
from dataclasses import replace
from datetime import timedelta
from pathlib import Path
from typing import Final
from uuid import UUID

from sqlalchemy import select
from sqlalchemy.orm import Session

from api.clock import now
from api.database import Database
from api.notices.links import NoticeLinks
from api.notices.planning import OVER, left
from api.notices.tables import LetterBatchRow, NoticeRow
from api.outbox.folder import put
from api.outbox.sending import Effect
from api.outbox.service import send_out
from api.outbox.tables import OutboxRow
from api.settings import Settings
from api.store.checking import final_at
from api.store.tables import CaseRow
from api.tickets.letter import notice_of
from api.tickets.notice import Notice, Recipient, render_notices

KIND: Final = "letter_batch"
LETTERS_A_BATCH: Final = 200
# Letters wait for company, but not long: the office promises them within three days.
GATHER: Final = timedelta(minutes=10)


def make_batch(session: Session, *, at_once: bool = False, limit: int = LETTERS_A_BATCH) -> LetterBatchRow | None:
    """Put the letters that wait into a batch and order its printing; None when there is nothing to do yet.

    Args:
        session: an open transaction.
        at_once: do not wait for more letters.
        limit: letters at most.
    """
    moment = now(session)
    query = (
        select(NoticeRow)
        .where(
            NoticeRow.channel == "letter",
            NoticeRow.state == "queued",
            NoticeRow.batch_id.is_(None),
            NoticeRow.ready_at <= moment,
        )
        .order_by(NoticeRow.ready_at, NoticeRow.id)
        .limit(limit)
        .with_for_update(skip_locked=True)
    )
    waiting = list(session.scalars(query))
    ready: list[NoticeRow] = []
    for notice in waiting:
        why = _why_not(session, notice)
        if why:
            notice.state, notice.why, notice.ended_at = "failed", why, moment
        else:
            ready.append(notice)
    if not ready or not (at_once or len(ready) >= limit or moment - ready[0].ready_at >= GATHER):
        session.flush()
        return None
    batch = LetterBatchRow(made_at=moment, letters=len(ready))
    session.add(batch)
    session.flush()
    for notice in ready:
        notice.batch_id = batch.id
    send_out(session, kind=KIND, key=f"letters:{batch.id}", body={"batch": str(batch.id), "letters": len(ready)})
    return batch


def _why_not(session: Session, notice: NoticeRow) -> str:
    ticket = session.get_one(CaseRow, notice.case_id)
    if ticket.state in OVER:
        return f"the ticket is {ticket.state}"
    final = None if ticket.parent_id is None else final_at(session, ticket.parent_id)
    return "the decision was taken anew" if final is not None and now(session) < final else ""


def letters_of(session: Session, settings: Settings, batch_id: UUID) -> list[tuple[NoticeRow, Notice]]:
    """The letters of a batch that may still leave, in the order in which they are printed."""
    query = select(NoticeRow).where(NoticeRow.batch_id == batch_id).order_by(NoticeRow.ready_at, NoticeRow.id)
    links = NoticeLinks(settings.secret)
    found = []
    for row in session.scalars(query):
        ticket = session.get_one(CaseRow, row.case_id)
        if ticket.state in OVER:
            continue
        letter = replace(
            notice_of(session, settings, ticket, postal=True),
            recipient=Recipient(row.to_name, row.to_text),
            qr_url=links.url(settings.public_url, row.code),
            message_code=row.code,
        )
        found.append((row, letter))
    return found


class LetterPress:
    """Sends effects of the kind `letter_batch`: sets the letters and puts them where the printing house takes them.

    Args:
        database: the office's.
        settings: its public address and secret.
        folder: where batches are put, a folder each.
    """

    def __init__(self, database: Database, settings: Settings, folder: Path) -> None:
        self._database = database
        self._settings = settings
        self._folder = folder

    def __call__(self, effect: Effect) -> str:
        """Set and put; the same batch twice gives the same files.

        Raises:
            SendingFailed: the disk does not take it.
            LetterError: the letters could not be set.
        """
        batch_id = UUID(str(effect.body["batch"]))
        with self._database.session() as session:
            letters = letters_of(session, self._settings, batch_id)
            made_at = session.get_one(LetterBatchRow, batch_id).made_at
        if not letters:
            return "nothing left to print"
        title = f"Surat konfirmasi, {len(letters)} surat"
        pdf = render_notices([letter for _, letter in letters], title=title, created_at=made_at)
        folder = self._folder / f"letters-{batch_id}"
        put(folder, "letters.pdf", pdf)
        put(folder, "addresses.csv", addresses([row for row, _ in letters]))
        return f"{len(letters)} letters in {folder.name}"


def addresses(rows: Sequence[NoticeRow]) -> bytes:
    """The list that the post wants: one line a letter."""
    out = io.StringIO()
    writer = csv.writer(out)
    writer.writerow(("code", "name", "address"))
    writer.writerows((row.code, _cell(row.to_name), _cell(row.to_text)) for row in rows)
    return out.getvalue().encode("utf-8")


def _cell(text: str) -> str:
    # A name that begins like a formula would be run by a spreadsheet.
    return f"'{text}" if text[:1] in "=+-@\t\r" else text


def printed(session: Session, effect: OutboxRow) -> None:
    """A batch was handed over: its letters have left."""
    if effect.state != "sent":
        return
    query = (
        select(NoticeRow)
        .where(NoticeRow.batch_id == UUID(str(effect.body["batch"])), NoticeRow.state == "queued")
        # The same order everywhere: two transactions never wait for each other's cases.
        .order_by(NoticeRow.case_id)
        .with_for_update()
    )
    for notice in session.scalars(query).all():
        ticket = session.get_one(CaseRow, notice.case_id)
        if ticket.state in OVER:
            notice.state, notice.why, notice.ended_at = "failed", f"the ticket is {ticket.state}", now(session)
        else:
            left(session, notice, batch=str(effect.body["batch"]))
