"""From a ticket to its notice: facts, clocks and texts gathered, the letter set."""

from __future__ import annotations

from sqlalchemy.orm import Session

from api.jurisdiction.loading import jurisdictions_of
from api.secrecy.cases import open_text
from api.settings import Settings
from api.store.reading import clocks
from api.store.service import events_of
from api.store.tables import CaseRow
from api.tickets.facts import facts_of
from api.tickets.notice import LANGUAGES, Deadline, Notice, Recipient, render_notice
from api.web.messages import catalogue

_OFFICE_CLOCKS = frozenset({"notice", "refund"})


def _both(key: str, otherwise: dict[str, str], **values: str) -> dict[str, str]:
    held = catalogue()
    return {language: held.text(language, key, **values) for language in LANGUAGES} if held.has(key) else otherwise


def recipient_of(session: Session, ticket: CaseRow) -> Recipient | None:
    """Whom the register named when the ticket was issued, unless that was erased since; for the postal copy alone."""
    for event in events_of(session, ticket.id):
        register = event.data.get("register") if event.type == "note" else None
        if isinstance(register, dict):
            name = open_text(session, ticket.id, str(register["owner_name"]))
            address = open_text(session, ticket.id, str(register["owner_address"]))
            return None if name is None or address is None else Recipient(name, address)
    return None


def notice_of(session: Session, settings: Settings, ticket: CaseRow, *, postal: bool) -> Notice:
    """The notice of a ticket; `ticket` must come from the one door.

    Args:
        session: an open session.
        settings: the office's public address.
        ticket: the ticket.
        postal: whether name and address of the owner are printed: on paper for the post only.
    """
    facts, issued_at = facts_of(session, ticket)
    jurisdiction = jurisdictions_of(session)[ticket.jurisdiction]
    agency = jurisdiction.agency_named(ticket.agency)
    names = jurisdiction.names
    base = settings.public_url.rstrip("/")
    vehicle_class = facts.vehicle_class
    # The first round of each clock: what was promised when the ticket was issued is what stands on paper. Clocks that
    # run for the office alone (to send this very letter) tell its owner nothing.
    first = [
        row
        for row in clocks(session, ticket)
        if row.round == 1 and row.due_at is not None and row.name not in _OFFICE_CLOCKS
    ]
    return Notice(
        reference=ticket.reference,
        ticket_url=f"{base}/t/{ticket.reference}",
        portal_url=base,
        complaint_url=f"{base}/complaints/new",
        plate_display=facts.plate_display,
        vehicle=_both(f"vehicle.{vehicle_class}", dict.fromkeys(LANGUAGES, vehicle_class)),
        offence=facts.offence_names.model_dump(),
        plain=_both(f"public.plain.{facts.offence}", facts.offence_names.model_dump(), plate=facts.plate_display),
        article={
            language: f"{facts.law.citation.text(language)}: {facts.law.names.text(language)}" for language in LANGUAGES
        },
        fine_idr=facts.law.maximum_fine_rupiah,
        place=facts.place,
        occurred_at=facts.occurred_at,
        issued_at=issued_at,
        timezone=jurisdiction.timezone,
        agency=agency.names.model_dump() if agency else dict.fromkeys(LANGUAGES, ticket.agency),
        region=names.model_dump(),
        officer_name=facts.officer.name,
        officer_number=facts.officer.number,
        officer_role=_both(
            "public.role.supervisor" if facts.officer.role == "supervisor" else "public.role.validating", {}
        ),
        deadlines=tuple(
            Deadline(
                name=_both(f"public.clock.{row.name}", dict.fromkeys(LANGUAGES, row.name)),
                due_at=row.due_at,
                how={"id": row.explain_id, "en": row.explain_en},
            )
            for row in first
            if row.due_at is not None
        ),
        camera_id=facts.evidence.camera_id,
        package_sha256=facts.evidence.package_sha256,
        key_id=facts.evidence.key_id,
        recipient=recipient_of(session, ticket) if postal else None,
    )


def notice_pdf(session: Session, settings: Settings, ticket: CaseRow, *, postal: bool = False) -> bytes:
    """The notice as PDF bytes.

    Raises:
        LetterError: the letter cannot be set.
    """
    return render_notice(notice_of(session, settings, ticket, postal=postal))
