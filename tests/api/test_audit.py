"""A scripted dozen of tamperings by somebody who owns the database and has switched its triggers off: each is named."""

from __future__ import annotations

from collections.abc import Callable
from datetime import UTC, datetime, timedelta

import pytest
from sqlalchemy import select

from api.audit.proving import ProofError, prove_case, prove_growth
from api.audit.publishing import latest_head, publish
from api.audit.tables import TreeLeafRow
from api.audit.verifying import Audit
from api.clock import now
from api.store.hashing import event_sha256
from api.store.kinds import Audience
from api.store.service import events_of
from api.store.tables import EventRow
from tests.api.audit_office import Office

pytest_plugins = ["tests.api.audit_office"]


@pytest.fixture
def office(audited_office: Office) -> Office:
    return audited_office


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


def test_since_a_day_looks_only_at_what_changed_after_it(office):
    office.sql("UPDATE tree_heads SET made_at = made_at - interval '2 days'")
    edit(office)
    audit = Audit(office.session, since=datetime.now(UTC) - timedelta(days=1))
    assert list(audit.findings()) == []
    assert (audit.cases, audit.events) == (1, 2)
