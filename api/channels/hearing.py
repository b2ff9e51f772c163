"""A message becomes a case, or goes on with one: once, on the 24-hour clock, acknowledged where it came from.

Never commits: the inbox does, with the message that it handled.
"""

from __future__ import annotations

import re
from datetime import timedelta
from typing import Final

from sqlalchemy import func, select
from sqlalchemy.dialects.postgresql import insert
from sqlalchemy.orm import Session

from api.agencies.routing import topic_of
from api.attachments.service import attach
from api.channels import telling
from api.channels.said import Said
from api.channels.tables import HeardRow, ThreadRow
from api.clock import now
from api.complaints.service import CITIZEN, Complaint, open_complaint
from api.jurisdiction.loading import jurisdictions_of
from api.outbox.service import send_out
from api.portal.wording import MAX_NAME, MAX_STORY, MIN_STORY, clean_line, clean_text
from api.store.errors import IllegalTransition
from api.store.kinds import SYSTEM, Audience, CaseKind
from api.store.references import parse_reference
from api.store.service import append, lock_case
from api.store.tables import CaseRow
from api.store.transitions import allowed

MEDIA_KIND: Final = "channel_media"
# Who writes again in a chat within so long goes on with the same complaint.
GOES_ON: Final = timedelta(days=7)
# So many acknowledgements a day to one author: two robots that answer each other end here.
MAX_ACKNOWLEDGED: Final = 10
MAX_MEDIA: Final = 5
_REFERENCE: Final = re.compile(r"\b[A-Za-z]{1,4}-[0-9A-Za-z][0-9A-Za-z-]{6,20}")
_THANKS: Final = re.compile(
    r"(?:ok|oke|okay|baik|siap|sip|terima\s?kasih|makasih|mksh|tks|thanks|thank you|nuwun|matur nuwun)\b[^\n]{0,40}",
    re.IGNORECASE,
)


def hear(session: Session, said: Said) -> str:
    """Take a message in.

    Returns:
        In a few words, what came of it.
    """
    first = insert(HeardRow).values(
        channel=said.channel, message_id=said.message_id, direction="in", case_id=None, at=now(session)
    )
    taken = session.scalar(first.on_conflict_do_nothing().returning(HeardRow.message_id))
    if taken is None:
        return "heard before"
    # Of two messages of one author at once, the second finds what the first opened.
    author = func.hashtextextended(f"{said.channel} {said.author}", 0)
    session.execute(select(func.pg_advisory_xact_lock(author)))
    text = clean_text(said.text)[:MAX_STORY]
    # Whoever only says that they are somebody adds nothing to that person's case.
    case = None if said.doubt else _going_on(session, said, text)
    if case is None:
        if said.doubt and len(text) < MIN_STORY:
            return f"left alone: {said.doubt}"
        if len(text) < MIN_STORY and not (said.files or said.media):
            telling.ask_for_more(session, said)
            return "too short: asked to tell more"
        case = _opened(session, said, text)
        came = f"opened {case.reference}"
    else:
        _add(session, case, said, text)
        came = f"added to {case.reference}"
    session.get_one(HeardRow, (said.channel, said.message_id)).case_id = case.id
    _keep_files(session, case, said)
    session.flush()
    return came


def _opened(session: Session, said: Said, text: str) -> CaseRow:
    jurisdiction = jurisdictions_of(session).first
    chosen = jurisdiction.complaint_category(said.category or "") or topic_of(jurisdiction, text)
    recent = session.scalar(
        select(func.count())
        .select_from(ThreadRow)
        .join(CaseRow, CaseRow.id == ThreadRow.case_id)
        .where(
            ThreadRow.channel == said.channel,
            ThreadRow.author == said.author,
            CaseRow.opened_at > now(session) - timedelta(days=1),
        )
    )
    name = clean_line(said.name)[:MAX_NAME] or None
    case = open_complaint(
        session,
        Complaint(
            category=chosen.id,
            text=text or "(tanpa teks, lihat lampiran)",
            name=name,
            contact=said.address if said.channel in {"mail", "whatsapp"} else None,
            channel=said.channel,
            latitude=said.latitude,
            longitude=said.longitude,
        ),
        jurisdiction=jurisdiction,
    )
    thread = ThreadRow(
        case_id=case.id,
        channel=said.channel,
        address=said.address,
        author=said.author,
        name=name or "",
        public=said.public,
        last_message_id=said.message_id,
        last_at=now(session),
    )
    session.add(thread)
    session.flush()
    if said.doubt:
        told = {"text": f"Pengirim belum terbukti / the sender is not proven. {said.doubt}"}
        append(session, case.id, "note", actor=SYSTEM, body=told, audience=Audience.INTERNAL)
    elif (recent or 0) < MAX_ACKNOWLEDGED:
        telling.acknowledge(session, case, thread)
        # By the system: it stops no clock, only a person's answer does.
        append(session, case.id, "acknowledged", actor=SYSTEM, body={"channel": said.channel}, audience=Audience.PUBLIC)
    return case


def _going_on(session: Session, said: Said, text: str) -> CaseRow | None:
    """The case that a message goes on with: its author's own, still alive."""
    threads = select(ThreadRow).where(ThreadRow.channel == said.channel, ThreadRow.author == said.author)
    found: ThreadRow | None = None
    if said.about:
        heard = select(HeardRow.case_id).where(HeardRow.channel == said.channel, HeardRow.message_id.in_(said.about))
        found = session.scalars(threads.where(ThreadRow.case_id.in_(heard)).limit(1)).first()
    if found is None:
        words = f"{said.text} {' '.join(said.about)}"
        named = {parse_reference(one) for one in _REFERENCE.findall(words)[:10]} - {None}
        if named:
            query = threads.join(CaseRow, CaseRow.id == ThreadRow.case_id).where(CaseRow.reference.in_(named))
            found = session.scalars(query.limit(1)).first()
    if found is None and said.chat and not text.lower().startswith(("aduan baru", "lapor baru", "new complaint")):
        query = threads.where(ThreadRow.last_at > now(session) - GOES_ON)
        found = session.scalars(query.order_by(ThreadRow.last_at.desc()).limit(1)).first()
    if found is None:
        return None
    case = lock_case(session, found.case_id)
    return case if "message" in allowed(CaseKind.COMPLAINT, case.state) else None


def _add(session: Session, case: CaseRow, said: Said, text: str) -> None:
    if text:
        append(session, case.id, "message", actor=CITIZEN, body={"text": text}, audience=Audience.PARTY)
    answered = case.state in {"answered", "refused"}
    if answered and len(text) >= MIN_STORY and not _THANKS.fullmatch(text):
        # What somebody says to an answer must not lie where no clock runs.
        reason = {"reason": "Warga menjawab. / The citizen wrote again."}
        append(session, case.id, "reopened", actor=CITIZEN, body=reason, audience=Audience.PUBLIC)
    thread = session.get_one(ThreadRow, case.id)
    thread.last_message_id, thread.last_at, thread.address = said.message_id, now(session), said.address


def _keep_files(session: Session, case: CaseRow, said: Said) -> None:
    for file in said.files:
        try:
            attach(session, case, file, actor=CITIZEN)
        except IllegalTransition:
            break
    for why in said.refused:
        append(session, case.id, "note", actor=SYSTEM, body={"text": why}, audience=Audience.INTERNAL)
    for number, media in enumerate(said.media[:MAX_MEDIA]):
        send_out(
            session,
            kind=MEDIA_KIND,
            key=f"media:{said.channel}:{said.message_id}:{number}"[:200],
            body={"channel": said.channel, "id": media.id, "url": media.url, "name": media.name, "case": str(case.id)},
            case_id=case.id,
        )
