"""Camera against register: what differs blocks an approval until somebody has looked into it and says why.

A difference is the best sign there is of a cloned plate or of a wrong reading.
"""

from __future__ import annotations

from dataclasses import dataclass
from datetime import datetime
from typing import Final, Literal, Protocol
from uuid import uuid4

from sqlalchemy import or_, select
from sqlalchemy.orm import Session

from api.clock import now
from api.problems import Forbidden, Unprocessable
from api.register.service import Vehicle
from api.register.tables import PriorityRow, ResolutionRow
from api.store.kinds import Actor, Audience
from api.store.service import append
from api.store.tables import CaseRow
from pipeline.evidence.plate_number import PlateNumber

Field = Literal["class", "colour", "make"]
MIN_REASON, MAX_REASON = 10, 500
PRIORITY_KINDS: Final = ("ambulance", "fire", "police", "state", "convoy")
# Registers and people write colours in many ways; one group is one colour on the road.
_COLOURS: Final[tuple[frozenset[str], ...]] = (
    frozenset({"putih", "white", "putih mutiara", "pearl white"}),
    frozenset({"hitam", "black"}),
    frozenset({"abu-abu", "abu abu", "grey", "gray", "silver", "perak"}),
    frozenset({"merah", "red", "merah maron", "maroon", "marun"}),
    frozenset({"biru", "blue", "biru tua", "biru muda"}),
    frozenset({"hijau", "green"}),
    frozenset({"kuning", "yellow", "emas", "gold"}),
    frozenset({"coklat", "cokelat", "brown", "krem", "beige"}),
    frozenset({"oranye", "jingga", "orange"}),
    frozenset({"ungu", "purple"}),
)


class Evidence(Protocol):
    """What a camera, or an officer, saw of a vehicle. Empty: not seen, and then nothing differs."""

    @property
    def vehicle_class(self) -> str:
        """car, motorcycle, bus or truck."""
        ...


@dataclass(frozen=True)
class Seen:
    """What was seen of a vehicle.

    Attributes:
        vehicle_class: car, motorcycle, bus, truck; empty when not seen.
        colour: in words, in any language that the table knows.
        make: e.g. Toyota.
    """

    vehicle_class: str
    colour: str = ""
    make: str = ""


@dataclass(frozen=True)
class Mismatch:
    """One difference.

    Attributes:
        field: class, colour or make.
        seen: what the camera saw.
        registered: what the register says.
    """

    field: Field
    seen: str
    registered: str


class ReasonTooShort(Unprocessable):
    """A difference is not waved through without a reason."""

    code = "reason-too-short"
    title = "Say why this is the right vehicle"

    def __init__(self) -> None:
        super().__init__(f"Say in {MIN_REASON} to {MAX_REASON} characters why this is the right vehicle.")


class NotYours(Forbidden):
    """Only who decides cases resolves differences."""

    code = "not-for-role"
    title = "Your role does not decide"


def mismatches(vehicle: Vehicle, evidence: Evidence) -> tuple[Mismatch, ...]:
    """What differs between a registered vehicle and what was seen; what was not seen does not differ.

    Args:
        vehicle: what the register says.
        evidence: anything with `vehicle_class`, and optionally `colour` and `make`.
    """
    found = []
    seen_class = evidence.vehicle_class
    if seen_class and seen_class != vehicle.vehicle_class:
        found.append(Mismatch("class", seen_class, vehicle.vehicle_class))
    colour = str(getattr(evidence, "colour", "") or "")
    if colour and vehicle.colour and _colour(colour) != _colour(vehicle.colour):
        found.append(Mismatch("colour", colour, vehicle.colour))
    make = str(getattr(evidence, "make", "") or "")
    if make and make.casefold().split()[0] != vehicle.make.casefold().split()[0]:
        found.append(Mismatch("make", make, vehicle.make))
    return tuple(found)


def _colour(text: str) -> object:
    plain = " ".join(text.casefold().split())
    for group in _COLOURS:
        if plain in group or plain.split()[0] in group:
            return group
    return plain


def unresolved(session: Session, case: CaseRow, vehicle: Vehicle, evidence: Evidence) -> tuple[Mismatch, ...]:
    """The differences of a violation that nobody has looked into; a decision waits for it."""
    found = mismatches(vehicle, evidence)
    if not found:
        return ()
    query = select(ResolutionRow.fields).where(ResolutionRow.case_id == case.id, ResolutionRow.plate == vehicle.plate)
    looked_into = {field for fields in session.scalars(query) for field in fields.split(",")}
    return tuple(one for one in found if one.field not in looked_into)


def resolve(
    session: Session, case: CaseRow, vehicle: Vehicle, found: tuple[Mismatch, ...], *, reason: str, actor: Actor
) -> ResolutionRow:
    """Write down why it is the right vehicle although something differs.

    Raises:
        NotYours: the role reads only.
        ReasonTooShort: no reason, or an empty one.
    """
    if actor.role not in {"officer", "supervisor"}:
        raise NotYours("Your role may read cases, but officers and supervisors decide them.")
    said = " ".join(reason.split())
    if not MIN_REASON <= len(said) <= MAX_REASON or not said.isprintable():
        raise ReasonTooShort
    row = ResolutionRow(
        id=uuid4(),
        case_id=case.id,
        plate=vehicle.plate,
        fields=",".join(sorted(one.field for one in found)),
        reason=said,
        actor_id=actor.id,
        at=now(session),
    )
    session.add(row)
    session.flush()
    differing = [{"field": one.field, "seen": one.seen, "registered": one.registered} for one in found]
    body = {"register_difference": differing, "why": said}
    append(session, case.id, "register_mismatched", actor=actor, body=body, audience=Audience.INTERNAL)
    return row


def priority_of(session: Session, vehicle: Vehicle, moment: datetime) -> str | None:
    """Which kind of priority vehicle it was at a moment (ambulance, fire, ...); None for everybody else."""
    if vehicle.priority in PRIORITY_KINDS:
        return vehicle.priority
    return session.scalar(
        select(PriorityRow.kind)
        .where(
            PriorityRow.plate == vehicle.plate,
            PriorityRow.valid_from <= moment,
            or_(PriorityRow.valid_to.is_(None), PriorityRow.valid_to > moment),
        )
        .limit(1)
    )


def add_priority(
    session: Session,
    plate: str,
    kind: str,
    *,
    valid_from: datetime,
    valid_to: datetime | None = None,
    added_by: str,
) -> PriorityRow:
    """Let the office know a priority vehicle.

    Raises:
        PlateNumberError: the text is no plate.
        ValueError: no such kind, or it ends before it begins.
    """
    if kind not in PRIORITY_KINDS or (valid_to is not None and valid_to <= valid_from):
        message = f"a priority vehicle is one of {', '.join(PRIORITY_KINDS)}, and ends after it begins"
        raise ValueError(message)
    row = PriorityRow(
        plate=PlateNumber.parse(plate).text,
        kind=kind,
        valid_from=valid_from,
        valid_to=valid_to,
        added_by=added_by,
        added_at=now(session),
    )
    session.add(row)
    session.flush()
    return row


def blocks_approval(
    session: Session, case: CaseRow, vehicle: Vehicle, evidence: Evidence, *, occurred_at: datetime
) -> str | None:
    """Key of the sentence why the register speaks against an approval; None when it does not."""
    if priority_of(session, vehicle, occurred_at) is not None:
        return "register.priority"
    return "register.unresolved" if unresolved(session, case, vehicle, evidence) else None
