"""A case as a desk shows it: its promises with their deadlines, and everything that was said and done, in words."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import datetime
from typing import Final

from sqlalchemy.orm import Session

from api.jurisdiction.loading import jurisdictions_of
from api.store.reading import Viewer, clocks, timeline
from api.store.tables import CaseRow, EventRow
from api.web.figures import rupiah
from api.web.messages import catalogue

_UNNAMED: Final = frozenset({"owner", "citizen", "camera", "system"})
_TEXTS: Final = (
    "text",
    "reason",
    "why",
    "instruction",
    "what",
    "held",
    "right",
    "name",
    "to_name",
    "number",
    "counter",
)


@dataclass(frozen=True)
class Promise:
    """A clock of the case, by name, with how its deadline was computed, in words."""

    name: str
    due_at: datetime
    stopped_at: datetime | None
    how: str


@dataclass(frozen=True)
class Step:
    """Something that happened."""

    at: datetime
    title: str
    who: str
    text: str | None


def clocks_shown(session: Session, case: CaseRow, language: str) -> tuple[Promise, ...]:
    """The promises of a case; of each name its last round."""
    jurisdiction = jurisdictions_of(session)[case.jurisdiction]
    last: dict[str, Promise] = {}
    for row in clocks(session, case):
        if row.due_at is not None:
            policy = jurisdiction.policy(row.policy_id, row.policy_version)
            name = policy.names.text(language) if policy else row.name
            how = row.explain_en if language == "en" else row.explain_id
            last[row.name] = Promise(name, row.due_at, row.stopped_at, how)
    return tuple(last.values())


def story(session: Session, viewer: Viewer, case: CaseRow, language: str, *, named: bool = True) -> tuple[Step, ...]:
    """What happened, as far as this viewer may read it; `case` must come from the one door.

    Args:
        session: an open session.
        viewer: who looks.
        case: the case.
        language: of the words.
        named: whether people of the office are named, or shown by their role alone.
    """
    return tuple(step(event, language, named=named) for event in timeline(session, viewer, case))


def step(event: EventRow, language: str, *, named: bool = True) -> Step:
    """One event in words."""
    text = catalogue()
    key = f"event.{event.type}"
    title = text.text(language, key) if text.has(key) else event.type
    role_key = f"role.{event.actor_role}"
    role = text.text(language, role_key) if text.has(role_key) else event.actor_role
    who = role if event.actor_role in _UNNAMED or not named else f"{event.actor_name} ({role})"
    data = event.data
    said = [str(data[name]) for name in _TEXTS if isinstance(data.get(name), str) and data[name]]
    for name in ("agency_names", "service_names", "item_names"):
        names = data.get(name)
        if isinstance(names, dict):
            said.insert(0, str(names.get(language) or names.get("id") or ""))
    if isinstance(data.get("amount_rupiah"), int):
        said.insert(0, rupiah(data["amount_rupiah"]))
    if isinstance(data.get("into"), str):
        said.append(data["into"])
    return Step(event.at, title, who, "\n".join(dict.fromkeys(said)) or None)
