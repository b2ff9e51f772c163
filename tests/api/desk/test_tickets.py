"""Tickets on the desk over HTTP: what needs two persons needs two persons, and each thing leaves its trace."""

from __future__ import annotations

from datetime import timedelta

import pytest
from sqlalchemy import select

from api.outbox.tables import OutboxRow
from api.payments.booking import Notice, record
from api.store.kinds import SYSTEM, Actor, Audience
from api.store.service import append, events_of
from api.store.tables import CaseRow
from api.tickets.blocking import block
from tests.api.payments.conftest import bill  # noqa: F401 - a fixture
from tests.api.public_pages import get, send, ticket  # noqa: F401 - a fixture

OWNER = Actor(id="owner", name="Pemilik", role="owner")


@pytest.fixture
def other(make_user):
    return make_user("supervisor", login="penyelia")


@pytest.fixture
def enter(client, sign_in):
    def do(user):
        client.cookies.clear()
        return sign_in(user)

    return do


def tell(database, case_id, *events, actor=SYSTEM, **body):
    with database.session() as session:
        for event in events:
            append(session, case_id, event, actor=actor, body=body, audience=Audience.PARTY)


def row(database, case_id):
    with database.session() as session:
        return session.get_one(CaseRow, case_id)


def test_a_denial_is_decided_by_somebody_who_did_not_approve(database, ticket, officer, other, enter, clock):  # noqa: F811
    clock.advance(timedelta(minutes=2))
    tell(database, ticket.id, "notice_sent")
    tell(database, ticket.id, "denied", actor=OWNER, reason="Bukan kendaraan saya.")
    path = f"/agency/tickets/{ticket.id}"
    client = enter(officer)
    assert path in get(client, "/agency?kind=ticket").links
    own = send(client, get(client, path).form(f"{path}/denial"), outcome="cancel", reason="Pemilik benar menurut STNK.")
    assert (own.status_code, row(database, ticket.id).state) == (409, "denied")
    assert "Pemilik benar menurut STNK." in own.text
    client = enter(other)
    form = get(client, path).form(f"{path}/denial")
    assert send(client, form, outcome="cancel", reason="pendek").status_code == 422
    assert send(client, form, outcome="cancel", reason="Pemilik benar menurut STNK.").status_code == 303
    assert row(database, ticket.id).state == "cancelled"


def test_a_named_driver_gets_a_linked_ticket_of_their_own(database, ticket, other, enter, clock):  # noqa: F811
    clock.advance(timedelta(minutes=2))
    tell(database, ticket.id, "notice_sent")
    tell(database, ticket.id, "confirmed", actor=OWNER, driver="Sari (rekaan)")
    client, path = enter(other), f"/agency/tickets/{ticket.id}"
    page = get(client, path)
    assert "Sari (rekaan)" in page.text
    answer = send(client, page.form(f"{path}/driver"), driver="Sari (rekaan)", address="Jl. Baru 2")
    assert answer.status_code == 303
    with database.session() as session:
        told = events_of(session, ticket.id)[-1]
        new = session.scalars(select(CaseRow).where(CaseRow.reference == told.data["ticket"])).one()
        assert (row(database, ticket.id).state, new.state, new.parent_id) == ("moved", "issued", ticket.parent_id)
        assert new.reference != ticket.reference


def test_a_block_is_lifted_by_two_and_the_register_is_told(database, ticket, officer, other, enter, clock):  # noqa: F811
    clock.advance(timedelta(minutes=2))
    tell(database, ticket.id, "notice_sent", "fell_silent")
    with database.session() as session:
        block(session, ticket.id, reason="silence")
    path = f"/agency/tickets/{ticket.id}"
    client = enter(officer)
    form = get(client, path).form(f"{path}/lifting")
    assert send(client, form, reason="Alamat surat keliru, pemilik tidak dicapai.").status_code == 303
    alone = send(client, get(client, path).form(f"{path}/lifting"), step="lift")
    assert (alone.status_code, row(database, ticket.id).state) == (409, "blocked")
    client = enter(other)
    assert send(client, get(client, path).form(f"{path}/lifting"), step="lift").status_code == 303
    assert row(database, ticket.id).state == "due"
    with database.session() as session:
        kinds = session.scalars(select(OutboxRow.kind).order_by(OutboxRow.created_at)).all()
        assert [kind for kind in kinds if kind.startswith("register")] == ["register_block", "register_unblock"]


def test_money_goes_back_by_two_and_never_more_than_is_there(database, bill, officer, other, enter, clock):  # noqa: F811
    clock.advance(timedelta(minutes=2))
    with database.session() as session:
        paid = Notice("payment", "p1", bill.code, bill.due_rupiah + 100_000, clock.now(session), "atm")
        record(session, paid)
    path = f"/agency/tickets/{bill.case_id}"
    client = enter(officer)
    form = get(client, path).form(f"{path}/refunds")
    account = {"to_bank": "BRI", "to_account": "1234567890", "to_name": "Budi (rekaan)"}
    assert send(client, form, amount="100001", **account).status_code == 422
    assert send(client, form, amount="seratus", **account).status_code == 422
    assert send(client, form, amount="100.000", **account).status_code == 303
    page = get(client, path)
    assert not any(one.action.startswith(f"{path}/refunds/") for one in page.forms), "not by the same person"
    client = enter(other)
    allow = next(one for one in get(client, path).forms if one.action.startswith(f"{path}/refunds/"))
    assert send(client, allow).status_code == 303
    with database.session() as session:
        order = session.scalars(select(OutboxRow).where(OutboxRow.kind == "bank_refund")).one()
        assert order.body["amount_rupiah"] == 100_000


def test_a_code_that_no_letter_has_is_told_and_kept(officer, enter):
    client = enter(officer)
    form = get(client, "/agency/returned").form("/agency/returned")
    answer = send(client, form, code="7QXM2-4K9ZA", why="moved")
    assert answer.status_code == 404
    assert "7QXM2-4K9ZA" in answer.text
