"""The transition tables drawn for people: `python -m api.store.drawing docs/case-store.md` puts them in the page."""

from __future__ import annotations

import sys
from collections.abc import Iterator
from pathlib import Path

from api.store.kinds import CaseKind
from api.store.persons import ROLES_OF, SECOND_PERSONS
from api.store.transitions import NEW, TRANSITIONS

BEGIN = "<!-- transitions: drawn by api/store/drawing.py -->"
END = "<!-- /transitions -->"


def everywhere() -> tuple[str, ...]:
    """Event types that every state of every kind takes and that change none."""
    lived_in = [
        {event for event, target in events.items() if target == state}
        for table in TRANSITIONS.values()
        for state, events in table.items()
        if state != NEW
    ]
    return tuple(sorted(set.intersection(*lived_in)))


def _table(kind: CaseKind) -> Iterator[str]:
    hidden = set(everywhere())
    yield f"**{kind.value}**"
    yield ""
    yield "| state | leads to | stays, and is told |"
    yield "| --- | --- | --- |"
    for state, events in TRANSITIONS[kind].items():
        leaving = [f"`{event}` → {target}" for event, target in events.items() if target != state]
        staying = [f"`{event}`" for event, target in events.items() if target == state and event not in hidden]
        yield f"| {state} | {', '.join(leaving) or 'nothing: it is over'} | {', '.join(staying)} |"
    yield ""


def _second_persons() -> Iterator[str]:
    yield "| two persons | who acts must be another than who |"
    yield "| --- | --- |"
    firsts: dict[tuple[str, str], list[str]] = {}
    for rule in SECOND_PERSONS:
        where = {"case": "", "parent": " (its parent)", "grandparent": " (its parent's parent)"}[rule.whose]
        needed = ", which must be there" if rule.needed else ""
        firsts.setdefault((rule.kind.value, rule.event), []).append(f"`{rule.first}`{where}{needed}")
    for (kind, event), named in firsts.items():
        yield f"| {kind}: `{event}` | {'; '.join(named)} |"
    yield ""


def _roles() -> str:
    by_roles: dict[str, list[str]] = {}
    for (kind, event), roles in ROLES_OF.items():
        if any(event in events for events in TRANSITIONS[kind].values()):
            by_roles.setdefault("/".join(sorted(roles)), []).append(f"{kind.value} `{event}`")
    return " ".join(f"For {roles} only: {', '.join(sorted(events))}." for roles, events in sorted(by_roles.items()))


def transition_tables() -> str:
    """All tables as Markdown, a table a kind, then who may and what needs two persons."""
    lines = [BEGIN, ""]
    for kind in TRANSITIONS:
        lines += _table(kind)
    lines += [f"Every state but the unborn one also takes {', '.join(f'`{event}`' for event in everywhere())}.", ""]
    lines += _second_persons()
    lines += [_roles(), END]
    return "\n".join(lines)


def redrawn(page: str) -> str:
    """A page with the tables between its two marks drawn anew.

    Raises:
        ValueError: a mark is missing.
    """
    before, begin, rest = page.partition(BEGIN)
    _, end, after = rest.partition(END)
    if not begin or not end:
        message = f"the page lacks the marks {BEGIN} and {END}"
        raise ValueError(message)
    return before + transition_tables() + after


if __name__ == "__main__":
    path = Path(sys.argv[1])
    path.write_text(redrawn(path.read_text("utf-8")), "utf-8")
