"""A letter's way: in (numbered, passed down a chain, dealt with, kept) or out (drafted, signed, numbered, sent, kept).

Letters are cases of the store, so each step is an event by a named person, and deadlines are its clocks. Never commits.
"""

from __future__ import annotations

import hashlib
from dataclasses import dataclass
from datetime import datetime
from typing import Final, Literal
from uuid import UUID

from sqlalchemy import func, select, text
from sqlalchemy.orm import Session

from api.clock import now
from api.eoffice.tables import AgendaRow
from api.jurisdiction.loading import jurisdictions_of
from api.jurisdiction.model import Jurisdiction
from api.people.tables import UserRow
from api.problems import Conflict, Unprocessable
from api.store.hashing import iso_utc
from api.store.kinds import Actor, Audience, CaseKind
from api.store.service import append, events_of, lock_case, open_case
from api.store.tables import CaseRow, EventRow

MAX_LINE: Final = 200
MAX_TEXT: Final = 20_000
MAX_DAYS: Final = 60
Direction = Literal["in", "out"]


class LetterRefused(Unprocessable):
    """Something of a letter is missing or too long; the sentence says what."""

    code = "letter-refused"
    title = "The letter cannot be taken in"


class NotTheSigner(Conflict):
    """A letter is signed by whom its draft names, and by nobody else."""

    code = "not-the-signer"
    title = "Somebody else signs this letter"


class NotYours(Conflict):
    """A disposition is reported on by whom it was given to."""

    code = "disposition-not-yours"
    title = "This was given to somebody else"


@dataclass(frozen=True)
class Disposition:
    """One link of the chain.

    Attributes:
        number: of the event.
        by: who gave it.
        to_id: user's id of whom it was given to.
        to_name: their name.
        instruction: what they are to do.
        due_at: by when.
        reported_at: when they reported; None: not yet.
        report: what they reported.
    """

    number: int
    by: str
    to_id: str
    to_name: str
    instruction: str
    due_at: datetime
    reported_at: datetime | None = None
    report: str = ""


@dataclass(frozen=True)
class Draft:
    """A letter out as it stands.

    Attributes:
        to: whom it goes to.
        about: its subject.
        body: its text.
        signer_id: user's id of who must sign.
        signer_name: their name.
        drafted_by: who wrote this version.
        version: 1 for the first.
        sha256: of the text that is signed.
    """

    to: str
    about: str
    body: str
    signer_id: str
    signer_name: str
    drafted_by: str
    version: int
    sha256: str


def colleagues(session: Session, agency: str | None) -> list[tuple[str, str]]:
    """(id, name) of those who work for an agency, for choosing whom a letter is given to or who signs."""
    query = select(UserRow.id, UserRow.name).where(
        UserRow.active, UserRow.role.in_(("agency", "officer", "supervisor"))
    )
    mine = query.where(UserRow.agency.is_(None) if agency is None else UserRow.agency == agency)
    return [(str(user_id), name) for user_id, name in session.execute(mine.order_by(UserRow.name))]


def receive(
    session: Session,
    *,
    jurisdiction: Jurisdiction,
    agency: str,
    sender: str,
    about: str,
    their_number: str = "",
    their_date: str = "",
    actor: Actor,
) -> CaseRow:
    """Take a letter in and number it in the agency's agenda.

    Raises:
        LetterRefused: sender or subject is missing or too long.
    """
    said = _lines(sender=sender, about=about)
    row = open_case(
        session,
        CaseKind.LETTER,
        jurisdiction=jurisdiction,
        actor=actor,
        body={
            "direction": "in",
            "sender": said["sender"],
            "about": said["about"],
            "their_number": their_number.strip()[:MAX_LINE],
            "their_date": their_date.strip()[:MAX_LINE],
        },
        audience=Audience.INTERNAL,
        agency=agency,
        subject={"about": said["about"], "with": said["sender"], "direction": "in"},
    )
    number = _number(session, row, "in")
    append(session, row.id, "registered", actor=actor, body={"number": number}, audience=Audience.INTERNAL)
    return row


def dispose(session: Session, letter_id: UUID, *, to_id: str, instruction: str, days: int, actor: Actor) -> EventRow:
    """Give a letter to a colleague with an instruction and a deadline in working days.

    Raises:
        LetterRefused: no such colleague, no instruction, or no sensible deadline.
        IllegalTransition: the letter is not in the chain.
    """
    row = lock_case(session, letter_id)
    names = dict(colleagues(session, row.agency))
    if to_id not in names:
        raise LetterRefused("Choose somebody of this agency.")
    said = " ".join(instruction.split())
    if not 3 <= len(said) <= MAX_LINE * 5 or not 1 <= days <= MAX_DAYS:
        raise LetterRefused(f"Say what is to be done, and by when: 1 to {MAX_DAYS} working days.")
    calendar = jurisdictions_of(session)[row.jurisdiction].calendar
    due = calendar.add_working_days(now(session), days)
    body = {"to": to_id, "to_name": names[to_id], "instruction": said, "due_at": iso_utc(due)}
    return append(session, letter_id, "disposed", actor=actor, body=body, audience=Audience.INTERNAL)


def report(session: Session, letter_id: UUID, *, text_: str, actor: Actor) -> EventRow:
    """Report on the disposition that lies with this person.

    Raises:
        NotYours: none lies with them.
        LetterRefused: nothing was said.
    """
    lock_case(session, letter_id)
    mine = [one for one in chain(session, letter_id) if one.to_id == actor.id and one.reported_at is None]
    if not mine:
        raise NotYours("No disposition of this letter lies with you: whoever got it reports on it.")
    said = text_.strip()[:MAX_TEXT]
    if len(said) < 3:
        raise LetterRefused("Say what was done.")
    body = {"text": said, "disposition": mine[-1].number}
    return append(session, letter_id, "reported", actor=actor, body=body, audience=Audience.INTERNAL)


def chain(session: Session, letter_id: UUID) -> list[Disposition]:
    """The dispositions of a letter, from the top down, each with its report."""
    events = events_of(session, letter_id)
    reports = {event.data.get("disposition"): event for event in events if event.type == "reported"}
    found = []
    for event in events:
        if event.type == "disposed":
            said = reports.get(event.number)
            found.append(
                Disposition(
                    number=event.number,
                    by=event.actor_name,
                    to_id=str(event.data["to"]),
                    to_name=str(event.data["to_name"]),
                    instruction=str(event.data["instruction"]),
                    due_at=datetime.fromisoformat(str(event.data["due_at"])),
                    reported_at=None if said is None else said.at,
                    report="" if said is None else str(said.data["text"]),
                )
            )
    return found


def begin(
    session: Session,
    *,
    jurisdiction: Jurisdiction,
    agency: str,
    to: str,
    about: str,
    body: str,
    signer_id: str,
    actor: Actor,
) -> CaseRow:
    """Begin a letter out with its first draft.

    Raises:
        LetterRefused: something is missing, or the signer is nobody of this agency.
    """
    said = _lines(to=to, about=about)
    row = open_case(
        session,
        CaseKind.LETTER,
        jurisdiction=jurisdiction,
        actor=actor,
        body={"direction": "out", "about": said["about"]},
        audience=Audience.INTERNAL,
        agency=agency,
        subject={"about": said["about"], "with": said["to"], "direction": "out"},
    )
    draft(session, row.id, to=to, about=about, body=body, signer_id=signer_id, actor=actor)
    return row


def draft(
    session: Session, letter_id: UUID, *, to: str, about: str, body: str, signer_id: str, actor: Actor
) -> EventRow:
    """Write the (next) draft of a letter; an incoming one gets its answer this way.

    Raises:
        LetterRefused: something is missing, or the signer is nobody of this agency.
        IllegalTransition: it is signed or over.
    """
    row = lock_case(session, letter_id)
    said = _lines(to=to, about=about)
    names = dict(colleagues(session, row.agency))
    if signer_id not in names:
        raise LetterRefused("Choose who signs: somebody of this agency.")
    words = body.strip()
    if not 10 <= len(words) <= MAX_TEXT:
        raise LetterRefused("The letter's text is missing.")
    content = {**said, "text": words, "signer": signer_id, "signer_name": names[signer_id]}
    return append(session, letter_id, "drafted", actor=actor, body=content, audience=Audience.INTERNAL)


def draft_of(session: Session, letter_id: UUID) -> Draft | None:
    """The newest draft; None when there is none."""
    drafts = [event for event in events_of(session, letter_id) if event.type == "drafted"]
    if not drafts:
        return None
    last = drafts[-1]
    data = last.data
    joined = "\n".join(str(data[name]) for name in ("to", "about", "text"))
    return Draft(
        to=str(data["to"]),
        about=str(data["about"]),
        body=str(data["text"]),
        signer_id=str(data["signer"]),
        signer_name=str(data["signer_name"]),
        drafted_by=last.actor_name,
        version=len(drafts),
        sha256=hashlib.sha256(joined.encode()).hexdigest(),
    )


def send_back(session: Session, letter_id: UUID, *, reason: str, actor: Actor) -> EventRow:
    """Send a draft back to be written anew."""
    said = reason.strip()[:MAX_TEXT]
    if len(said) < 3:
        raise LetterRefused("Say what is to be changed.")
    return append(session, letter_id, "sent_back", actor=actor, body={"reason": said}, audience=Audience.INTERNAL)


def sign(session: Session, letter_id: UUID, *, actor: Actor) -> str:
    """Sign the newest draft and number it in the agenda of letters out.

    Returns:
        The letter's number, e.g. `17/DISHUB/2026`.

    Raises:
        NotTheSigner: the draft names somebody else.
        SecondPersonNeeded: the signer drafted it.
        IllegalTransition: there is no draft to sign.
    """
    row = lock_case(session, letter_id)
    held = draft_of(session, letter_id)
    if held is not None and held.signer_id != actor.id:
        raise NotTheSigner(f"{held.signer_name} signs this letter, nobody else.")
    body = {} if held is None else {"sha256": held.sha256, "version": held.version}
    append(session, letter_id, "signed", actor=actor, body=body, audience=Audience.INTERNAL)
    number = _number(session, row, "out")
    append(session, letter_id, "numbered", actor=actor, body={"number": number}, audience=Audience.INTERNAL)
    return number


def send(session: Session, letter_id: UUID, *, way: str, actor: Actor) -> EventRow:
    """Say that the letter left, and how."""
    body = {"way": way.strip()[:MAX_LINE]}
    return append(session, letter_id, "sent", actor=actor, body=body, audience=Audience.INTERNAL)


def file_away(session: Session, letter_id: UUID, *, where: str, actor: Actor) -> EventRow:
    """Keep the letter in the archive: nothing follows any more.

    Raises:
        LetterRefused: a disposition was not reported on.
    """
    lock_case(session, letter_id)
    waiting = [one.to_name for one in chain(session, letter_id) if one.reported_at is None]
    if waiting:
        raise LetterRefused(f"{', '.join(waiting)} did not report yet: the letter stays on the desk.")
    body = {"text": where.strip()[:MAX_LINE]}
    return append(session, letter_id, "filed", actor=actor, body=body, audience=Audience.INTERNAL)


def numbers_of(session: Session, letter_id: UUID) -> dict[str, str]:
    """The letter's numbers in the agenda, by direction."""
    row = session.get_one(CaseRow, letter_id)
    held = session.scalars(select(AgendaRow).where(AgendaRow.case_id == letter_id))
    return {one.direction: _written(session, row, one) for one in held}


def _number(session: Session, row: CaseRow, direction: Direction) -> str:
    moment = now(session)
    year = jurisdictions_of(session)[row.jurisdiction].local_day(moment).year
    # Numbers of one agenda come one after the other, without gaps: the lock is held until the transaction ends.
    key = f"agenda {row.jurisdiction} {row.agency} {year} {direction}"
    session.execute(text("SELECT pg_advisory_xact_lock(hashtextextended(:key, 0))"), {"key": key})
    last = session.scalar(
        select(func.max(AgendaRow.number)).where(
            AgendaRow.agency == row.agency, AgendaRow.year == year, AgendaRow.direction == direction
        )
    )
    held = AgendaRow(
        case_id=row.id, direction=direction, agency=row.agency, year=year, number=(last or 0) + 1, at=moment
    )
    session.add(held)
    session.flush()
    return _written(session, row, held)


def _written(session: Session, row: CaseRow, held: AgendaRow) -> str:
    agency = jurisdictions_of(session)[row.jurisdiction].agency_named(held.agency)
    short = held.agency if agency is None else agency.short
    return f"{held.number}/{short.upper().replace(' ', '-')}/{held.year}"


def _lines(**values: str) -> dict[str, str]:
    said = {name: " ".join(value.split()) for name, value in values.items()}
    for name, value in said.items():
        if not 2 <= len(value) <= MAX_LINE:
            raise LetterRefused(f"{name}: 2 to {MAX_LINE} letters are needed.")
    return said
