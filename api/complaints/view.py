"""What a complaint's page shows: to everybody its steps and clocks, to whoever wrote it also what was written."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Final

from api.jurisdiction.model import Jurisdiction
from api.portal.page import Texts
from api.store.following import Followed
from api.store.kinds import CaseKind
from api.tickets.view import TONES, Answer, Deadline, Step, answers_of, deadlines_of, steps_of
from api.web import figures

# The first answer is promised to everybody, so it stands first.
_FIRST: Final = "first_response"


@dataclass(frozen=True)
class ComplaintView:
    """Everything on the page of a complaint or of a contest."""

    reference: str
    path: str
    number: int
    address: str
    state: str
    tone: str
    category: str
    ticket: bool
    facts: tuple[tuple[str, str], ...]
    text: str
    deadlines: tuple[Deadline, ...]
    answers: tuple[Answer, ...]
    steps: tuple[Step, ...]


def complaint_view(case: Followed, jurisdiction: Jurisdiction, texts: Texts, *, base: str) -> ComplaintView:
    """A complaint (or contest) as whoever follows it sees it.

    Args:
        case: the complaint or contest, with what this follower may read.
        jurisdiction: the case's own.
        texts: the reader's language.
        base: the office's public address.
    """
    agency = jurisdiction.agency_named(case.agency)
    events = case.events
    data = [event.data for event in events]
    opened = next((body for event, body in zip(events, data, strict=True) if event.type == "opened"), {})
    mine = [str(body.get("text", "")) for event, body in zip(events, data, strict=True) if event.type == "message"]
    contest = case.kind == CaseKind.CONTEST.value
    rows = [
        (texts.text("public.complaint.agency"), agency.names.text(texts.language) if agency else case.agency),
        (texts.text("public.complaint.received"), figures.moment(case.opened_at, texts.language)),
    ]
    if opened.get("place"):
        rows.append((texts.text("public.complaint.where"), str(opened["place"])))
    path = f"/a/{case.reference}"
    return ComplaintView(
        reference=case.reference,
        path=path,
        number=case.event_count,
        address=base.rstrip("/") + path,
        state=case.state,
        tone=TONES.get(case.state, "neutral"),
        category=texts.either(opened.get("ground_names" if contest else "category_names", {})),
        ticket=contest,
        facts=tuple(rows),
        text=str(opened.get("text", "")) if contest else "\n\n".join(mine),
        deadlines=deadlines_of(sorted(case.clocks, key=lambda row: row.name != _FIRST), texts),
        answers=answers_of(events, texts),
        steps=steps_of(events, texts),
    )
