"""Opening cases and appending events: the only writers of the store. They never commit; the edge does, once."""

from __future__ import annotations

import json
from datetime import datetime, timedelta
from typing import Any, Final
from uuid import UUID, uuid4

from sqlalchemy import Uuid, bindparam, select
from sqlalchemy.orm import Session, make_transient_to_detached
from sqlalchemy.orm.attributes import set_committed_value

from api.clock import now
from api.jurisdiction.loading import jurisdictions_of
from api.jurisdiction.model import Jurisdiction
from api.plain_sql import ask
from api.store.checking import check
from api.store.clocks import clock_values, first_clocks, move_clocks
from api.store.errors import CaseNotFound, ChainBroken, Confidential
from api.store.hashing import canonical_json, event_sha256, iso_utc
from api.store.kinds import SYSTEM, Actor, Audience, CaseKind
from api.store.references import new_reference
from api.store.states import next_state, state_after
from api.store.tables import CaseRow, ClockRow, EventRow
from api.store.transitions import NEW

# What else an event brings about, in its own transaction: a session carries functions of (session, case, event).
FOLLOWERS_KEY: Final = "tertib.followers"


def open_case(
    session: Session,
    kind: CaseKind,
    *,
    jurisdiction: Jurisdiction,
    actor: Actor,
    body: dict[str, Any],
    audience: Audience,
    agency: str,
    parent_id: UUID | None = None,
    subject: dict[str, Any] | None = None,
    confidential: bool = False,
) -> CaseRow:
    """Open a case with its first event (`opened`) and start the clocks that begin with it.

    Args:
        session: an open transaction; never committed here.
        kind: kind of case.
        jurisdiction: whose law and deadlines.
        actor: who opens it.
        body: the first event's body, JSON values.
        audience: who may read the first event.
        agency: who must answer.
        parent_id: the case that this one belongs to (a ticket's violation, a contest's ticket).
        subject: index data for lists and searches (plate, offence, camera, occurred_at as ISO text, ...).
        confidential: only the agency in charge and the auditors may read it.

    Raises:
        BodyRefused: the body is not plain JSON or is too large.
    """
    # What the session holds back comes first: the case may hang on it.
    session.flush()
    opened_at = now(session, fresh=True)
    indexed = canonical_json(subject or {})
    row = CaseRow(
        id=uuid4(),
        kind=kind.value,
        jurisdiction=jurisdiction.id,
        agency=agency,
        opened_at=opened_at,
        parent_id=parent_id,
        subject=subject or {},
        confidential=confidential,
        state=NEW,
        event_count=0,
        head_sha256=None,
    )
    state = next_state(kind, NEW, "opened")
    check(session, row, "opened", actor=actor, at=opened_at)
    event = _event(
        row,
        "opened",
        actor=actor,
        text=_text(jurisdiction, kind, "opened", body, opened_at),
        audience=audience,
        at=opened_at,
    )
    clocks = json.dumps([clock_values(one) for one in first_clocks(jurisdiction, row, event)])
    # Of ten million cases some two meet by chance in 55 bits once in some hundred offices: the constraint decides.
    while True:
        row.reference = new_reference(kind)
        values = (
            row.id,
            row.reference,
            row.kind,
            row.jurisdiction,
            row.agency,
            opened_at,
            parent_id,
            indexed,
            confidential,
            actor.id,
            actor.name,
            actor.role,
            event.audience,
            event.body,
            event.sha256,
            clocks,
        )
        if ask(session, _OPEN, values)[0][0]:
            break
    # The database's trigger has moved state, count and head, by the same table; had it not, it would have refused.
    row.state, row.event_count, row.head_sha256 = state, 1, event.sha256
    make_transient_to_detached(row)
    session.add(row)
    return row


_OPEN: Final = "SELECT tertib_open_case(%s, %s, %s, %s, %s, %s, %s, %s::jsonb, %s, %s, %s, %s, %s, %s, %s, %s::jsonb)"


def append(
    session: Session, case_id: UUID, event_type: str, *, actor: Actor, body: dict[str, Any], audience: Audience
) -> EventRow:
    """Append an event to a case: locks the case, checks the transition, chains the hash, moves the clocks.

    The event `redirected` names another agency in its body (`agency`): the case then belongs to that agency.

    Raises:
        CaseNotFound: no such case.
        IllegalTransition: the event may not follow in the case's state.
        RoleRefused, SecondPersonNeeded, BlockRefused, NotFinalYet, FinalAlready: see `api.store.checking`.
        BodyRefused: the body is not plain JSON or is too large.
    """
    row = lock_case(session, case_id)
    at = now(session, fresh=True)
    return _append(session, row, event_type, actor=actor, body=body, audience=audience, at=at)


def append_to_locked(
    session: Session,
    row: CaseRow,
    event_type: str,
    *,
    actor: Actor,
    body: dict[str, Any],
    audience: Audience,
    at: datetime,
) -> EventRow:
    """As `append`, for whoever has locked the case in this transaction and asked for the time since.

    Args:
        session: the transaction that holds the lock.
        row: the case from `lock_case` or another locking query, as it is now.
        event_type: as for `append`.
        actor: as for `append`.
        body: as for `append`.
        audience: as for `append`.
        at: the present, asked for after the lock was had: events follow each other in time.
    """
    return _append(session, row, event_type, actor=actor, body=body, audience=audience, at=at)


def lock_case(session: Session, case_id: UUID) -> CaseRow:
    """The case, locked until the transaction ends, as it is now.

    Raises:
        CaseNotFound: no such case.
    """
    query = select(CaseRow).where(CaseRow.id == case_id).with_for_update().execution_options(populate_existing=True)
    row = session.scalars(query).one_or_none()
    if row is None:
        raise CaseNotFound
    return row


def index_subject(session: Session, case_id: UUID, **values: object) -> CaseRow:
    """Change index data of a case (its events stay what they are)."""
    canonical_json(values)
    row = lock_case(session, case_id)
    row.subject = {**row.subject, **values}
    session.flush()
    return row


def _append(
    session: Session,
    row: CaseRow,
    event_type: str,
    *,
    actor: Actor,
    body: dict[str, Any],
    audience: Audience,
    at: datetime,
) -> EventRow:
    kind = CaseKind(row.kind)
    state = next_state(kind, row.state, event_type)
    check(session, row, event_type, actor=actor, at=at)
    jurisdiction = jurisdictions_of(session)[row.jurisdiction]
    if event_type == "redirected" and row.confidential:
        _check_oversight(jurisdiction, body.get("agency"))
    text = _text(jurisdiction, kind, event_type, body, at)
    event = _event(row, event_type, actor=actor, text=text, audience=audience, at=at)
    if event_type == "redirected" and isinstance(body.get("agency"), str):
        row.agency = body["agency"]
    session.add(event)
    session.flush()
    # The database's trigger has moved state, count and head, by the same table; had it not, it would have refused.
    for name, value in (("state", state), ("event_count", event.number), ("head_sha256", event.sha256)):
        set_committed_value(row, name, value)
    for resumed in move_clocks(session, jurisdiction, row, event, actor=actor):
        _append(
            session,
            row,
            "clock_moved",
            actor=SYSTEM,
            body={
                "clock": resumed.clock.name,
                "round": resumed.clock.round,
                "policy": resumed.clock.policy_id,
                "from": iso_utc(resumed.before),
                # None: the holidays of the year that it reaches now are not published yet.
                "due_at": None if resumed.clock.due_at is None else iso_utc(resumed.clock.due_at),
                "paused_at": iso_utc(resumed.paused_at),
                "resumed_at": iso_utc(at),
            },
            audience=Audience.PUBLIC,
            at=at,
        )
    for follower in session.info.get(FOLLOWERS_KEY, ()):
        follower(session, row, event)
    return event


def _text(jurisdiction: Jurisdiction, kind: CaseKind, event_type: str, body: dict[str, Any], at: datetime) -> str:
    """The body's exact bytes; of a decision that can be undone with the moment from which it cannot."""
    window_s = jurisdiction.undo_window_s(kind, event_type, at)
    if window_s:
        body = {**body, "final_at": iso_utc(at + timedelta(seconds=window_s))}
    return canonical_json(body)


def _event(row: CaseRow, event_type: str, *, actor: Actor, text: str, audience: Audience, at: datetime) -> EventRow:
    """The next event of a case, chained to the one before it."""
    number = row.event_count + 1
    return EventRow(
        case_id=row.id,
        number=number,
        at=at,
        type=event_type,
        actor_id=actor.id,
        actor_name=actor.name,
        actor_role=actor.role,
        audience=audience.value,
        body=text,
        previous_sha256=row.head_sha256,
        sha256=event_sha256(
            case_id=row.id,
            number=number,
            at=at,
            event_type=event_type,
            actor=actor,
            audience=audience,
            body=text,
            previous_sha256=row.head_sha256,
        ),
    )


def _check_oversight(jurisdiction: Jurisdiction, agency_id: object) -> None:
    agency = jurisdiction.agency_named(str(agency_id))
    if agency is None or not agency.oversight:
        known = ", ".join(one.id for one in jurisdiction.agencies if one.oversight)
        raise Confidential(f"This goes past the unit it is about: pass it on to an agency of oversight ({known}).")


# Put together once: a page asks them each time.
_EVENTS: Final = (
    select(EventRow).where(EventRow.case_id == bindparam("case_id", type_=Uuid())).order_by(EventRow.number)
)
_CLOCKS: Final = (
    select(ClockRow)
    .where(ClockRow.case_id == bindparam("case_id", type_=Uuid()))
    .order_by(ClockRow.started_at, ClockRow.name)
)


def events_of(session: Session, case_id: UUID) -> list[EventRow]:
    """All events of a case in order, for the office's own work (pages use `reading.timeline`)."""
    return list(session.scalars(_EVENTS, {"case_id": case_id}))


def clocks_of(session: Session, case_id: UUID) -> list[ClockRow]:
    """All clocks of a case, the oldest first."""
    return list(session.scalars(_CLOCKS, {"case_id": case_id}))


def verify_chain(session: Session, case_id: UUID) -> str:
    """Replay a case: numbers, hashes, state and head must agree with what is stored.

    Returns:
        The head's SHA-256 (hex).

    Raises:
        CaseNotFound: no such case.
        ChainBroken: something was changed from outside; the sentence names the event.
    """
    row = session.get(CaseRow, case_id)
    if row is None:
        raise CaseNotFound
    previous: str | None = None
    events = events_of(session, case_id)
    for number, event in enumerate(events, start=1):
        expected = event_sha256(
            case_id=case_id,
            number=number,
            at=event.at,
            event_type=event.type,
            actor=event.actor,
            audience=Audience(event.audience),
            body=event.body,
            previous_sha256=previous,
        )
        if event.number != number or event.previous_sha256 != previous or event.sha256 != expected:
            message = f"case {row.reference}: event {number} does not fit the chain"
            raise ChainBroken(message)
        previous = event.sha256
    if previous is None or row.head_sha256 != previous or row.event_count != len(events):
        message = (
            f"case {row.reference}: {row.event_count} events are promised, {len(events)} are there, or the head differs"
        )
        raise ChainBroken(message)
    if state_after(CaseKind(row.kind), (event.type for event in events)) != row.state:
        message = f"case {row.reference}: the stored state {row.state!r} is not what the events say"
        raise ChainBroken(message)
    return previous
