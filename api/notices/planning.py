"""Which notices a ticket gets, and what is written down when they leave, arrive, or come back. Never commits."""

from __future__ import annotations

from datetime import datetime
from typing import Final

from sqlalchemy import exists, select
from sqlalchemy.orm import Session

from api.clock import now
from api.jurisdiction.loading import jurisdictions_of
from api.notices.links import NoticeLinks, new_code
from api.notices.tables import NoticeRow
from api.notices.wording import Told, subject, text
from api.outbox.service import send_out
from api.outbox.tables import OutboxRow
from api.problems import Conflict, NotFound
from api.register.port import RegisterAway, register_of
from api.settings import Settings
from api.store.checking import final_at
from api.store.kinds import SYSTEM, Actor, Audience, CaseKind
from api.store.service import append, lock_case
from api.store.tables import CaseRow
from api.store.transitions import allowed
from api.tickets.facts import facts_of
from api.tickets.letter import recipient_of
from api.web.messages import LANGUAGES

NO_ADDRESS: Final = "Alamat pemilik tidak diketahui / the owner's address is not known"
# A ticket in one of these states tells its owner nothing any more.
OVER: Final = frozenset({"cancelled", "moved", "withdrawn", "closed"})


class NoticeNotFound(NotFound):
    """No such notice."""

    code = "notice-not-found"
    title = "No such notice"

    def __init__(self) -> None:
        super().__init__("There is no notice with this code: check it letter by letter.")


class NotSentYet(Conflict):
    """What was not sent cannot come back."""

    code = "notice-not-sent"
    title = "The notice has not been sent"


def plan_waiting(session: Session, settings: Settings, limit: int = 50) -> int:
    """Plan the notices of issued tickets that have none yet; how many tickets were looked at."""
    query = (
        select(CaseRow)
        .where(
            CaseRow.kind == CaseKind.TICKET.value,
            CaseRow.state == "issued",
            ~exists().where(NoticeRow.case_id == CaseRow.id),
        )
        .order_by(CaseRow.opened_at)
        .limit(limit)
        .with_for_update(skip_locked=True)
    )
    tickets = session.scalars(query).all()
    for ticket in tickets:
        if not plan(session, settings, ticket):
            _unaddressed(session, ticket)
    return len(tickets)


def _unaddressed(session: Session, ticket: CaseRow) -> None:
    """Nobody can be written to: said once, where a person looks, so that such tickets keep no other's letter."""
    row = NoticeRow(
        case_id=ticket.id,
        channel="letter",
        code=new_code(),
        to_name="",
        to_text="",
        state="failed",
        why=NO_ADDRESS,
        made_at=now(session),
        ready_at=now(session),
        ended_at=now(session),
    )
    session.add(row)
    _tell(session, row, "notice_failed", {"why": NO_ADDRESS})


def plan(session: Session, settings: Settings, ticket: CaseRow) -> list[NoticeRow]:
    """Plan the notices of a ticket: always a letter, and e-mail and WhatsApp where the register knows them.

    Nothing leaves before the decision is final. An address that a letter came back from gets no second one.
    """
    held = lock_case(session, ticket.id)
    recipient = recipient_of(session, held)
    if recipient is None or held.state in OVER:
        return []
    moment = now(session)
    final = None if held.parent_id is None else final_at(session, held.parent_id)
    ready = moment if final is None else max(moment, final)
    to = {"letter": recipient.address, **_contacts(session, held)}
    dead = set(
        session.scalars(select(NoticeRow.to_text).where(NoticeRow.case_id == held.id, NoticeRow.state == "returned"))
    )
    made = []
    for channel, address in to.items():
        if not address or address in dead:
            continue
        row = NoticeRow(
            case_id=held.id,
            channel=channel,
            code=new_code(),
            to_name=recipient.name,
            to_text=address,
            made_at=moment,
            ready_at=ready,
        )
        session.add(row)
        session.flush()
        if channel != "letter":
            _send(session, settings, held, row, not_before=ready if ready > moment else None)
        if "notice_made" in allowed(CaseKind.TICKET, held.state):
            body = {"channel": channel, "code": row.code}
            append(session, held.id, "notice_made", actor=SYSTEM, body=body, audience=Audience.INTERNAL)
        made.append(row)
    return made


def _contacts(session: Session, ticket: CaseRow) -> dict[str, str]:
    try:
        vehicle = register_of(session).find(str(ticket.subject.get("plate", "")))
    except RegisterAway:
        return {}  # the letter goes anyway; messages are a courtesy
    if vehicle is None:
        return {}
    return {"email": vehicle.owner_email, "whatsapp": vehicle.owner_phone}


def told_of(session: Session, settings: Settings, ticket: CaseRow, notice: NoticeRow) -> Told:
    """What a message of this notice tells."""
    facts, _ = facts_of(session, ticket)
    jurisdiction = jurisdictions_of(session)[ticket.jurisdiction]
    agency = jurisdiction.agency_named(ticket.agency)
    return Told(
        name=notice.to_name,
        plate=facts.plate_display,
        reference=ticket.reference,
        link=NoticeLinks(settings.secret).url(settings.public_url, notice.code),
        code=notice.code,
        due=dict.fromkeys(LANGUAGES, ""),
        agency=agency.names.model_dump() if agency else dict.fromkeys(LANGUAGES, ticket.agency),
        check_url=f"{settings.public_url.rstrip('/')}/check",
    )


def _send(
    session: Session, settings: Settings, ticket: CaseRow, notice: NoticeRow, *, not_before: datetime | None
) -> None:
    told = told_of(session, settings, ticket, notice)
    body: dict[str, object]
    if notice.channel == "email":
        body = {"to": notice.to_text, "name": notice.to_name, "subject": subject(told), "text": text(told)}
    else:
        values = [told.name, told.plate, told.reference, told.link, told.code]
        body = {"to": notice.to_text, "language": "id", "values": values}
    send_out(
        session,
        kind=notice.channel,
        key=f"notice:{notice.id}",
        body={"notice": str(notice.id), **body},
        case_id=ticket.id,
        not_before=not_before,
    )


def may_leave(session: Session, effect: OutboxRow) -> str:
    """Why a message must not leave any more; empty when it may."""
    ticket = None if effect.case_id is None else session.get(CaseRow, effect.case_id)
    if ticket is None or "notice" not in effect.body:
        return ""
    if ticket.state in OVER:
        return f"the ticket is {ticket.state}"
    final = None if ticket.parent_id is None else final_at(session, ticket.parent_id)
    return "the decision is not final yet" if final is not None and now(session) < final else ""


def message_left(session: Session, effect: OutboxRow) -> None:
    """An e-mail or WhatsApp message has left, or failed for good."""
    held = effect.body.get("notice")
    notice = None if held is None else session.get(NoticeRow, held, with_for_update=True)
    if notice is None or notice.state != "queued":
        return
    if effect.state == "sent":
        notice.provider_id = effect.answer
        left(session, notice)
        return
    notice.state, notice.why, notice.ended_at = "failed", effect.error, now(session)
    _tell(session, notice, "message_failed", {"why": effect.error})


def left(session: Session, notice: NoticeRow, **more: object) -> None:
    """A notice has left the office: the owner's clocks run from here."""
    notice.state, notice.sent_at = "sent", now(session)
    _tell(session, notice, "notice_sent", {**more}, otherwise="message_sent")


def delivered(session: Session, notice: NoticeRow) -> None:
    """Whoever carries a message says that it arrived."""
    if notice.state == "sent":
        notice.state, notice.ended_at = "delivered", now(session)
        _tell(session, notice, "message_delivered", {})


def undelivered(session: Session, notice: NoticeRow, why: str) -> None:
    """Whoever carries a message says that it did not arrive."""
    if notice.state in {"queued", "sent"}:
        notice.state, notice.why, notice.ended_at = "failed", why, now(session)
        _tell(session, notice, "message_failed", {"why": why})


def returned(session: Session, code: str, *, why: str, actor: Actor) -> NoticeRow:
    """A letter came back: its link is dead, and nothing is held against an owner who was not reached.

    Raises:
        NoticeNotFound: no notice has this code.
        NotSentYet: it has not left.
    """
    row = notice_with(session, code)
    if row.state == "returned":
        return row
    if row.state not in {"sent", "delivered"}:
        raise NotSentYet(f"The notice {row.code} is {row.state}: only what was sent can come back.")
    row.state, row.why, row.ended_at = "returned", why[:200], now(session)
    ticket = lock_case(session, row.case_id)
    # Another notice may have reached the owner by another way.
    others = session.scalar(
        select(
            exists().where(
                NoticeRow.case_id == ticket.id, NoticeRow.id != row.id, NoticeRow.state.in_(("sent", "delivered"))
            )
        )
    )
    event = "notice_failed" if others else "notice_returned"
    _tell(session, row, event, {"why": row.why}, actor=actor, otherwise="note")
    return row


def notice_with(session: Session, code: str) -> NoticeRow:
    """The notice with this code, locked.

    Raises:
        NoticeNotFound: there is none.
    """
    wanted = "".join(code.upper().split())[:40]
    row = session.scalars(select(NoticeRow).where(NoticeRow.code == wanted).with_for_update()).one_or_none()
    if row is None:
        raise NoticeNotFound
    return row


def _tell(
    session: Session,
    notice: NoticeRow,
    event: str,
    body: dict[str, object],
    *,
    actor: Actor = SYSTEM,
    otherwise: str = "note",
) -> None:
    session.flush()
    ticket = lock_case(session, notice.case_id)
    told = {"channel": notice.channel, "code": notice.code, **body}
    possible = allowed(CaseKind.TICKET, ticket.state)
    chosen = event if event in possible else otherwise
    append(session, ticket.id, chosen, actor=actor, body=told, audience=Audience.PARTY)
