"""What becomes of a complaint: passed on, answered, refused with a reason, joined with the same. Never commits.

Nothing of it stops a promise silently: passing it on ends only the check of where it belongs; a refusal is a person's
answer, for everybody to read; a joined complaint's clocks run until a person answers; what its citizen takes back ends
without a result, and late stays late (the jurisdiction's policies, `drops_on`).
"""

from __future__ import annotations

from uuid import UUID

from sqlalchemy import select
from sqlalchemy.orm import Session

from api.complaints.service import CITIZEN
from api.jurisdiction.loading import jurisdictions_of
from api.problems import Conflict, Unprocessable
from api.store.kinds import Actor, Audience, CaseKind
from api.store.service import append, events_of, lock_case
from api.store.tables import CaseRow, EventRow

MIN_REASON = 10


class AgencyUnknown(Unprocessable):
    """The agency is not one of the jurisdiction's."""

    code = "agency-unknown"
    title = "Unknown agency"


class ReasonMissing(Unprocessable):
    """Who refuses says why, in words that the citizen reads."""

    code = "reason-missing"
    title = "A reason is needed"


class CannotJoin(Conflict):
    """The two complaints cannot be joined; the sentence says why."""

    code = "cannot-join"
    title = "These complaints cannot be joined"


def pass_on(session: Session, case_id: UUID, *, agency: str, reason: str, actor: Actor) -> EventRow:
    """Pass a complaint to the agency that it belongs to; the promises to the citizen run on.

    Raises:
        AgencyUnknown: no such agency.
        Confidential: what goes past the unit goes to an agency of oversight only.
        IllegalTransition: it is answered or over.
    """
    row = lock_case(session, case_id)
    known = jurisdictions_of(session)[row.jurisdiction].agency_named(agency)
    if known is None:
        raise AgencyUnknown(f"There is no agency {agency[:60]!r} here: choose one of the list.")
    body = {
        "agency": known.id,
        "agency_names": {"id": known.names.id, "en": known.names.en},
        "from": row.agency,
        "reason": reason,
    }
    return append(session, case_id, "redirected", actor=actor, body=body, audience=Audience.PUBLIC)


def answer(session: Session, case_id: UUID, *, text: str, actor: Actor) -> EventRow:
    """Answer a complaint, and with it every complaint that was joined with it: each citizen gets the answer.

    Raises:
        IllegalTransition: it cannot be answered now.
    """
    row = lock_case(session, case_id)
    event = append(session, case_id, "answered", actor=actor, body={"text": text}, audience=Audience.PUBLIC)
    for joined in joined_with(session, case_id):
        body = {"text": text, "by_way_of": row.reference}
        append(session, joined.id, "answered", actor=actor, body=body, audience=Audience.PUBLIC)
    return event


def refuse(session: Session, case_id: UUID, *, reason: str, actor: Actor) -> EventRow:
    """Refuse a complaint: who and why stands in public, and the citizen may open it again.

    Raises:
        ReasonMissing: no reason in words.
        RoleRefused: not a member of staff.
        IllegalTransition: it is answered or over.
    """
    said = reason.strip()
    if len(said) < MIN_REASON:
        raise ReasonMissing("Say why the complaint is refused: the citizen, and everybody, reads it.")
    body = {"reason": said, "text": said, "by": {"name": actor.name, "role": actor.role}}
    return append(session, case_id, "refused", actor=actor, body=body, audience=Audience.PUBLIC)


def withdraw(session: Session, case_id: UUID, *, actor: Actor = CITIZEN) -> EventRow:
    """The citizen takes the complaint back: its clocks end without a result, or late when they were late.

    Raises:
        RoleRefused: somebody of the office tries it in the citizen's place.
    """
    return append(session, case_id, "withdrawn", actor=actor, body={}, audience=Audience.PUBLIC)


def reopen(session: Session, case_id: UUID, *, text: str, actor: Actor = CITIZEN) -> EventRow:
    """The citizen opens a complaint again that was answered, refused or closed; its first-answer clock begins anew.

    Raises:
        ReasonMissing: nothing was said about what is still wrong.
        IllegalTransition: it is open already.
    """
    said = text.strip()
    if len(said) < MIN_REASON:
        raise ReasonMissing("Say what is still wrong: the office reads it.")
    event = append(session, case_id, "reopened", actor=actor, body={}, audience=Audience.PUBLIC)
    append(session, case_id, "message", actor=actor, body={"text": said}, audience=Audience.PARTY)
    return event


def join(session: Session, case_id: UUID, *, into: UUID, actor: Actor) -> EventRow:
    """Join a complaint with one that told the same before. Its clocks run on; the answer to the other answers it.

    Raises:
        CannotJoin: with itself, with one of another agency or jurisdiction, with one that is joined or over, a
            confidential one with an open one, or one that others were joined with.
        IllegalTransition: it is answered or over.
    """
    if case_id == into:
        raise CannotJoin("A complaint cannot be joined with itself.")
    # In one order, so that two who join crosswise never wait for each other in a circle.
    first, second = sorted((case_id, into))
    held = {one.id: one for one in (lock_case(session, first), lock_case(session, second))}
    row, main = held[case_id], held[into]
    if main.kind != CaseKind.COMPLAINT.value or main.state not in {"open", "answered"}:
        raise CannotJoin(f"{main.reference} is {main.state}: join with an open complaint.")
    if (row.agency, row.jurisdiction, row.confidential) != (main.agency, main.jurisdiction, main.confidential):
        raise CannotJoin(f"{main.reference} lies with another agency: pass this complaint on first.")
    if joined_with(session, row.id):
        raise CannotJoin("Other complaints were joined with this one: separate them first.")
    append(session, main.id, "linked", actor=actor, body={"joined": row.reference}, audience=Audience.INTERNAL)
    body = {"into": main.reference}
    event = append(session, row.id, "merged", actor=actor, body=body, audience=Audience.PUBLIC)
    answered = [one for one in events_of(session, main.id) if one.type == "answered"]
    if answered and main.state == "answered":
        text = {"text": answered[-1].data.get("text", ""), "by_way_of": main.reference}
        append(session, row.id, "answered", actor=actor, body=text, audience=Audience.PUBLIC)
    return event


def separate(session: Session, case_id: UUID, *, actor: Actor, reason: str) -> EventRow:
    """Undo a joining: the complaint is open by itself again.

    Raises:
        IllegalTransition: it was not joined.
    """
    return append(session, case_id, "separated", actor=actor, body={"reason": reason}, audience=Audience.PUBLIC)


def joined_with(session: Session, case_id: UUID) -> list[CaseRow]:
    """The complaints that were joined with this one and still are, the oldest first."""
    main = session.get_one(CaseRow, case_id)
    told = {one.data.get("joined") for one in events_of(session, case_id) if one.type == "linked"} - {None}
    if not told:
        return []
    query = select(CaseRow).where(CaseRow.reference.in_(told), CaseRow.state == "merged").order_by(CaseRow.opened_at)
    return [row for row in session.scalars(query) if _joined_into(session, row) == main.reference]


def _joined_into(session: Session, row: CaseRow) -> str:
    last = [event for event in events_of(session, row.id) if event.type == "merged"][-1]
    return str(last.data.get("into"))
