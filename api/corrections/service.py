"""A person asks that data about them be put right: a case with its clock of 3x24 hours. Never commits.

What is wrong and what is right are personal data: they stand in events for the party and the office, never in public.
"""

from __future__ import annotations

from dataclasses import dataclass
from uuid import UUID

from sqlalchemy.orm import Session

from api.complaints.service import CITIZEN
from api.jurisdiction.model import Jurisdiction
from api.problems import Unprocessable
from api.store.kinds import Actor, Audience, CaseKind
from api.store.service import append, open_case
from api.store.tables import CaseRow, EventRow

MAX_CHARACTERS = 2000
MIN_REASON = 10


class CorrectionRefused(Unprocessable):
    """What was asked cannot be taken in; the sentence says why."""

    code = "correction-refused"
    title = "The request cannot be taken in"


@dataclass(frozen=True)
class Wish:
    """What somebody wants put right.

    Attributes:
        what: which data, e.g. the owner's address.
        held: what the office holds.
        right: what it should hold.
        channel: the way it came in.
    """

    what: str
    held: str
    right: str
    channel: str = "portal"


def open_correction(
    session: Session,
    wish: Wish,
    *,
    jurisdiction: Jurisdiction,
    agency: str,
    about: CaseRow | None = None,
    actor: Actor = CITIZEN,
) -> CaseRow:
    """Open a request for correction.

    Args:
        session: an open transaction; never committed here.
        wish: what is to be put right.
        jurisdiction: whose law.
        agency: who holds the data.
        about: the case in which the wrong data stand, from the one door; None: none in particular.
        actor: who asks.

    Raises:
        CorrectionRefused: nothing was said, too much, or the agency does not exist.
    """
    if jurisdiction.agency_named(agency) is None:
        raise CorrectionRefused(f"There is no agency {agency[:60]!r} here: choose one of the list.")
    said = (wish.what.strip(), wish.right.strip())
    if not all(said) or max(len(part) for part in (*said, wish.held)) > MAX_CHARACTERS:
        raise CorrectionRefused(f"Say what is wrong and what is right, in at most {MAX_CHARACTERS} letters each.")
    return open_case(
        session,
        CaseKind.CORRECTION,
        jurisdiction=jurisdiction,
        actor=actor,
        body={"what": said[0], "held": wish.held.strip(), "right": said[1], "channel": wish.channel},
        audience=Audience.PARTY,
        agency=agency,
        parent_id=None if about is None else about.id,
        subject={} if about is None else {"about": about.reference},
    )


def check_identity(session: Session, case_id: UUID, *, actor: Actor) -> EventRow:
    """Say that the person is who they say: nobody's data are changed on a stranger's word.

    Raises:
        IllegalTransition: it is over already.
    """
    return append(session, case_id, "identity_checked", actor=actor, body={}, audience=Audience.PARTY)


def correct(session: Session, case_id: UUID, *, done: str, actor: Actor) -> EventRow:
    """Say that the data were put right; a person's word, which ends the clock.

    Raises:
        RoleRefused: not a member of staff.
        IllegalTransition: it is over already.
    """
    return append(session, case_id, "corrected", actor=actor, body={"text": done.strip()}, audience=Audience.PARTY)


def refuse(session: Session, case_id: UUID, *, reason: str, actor: Actor) -> EventRow:
    """Refuse with a reason, e.g. that the person is not who they say.

    Raises:
        CorrectionRefused: no reason in words.
        RoleRefused: not a member of staff.
    """
    said = reason.strip()
    if len(said) < MIN_REASON:
        raise CorrectionRefused("Say why it is refused: the person who asked reads it.")
    return append(session, case_id, "refused", actor=actor, body={"reason": said}, audience=Audience.PARTY)
