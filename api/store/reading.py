"""The one door to read cases: every query of a case starts from `readable_by(viewer)`."""

from __future__ import annotations

from dataclasses import dataclass
from functools import lru_cache
from typing import Final
from uuid import UUID

from sqlalchemy import BindParameter, ColumnElement, Select, Text, Uuid, and_, bindparam, false, or_, select, true
from sqlalchemy.orm import Session

from api.clock import now
from api.store.errors import CaseNotFound
from api.store.kinds import STAFF_ROLES, Actor, Audience, CaseKind
from api.store.references import parse_reference
from api.store.service import clocks_of
from api.store.tables import CaseRow, ClockRow, EventRow, ViewRow

_AUDIENCES = {
    "staff": (Audience.PUBLIC, Audience.PARTY, Audience.INTERNAL),
    "party": (Audience.PUBLIC, Audience.PARTY),
    "anonymous": (Audience.PUBLIC,),
}


@dataclass(frozen=True)
class Viewer:
    """Who looks: a member of staff, the party of one case, or anybody.

    Make one with `Viewer.staff`, `Viewer.party` or `Viewer.anonymous`.

    Attributes:
        actor: the member of staff; None for the public.
        agency: the agency that the member of staff belongs to; None: the whole jurisdiction.
        party_case_id: the case whose reference and plate (or secret) the party has proved.
    """

    actor: Actor | None = None
    agency: str | None = None
    party_case_id: UUID | None = None

    @classmethod
    def staff(cls, actor: Actor, agency: str | None = None) -> Viewer:
        """A signed-in member of staff.

        Raises:
            ValueError: the actor is no member of staff.
        """
        if actor.role not in STAFF_ROLES:
            message = f"{actor.role} is no role of the office"
            raise ValueError(message)
        return cls(actor=actor, agency=agency)

    @classmethod
    def party(cls, case_id: UUID) -> Viewer:
        """Somebody who has proved to be a party of this case."""
        return cls(party_case_id=case_id)

    @classmethod
    def anonymous(cls) -> Viewer:
        """Anybody."""
        return cls()

    @property
    def sort(self) -> str:
        """`staff`, `party` or `anonymous`."""
        if self.actor is not None:
            return "staff"
        return "anonymous" if self.party_case_id is None else "party"

    @property
    def only_agency(self) -> str | None:
        """The one agency whose cases a member of staff reads; None: all of them. For indexes that begin with it."""
        if self.actor is None or self.actor.role in {"auditor", "admin"}:
            return None
        # Somebody of an agency that is not named reads nothing: no agency is called so.
        return "" if self.agency is None and self.actor.role == "agency" else self.agency


def door(viewer: Viewer, reference: BindParameter[str] | None) -> ColumnElement[bool]:
    """The condition of the one door: which cases a viewer may read, the one with `reference` among them."""
    if viewer.actor is not None:
        if viewer.only_agency is not None:
            return CaseRow.agency == viewer.only_agency
        # What goes past the unit is not for those who otherwise read everything, but for the auditors.
        open_to_all = true() if viewer.actor.role == "auditor" else CaseRow.confidential.is_(False)
        return open_to_all if viewer.agency is None else or_(open_to_all, CaseRow.agency == viewer.agency)
    # A complaint's public timeline belongs to whoever knows its reference; nothing can be listed.
    public = (
        and_(CaseRow.kind == CaseKind.COMPLAINT.value, CaseRow.reference == reference)
        if reference is not None
        else false()
    )
    if viewer.party_case_id is None:
        return public
    own = or_(
        CaseRow.id == viewer.party_case_id,
        and_(
            CaseRow.parent_id == viewer.party_case_id,
            or_(CaseRow.kind == CaseKind.CONTEST.value, CaseRow.kind == CaseKind.COMPLAINT.value),
        ),
    )
    return or_(own, public)


def readable_by(viewer: Viewer) -> Select[CaseRow]:
    """The cases that a viewer may read; narrow it further with `.where(...)`.

    Officers and supervisors read their agency's cases (all, when they belong to none); auditors and admins all; the
    staff of an agency its own; a party its case and the contests and complaints on it; the public none (by reference
    only, see `case_for`).
    """
    return select(CaseRow).where(door(viewer, None))


def case_for(session: Session, viewer: Viewer, reference_or_id: str | UUID, *, purpose: str = "view") -> CaseRow:
    """One case, by reference (as typed by people) or by id. A look by staff is logged with its purpose.

    Raises:
        CaseNotFound: absent, or not for this viewer; the two are not told apart.
    """
    reference: str | None = None
    case_id: UUID | None = reference_or_id if isinstance(reference_or_id, UUID) else None
    if isinstance(reference_or_id, str):
        reference = parse_reference(reference_or_id)
        if reference is None:
            try:
                case_id = UUID(reference_or_id)
            except ValueError as error:
                raise CaseNotFound from error
    values = {"case_id": case_id} if reference is None else {"reference": reference}
    row = session.scalars(_one_case(viewer, by_reference=reference is not None), values).one_or_none()
    if row is None:
        raise CaseNotFound
    if viewer.actor is not None:
        log_view(session, viewer.actor, row.id, purpose)
    return row


@lru_cache(maxsize=1024)
def _one_case(viewer: Viewer, *, by_reference: bool) -> Select[CaseRow]:
    """The statement that opens the door for a viewer, put together once: every page of a case asks it."""
    if not by_reference:
        return select(CaseRow).where(door(viewer, None), CaseRow.id == bindparam("case_id", type_=Uuid()))
    reference = bindparam("reference", type_=Text())
    return select(CaseRow).where(door(viewer, reference), CaseRow.reference == reference)


def log_view(session: Session, actor: Actor, case_id: UUID, purpose: str) -> None:
    """Write down that a member of staff looked at a case, and why."""
    session.add(
        ViewRow(case_id=case_id, at=now(session), user_id=actor.id, user_name=actor.name, purpose=purpose[:200])
    )
    session.flush()


def timeline(session: Session, viewer: Viewer, case: CaseRow) -> list[EventRow]:
    """The events of a case that a viewer may read, in order.

    `case` must come from `case_for` or `readable_by`; an anonymous viewer of a complaint reads its public events only.
    """
    audiences = [audience.value for audience in _AUDIENCES[viewer.sort]]
    if viewer.sort == "party" and viewer.party_case_id not in (case.id, case.parent_id):
        audiences = [Audience.PUBLIC.value]
    return list(session.scalars(_TIMELINE, {"case_id": case.id, "audiences": audiences}))


# Put together once: every page of a case asks it.
_TIMELINE: Final = (
    select(EventRow)
    .where(
        EventRow.case_id == bindparam("case_id", type_=Uuid()),
        EventRow.audience.in_(bindparam("audiences", expanding=True)),
    )
    .order_by(EventRow.number)
)


def clocks(session: Session, case: CaseRow) -> list[ClockRow]:
    """The clocks of a case, the oldest first."""
    return clocks_of(session, case.id)
