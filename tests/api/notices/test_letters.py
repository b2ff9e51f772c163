"""Letters in batches: archivable and tagged, the QR read from the page opens the ticket, and those that return."""

from __future__ import annotations

import csv
import io
from urllib.parse import urlsplit

import pypdf
import pytest
import typst
import zxingcpp
from PIL import Image
from sqlalchemy import select

from api.letters import typesetting
from api.notices.batches import LetterPress, make_batch, printed
from api.notices.planning import NotSentYet, plan, plan_waiting, returned
from api.notices.tables import NoticeRow
from api.outbox.outside import load_outside
from api.outbox.sending import Delivery
from api.outbox.tables import OutboxRow
from api.outbox.worker import Worker
from api.store.kinds import SYSTEM, Audience, CaseKind
from api.store.service import append, events_of, open_case
from api.store.tables import CaseRow
from tests.api.letters.archivable import told_wrong
from tests.api.public_pages import get, make_ticket


@pytest.fixture
def post(database, settings):
    """`post()`: plan, batch and print what waits; the files of the batch."""
    folder = load_outside(settings).letters

    def do():
        with database.session() as session:
            plan_waiting(session, settings)
        with database.session() as session:
            make_batch(session, at_once=True)
        press = LetterPress(database, settings, folder)
        Worker(database, Delivery(database, {"letter_batch": press}, {"letter_batch": printed})).run(until_idle=True)
        return sorted(folder.glob("letters-*/*"))

    return do


def letter(database) -> NoticeRow:
    with database.session() as session:
        return session.scalars(select(NoticeRow).where(NoticeRow.channel == "letter")).one()


def state(database, ticket) -> str:
    with database.session() as session:
        return session.get_one(CaseRow, ticket.id).state


def test_a_batch_is_archivable_tagged_and_addressed(post, database, ticket):
    addresses, pdf = post()
    assert (addresses.name, pdf.name) == ("addresses.csv", "letters.pdf")
    reader = pypdf.PdfReader(pdf)
    root = reader.trailer["/Root"]
    metadata = root["/Metadata"].get_data().decode()
    assert "<pdfaid:part>2</pdfaid:part>" in metadata
    assert "<pdfaid:conformance>A</pdfaid:conformance>" in metadata
    assert "<pdfuaid:part>1</pdfuaid:part>" in metadata
    assert told_wrong(pdf.read_bytes()) == []
    assert root["/StructTreeRoot"]["/K"]
    assert root["/Lang"] == "id"
    assert len(reader.pages) == 2, [page.extract_text()[-300:] for page in reader.pages]
    indonesian, english = (" ".join(page.extract_text().split()) for page in reader.pages)
    assert "Jalan Contoh 1, Semarang" in indonesian
    assert ticket.reference in indonesian
    assert letter(database).code in indonesian, "with it anybody can ask whether the letter is ours"
    assert "Confirming is not admitting" in english
    (line,) = csv.DictReader(io.StringIO(addresses.read_text()))
    assert (line["name"], line["code"]) == ("Budi Santoso (contoh)", letter(database).code)
    assert state(database, ticket) == "notified"
    with database.session() as session:
        assert [e.type for e in events_of(session, ticket.id) if e.type.startswith("notice")][-1] == "notice_sent"


def test_the_qr_code_is_read_by_a_decoder_and_opens_the_tickets_page(post, client, database, ticket, monkeypatch):
    pictures = []
    compiler = typst.Compiler

    class Drawing:
        def __init__(self, *args, **kwargs):
            self._compiler = compiler(*args, **kwargs)

        def compile(self, **how):
            pictures.extend(self._compiler.compile(format="png", ppi=150))
            return self._compiler.compile(**how)

    monkeypatch.setattr(typesetting.typst, "Compiler", Drawing)
    post()
    read = zxingcpp.read_barcodes(Image.open(io.BytesIO(pictures[0])))[0].text
    assert letter(database).code in read
    answer = client.get(urlsplit(read).path)
    assert (answer.status_code, answer.headers["location"]) == (303, f"/t/{ticket.reference}")
    assert ticket.reference in get(client, f"/t/{ticket.reference}").text
    # Another signature, another code: the form that everybody sees.
    path = urlsplit(read).path
    forged = path[:-1] + ("0" if path[-1] != "0" else "1")
    client.cookies.clear()
    assert client.get(forged).status_code == 404
    assert not client.cookies.get("tertib_party")


def test_a_letter_that_came_back_opens_nothing_and_holds_nothing_against_the_owner(post, client, database, ticket):
    with database.session() as session:
        planned = plan(session, _settings(client), session.get_one(CaseRow, ticket.id))
    with database.session() as session, pytest.raises(NotSentYet):
        returned(session, planned[0].code, why="x", actor=SYSTEM)
    post()
    assert state(database, ticket) == "notified"
    with database.session() as session:
        returned(session, letter(database).code.lower(), why="Pindah alamat", actor=SYSTEM)
    assert state(database, ticket) == "issued"
    held = letter(database)
    assert (held.state, held.why) == ("returned", "Pindah alamat")
    with database.session() as session:
        again = plan(session, _settings(client), session.get_one(CaseRow, ticket.id))
        assert "letter" not in {row.channel for row in again}, "not a second time to an address that is wrong"


def _settings(client):
    return client.app.state.settings


def test_a_ticket_that_was_cancelled_meanwhile_gets_no_letter(post, database, settings, ticket, make_user):
    with database.session() as session:
        plan_waiting(session, settings)
    supervisor = make_user("supervisor")
    with database.session() as session:
        append(session, ticket.id, "cancelled", actor=supervisor.actor, body={}, audience=Audience.PARTY)
    assert post() == []
    assert letter(database).state == "failed"
    with database.session() as session:
        assert session.scalars(select(OutboxRow).where(OutboxRow.kind == "letter_batch")).all() == []


def test_tickets_without_an_address_are_told_once_and_keep_no_others_letter(database, settings, officer, jurisdiction):
    with database.session() as session:
        nameless = open_case(
            session,
            CaseKind.TICKET,
            jurisdiction=jurisdiction,
            actor=SYSTEM,
            body={},
            audience=Audience.PARTY,
            agency=jurisdiction.enforcement_agency,
        )
    make_ticket(database, settings, officer)
    for looked_at in (1, 1, 0):
        with database.session() as session:
            assert plan_waiting(session, settings, limit=1) == looked_at
    with database.session() as session:
        (held,) = session.scalars(select(NoticeRow).where(NoticeRow.case_id == nameless.id))
        assert (held.state, held.sent_at) == ("failed", None)
        assert events_of(session, nameless.id)[-1].data["why"] == held.why
        assert session.scalars(select(NoticeRow.state).where(NoticeRow.case_id != nameless.id)).all() == ["queued"]
