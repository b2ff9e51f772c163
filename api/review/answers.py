"""Answers to contests and complaints: by a person, in words; the answer stops the clock of the first response."""

from __future__ import annotations

import unicodedata
from dataclasses import dataclass
from typing import Final, Literal
from uuid import UUID

from sqlalchemy.orm import Session

from api.complaints import handling
from api.review import leases
from api.review.decision import DECIDING_ROLES, Judge, already
from api.review.errors import LeaseLost, NotForRole, ReasonNeeded, SamePerson
from api.review.readings import standing
from api.store.kinds import Audience, CaseKind
from api.store.reading import case_for
from api.store.service import append, events_of, lock_case
from api.store.tables import CaseRow

MAX_ANSWER_CHARACTERS: Final = 4000
ANSWERING_ROLES: Final = DECIDING_ROLES | {"agency"}
OPEN: Final = "open"


@dataclass(frozen=True)
class Answer:
    """What was answered. `repeated`: the same person sent it twice, nothing happened the second time."""

    case: CaseRow
    repeated: bool = False


def clean(text: str) -> str:
    """An answer without control characters and without space around it.

    Raises:
        ReasonNeeded: nothing is left, or it is too long.
    """
    lines = text.replace("\r\n", "\n").replace("\r", "\n")
    kept = "".join(c for c in lines if c in "\n\t" or unicodedata.category(c) not in {"Cc", "Cf", "Cs"}).strip()
    if not kept:
        raise ReasonNeeded("review.answer_needed")
    if len(kept) > MAX_ANSWER_CHARACTERS:
        raise ReasonNeeded("review.answer_too_long")
    return kept


def validators_of(session: Session, ticket: CaseRow) -> frozenset[str]:
    """Ids of those who validated a ticket: who read and approved the violation, and who is named on the ticket."""
    approved = [] if ticket.parent_id is None else events_of(session, ticket.parent_id)
    named = [event.actor_id for event in approved if event.type == "approved"]
    if ticket.parent_id is not None:
        named += [one.user_id for one in standing(session, ticket.parent_id)]
    opened = [event.actor_id for event in events_of(session, ticket.id) if event.type == "opened"]
    return frozenset((*named, *opened))


def answer_complaint(session: Session, judge: Judge, case_id: UUID, text: str) -> Answer:
    """Answer a complaint.

    Raises:
        CaseNotFound: absent, or not for this person.
        NotForRole: the role reads only.
        AlreadyDecided: somebody answered before; names who.
        LeaseLost: it lies on somebody else's desk.
        ReasonNeeded: no text, or too much.
    """
    row = _open_case(session, judge, case_id, CaseKind.COMPLAINT, ANSWERING_ROLES)
    if row.state != OPEN:
        return _second_time(session, judge, row)
    said = clean(text)
    # Public: an anonymous complainant has nothing but the number, and must be able to read the answer with it.
    # With it, every complaint that was joined with it.
    handling.answer(session, case_id, text=said, actor=judge.actor)
    leases.release(session, case_id, judge.actor)
    return Answer(row)


def judge_contest(
    session: Session, judge: Judge, case_id: UUID, *, outcome: Literal["upheld", "cancelled"], text: str
) -> Answer:
    """Answer a contest: the ticket stands (`upheld`) or is cancelled, with the reasons in words.

    Raises:
        CaseNotFound: absent, or not for this person.
        NotForRole: the role reads only.
        SamePerson: this person validated the ticket.
        AlreadyDecided: somebody answered before; names who.
        LeaseLost: it lies on somebody else's desk.
        ReasonNeeded: no text, or too much.
        IllegalTransition: the ticket is no longer contested.
    """
    contest = case_for(session, judge.viewer, case_id, purpose="answer")
    if contest.parent_id is None:
        raise NotForRole
    # The ticket first, as whoever opens a contest does: two transactions never wait for each other.
    ticket = lock_case(session, contest.parent_id)
    row = _open_case(session, judge, case_id, CaseKind.CONTEST, DECIDING_ROLES)
    if row.state != OPEN:
        return _second_time(session, judge, row)
    if judge.actor.id in validators_of(session, ticket):
        raise SamePerson("review.same_person")
    said = clean(text)
    append(
        session,
        ticket.id,
        outcome,
        actor=judge.actor,
        body={"contest": row.reference, "text": said},
        audience=Audience.PARTY,
    )
    append(
        session,
        case_id,
        "answered",
        actor=judge.actor,
        body={"text": said, "outcome": outcome},
        audience=Audience.PARTY,
    )
    leases.release(session, case_id, judge.actor)
    return Answer(row)


def _open_case(session: Session, judge: Judge, case_id: UUID, kind: CaseKind, roles: frozenset[str]) -> CaseRow:
    if judge.actor.role not in roles:
        raise NotForRole
    case_for(session, judge.viewer, case_id, purpose="answer")
    row = lock_case(session, case_id)
    if row.kind != kind.value:
        raise NotForRole
    if row.state == OPEN and leases.take(session, case_id, judge.actor) is None:
        held = leases.holder(session, case_id)
        raise LeaseLost("review.held_by_other", name=held.user_name if held else "?")
    return row


def _second_time(session: Session, judge: Judge, row: CaseRow) -> Answer:
    answered = [event for event in events_of(session, row.id) if event.type == "answered"]
    if answered and answered[-1].actor_id == judge.actor.id:
        return Answer(row, repeated=True)
    last = answered[-1] if answered else events_of(session, row.id)[-1]
    raise already(last.type, last.actor_name, last.at)
