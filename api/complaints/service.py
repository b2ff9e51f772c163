"""Somebody complains: a case for the agency in charge, with its 24-hour clock. Never commits.

"An officer asked for money" goes past the unit that it is about: to the agency of oversight, whose staff (and the
auditors) alone may read it.
"""

from __future__ import annotations

from dataclasses import dataclass

from sqlalchemy.orm import Session

from api.agencies.routing import agency_for, regency_in
from api.complaints.tables import ComplainantRow
from api.jurisdiction.model import Jurisdiction
from api.problems import Unprocessable
from api.store.kinds import Actor, Audience, CaseKind
from api.store.service import append, open_case
from api.store.tables import CaseRow

CITIZEN = Actor(id="citizen", name="Warga / citizen", role="citizen")


class CategoryUnknown(Unprocessable):
    """The category is not one of the jurisdiction's."""

    code = "complaint-category-unknown"
    title = "Unknown category"


@dataclass(frozen=True)
class Complaint:
    """What somebody wrote, cleaned and bounded.

    Attributes:
        category: id of one of the jurisdiction's categories; it decides which agency answers.
        text: read by the office and by whoever wrote it, never public: people name others in it.
        place: public.
        name: None for an anonymous complaint.
        contact: telephone or e-mail; None when the complainant does not want to be reached.
        channel: the way it came in, e.g. `portal`.
        asked_for_money: somebody of the office asked for money: it goes past the unit, whatever it is about besides.
        latitude: where it is, degrees; with `longitude`, it finds what was told there before.
        longitude: degrees.
        regency: id or code of the regency or city; None: the one that the place names, if it names one.
        listed: whoever sent it let it stand in public lists (Open311), by its public fields.
    """

    category: str
    text: str
    place: str | None = None
    name: str | None = None
    contact: str | None = None
    channel: str = "portal"
    asked_for_money: bool = False
    latitude: float | None = None
    longitude: float | None = None
    regency: str | None = None
    listed: bool = False


def open_complaint(session: Session, complaint: Complaint, *, jurisdiction: Jurisdiction) -> CaseRow:
    """Open a complaint with the agency that its category, and where it lies with them its regency, belongs to.

    Returns:
        The complaint, its `first_response` clock running.

    Raises:
        CategoryUnknown: no such category.
    """
    category = jurisdiction.complaint_category(complaint.category)
    if category is None:
        raise CategoryUnknown(f"There is no category {complaint.category[:60]!r} here: choose one of the list.")
    past = complaint.asked_for_money and jurisdiction.integrity_agency
    subject: dict[str, object] = {"category": category.id, "place": complaint.place}
    regency = (
        jurisdiction.regency_named(complaint.regency)
        if complaint.regency
        else regency_in(jurisdiction, place=complaint.place or "", text=complaint.text)
    )
    if regency is not None:
        subject["regency"] = regency.id
    if complaint.listed and not past and not category.confidential:
        subject["listed"] = True
    if complaint.latitude is not None and complaint.longitude is not None:
        subject |= {"latitude": round(complaint.latitude, 6), "longitude": round(complaint.longitude, 6)}
    case = open_case(
        session,
        CaseKind.COMPLAINT,
        jurisdiction=jurisdiction,
        actor=CITIZEN,
        body={
            "category": category.id,
            "category_names": {"id": category.names.id, "en": category.names.en},
            "place": complaint.place,
            "channel": complaint.channel,
        },
        audience=Audience.PUBLIC,
        agency=past or agency_for(category, regency),
        subject=subject,
        confidential=bool(past) or category.confidential,
    )
    append(session, case.id, "message", actor=CITIZEN, body={"text": complaint.text}, audience=Audience.PARTY)
    if complaint.name or complaint.contact:
        session.add(ComplainantRow(case_id=case.id, name=complaint.name, contact=complaint.contact))
        session.flush()
    return case


def complainant_of(session: Session, case: CaseRow) -> ComplainantRow | None:
    """Who complained, for the staff that answers; `case` must come from the one door with a staff viewer."""
    return session.get(ComplainantRow, case.id)
