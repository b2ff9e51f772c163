"""An owner contests a ticket: a case of its own, its 24-hour clock, and the ticket held meanwhile. Never commits."""

from __future__ import annotations

from collections.abc import Sequence
from uuid import UUID

from sqlalchemy import exists, select
from sqlalchemy.orm import Session

from api.attachments.cleaning import Attachment
from api.attachments.service import attach
from api.jurisdiction.loading import jurisdictions_of
from api.jurisdiction.model import ContestGround
from api.problems import Unprocessable
from api.store.errors import CaseNotFound, IllegalTransition
from api.store.kinds import Actor, Audience, CaseKind
from api.store.reading import Viewer, readable_by
from api.store.service import append, lock_case, open_case
from api.store.states import next_state
from api.store.tables import CaseRow, EventRow
from api.store.transitions import allowed
from api.tickets.blocking import lift


class GroundUnknown(Unprocessable):
    """The ground is not one of the jurisdiction's."""

    code = "contest-ground-unknown"
    title = "Unknown ground"


def owner_of(ticket: CaseRow) -> Actor:
    """The party of a ticket as an actor: whoever showed reference and plate; the office knows no more."""
    return Actor(id=f"party:{ticket.id}", name="Pemilik / owner", role="owner")


def open_contest(
    session: Session, *, ticket: CaseRow, ground: str, text: str, attachments: Sequence[Attachment] = ()
) -> CaseRow:
    """Contest a ticket.

    Args:
        session: an open transaction; never committed here.
        ticket: the ticket, from the one door.
        ground: id of one of the jurisdiction's grounds.
        text: the owner's words, cleaned and bounded.
        attachments: files that were checked.

    Returns:
        The contest, its clock running; the ticket is `contested` and its payment clock has stopped.

    Raises:
        GroundUnknown: no such ground.
        IllegalTransition: the ticket cannot be contested now: it is or was already, or it was cancelled or paid.
    """
    jurisdiction = jurisdictions_of(session)[ticket.jurisdiction]
    chosen: ContestGround | None = jurisdiction.contest_ground(ground)
    if chosen is None:
        raise GroundUnknown(f"There is no ground {ground[:60]!r} in this jurisdiction: choose one of the list.")
    # Locked first: of two contests at once, the second sees what the first did to the ticket.
    held = lock_case(session, ticket.id)
    if contested_before(session, held):
        raise IllegalTransition(held.kind, held.state, "contested", allowed(CaseKind.TICKET, held.state))
    # A block never stands while the contest is open: contesting lifts it.
    lift(session, held.id, because="contested")
    next_state(CaseKind.TICKET, held.state, "contested")
    owner = owner_of(held)
    contest = open_case(
        session,
        CaseKind.CONTEST,
        jurisdiction=jurisdiction,
        actor=owner,
        body={
            "ticket": held.reference,
            "ground": chosen.id,
            "ground_names": {"id": chosen.names.id, "en": chosen.names.en},
            "text": text,
        },
        audience=Audience.PARTY,
        agency=held.agency,
        parent_id=held.id,
        subject={
            **{key: held.subject[key] for key in ("plate", "offence", "occurred_at", "camera") if key in held.subject},
            "ground": chosen.id,
            "ticket": held.reference,
        },
    )
    for attachment in attachments:
        attach(session, contest, attachment, actor=owner)
    append(session, held.id, "contested", actor=owner, body={"contest": contest.reference}, audience=Audience.PARTY)
    return contest


def contested_before(session: Session, ticket: CaseRow) -> bool:
    """Whether a contest of this ticket was decided already: it can be reopened, not repeated."""
    decided = select(CaseRow.id).where(
        CaseRow.parent_id == ticket.id,
        CaseRow.kind == CaseKind.CONTEST.value,
        exists().where(EventRow.case_id == CaseRow.id, EventRow.type == "answered"),
    )
    return session.scalar(decided.limit(1)) is not None


def withdraw_contest(session: Session, *, contest: CaseRow, actor: Actor) -> CaseRow:
    """The party takes the contest back: the ticket is owed again, its payment clock begins anew.

    Raises:
        IllegalTransition: it was answered already.
        RoleRefused: somebody else than the party.
    """
    ticket = lock_case(session, _ticket_id(contest))
    append(session, contest.id, "withdrawn", actor=actor, body={}, audience=Audience.PARTY)
    body = {"contest": contest.reference}
    append(session, ticket.id, "contest_withdrawn", actor=actor, body=body, audience=Audience.PARTY)
    return ticket


def reopen_contest(session: Session, *, contest: CaseRow, actor: Actor, reason: str) -> CaseRow:
    """Open a decided contest again: the ticket is held as before, a block on it is lifted first.

    Raises:
        IllegalTransition: the contest is open, or its ticket is paid or over.
    """
    ticket = lock_case(session, _ticket_id(contest))
    lift(session, ticket.id, because="contested")
    body = {"contest": contest.reference}
    append(session, ticket.id, "contest_reopened", actor=actor, body=body, audience=Audience.PARTY)
    append(session, contest.id, "reopened", actor=actor, body={"reason": reason}, audience=Audience.PARTY)
    return ticket


def _ticket_id(contest: CaseRow) -> UUID:
    if contest.parent_id is None:
        raise CaseNotFound
    return contest.parent_id


def contests_of(session: Session, viewer: Viewer, ticket: CaseRow) -> list[CaseRow]:
    """The contests of a ticket that a viewer may read, the newest first."""
    query = (
        readable_by(viewer)
        .where(CaseRow.parent_id == ticket.id, CaseRow.kind == CaseKind.CONTEST.value)
        .order_by(CaseRow.opened_at.desc())
    )
    return list(session.scalars(query))
