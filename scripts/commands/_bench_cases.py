"""Cases for the load test: true chains, true states and true deadlines, copied into a store as fast as it takes them.

What is written could have come from the office itself: `tertib audit verify` finds nothing to say about it. It is
copied (COPY) past the triggers by the database's superuser, since ten million single inserts take a day.
"""

from __future__ import annotations

import hashlib
import json
import random
from collections.abc import Callable, Iterator, Mapping
from dataclasses import dataclass, field
from datetime import UTC, datetime, timedelta
from typing import Final
from uuid import UUID

import psycopg
from psycopg import sql

from api.jurisdiction.calendar import CalendarNotPublished
from api.jurisdiction.model import ClockPolicy, Jurisdiction
from api.store.clocks import due_at
from api.store.hashing import event_sha256, iso_utc
from api.store.kinds import Actor, Audience, CaseKind
from api.store.references import new_reference
from api.store.states import next_state
from api.store.transitions import NEW

CHUNK: Final = 2_000
_YEAR_S: Final = 300 * 86_400
_LOADED: Final = ("cases", "events", "clocks")
_CASE_COLUMNS: Final = (
    "id, reference, kind, jurisdiction, agency, opened_at, parent_id, subject, state, event_count, head_sha256"
)
_EVENT_COLUMNS: Final = (
    "case_id, number, at, type, actor_id, actor_name, actor_role, audience, body, sha256, previous_sha256"
)
_CLOCK_COLUMNS: Final = (
    "id, case_id, name, round, policy_id, policy_version, stops_on, staff_only, anchor_at, started_at, due_at,"
    " stopped_at, result, started_by, stopped_by, overdue_event, counted_in, next_at, ladder, rung, explain_id,"
    " explain_en"
)
_SYSTEM: Final = Actor("tertib", "Tertib", "system")
_CITIZEN: Final = Actor("citizen", "Warga", "citizen")
_OFFICERS: Final = tuple(Actor(f"officer-{n}", f"Petugas {n}", "officer") for n in range(200))
_CAMERAS: Final = tuple(Actor(f"cam-{n:04d}", f"Jl. Contoh {n}", "camera") for n in range(400))
_OFFENCES: Final = ("red_light", "bus_lane", "wrong_way", "speed", "no_helmet", "stop_line")
# Ten events a case, as an office's letters, calls and remarks make them. (type, who, seconds after the one before)
_NOTES: Final = (("note", "officer", 90),) * 6
_STORIES: Final[dict[str, tuple[tuple[str, str, int], ...]]] = {
    "waiting": (("opened", "camera", 60), *_NOTES, ("note", "officer", 60), ("note", "officer", 60)),
    "rejected": (("opened", "camera", 60), *_NOTES, ("rejected", "officer", 40_000), ("note", "officer", 9_000)),
    "approved": (("opened", "camera", 60), *_NOTES, ("approved", "officer", 50_000), ("ticket_opened", "officer", 1)),
    "ticket": (
        ("opened", "officer", 1),
        ("note", "officer", 1),
        ("notice_made", "officer", 2),
        *_NOTES,
        ("confirmed", "citizen", 90_000),
    ),
    "paid": (
        ("opened", "officer", 1),
        ("notice_made", "officer", 2),
        *_NOTES,
        ("confirmed", "citizen", 90_000),
        ("paid", "citizen", 90_000),
    ),
    "open": (("opened", "citizen", 0), ("acknowledged", "system", 1), *_NOTES),
    "closed": (
        ("opened", "citizen", 0),
        ("acknowledged", "system", 1),
        *_NOTES,
        ("answered", "officer", 30_000),
        ("closed", "officer", 90_000),
    ),
}
_NO_BODY: Final = '{"text":"as an office writes it: seen, filed, answered by letter"}'


@dataclass
class Batch:
    """Lines for COPY of some cases."""

    cases: list[str] = field(default_factory=list)
    events: list[str] = field(default_factory=list)
    clocks: list[str] = field(default_factory=list)


def _text(value: object) -> str:
    if value is None:
        return r"\N"
    return str(value).replace("\\", "\\\\").replace("\t", "\\t").replace("\n", "\\n")


def _iso(at: datetime) -> str:
    """What `iso_utc` writes, for a moment that is in UTC; three times as quick."""
    return at.isoformat(timespec="microseconds")[:-6] + "Z"


class Generator:
    """Makes cases out of a seed.

    Args:
        jurisdiction: whose agencies, policies and holidays.
        seed: the same seed, the same cases (but for their references).
        now: the present; cases were opened in the 300 days before it.
    """

    def __init__(self, jurisdiction: Jurisdiction, *, seed: int, now: datetime) -> None:
        self.jurisdiction = jurisdiction
        self.random = random.Random(seed)  # noqa: S311 - no secret: a load test that can be repeated
        self.now = now
        self._due: dict[tuple[str, int, datetime, datetime], datetime | None] = {}
        self._policies: dict[tuple[CaseKind, object, str], tuple[ClockPolicy, ...]] = {}

    def batches(self, cases: int) -> Iterator[Batch]:
        """So many cases: of ten, six violations (one waits), three tickets, one complaint."""
        made = 0
        while made < cases:
            batch = Batch()
            while made < cases and len(batch.cases) < CHUNK:
                made += self._one(batch, most=cases - made)
            yield batch

    def plate(self) -> str:
        """A plate of Jawa Tengah."""
        letters = "ABCDEFGHJKLMNPRSTUVWXYZ"
        region = self.random.choice(("H", "G", "K", "R", "AA", "AD"))
        return f"{region}{self.random.randint(1, 9999)}{self.random.choice(letters)}{self.random.choice(letters)}"

    def _one(self, batch: Batch, *, most: int) -> int:
        at = self.now - timedelta(seconds=self.random.random() * _YEAR_S, microseconds=self.random.randrange(10**6))
        lot = self.random.random()
        agency = self.jurisdiction.enforcement_agency
        if lot < 0.14:
            story = "open" if self.random.random() < 0.2 else "closed"
            category = self.random.choice(self.jurisdiction.complaint_categories)
            told: Mapping[str, object] = {"category": category.id, "place": "Jl. Contoh", "language": "id"}
            self._case(batch, CaseKind.COMPLAINT, story, category.agency, at, told)
            return 1
        plate, camera = self.plate(), self.random.choice(_CAMERAS)
        subject: dict[str, object] = {
            "plate": plate,
            "offence": self.random.choice(_OFFENCES),
            "occurred_at": iso_utc(at),
            "camera_id": camera.id,
            "place": camera.name,
            "vehicle_class": "car",
            "doubts": 0,
        }
        if lot < 0.28:
            self._case(batch, CaseKind.VIOLATION, "waiting", agency, at, subject, camera)
        elif lot < 0.56 or most < 2:
            self._case(batch, CaseKind.VIOLATION, "rejected", agency, at, subject, camera)
        else:
            violation, end = self._case(batch, CaseKind.VIOLATION, "approved", agency, at, subject, camera)
            story = "paid" if self.random.random() < 0.6 else "ticket"
            self._case(batch, CaseKind.TICKET, story, agency, end, subject, parent=violation)
            return 2
        return 1

    def _case(
        self,
        batch: Batch,
        kind: CaseKind,
        story: str,
        agency: str,
        at: datetime,
        subject: Mapping[str, object],
        camera: Actor = _CAMERAS[0],
        parent: UUID | None = None,
    ) -> tuple[UUID, datetime]:
        case_id = UUID(int=self.random.getrandbits(128), version=4)
        officer = self.random.choice(_OFFICERS)
        actors = {"camera": camera, "officer": officer, "citizen": _CITIZEN, "system": _SYSTEM}
        chain = _Chain(self, batch, kind, case_id, agency, subject)
        for event_type, who, after_s in _STORIES[story]:
            at += timedelta(seconds=after_s)
            chain.add(event_type, actors[who], at)
        chain.fall_due(self.now)
        chain.end(parent, self.jurisdiction.id)
        return case_id, at

    def due(self, policy: ClockPolicy, anchor_at: datetime, started_at: datetime) -> datetime | None:
        """The deadline of a policy; None when its holidays are not published yet."""
        try:
            return due_at(policy, self.jurisdiction, anchor_at=anchor_at, started_at=started_at)
        except CalendarNotPublished:
            return None

    def policies(self, kind: CaseKind, at: datetime, agency: str) -> tuple[ClockPolicy, ...]:
        """The policies of that day, remembered."""
        key = (kind, self.jurisdiction.local_day(at), agency)
        if key not in self._policies:
            self._policies[key] = self.jurisdiction.policies_at(kind, at, agency)
        return self._policies[key]


@dataclass
class _Clock:
    policy: ClockPolicy
    anchor_at: datetime
    started_at: datetime
    started_by: int
    due_at: datetime | None
    stopped_at: datetime | None = None
    stopped_by: int | None = None
    overdue_event: int | None = None


class _Chain:
    """The events of one case while they are made."""

    def __init__(
        self,
        generator: Generator,
        batch: Batch,
        kind: CaseKind,
        case_id: UUID,
        agency: str,
        subject: Mapping[str, object],
    ) -> None:
        self.generator = generator
        self.batch = batch
        self.kind = kind
        self.id = str(case_id)
        self.agency = agency
        self.subject = subject
        self.state = NEW
        self.number = 0
        self.head: str | None = None
        self.opened_at: datetime | None = None
        self.clocks: list[_Clock] = []

    def add(self, event_type: str, actor: Actor, at: datetime, body: str = _NO_BODY) -> None:
        """Append an event, as `api.store.service` does."""
        self.state = next_state(self.kind, self.state, event_type)
        self.number += 1
        self.opened_at = self.opened_at or at
        before = self.head
        told = _iso(at)
        # The header as `api.store.hashing` writes it, without its general JSON (ten times as quick).
        header = (
            f'{{"actor":{{"id":"{actor.id}","name":"{actor.name}","role":"{actor.role}"}},"at":"{told}",'
            f'"audience":"internal","case_id":"{self.id}","number":{self.number},'
            f'"previous_sha256":{"null" if before is None else chr(34) + before + chr(34)},"type":"{event_type}"}}'
        )
        self.head = hashlib.sha256(f"{header}\n{body}".encode()).hexdigest()
        self.batch.events.append(
            f"{self.id}\t{self.number}\t{told}\t{event_type}\t{actor.id}\t{actor.name}\t{actor.role}"
            f"\tinternal\t{body}\t{self.head}\t{_text(before)}\n"
        )
        if event_type != "note":
            self._clocks(event_type, actor, at)

    def _clocks(self, event_type: str, actor: Actor, at: datetime) -> None:
        for clock in self.clocks:
            ends = event_type in clock.policy.stops_on and (actor.is_staff or not clock.policy.staff_only)
            if clock.stopped_at is None and ends:
                clock.stopped_at, clock.stopped_by = at, self.number
        for policy in self.generator.policies(self.kind, at, self.agency):
            if event_type in policy.starts_on and all(one.policy.name != policy.name for one in self.clocks):
                occurred = self.subject.get("occurred_at") if policy.anchor == "occurred_at" else None
                anchor = datetime.fromisoformat(occurred) if isinstance(occurred, str) else at
                due = self.generator.due(policy, anchor, at)
                self.clocks.append(_Clock(policy, anchor, at, self.number, due))

    def fall_due(self, now: datetime) -> None:
        """What the sweeper would have written."""
        for clock in self.clocks:
            if clock.stopped_at is None and clock.due_at is not None and clock.due_at < now:
                at = clock.due_at + timedelta(seconds=4)
                body = {"clock": clock.policy.name, "due_at": iso_utc(clock.due_at), "policy": clock.policy.id}
                self.add("clock_overdue", _SYSTEM, at, json.dumps(body, sort_keys=True, separators=(",", ":")))
                clock.overdue_event = self.number

    def end(self, parent: UUID | None, jurisdiction: str) -> None:
        """The rows of the case and its clocks."""
        opened_at = self.opened_at or self.generator.now
        subject = json.dumps(self.subject, sort_keys=True)
        self.batch.cases.append(
            f"{self.id}\t{new_reference(self.kind)}\t{self.kind.value}\t{jurisdiction}\t{self.agency}"
            f"\t{opened_at.isoformat()}\t{_text(parent)}\t{_text(subject)}\t{self.state}\t{self.number}\t{self.head}\n"
        )
        for clock in self.clocks:
            policy, late = clock.policy, False
            if clock.stopped_at is not None and clock.due_at is not None:
                late = clock.stopped_at > clock.due_at
            result = "running" if clock.stopped_at is None else "late" if late else "on_time"
            ladder = [{"after_hours": rung.after_hours, "to": rung.to} for rung in policy.ladder]
            values = (
                UUID(int=self.generator.random.getrandbits(128), version=4),
                self.id,
                policy.name,
                1,
                policy.id,
                policy.version,
                json.dumps(list(policy.stops_on)),
                policy.staff_only,
                clock.anchor_at.isoformat(),
                clock.started_at.isoformat(),
                None if clock.due_at is None else clock.due_at.isoformat(),
                None if clock.stopped_at is None else clock.stopped_at.isoformat(),
                result,
                clock.started_by,
                clock.stopped_by,
                clock.overdue_event,
                policy.count,
                None
                if clock.overdue_event or clock.due_at is None or clock.stopped_at is not None
                else clock.due_at.isoformat(),
                json.dumps(ladder),
                len(ladder) if clock.overdue_event else 0,
                "Menurut kebijakan",
                "By policy",
            )
            self.batch.clocks.append("\t".join(_text(one) for one in values) + "\n")


def check_hash() -> None:
    """That the quick header above is the one of the store, byte for byte.

    Raises:
        ValueError: the store hashes something else now.
    """
    case_id, at, actor = UUID(int=1, version=4), datetime(2026, 2, 3, 4, 5, 6, 7, tzinfo=UTC), _OFFICERS[3]

    class _Case:
        random = random.Random(1)  # noqa: S311 - no secret

        def policies(self, *_: object) -> tuple[ClockPolicy, ...]:
            return ()

    chain = _Chain(_Case(), Batch(), CaseKind.VIOLATION, case_id, "x", {})  # type: ignore[arg-type] # a stand-in
    before: str | None = None
    for number, event_type in enumerate(("opened", "note"), start=1):
        chain.add(event_type, actor, at)
        before = event_sha256(
            case_id=case_id,
            number=number,
            at=at,
            event_type=event_type,
            actor=actor,
            audience=Audience.INTERNAL,
            body=_NO_BODY,
            previous_sha256=before,
        )
        if chain.head != before:
            message = "the load test's events are not hashed as the store hashes them: bring _bench_cases up to date"
            raise ValueError(message)


def load(superuser_url: str, generator: Generator, cases: int, *, told: Callable[[int], None] = lambda _: None) -> None:
    """Copy cases into an empty store, then make its indexes, work items and counts.

    Args:
        superuser_url: postgresql:// address of the store's superuser.
        generator: makes the cases.
        cases: how many.
        told: called with the number of cases copied so far.
    """
    check_hash()
    with psycopg.connect(superuser_url, autocommit=True) as connection:
        connection.execute("SET session_replication_role = replica")
        connection.execute("SET synchronous_commit = off")
        connection.execute("SET maintenance_work_mem = '1GB'")
        remade = _drop_indexes(connection)
        copied = 0
        for batch in generator.batches(cases):
            with connection.transaction(), connection.cursor() as cursor:
                for table, columns, lines in (
                    ("cases", _CASE_COLUMNS, batch.cases),
                    ("events", _EVENT_COLUMNS, batch.events),
                    ("clocks", _CLOCK_COLUMNS, batch.clocks),
                ):
                    with cursor.copy(f"COPY {table} ({columns}) FROM STDIN") as copy:
                        copy.write("".join(lines))
            copied += len(batch.cases)
            told(copied)
        for statement in remade:
            connection.execute(statement)
        for table in _LOADED:
            connection.execute(sql.SQL("ANALYZE {}").format(sql.Identifier(table)))
        connection.execute("SET session_replication_role = origin")
        connection.execute("TRUNCATE review_work")
        connection.execute("ALTER TABLE review_work DISABLE TRIGGER work_moved")
        connection.execute("SELECT tertib_count_anew()")
        connection.execute("ALTER TABLE review_work ENABLE TRIGGER work_moved")
        for table in (*_LOADED, "review_work", "counts", "count_changes"):
            connection.execute(sql.SQL("VACUUM (ANALYZE) {}").format(sql.Identifier(table)))
        connection.execute("CHECKPOINT")


def _drop_indexes(connection: psycopg.Connection) -> list[str]:
    """Drop what is made faster in one go afterwards; the statements that make it."""
    remade: list[str] = []
    unique = connection.execute(
        "SELECT conrelid::regclass::text, conname, pg_get_constraintdef(oid) FROM pg_constraint"
        " WHERE contype = 'u' AND conrelid::regclass::text = ANY(%s)",
        (list(_LOADED),),
    ).fetchall()
    for table, name, definition in unique:
        connection.execute(f"ALTER TABLE {table} DROP CONSTRAINT {name}")
        remade.append(f"ALTER TABLE {table} ADD CONSTRAINT {name} {definition}")
    plain = connection.execute(
        "SELECT i.indexrelid::regclass::text, pg_get_indexdef(i.indexrelid) FROM pg_index i"
        " WHERE i.indrelid::regclass::text = ANY(%s) AND NOT i.indisprimary"
        " AND NOT EXISTS (SELECT FROM pg_constraint c WHERE c.conindid = i.indexrelid)",
        (list(_LOADED),),
    ).fetchall()
    for name, definition in plain:
        connection.execute(f"DROP INDEX {name}")
        remade.append(definition)
    return remade
