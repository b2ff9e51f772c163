"""What a ticket says, frozen when it was issued: a later change of law, camera or officer does not rewrite it."""

from __future__ import annotations

from datetime import datetime
from typing import Literal
from uuid import UUID

from pydantic import AwareDatetime, BaseModel, ConfigDict
from sqlalchemy import select
from sqlalchemy.orm import Session

from api.store.tables import CaseRow, EventRow


class _Part(BaseModel):
    model_config = ConfigDict(frozen=True, extra="forbid")


class TwoLanguages(_Part):
    """One text, Indonesian and English."""

    id: str
    en: str

    def text(self, language: str) -> str:
        """The text in a language; Indonesian when the language is not known."""
        return self.en if language == "en" else self.id


class TicketLaw(_Part):
    """The article as it was law on the day of the offence, for the vehicle's class."""

    article_id: str
    version: int
    law: str
    article: str
    names: TwoLanguages
    citation: TwoLanguages
    maximum_fine_rupiah: int


class TicketOfficer(_Part):
    """Who decided: a ticket without a name on it is none."""

    id: str
    name: str
    role: Literal["officer", "supervisor"]
    number: str | None = None


class TicketEvidence(_Part):
    """Which evidence the decision rests on, so that anybody who holds it can compare."""

    package_id: UUID
    package_sha256: str
    chain_sha256: str
    camera_id: str
    key_id: str


class TicketFacts(_Part):
    """The body of a ticket's first event."""

    violation: str
    offence: str
    offence_names: TwoLanguages
    occurred_at: AwareDatetime
    place: str
    plate: str
    plate_display: str
    vehicle_class: str
    law: TicketLaw
    officer: TicketOfficer
    evidence: TicketEvidence


def facts_of(session: Session, ticket: CaseRow) -> tuple[TicketFacts, datetime]:
    """What a ticket says, and when it was issued; `ticket` must come from the one door."""
    query = select(EventRow).where(EventRow.case_id == ticket.id, EventRow.type == "opened")
    opened = session.scalars(query).one()
    return TicketFacts.model_validate_json(opened.body), opened.at
