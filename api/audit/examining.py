"""One case under the lamp: its events against their chain, its row, its clocks, and the leaves that were published.

Pure: rows in, findings out. Each check is made only where the ones before it found nothing, so that one tampering is
told once, by its cause.
"""

from __future__ import annotations

import json
from collections import defaultdict
from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass
from datetime import datetime
from typing import Final, Protocol
from uuid import UUID

from api.audit.findings import Finding, Tampering
from api.audit.leaves import CaseFacts, ClockFacts, clocks_sha256, identity_sha256
from api.audit.tables import TreeLeafRow
from api.jurisdiction.calendar import CalendarNotPublished
from api.jurisdiction.model import Jurisdiction
from api.store.clocks import due_at
from api.store.errors import IllegalTransition
from api.store.hashing import event_sha256
from api.store.kinds import ROLES, Actor, Audience, CaseKind
from api.store.states import next_state
from api.store.transitions import NEW

_AUDIENCES: Final = frozenset(one.value for one in Audience)


class EventFacts(Protocol):
    """A stored event."""

    id: int
    case_id: UUID
    number: int
    at: datetime
    type: str
    actor_id: str
    actor_name: str
    actor_role: str
    audience: str
    body: str
    sha256: str
    previous_sha256: str | None


class StoredCase(CaseFacts, Protocol):
    """A case's row with what the database's trigger keeps in it."""

    state: str
    event_count: int
    head_sha256: str | None


def fits(event: EventFacts, case_id: UUID, number: int) -> bool:
    """Whether an event's hash is that of its content as event `number` of a case."""
    if event.actor_role not in ROLES or event.audience not in _AUDIENCES:
        return False
    return event.sha256 == event_sha256(
        case_id=case_id,
        number=number,
        at=event.at,
        event_type=event.type,
        actor=Actor(event.actor_id, event.actor_name, event.actor_role),
        audience=Audience(event.audience),
        body=event.body,
        previous_sha256=event.previous_sha256,
    )


@dataclass(frozen=True)
class Promises:
    """What deadlines are computed from anew.

    Attributes:
        jurisdiction: policies, and the holidays that the office has followed last.
        calendar_changed_at: when it last followed a change of the holidays; None: never.
    """

    jurisdiction: Jurisdiction
    calendar_changed_at: datetime | None = None

    def due_at(self, clock: ClockFacts, events: Sequence[EventFacts]) -> datetime | None:
        """The deadline by the last event that moved it, else by its policy; None when neither can say."""
        for event in reversed(events):
            if event.type in {"clock_moved", "clock_computed"} and event.number > clock.started_by:
                body = json.loads(event.body)
                told = (body.get("clock"), body.get("policy"), body.get("round", clock.round))
                if told == (clock.name, clock.policy_id, clock.round):
                    return None if body["due_at"] is None else datetime.fromisoformat(body["due_at"])
        policy = self.jurisdiction.policy(clock.policy_id, clock.policy_version)
        if policy is None or (policy.count == "working_days" and not self._counts_still(clock)):
            return None
        try:
            return due_at(policy, self.jurisdiction, anchor_at=clock.anchor_at, started_at=clock.started_at)
        except CalendarNotPublished:
            return None

    def _counts_still(self, clock: ClockFacts) -> bool:
        """Whether the present holidays hold for it: they moved no clock that had ended or was late already."""
        if clock.stopped_by is not None:
            return False
        changed_at = self.calendar_changed_at
        return changed_at is None or clock.due_at is None or clock.due_at >= changed_at


def examine(
    case: StoredCase,
    events: Sequence[EventFacts],
    leaves: Sequence[TreeLeafRow],
    clocks: Sequence[ClockFacts],
    promises: Promises | None = None,
) -> list[Finding]:
    """Everything that does not fit in one case.

    Args:
        case: its row.
        events: all its events, by number.
        leaves: its leaves in the log, the oldest first.
        clocks: all its clocks.
        promises: what the deadlines are computed from anew; None: they are not.
    """
    checks: tuple[Callable[[], Iterator[Finding]], ...] = (
        # Nearly every case is sound: only where one is not, it is asked what became of it.
        lambda: _in_chain(case, events, leaves),
        lambda: _published(case, events, leaves),
        lambda: _states(case, events),
        lambda: _row_and_clocks(case, events, leaves, clocks, promises),
    )
    for check in checks:
        found = list(check())
        if found:
            return found
    return []


def _in_chain(case: StoredCase, events: Sequence[EventFacts], leaves: Sequence[TreeLeafRow]) -> Iterator[Finding]:
    if not _sound(case, events, leaves):
        yield from _Chain(case, events, leaves).findings()


def _sound(case: StoredCase, events: Sequence[EventFacts], leaves: Sequence[TreeLeafRow]) -> bool:
    """Whether the events are what was promised: as many, in their places, each chained to the one before."""
    before: str | None = None
    for number, event in enumerate(events, start=1):
        if event.number != number or event.previous_sha256 != before or not fits(event, case.id, number):
            return False
        before = event.sha256
    return (
        before == case.head_sha256
        and len(events) == case.event_count
        and all(leaf.event_count <= case.event_count for leaf in leaves)
    )


class _Chain:
    """The events of a case brought into the order that their hashes prove."""

    def __init__(self, case: StoredCase, events: Sequence[EventFacts], leaves: Sequence[TreeLeafRow]) -> None:
        self.case = case
        self.events = events
        self.promised = max([case.event_count, *(leaf.event_count for leaf in leaves)])
        highest = max([self.promised, *(event.number for event in events)]) + 1
        claims: dict[int, list[EventFacts]] = defaultdict(list)
        self.edited: list[EventFacts] = []
        for event in events:
            numbers = (event.number, *(n for n in range(1, highest + 1) if n != event.number))
            true = next((n for n in numbers if fits(event, case.id, n)), None)
            if true is None:
                self.edited.append(event)
            else:
                claims[true].append(event)
        self.inserted: list[EventFacts] = []
        self.at: dict[int, EventFacts] = {}
        for number, claimants in claims.items():
            named = {one.previous_sha256 for one in claims.get(number + 1, [])} | {case.head_sha256}
            genuine = next((one for one in claimants if one.sha256 in named), claimants[0])
            self.at[number] = genuine
            self.inserted += [one for one in claimants if one is not genuine]

    def _told(self, what: Tampering, number: int, why: str) -> Finding:
        return Finding(what, why, case=self.case.reference, event=number, case_id=self.case.id)

    def findings(self) -> Iterator[Finding]:
        for event in self.edited:
            yield self._told(
                Tampering.EDITED, event.number, "its content is not what its hash covers: it was edited in place"
            )
        for event in self.inserted:
            yield self._told(Tampering.INSERTED, event.number, "two events claim this place, and no later one knows it")
        present = {*self.at, *(event.number for event in self.edited)}
        last = max(present, default=0)
        missing = [number for number in range(1, last) if number not in present]
        for number in missing:
            yield self._told(Tampering.REMOVED, number, "the events after it are there, it is not")
        if last + len(self.inserted) < self.promised:
            yield self._told(
                Tampering.CUT_OFF,
                last + 1,
                f"{self.promised} events were promised, the last {self.promised - last} are gone",
            )
        if not missing and not self.inserted and not self.edited:
            for number, event in sorted(self.at.items()):
                if event.number != number:
                    yield self._told(
                        Tampering.REORDERED, event.number, f"by its hash it is event {number}: the order was changed"
                    )
        yield from self._links(last)

    def _links(self, last: int) -> Iterator[Finding]:
        edited = {event.number for event in self.edited}
        for number, event in sorted(self.at.items()):
            before = self.at.get(number - 1)
            if number == 1 and event.previous_sha256 is not None:
                yield self._told(Tampering.EDITED, 1, "it names an event before it, yet it is the first")
            elif before is not None and event.previous_sha256 != before.sha256:
                yield self._told(
                    Tampering.EDITED,
                    number - 1,
                    f"event {number} was chained to another content: this one was rewritten with a new hash",
                )
        if last > self.case.event_count and self.case.event_count == self.promised and not self.inserted:
            for number in range(self.case.event_count + 1, last + 1):
                yield self._told(
                    Tampering.INSERTED, number, f"the case counts {self.case.event_count} events: it came in by itself"
                )
        elif (
            last == self.case.event_count
            and last in self.at
            and last not in edited
            and self.at[last].sha256 != self.case.head_sha256
        ):
            yield self._told(
                Tampering.EDITED, last, "the case's head is another hash: the last event or the head was rewritten"
            )


def _published(case: StoredCase, events: Sequence[EventFacts], leaves: Sequence[TreeLeafRow]) -> Iterator[Finding]:
    """The chain fits in itself: does it still lead through the heads that were published?"""
    agreed = 0
    for leaf in leaves:
        if events[leaf.event_count - 1].sha256 != leaf.head_sha256:
            first, last = agreed + 1, leaf.event_count
            which = f"events {first} to {last} were" if first < last else f"event {first} was"
            yield Finding(
                Tampering.REWRITTEN,
                f"{which} rewritten with a recomputed chain: leaf {leaf.position} of the published log holds "
                f"{leaf.head_sha256[:16]}, not {events[leaf.event_count - 1].sha256[:16]}",
                case=case.reference,
                event=first,
                case_id=case.id,
            )
            return
        agreed = leaf.event_count


def _states(case: StoredCase, events: Sequence[EventFacts]) -> Iterator[Finding]:
    state = NEW
    for event in events:
        try:
            state = next_state(CaseKind(case.kind), state, event.type)
        except (IllegalTransition, ValueError) as error:
            yield Finding(Tampering.INSERTED, f"it may not stand here: {error}", case.reference, event.number, case.id)
            return
    if state != case.state:
        why = f"the stored state is {case.state!r}, the events say {state!r}"
        yield Finding(Tampering.CASE_ALTERED, why, case.reference, len(events), case.id)


def _row_and_clocks(
    case: StoredCase,
    events: Sequence[EventFacts],
    leaves: Sequence[TreeLeafRow],
    clocks: Sequence[ClockFacts],
    promises: Promises | None,
) -> Iterator[Finding]:
    if events and events[0].at != case.opened_at:
        why = f"it was opened at {events[0].at.isoformat()} by its first event, its row says otherwise"
        yield Finding(Tampering.CASE_ALTERED, why, case.reference, 1, case.id)
    elif leaves and leaves[-1].identity_sha256 != identity_sha256(case):
        why = "its reference, kind, jurisdiction or parent is not what was published"
        yield Finding(Tampering.CASE_ALTERED, why, case.reference, None, case.id)
    wrong = [(clock, why) for clock in clocks for why in [_wrong(clock, events, promises)] if why]
    for clock, why in wrong:
        yield Finding(Tampering.CLOCK_ALTERED, f"clock {clock.name}: {why}", case.reference, clock.stopped_by, case.id)
    if leaves and not wrong and leaves[-1].clocks_sha256 != clocks_sha256(clocks, leaves[-1].event_count):
        why = "a clock was added, removed, or given another start or result than what was published"
        yield Finding(Tampering.CLOCK_ALTERED, why, case.reference, None, case.id)


def _wrong(clock: ClockFacts, events: Sequence[EventFacts], promises: Promises | None) -> str | None:
    """Why a clock does not follow from the events; None when it does."""
    if not 1 <= clock.started_by <= len(events) or events[clock.started_by - 1].at != clock.started_at:
        return f"no event {clock.started_by} started it at {clock.started_at.isoformat()}"
    promised = None if promises is None else promises.due_at(clock, events)
    if promised is not None and clock.due_at != promised:
        due = "none" if clock.due_at is None else clock.due_at.isoformat()
        return f"its deadline is {due}, promised was {promised.isoformat()}"
    return _wrong_end(clock, events)


def _wrong_end(clock: ClockFacts, events: Sequence[EventFacts]) -> str | None:
    if clock.stopped_by is None or clock.stopped_at is None:
        return None
    if not 1 <= clock.stopped_by <= len(events):
        return f"there is no event {clock.stopped_by} that ended it"
    end = events[clock.stopped_by - 1]
    late = clock.due_at is not None and clock.stopped_at > clock.due_at
    possible = {
        *(("late" if late else "on_time",) if end.type in clock.stops_on else ()),
        *(("late" if late else "dropped",) if end.type in clock.drops_on else ()),
        *(("dropped",) if end.type in clock.restarts_on else ()),
    }
    if end.at != clock.stopped_at or not possible:
        return f"event {clock.stopped_by} did not end it at {clock.stopped_at.isoformat()}"
    if clock.result not in possible:
        return f"its result is {clock.result!r}, but event {clock.stopped_by} came {'late' if late else 'in time'}"
    return None
