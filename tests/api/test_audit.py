"""A scripted dozen of tamperings by somebody who owns the database and has switched its triggers off: each is named."""

from __future__ import annotations

import json
from collections.abc import Callable, Iterator
from dataclasses import dataclass, field
from datetime import UTC, datetime, timedelta
from typing import Any

import psycopg
import pytest
import typer
from psycopg import sql
from sqlalchemy import create_engine, select, text
from sqlalchemy.orm import Session
from typer.testing import CliRunner

from api.audit.proving import ProofError, prove_case, prove_growth
from api.audit.publishing import latest_head, publish, publish_daily, statement
from api.audit.tables import TreeHeadRow, TreeLeafRow
from api.audit.verifying import Audit, steady
from api.clock import CLOCK_KEY, DatabaseClock, now
from api.database import APP_ROLE, OWNER_ROLE, Database
from api.jurisdiction.loading import JURISDICTIONS_KEY
from api.store.hashing import event_sha256
from api.store.kinds import Actor, Audience, CaseKind
from api.store.service import append, events_of, open_case
from api.store.tables import CaseRow, EventRow
from scripts.commands import audit as audit_command
from tests.api.conftest import TEMPLATE

OFFICER = Actor(id="o", name="Rina", role="officer")
CITIZEN = Actor(id="citizen", name="Warga", role="citizen")


@dataclass
class Office:
    """Cases `a` and `b` with five events each, `young` with none that is published; two heads published and kept."""

    session: Session
    clock: DatabaseClock
    a: CaseRow = None
    b: CaseRow = None
    young: CaseRow = None
    kept: list[dict[str, Any]] = field(default_factory=list)

    def sql(self, statement_text: str, **values: object) -> None:
        self.session.execute(text(statement_text), values)
        self.session.expire_all()

    def found(self, **options: Any) -> list[tuple[str, str | None, int | None]]:
        self.session.expire_all()
        return [(one.what.value, one.case, one.event) for one in Audit(self.session, **options).findings()]

    def rechain(self, case: CaseRow, first: int = 1) -> None:
        """Write a case's hashes anew from an event on, so that its chain fits in itself."""
        self.session.expire_all()
        previous, number = None, 0
        for event in list(events_of(self.session, case.id)):
            number += 1
            digest = event.sha256
            if number >= first:
                digest = event_sha256(
                    case_id=case.id,
                    number=number,
                    at=event.at,
                    event_type=event.type,
                    actor=event.actor,
                    audience=Audience(event.audience),
                    body=event.body,
                    previous_sha256=previous,
                )
                self.sql(
                    "UPDATE events SET number = :n, sha256 = :s, previous_sha256 = :p WHERE id = :i",
                    n=number,
                    s=digest,
                    p=previous,
                    i=event.id,
                )
            previous = digest
        self.sql("UPDATE cases SET head_sha256 = :h, event_count = :n WHERE id = :i", h=previous, n=number, i=case.id)


def filled(database: Database) -> dict[str, Any]:
    """Fill a store and publish it twice; ids and kept heads."""
    made: dict[str, Any] = {"kept": []}

    def opened(name: str, *following: str) -> None:
        with database.session() as session:
            row = open_case(
                session,
                CaseKind.COMPLAINT,
                jurisdiction=database.jurisdictions["jateng"],
                actor=CITIZEN,
                body={"text": f"lampu {name} mati"},
                audience=Audience.PUBLIC,
                agency="dishub",
            )
            for event_type in following:
                append(session, row.id, event_type, actor=OFFICER, body={"of": name}, audience=Audience.PUBLIC)
            made[name] = row.id

    def published() -> None:
        with database.session() as session:
            made["kept"].append(json.loads(json.dumps(statement(publish(session, now(session))))))

    opened("a", "acknowledged", "message")
    opened("b", "message", "message")
    published()
    for name, event_type in (("a", "answered"), ("b", "answered"), ("a", "note"), ("b", "note")):
        with database.session() as session:
            append(session, made[name], event_type, actor=OFFICER, body={"of": name}, audience=Audience.PUBLIC)
    published()
    opened("young", "message")
    return made


@pytest.fixture(scope="module")
def tampered_database(cluster, jurisdictions) -> Iterator[tuple[str, dict[str, Any]]]:
    """One database for all tamperings: each is made in a transaction that is rolled back."""
    name = "t_audit"
    with psycopg.connect(cluster.superuser, autocommit=True) as connection:
        connection.execute(
            sql.SQL("CREATE DATABASE {} OWNER {} TEMPLATE {} STRATEGY file_copy").format(
                sql.Identifier(name), sql.Identifier(OWNER_ROLE), sql.Identifier(TEMPLATE)
            )
        )
        database = Database(cluster.url(name, APP_ROLE), jurisdictions=jurisdictions)
        made = filled(database)
        database.close()
        yield name, made
        connection.execute(sql.SQL("DROP DATABASE {} WITH (FORCE)").format(sql.Identifier(name)))


@pytest.fixture
def office(cluster, tampered_database, jurisdictions) -> Iterator[Office]:
    name, made = tampered_database
    engine = create_engine(cluster.url(name).replace("postgresql://", "postgresql+psycopg://"))
    clock = DatabaseClock()
    info = {CLOCK_KEY: clock, JURISDICTIONS_KEY: jurisdictions}
    with engine.connect() as connection, Session(connection, info=info) as session:
        session.execute(text("SET session_replication_role = replica"))
        cases = {one: session.get(CaseRow, made[one]) for one in ("a", "b", "young")}
        yield Office(session, clock, **cases, kept=made["kept"])
        session.rollback()
    engine.dispose()


def test_an_untouched_store_is_clean(office):
    audit = Audit(office.session, kept=office.kept)
    assert list(audit.findings()) == []
    assert (audit.cases, audit.events, audit.heads) == (3, 12, 2)


def edit(office):
    office.sql("""UPDATE events SET body = '{"of":"x"}' WHERE case_id = :i AND number = 3""", i=office.a.id)


def edit_the_actor(office):
    office.sql("UPDATE events SET actor_name = 'Budi' WHERE case_id = :i AND number = 4", i=office.a.id)


def edit_with_a_new_hash(office):
    edit(office)
    event = events_of(office.session, office.a.id)[2]
    digest = event_sha256(
        case_id=event.case_id,
        number=3,
        at=event.at,
        event_type=event.type,
        actor=event.actor,
        audience=Audience(event.audience),
        body=event.body,
        previous_sha256=event.previous_sha256,
    )
    office.sql("UPDATE events SET sha256 = :s WHERE id = :i", s=digest, i=event.id)


def backdate(office):
    office.sql("UPDATE events SET at = at - interval '2 days' WHERE case_id = :i AND number = 4", i=office.b.id)


def delete_in_the_middle(office):
    office.sql("DELETE FROM events WHERE case_id = :i AND number = 2", i=office.a.id)


def delete_and_renumber(office):
    delete_in_the_middle(office)
    for number in (3, 4, 5):
        office.sql("UPDATE events SET number = :n - 1 WHERE case_id = :i AND number = :n", n=number, i=office.a.id)
    office.sql("UPDATE cases SET event_count = 4 WHERE id = :i", i=office.a.id)


_COPY = (
    "INSERT INTO events (case_id, number, at, type, actor_id, actor_name, actor_role, audience, body, sha256,"
    " previous_sha256) SELECT case_id, {number}, at, 'message', actor_id, actor_name, actor_role, audience, body,"
    " {sha256}, sha256 FROM events WHERE case_id = :i AND number = {number} - 1"
)


def _hash_of(office, case, number):
    event = office.session.scalars(select(EventRow).where(EventRow.case_id == case.id, EventRow.number == number)).one()
    return event_sha256(
        case_id=case.id,
        number=number,
        at=event.at,
        event_type=event.type,
        actor=event.actor,
        audience=Audience(event.audience),
        body=event.body,
        previous_sha256=event.previous_sha256,
    )


def insert_in_the_middle(office):
    for number in (5, 4, 3):
        office.sql("UPDATE events SET number = :n + 1 WHERE case_id = :i AND number = :n", n=number, i=office.a.id)
    office.sql(_COPY.format(number=3, sha256="repeat('0', 64)"), i=office.a.id)
    digest = _hash_of(office, office.a, 3)
    office.sql("UPDATE events SET sha256 = :s WHERE case_id = :i AND number = 3", s=digest, i=office.a.id)
    office.sql("UPDATE cases SET event_count = 6 WHERE id = :i", i=office.a.id)


def insert_at_the_end(office):
    office.sql(_COPY.format(number=6, sha256="repeat('0', 64)"), i=office.b.id)
    digest = _hash_of(office, office.b, 6)
    office.sql("UPDATE events SET sha256 = :s WHERE case_id = :i AND number = 6", s=digest, i=office.b.id)


def reorder(office):
    for number, to in ((2, 99), (3, 2), (99, 3)):
        office.sql("UPDATE events SET number = :t WHERE case_id = :i AND number = :n", n=number, t=to, i=office.a.id)


def cut_the_tail_off(office):
    office.sql("DELETE FROM events WHERE case_id = :i AND number = 5", i=office.a.id)


def cut_off_and_mend_the_case(office):
    office.sql("DELETE FROM events WHERE case_id = :i AND number > 3", i=office.a.id)
    office.sql("DELETE FROM clocks WHERE case_id = :i AND stopped_by > 3", i=office.a.id)
    office.sql("UPDATE cases SET state = 'open' WHERE id = :i", i=office.a.id)
    office.rechain(office.a)


def swap_two_cases(office):
    for source, target in ((office.a.id, None), (office.b.id, office.a.id), (None, office.b.id)):
        office.sql(
            "UPDATE events SET case_id = coalesce(:t, '00000000-0000-0000-0000-000000000000'::uuid)"
            " WHERE case_id = coalesce(:s, '00000000-0000-0000-0000-000000000000'::uuid)",
            s=source,
            t=target,
        )


def swap_two_references(office):
    a, b = office.a.reference, office.b.reference
    for old, new in ((a, "x"), (b, a), ("x", b)):
        office.sql("UPDATE cases SET reference = :n WHERE reference = :o", n=new, o=old)


def rewrite_with_a_recomputed_chain(office):
    edit(office)
    office.rechain(office.a, 3)


def change_the_state(office):
    office.sql("UPDATE cases SET state = 'closed' WHERE id = :i", i=office.b.id)


def turn_late_into_on_time(office):
    office.sql(
        "UPDATE clocks SET due_at = due_at + interval '3 days' WHERE case_id = :i AND name = 'first_response'",
        i=office.a.id,
    )


def claim_another_result(office):
    office.sql("UPDATE clocks SET result = 'late' WHERE case_id = :i AND name = 'first_response'", i=office.a.id)


def remove_a_clock(office):
    office.sql("DELETE FROM clocks WHERE case_id = :i AND name = 'resolution'", i=office.b.id)


def remove_a_case(office):
    office.sql("DELETE FROM clocks WHERE case_id = :i", i=office.b.id)
    office.sql("DELETE FROM events WHERE case_id = :i", i=office.b.id)
    office.sql("DELETE FROM cases WHERE id = :i", i=office.b.id)


def claim_a_second_person(office: Office) -> None:
    office.sql("INSERT INTO second_persons VALUES (:a, 4, :a, 1, 'citizen', 'somebody-else')", a=office.a.id)


def claim_a_rule_of_two_persons(office: Office) -> None:
    office.sql("INSERT INTO second_persons VALUES (:a, 4, :a, 1, 'citizen', 'o')", a=office.a.id)


def claim_a_block(office: Office) -> None:
    office.sql("INSERT INTO blocks VALUES (:b, 2, 'H1234AB', now(), NULL, NULL)", b=office.b.id)


DOZEN: list[tuple[Callable[[Office], None], str, list[tuple[str, int | None]]]] = [
    (edit, "edited", [("a", 3)]),
    (edit_the_actor, "edited", [("a", 4)]),
    (edit_with_a_new_hash, "edited", [("a", 3)]),
    (backdate, "edited", [("b", 4)]),
    (delete_in_the_middle, "removed", [("a", 2)]),
    (delete_and_renumber, "removed", [("a", 2)]),
    (insert_in_the_middle, "inserted", [("a", 3)]),
    (insert_at_the_end, "inserted", [("b", 6)]),
    (reorder, "reordered", [("a", 2), ("a", 3)]),
    (cut_the_tail_off, "cut_off", [("a", 5)]),
    (cut_off_and_mend_the_case, "cut_off", [("a", 4)]),
    (swap_two_cases, "swapped", [*(("a", n) for n in range(1, 6)), *(("b", n) for n in range(1, 6))]),
    (swap_two_references, "case_altered", [("a", None), ("b", None)]),
    (rewrite_with_a_recomputed_chain, "rewritten", [("a", 1)]),
    (change_the_state, "case_altered", [("b", 5)]),
    (turn_late_into_on_time, "clock_altered", [("a", 4)]),
    (claim_another_result, "clock_altered", [("a", 4)]),
    (remove_a_clock, "clock_altered", [("b", None)]),
    (claim_a_second_person, "persons_altered", [("a", 4)]),
    (claim_a_rule_of_two_persons, "persons_altered", [("a", 4)]),
    (claim_a_block, "block_altered", [("b", 2)]),
]


@pytest.mark.parametrize(("tamper", "what", "where"), DOZEN, ids=[one[0].__name__ for one in DOZEN])
def test_each_tampering_is_named(office, tamper, what, where):
    tamper(office)
    office.session.flush()
    expected = sorted((what, getattr(office, name).reference, number) for name, number in where)
    assert sorted(office.found(kept=office.kept)) == expected


def test_a_case_that_was_removed_is_named_by_its_id(office):
    gone = str(office.b.id)
    remove_a_case(office)
    assert office.found() == [("case_removed", gone, None)]


class TestTheLog:
    def test_a_leaf_that_was_rewritten_with_its_case_shows_in_the_root(self, office):
        rewrite_with_a_recomputed_chain(office)
        for leaf in office.session.scalars(select(TreeLeafRow).where(TreeLeafRow.case_id == office.a.id)).all():
            digest = events_of(office.session, office.a.id)[leaf.event_count - 1].sha256
            office.sql("UPDATE tree_leaves SET head_sha256 = :h WHERE position = :p", h=digest, p=leaf.position)
        assert office.found() == [("log_altered", None, None)]

    def test_whoever_rewrites_the_roots_too_is_caught_by_a_head_kept_outside(self, office):
        rewrite_with_a_recomputed_chain(office)
        office.sql("DELETE FROM tree_leaves")
        office.sql("DELETE FROM tree_heads")
        publish(office.session, now(office.session))
        assert office.found() == []
        told = office.found(kept=office.kept)
        assert told == [("log_altered", None, None)] * 2

    @pytest.mark.parametrize(
        "statement_text",
        [
            "DELETE FROM tree_leaves WHERE position = 1",
            "DELETE FROM tree_leaves WHERE position = 3",
            "UPDATE tree_leaves SET identity_sha256 = repeat('0', 64) WHERE position = 0",
            "DELETE FROM tree_heads WHERE number = 1",
            "UPDATE tree_heads SET root_sha256 = repeat('0', 64) WHERE number = 2",
            "UPDATE tree_heads SET size = 3 WHERE number = 2",
        ],
    )
    def test_the_log_itself_is_checked(self, office, statement_text):
        office.sql(statement_text)
        assert ("log_altered", None, None) in office.found()

    def test_a_published_head_only_grows(self, office):
        publish(office.session, now(office.session))
        grown = prove_growth(office.session, 1, 3)
        assert grown.holds()
        assert (grown.older[1], grown.newer[1]) == (2, 5)
        assert prove_growth(office.session, 2, 2).holds()
        with pytest.raises(ProofError, match="not both published"):
            prove_growth(office.session, 2, 9)

    def test_a_case_is_proved_in_the_published_root(self, office):
        proved = prove_case(office.session, office.a.id)
        assert proved.holds()
        assert (proved.event_count, proved.root_sha256) == (5, office.kept[-1]["root_sha256"])
        assert proved.head_sha256 == office.a.head_sha256
        with pytest.raises(ProofError, match="has been published yet"):
            prove_case(office.session, office.young.id)

    def test_a_publication_holds_only_what_changed(self, office):
        assert latest_head(office.session).size == 4
        assert publish(office.session, now(office.session)).size == 5
        assert publish(office.session, now(office.session)).size == 5
        assert publish(office.session, now(office.session), everything=True).size == 5


def test_anybody_may_keep_the_published_heads(client, database):
    assert client.get("/v1/audit/heads").json() == []
    kept = filled(database)["kept"]
    told = client.get("/v1/audit/heads").json()
    assert [(one["number"], one["size"], one["root_sha256"]) for one in told] == [
        (one["number"], one["size"], one["root_sha256"]) for one in reversed(kept)
    ]
    assert [one["number"] for one in client.get("/v1/audit/heads", params={"before": 2}).json()] == [1]
    assert client.get("/v1/audit/heads", params={"limit": 0}).status_code == 422


def test_an_office_that_works_meanwhile_is_not_accused(database):
    made = filled(database)
    with database.session() as auditor:
        steady(auditor)
        audit = Audit(auditor)
        findings = audit.findings()
        assert auditor.get(CaseRow, made["a"]).event_count == 5
        with database.session() as session:
            append(session, made["a"], "message", actor=OFFICER, body={}, audience=Audience.PUBLIC)
        assert list(findings) == []
        assert audit.events == 12


def test_since_a_day_looks_only_at_what_changed_after_it(office):
    office.sql("UPDATE tree_heads SET made_at = made_at - interval '2 days'")
    edit(office)
    audit = Audit(office.session, since=datetime.now(UTC) - timedelta(days=1))
    assert list(audit.findings()) == []
    assert (audit.cases, audit.events) == (1, 2)


def test_each_day_is_published_once_after_midnight(office, jurisdiction):
    midnight = datetime(2031, 5, 6, tzinfo=jurisdiction.zone)
    office.sql("DELETE FROM tree_heads")
    office.sql("DELETE FROM tree_leaves")
    head = publish_daily(office.session, midnight + timedelta(seconds=1), jurisdiction.zone)
    assert (head.number, head.day.isoformat(), head.size) == (1, "2031-05-05", 3)
    for later in (timedelta(seconds=2), timedelta(hours=23, minutes=59)):
        assert publish_daily(office.session, midnight + later, jurisdiction.zone) is None
    assert (
        publish_daily(office.session, midnight + timedelta(days=1), jurisdiction.zone).day.isoformat() == "2031-05-06"
    )
    assert [one.size for one in office.session.scalars(select(TreeHeadRow).order_by(TreeHeadRow.number))] == [3, 3]


def test_an_empty_office_publishes_nothing(session, jurisdiction):
    assert publish_daily(session, now(session), jurisdiction.zone) is None


@pytest.mark.parametrize("table", ["tree_leaves", "tree_heads", "tree_stamps"])
def test_nobody_changes_what_was_published(cluster, tampered_database, table):
    name, _ = tampered_database
    for role, error in ((APP_ROLE, "InsufficientPrivilege"), (OWNER_ROLE, "RestrictViolation")):
        with psycopg.connect(cluster.url(name, role)) as connection, pytest.raises(getattr(psycopg.errors, error)):
            connection.execute(sql.SQL("DELETE FROM {}").format(sql.Identifier(table)))


class TestCommand:
    @pytest.fixture
    def run(self, cluster, database, database_name, tmp_path, monkeypatch):
        """`run("verify")`: the command on a filled store; its exit code, JSON lines and error text."""
        filled(database)
        monkeypatch.setenv("TERTIB_HOME", str(tmp_path / "home"))
        monkeypatch.setenv("TERTIB_DATABASE_URL", cluster.url(database_name, OWNER_ROLE))
        monkeypatch.setenv("TERTIB_DATABASE_APP_URL", cluster.url(database_name, APP_ROLE))

        def do(*arguments):
            result = CliRunner().invoke(audit_command.app, [str(argument) for argument in arguments])
            if isinstance(result.exception, typer.TyperException):
                return 2, [], result.exception.format_message()
            return result.exit_code, [json.loads(line) for line in result.stdout.splitlines()], result.stderr

        return do

    def test_publish_keep_verify_tamper_verify(self, run, cluster, database_name, tmp_path):
        kept = tmp_path / "heads.jsonl"
        code, lines, _ = run("publish", "--to", kept)
        assert (code, lines[0]["number"], lines[0]["size"]) == (0, 3, 5)
        clean = {"cases": 3, "events": 12, "heads": 3, "findings": 0}
        assert run("verify", "--kept", kept)[:2] == (0, [clean])
        with psycopg.connect(cluster.url(database_name)) as superuser:
            superuser.execute("SET session_replication_role = replica")
            superuser.execute("""UPDATE events SET body = '{"of":"x"}' WHERE number = 4 AND body = '{"of":"a"}'""")
            reference = superuser.execute(
                'SELECT reference FROM cases JOIN events ON case_id = cases.id WHERE body = \'{"of":"x"}\''
            ).fetchone()[0]
        code, lines, _ = run("verify", "--kept", kept)
        assert code == 1
        assert (lines[0]["what"], lines[0]["case"], lines[0]["event"]) == ("edited", reference, 4)
        assert lines[-1]["findings"] == 1
        code, lines, _ = run("proof", reference)
        assert (code, lines[0]["holds"], lines[0]["size"]) == (0, True, 5)
        code, lines, _ = run("growth", 1, 3)
        assert (code, lines[0]["holds"], lines[0]["older"][:2]) == (0, True, [1, 2])

    @pytest.mark.parametrize(
        ("arguments", "sentence"),
        [
            (("verify", "--since", "yesterday"), "no day: write it as 2026-11-24"),
            (("verify", "--kept", "/nowhere"), "/nowhere: cannot be read"),
            (("verify", "--kept", __file__), "not lines of JSON"),
            (("proof", "A-0000-0000-0000"), "No case with this reference"),
            (("growth", 2, 1), "not both published, the older one first"),
        ],
    )
    def test_what_is_wrong_is_told_in_a_sentence(self, run, arguments, sentence):
        code, lines, error = run(*arguments)
        assert (code, lines) == (2, [])
        assert sentence in error
