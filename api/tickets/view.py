"""What the owner's page shows of a ticket: plain values, computed once, so that the template only lays them out."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime
from typing import Final
from uuid import UUID

from sqlalchemy.orm import Session

from api.attachments.service import attachments_of
from api.contests.service import contested_before, contests_of
from api.portal.page import Texts
from api.store.following import Promised, Told
from api.store.kinds import Audience, CaseKind
from api.store.reading import Viewer, clocks, timeline
from api.store.tables import CaseRow, ClockRow, EventRow
from api.store.transitions import allowed
from api.tickets.confirmation import DENIALS, can_confirm
from api.tickets.facts import TicketFacts, facts_of
from api.web import figures

TONES: Final = {
    "issued": "warning",
    "notified": "warning",
    "denied": "info",
    "silent": "bad",
    "blocked": "bad",
    "due": "warning",
    "court": "info",
    "judged": "warning",
    "enforced": "bad",
    "settled": "good",
    "moved": "good",
    "withdrawn": "good",
    "refused": "neutral",
    "merged": "info",
    "confirmed": "info",
    "contested": "info",
    "upheld": "warning",
    "cancelled": "good",
    "paid": "good",
    "open": "warning",
    "answered": "good",
    "closed": "neutral",
}


@dataclass(frozen=True)
class Deadline:
    """A clock of the case. `held`: it stands still while the ticket is contested; no block follows from it."""

    name: str
    due_at: datetime | None
    stopped_at: datetime | None
    how: str
    held: bool = False


@dataclass(frozen=True)
class Step:
    """One event, in words."""

    at: datetime
    title: str
    who: str | None = None
    text: str | None = None


@dataclass(frozen=True)
class Answer:
    """What a person of the office answered."""

    at: datetime
    who: str
    text: str


@dataclass(frozen=True)
class File:
    """An attachment, to be downloaded."""

    name: str
    src: str


@dataclass(frozen=True)
class ContestView:
    """One contest of the ticket."""

    reference: str
    state: str
    tone: str
    ground: str
    text: str
    opened_at: datetime
    deadlines: tuple[Deadline, ...]
    answers: tuple[Answer, ...]
    attachments: tuple[File, ...]


@dataclass(frozen=True)
class TicketView:
    """Everything on a ticket's page but its stills."""

    reference: str
    path: str
    number: int
    state: str
    tone: str
    plate: str
    plain: str
    offence: str
    occurred_at: datetime
    issued_at: datetime
    place: str
    vehicle: str
    article: str
    fine_idr: int
    officer_name: str
    officer_role: str
    officer_number: str
    deadlines: tuple[Deadline, ...]
    confirmation: tuple[tuple[str, str], ...]
    denied: bool
    steps: tuple[Step, ...]
    hashes: tuple[tuple[str, str], ...]
    can_confirm: bool
    can_contest: bool
    can_pay: bool

    @property
    def open(self) -> bool:
        """Whether anything is still asked of the owner."""
        return self.can_confirm or self.can_contest


def plain_words(facts: TicketFacts, texts: Texts) -> str:
    """What the camera saw, as a sentence."""
    key = f"public.plain.{facts.offence}"
    return texts.text(key, plate=facts.plate_display) if texts.has(key) else facts.offence_names.text(texts.language)


def deadlines_of(
    rows: Sequence[ClockRow | Promised], texts: Texts, *, held: frozenset[str] = frozenset()
) -> tuple[Deadline, ...]:
    """The clocks as shown: of each name its last round, with how it was computed."""
    last: dict[str, ClockRow | Promised] = {}
    for row in rows:
        kept = last.get(row.name)
        if kept is None or row.round > kept.round:
            last[row.name] = row
    return tuple(
        Deadline(
            name=texts.known(f"public.clock.{row.name}", row.name),
            due_at=row.due_at,
            stopped_at=row.stopped_at,
            how=row.explain_en if texts.language == "en" else row.explain_id,
            held=row.name in held,
        )
        for row in last.values()
    )


def steps_of(events: Sequence[EventRow | Told], texts: Texts, *, ticket: bool = False) -> tuple[Step, ...]:
    """The timeline in words. People of the office are shown by their role; of the public nobody is named."""
    steps = []
    for event in events:
        kind = "case_opened" if event.type == "opened" and not ticket else event.type
        title = texts.known(f"public.event.{kind}", texts.text("public.event.other"))
        who = texts.known(f"role.{event.actor_role}", event.actor_role)
        steps.append(Step(at=event.at, title=title, who=who))
    return tuple(steps)


def answers_of(events: Sequence[EventRow | Told], texts: Texts) -> tuple[Answer, ...]:
    """The answers among events that the viewer may read; who answers a citizen does so with a name."""
    return tuple(
        Answer(event.at, f"{event.actor_name}, {texts.known(f'role.{event.actor_role}', event.actor_role)}", text)
        for event in events
        if event.type == "answered" and (text := str(event.data.get("text") or event.data.get("answer") or ""))
    )


def contest_views(session: Session, viewer: Viewer, ticket: CaseRow, texts: Texts) -> tuple[ContestView, ...]:
    """The contests of a ticket, the newest first."""
    views = []
    for contest in contests_of(session, viewer, ticket):
        events = timeline(session, viewer, contest)
        opened = events[0].data
        views.append(
            ContestView(
                reference=contest.reference,
                state=contest.state,
                tone=TONES.get(contest.state, "neutral"),
                ground=texts.either(opened.get("ground_names", {})),
                text=str(opened.get("text", "")),
                opened_at=contest.opened_at,
                deadlines=deadlines_of(clocks(session, contest), texts),
                answers=answers_of(events, texts),
                attachments=tuple(
                    File(row.name, f"/t/{ticket.reference}/attachments/{row.id}")
                    for row in attachments_of(session, contest)
                ),
            )
        )
    return tuple(views)


def _confirmation(events: list[EventRow], texts: Texts) -> tuple[tuple[tuple[str, str], ...], bool]:
    given = next((event for event in reversed(events) if event.type in {"confirmed", "denied"}), None)
    if given is None:
        return (), False
    choice = str(given.data.get("choice", ""))
    at = figures.moment(given.at, texts.language)
    rows = [(at, texts.known(f"public.confirm.{choice}", choice))]
    if given.data.get("driver"):
        rows.append((texts.text("public.confirm.driver"), str(given.data["driver"])))
    return tuple(rows), choice in DENIALS


def ticket_view(session: Session, viewer: Viewer, ticket: CaseRow, texts: Texts) -> TicketView:
    """A ticket as its owner reads it; `ticket` must come from the one door, for this viewer."""
    facts, issued_at = facts_of(session, ticket)
    events = [event for event in timeline(session, viewer, ticket) if event.audience != Audience.INTERNAL.value]
    possible = allowed(CaseKind.TICKET, ticket.state)
    confirmation, denied = _confirmation(events, texts)
    number = facts.officer.number
    law = facts.law
    held = frozenset({"payment"}) if ticket.state == "contested" else frozenset[str]()
    role = "supervisor" if facts.officer.role == "supervisor" else "validating"
    return TicketView(
        reference=ticket.reference,
        path=f"/t/{ticket.reference}",
        number=ticket.event_count,
        state=ticket.state,
        tone=TONES.get(ticket.state, "neutral"),
        plate=facts.plate_display,
        plain=plain_words(facts, texts),
        offence=facts.offence_names.text(texts.language),
        occurred_at=facts.occurred_at,
        issued_at=issued_at,
        place=facts.place,
        vehicle=texts.known(f"vehicle.{facts.vehicle_class}", facts.vehicle_class),
        article=f"{law.citation.text(texts.language)}: {law.names.text(texts.language)}",
        fine_idr=law.maximum_fine_rupiah,
        officer_name=facts.officer.name,
        officer_role=texts.text(f"public.role.{role}"),
        officer_number=texts.text("public.number", number=number) if number else "",
        deadlines=deadlines_of(clocks(session, ticket), texts, held=held),
        confirmation=confirmation,
        denied=denied,
        steps=steps_of(events, texts, ticket=True),
        hashes=(
            (texts.text("public.ticket.verify.camera"), facts.evidence.camera_id),
            (texts.text("public.ticket.verify.package"), facts.evidence.package_sha256),
            (texts.text("public.ticket.verify.key"), facts.evidence.key_id),
            (texts.text("public.ticket.verify.head", n=ticket.event_count), ticket.head_sha256 or ""),
        ),
        can_confirm=can_confirm(session, ticket),
        can_contest=("contested" in possible or ticket.state == "blocked") and not contested_before(session, ticket),
        can_pay="paid" in possible and ticket.state != "contested",
    )


def attachment_case(session: Session, viewer: Viewer, ticket: CaseRow, attachment_id: UUID) -> CaseRow | None:
    """Which of the ticket's contests holds an attachment, for this viewer."""
    return next(
        (
            contest
            for contest in contests_of(session, viewer, ticket)
            if any(row.id == attachment_id for row in attachments_of(session, contest))
        ),
        None,
    )
