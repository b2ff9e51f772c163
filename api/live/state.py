"""What a follower of a case sees, as plain values: a state, and the steps that lead from one state to the next.

`apply(state, step)` is all that a page does with an event; a test holds that a state of any moment and the steps
since add up to the state as it is read afresh (zulip's rule for live pages).
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any

from sqlalchemy.orm import Session

from api.portal.page import Texts
from api.store.kinds import Audience, CaseKind
from api.store.reading import Viewer, timeline
from api.store.service import events_of
from api.store.tables import CaseRow, EventRow
from api.store.transitions import NEW, TRANSITIONS
from api.tickets.view import TONES, steps_of
from api.web.figures import moment

STATE_MESSAGES = {
    CaseKind.TICKET: "public.ticket.state",
    CaseKind.CONTEST: "public.contest.state",
    CaseKind.COMPLAINT: "public.complaint.state",
}


@dataclass(frozen=True)
class Followed:
    """A case as its follower sees it: the steps that are for him, and the state after the last of them."""

    number: int
    state: str
    steps: tuple[dict[str, str], ...]

    def document(self, kind: CaseKind, texts: Texts) -> dict[str, Any]:
        """For the page: with the state in words."""
        return {"number": self.number, "steps": list(self.steps), **said(kind, self.state, texts)}


def said(kind: CaseKind, state: str, texts: Texts) -> dict[str, str]:
    """A state in words, with its colour."""
    prefix = STATE_MESSAGES.get(kind, "public.complaint.state")
    return {"state": state, "said": texts.known(f"{prefix}.{state}", state), "tone": TONES.get(state, "neutral")}


def _one(event: EventRow, kind: CaseKind, texts: Texts) -> dict[str, str]:
    step = steps_of([event], texts, ticket=kind is CaseKind.TICKET)[0]
    return {
        "at": step.at.isoformat(),
        "when": moment(step.at, texts.language),
        "title": step.title,
        "who": step.who or "",
    }


def _walk(session: Session, viewer: Viewer, case: CaseRow, texts: Texts) -> list[dict[str, Any]]:
    """Every event of a case as a step that a page can apply; of those that are not for the follower only the state.

    The state after each comes from the transition table, so that a step says where it led without asking again.
    """
    kind = CaseKind(case.kind)
    for_him = {event.number for event in timeline(session, viewer, case) if event.audience != Audience.INTERNAL.value}
    state, found = NEW, []
    for event in events_of(session, case.id):
        state = TRANSITIONS[kind].get(state, {}).get(event.type, state)
        shown = _one(event, kind, texts) if event.number in for_him else None
        found.append({"number": event.number, "step": shown, **said(kind, state, texts)})
    return found


def steps_since(session: Session, viewer: Viewer, case: CaseRow, number: int, texts: Texts) -> list[dict[str, Any]]:
    """The steps after event `number` that a viewer may read, oldest first; `case` must come from the one door."""
    return [one for one in _walk(session, viewer, case, texts) if one["number"] > number]


def fresh(session: Session, viewer: Viewer, case: CaseRow, texts: Texts) -> Followed:
    """The state as it is now, as its row and its events say."""
    for_him = [event for event in timeline(session, viewer, case) if event.audience != Audience.INTERNAL.value]
    shown = tuple(_one(event, CaseKind(case.kind), texts) for event in for_him)
    return Followed(case.event_count, case.state, shown)


def apply(state: Followed, step: dict[str, Any]) -> Followed:
    """The state after one more step; a step that is known already changes nothing."""
    if step["number"] <= state.number:
        return state
    more = () if step["step"] is None else (step["step"],)
    return Followed(int(step["number"]), str(step["state"]), (*state.steps, *more))
