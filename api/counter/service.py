"""An application at a counter: the service's checklist, and the clock of its policy. Never commits."""

from __future__ import annotations

from dataclasses import dataclass
from uuid import UUID

from sqlalchemy.orm import Session

from api.complaints.service import CITIZEN
from api.jurisdiction.loading import jurisdictions_of
from api.jurisdiction.model import ChecklistItem, Jurisdiction
from api.problems import Conflict, Unprocessable
from api.store.kinds import Actor, Audience, CaseKind
from api.store.service import append, events_of, lock_case, open_case
from api.store.tables import CaseRow, EventRow


class ServiceUnknown(Unprocessable):
    """The service is not one of the jurisdiction's."""

    code = "service-unknown"
    title = "Unknown service"


class ItemUnknown(Unprocessable):
    """The thing is not on the service's checklist."""

    code = "checklist-item-unknown"
    title = "Not on the checklist"


class ItemsMissing(Conflict):
    """Something that must be brought is missing; the sentence names it."""

    code = "checklist-items-missing"
    title = "Something is missing"


@dataclass(frozen=True)
class Checked:
    """One line of an application's checklist. `received`: somebody of the office has seen it."""

    item: ChecklistItem
    received: bool


def open_request(
    session: Session, service_id: str, *, jurisdiction: Jurisdiction, actor: Actor = CITIZEN, counter: str = ""
) -> CaseRow:
    """Open an application; the agency's clock for this service begins.

    Raises:
        ServiceUnknown: no such service.
    """
    service = jurisdiction.service(service_id)
    if service is None:
        raise ServiceUnknown(f"There is no service {service_id[:60]!r} here: choose one of the list.")
    return open_case(
        session,
        CaseKind.REQUEST,
        jurisdiction=jurisdiction,
        actor=actor,
        body={
            "service": service.id,
            "service_names": service.names.model_dump(),
            "checklist": [item.model_dump() for item in service.checklist],
            "counter": counter,
        },
        audience=Audience.PARTY,
        agency=service.agency,
        subject={"service": service.id},
    )


def checklist_of(session: Session, case: CaseRow) -> tuple[Checked, ...]:
    """The checklist as it was when the application was opened, and what has been received since."""
    events = events_of(session, case.id)
    received = {event.data.get("item") for event in events if event.type == "item_received"}
    items = [ChecklistItem.model_validate(one) for one in events[0].data.get("checklist", [])]
    return tuple(Checked(item, item.id in received) for item in items)


def receive_item(session: Session, case_id: UUID, item_id: str, *, actor: Actor) -> EventRow:
    """Tick an item off; the last required one completes an application that was found incomplete.

    Raises:
        ItemUnknown: it is not on the list.
        IllegalTransition: the application is over.
    """
    row = lock_case(session, case_id)
    if item_id not in {one.item.id for one in checklist_of(session, row)}:
        raise ItemUnknown(f"{item_id[:60]!r} is not on the checklist of this service.")
    event = append(session, case_id, "item_received", actor=actor, body={"item": item_id}, audience=Audience.PARTY)
    if row.state == "incomplete" and not missing(session, row):
        append(session, case_id, "completed", actor=actor, body={}, audience=Audience.PARTY)
    return event


def missing(session: Session, case: CaseRow) -> tuple[ChecklistItem, ...]:
    """What must be brought and was not."""
    return tuple(one.item for one in checklist_of(session, case) if one.item.required and not one.received)


def find_incomplete(session: Session, case_id: UUID, *, actor: Actor) -> EventRow:
    """Tell the applicant what is missing; the agency's clock stands still until it is there.

    Raises:
        ItemsMissing: nothing is missing.
        IllegalTransition: the application is over.
    """
    row = lock_case(session, case_id)
    lacking = missing(session, row)
    if not lacking:
        raise ItemsMissing("Nothing on the checklist is missing: accept the application, or refuse it with a reason.")
    body = {"missing": [{"id": item.id, "names": item.names.model_dump()} for item in lacking]}
    return append(session, case_id, "found_incomplete", actor=actor, body=body, audience=Audience.PARTY)


def accept(session: Session, case_id: UUID, *, actor: Actor) -> EventRow:
    """Take a complete application into work.

    Raises:
        ItemsMissing: something required is missing; it is named.
        RoleRefused: not a member of staff.
    """
    row = lock_case(session, case_id)
    lacking = missing(session, row)
    if lacking:
        names = ", ".join(item.names.en for item in lacking)
        raise ItemsMissing(f"Missing: {names}.", missing=[item.id for item in lacking])
    return append(session, case_id, "accepted", actor=actor, body={}, audience=Audience.PARTY)


def service_names(session: Session, case: CaseRow) -> dict[str, str]:
    """The service's name by language, as it is called today."""
    service = jurisdictions_of(session)[case.jurisdiction].service(str(case.subject.get("service")))
    return {} if service is None else service.names.model_dump()
