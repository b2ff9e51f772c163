"""From an approved violation to a ticket: the decisions, without a commit.

Callers pass a session and end the transaction themselves.
"""

from __future__ import annotations

from sqlalchemy import select
from sqlalchemy.orm import Session

from api.intake.evidence import package_of
from api.jurisdiction.law import Law, LawUnknown, law_for
from api.jurisdiction.loading import jurisdictions_of
from api.jurisdiction.model import Jurisdiction
from api.problems import Unprocessable
from api.register.port import register_of
from api.register.service import Vehicle, VehicleRegister
from api.secrecy.cases import seal_text
from api.store.kinds import Actor, Audience, CaseKind
from api.store.service import append, lock_case, open_case
from api.store.tables import CaseRow
from api.tickets.evidence import signing_key_of
from api.tickets.facts import TicketEvidence, TicketFacts, TicketLaw, TicketOfficer, TwoLanguages
from api.tickets.tables import TicketRow
from api.web.messages import catalogue
from pipeline.evidence.manifest import Manifest
from pipeline.evidence.plate_number import PlateNumber

# A doubt that the roadside marks with this word speaks against the offence itself, not against a detail.
GRAVE = "grave:"


class TicketRefused(Unprocessable):
    """A violation cannot become a ticket as it stands; the sentence says why and what the officer can do.

    Args:
        message: key of the sentence in the message catalogue, so that a page says it in the reader's language.
        values: what the sentence names.
    """

    code = "ticket-refused"
    title = "No ticket can come of this"

    def __init__(self, message: str, **values: object) -> None:
        self.message = f"tickets.refused.{message}"
        self.values = values
        super().__init__(catalogue().text("en", self.message, **values))


def issue_ticket(
    session: Session, *, violation_case: CaseRow, officer: Actor, register: VehicleRegister | None = None
) -> CaseRow:
    """Open the ticket that belongs to an approved violation.

    Args:
        session: an open session; nothing is committed here.
        violation_case: the violation that the officer approved.
        officer: the named officer who answers for the decision; printed on the notice.
        register: whose vehicle carries the plate; by default the office's (`register_of`).

    Returns:
        The ticket case; the same one when the violation already has a ticket.

    Raises:
        TicketRefused: not approved, no plate, no register match, grave doubts in the evidence, or no law for the
            offence's day and the vehicle's class.
        RegisterAway: the register does not answer now; nothing is issued, and the case waits.
    """
    # Locked: of two calls at once the second finds the first one's ticket; the unique constraint is the second bolt.
    violation = lock_case(session, violation_case.id)
    living = ticket_of(session, violation)
    if living is not None:
        return living
    _check_decided(violation, officer)
    package = package_of(session, violation)
    if package is None:
        raise TicketRefused("no_evidence")
    manifest = Manifest.from_bytes(package.manifest.encode())
    _check_doubts(manifest)
    plate = _plate_of(violation, manifest)
    vehicle = (register or register_of(session)).find(plate.text)
    if vehicle is None:
        raise TicketRefused("register", plate=plate.display)
    jurisdiction = jurisdictions_of(session)[violation.jurisdiction]
    law = _law(jurisdiction, manifest)
    facts = TicketFacts(
        violation=violation.reference,
        offence=manifest.offence.value,
        offence_names=TwoLanguages(id=law.offence_names.id, en=law.offence_names.en),
        occurred_at=manifest.occurred_at,
        place=manifest.camera.place,
        plate=plate.text,
        plate_display=plate.display,
        vehicle_class=manifest.track.vehicle_class,
        law=TicketLaw(
            article_id=law.article.id,
            version=law.article.version,
            law=law.article.law,
            article=law.article.article,
            names=TwoLanguages(id=law.article.names.id, en=law.article.names.en),
            citation=TwoLanguages(id=law.citation, en=f"Article {law.article.article}, {law.article.law}"),
            maximum_fine_rupiah=law.maximum_fine_rupiah,
        ),
        officer=TicketOfficer.model_validate({"id": officer.id, "name": officer.name, "role": officer.role}),
        evidence=TicketEvidence(
            package_id=package.package_id,
            package_sha256=package.sha256,
            chain_sha256=package.chain_sha256,
            camera_id=package.camera_id,
            key_id=signing_key_of(session, package),
        ),
    )
    ticket = open_case(
        session,
        CaseKind.TICKET,
        jurisdiction=jurisdiction,
        actor=officer,
        body=facts.model_dump(mode="json"),
        audience=Audience.PARTY,
        agency=violation.agency,
        parent_id=violation.id,
        subject={
            "plate": plate.text,
            "offence": facts.offence,
            "camera": package.camera_id,
            "occurred_at": facts.model_dump(mode="json")["occurred_at"],
        },
    )
    session.add(TicketRow(case_id=ticket.id, violation_id=violation.id))
    session.flush()
    _record_register_match(session, ticket, vehicle, officer)
    append(
        session,
        violation.id,
        "ticket_opened",
        actor=officer,
        body={"ticket": ticket.reference},
        audience=Audience.INTERNAL,
    )
    return ticket


def ticket_of(session: Session, violation: CaseRow) -> CaseRow | None:
    """The living ticket of a violation (not one whose decision was undone, nor one that passed on to a driver).

    `violation` must come from the one door.
    """
    held = session.scalar(
        select(TicketRow.case_id).where(TicketRow.violation_id == violation.id, TicketRow.superseded_at.is_(None))
    )
    return None if held is None else session.get_one(CaseRow, held)


def _check_decided(violation: CaseRow, officer: Actor) -> None:
    if violation.kind != CaseKind.VIOLATION.value:
        raise TicketRefused("kind", kind=violation.kind)
    if violation.state != "approved":
        raise TicketRefused("state", state=violation.state)
    if officer.role not in {"officer", "supervisor"} or not officer.name.strip():
        raise TicketRefused("officer")


def _check_doubts(manifest: Manifest) -> None:
    unmet = [condition.name for condition in manifest.conditions if not condition.met]
    if unmet:
        raise TicketRefused("condition", condition=unmet[0])
    grave = [doubt for doubt in manifest.doubts if doubt.lower().startswith(GRAVE)]
    if grave:
        raise TicketRefused("doubt", doubt=grave[0])


def _plate_of(violation: CaseRow, manifest: Manifest) -> PlateNumber:
    """The plate as an officer corrected it (the case's index data), else as the camera read it."""
    text = violation.subject.get("plate") or manifest.plate.text
    if not text:
        raise TicketRefused("no_plate")
    try:
        return PlateNumber.parse(str(text))
    except ValueError as error:
        raise TicketRefused("plate", plate=str(text)[:20]) from error


def _law(jurisdiction: Jurisdiction, manifest: Manifest) -> Law:
    try:
        return law_for(jurisdiction, manifest.offence.value, manifest.occurred_at, manifest.track.vehicle_class)
    except LawUnknown as error:
        raise TicketRefused("law", offence=manifest.offence.value, vehicle=manifest.track.vehicle_class) from error


def _record_register_match(session: Session, ticket: CaseRow, vehicle: Vehicle, officer: Actor) -> None:
    """Whom the register names, for the office alone: the owner knows already, nobody else needs to."""
    body = {
        "register": {
            "plate": vehicle.plate,
            "vehicle_class": vehicle.vehicle_class,
            "make": vehicle.make,
            "model": vehicle.model,
            "colour": vehicle.colour,
            # The event stays for ever; the owner's name and address end with the case's key.
            "owner_name": seal_text(session, ticket.id, vehicle.owner_name),
            "owner_address": seal_text(session, ticket.id, vehicle.owner_address),
            "source": vehicle.source,
        }
    }
    append(session, ticket.id, "note", actor=officer, body=body, audience=Audience.INTERNAL)
