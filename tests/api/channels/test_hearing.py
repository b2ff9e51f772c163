"""One port for every way in: heard once, on the 24-hour clock, answered where it came from, whatever is slow."""

from __future__ import annotations

import hashlib
import json
import smtplib
import socket
import threading
from datetime import timedelta
from email import message_from_bytes, policy
from email.message import EmailMessage
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer

import psycopg
import pytest
from aiosmtpd.controller import Controller
from fastapi.testclient import TestClient
from sqlalchemy import func, select

from api.app import create_app
from api.attachments.tables import AttachmentRow
from api.channels.mail_door import MailDoor
from api.channels.refusals import REFUSALS, refused_by_source
from api.complaints import handling
from api.connections import worker_of
from api.database import OWNER_ROLE
from api.notices.whatsapp import signed
from api.outbox.inbox import PATIENCE_S, Spool
from api.outbox.outside import MailSystem, MetaSystem, Outside, RelaySystem, WhatsAppSystem
from api.outbox.tables import InboxRow, OutboxRow
from api.store.kinds import CaseKind
from api.store.service import clocks_of, events_of
from api.store.tables import CaseRow
from tests.api.attachments.photos import archive, photo, tells_where

SECRET, TOKEN = "the app's secret, the app's secret", "told to Meta"
STORY = "Lubang besar di depan pasar, kemarin dua orang jatuh."
OURS = "aduan@tertib.example"


class Graph:
    """Meta's end, over a real socket: takes messages, hands out media."""

    def __init__(self) -> None:
        self.got: list[tuple[str, dict]] = []
        self.media = photo()
        held = self

        class Handler(BaseHTTPRequestHandler):
            def _answer(self, raw: bytes) -> None:
                self.send_response(200)
                self.send_header("content-length", str(len(raw)))
                self.end_headers()
                self.wfile.write(raw)

            def do_POST(self):
                held.got.append((self.path, json.loads(self.rfile.read(int(self.headers["content-length"])))))
                self._answer(json.dumps({"messages": [{"id": f"wamid.out{len(held.got)}"}], "id": "o1"}).encode())

            def do_GET(self):
                if self.path == "/v23.0/media-1":
                    self._answer(json.dumps({"url": f"{held.url}/file"}).encode())
                else:
                    self._answer(held.media)

            def log_message(self, *args):
                pass

        self.server = ThreadingHTTPServer(("127.0.0.1", 0), Handler)
        self.url = f"http://127.0.0.1:{self.server.server_address[1]}/v23.0"
        threading.Thread(target=self.server.serve_forever, daemon=True).start()


class Mailbox:
    """The citizens' mail server."""

    def __init__(self) -> None:
        self.got: list[EmailMessage] = []

    async def handle_DATA(self, _server, _session, envelope):  # noqa: N802 - the name that aiosmtpd looks for
        self.got.append(message_from_bytes(envelope.content, policy=policy.default))
        return "250 OK"


def _controller(handler) -> Controller:
    with socket.socket() as free:
        free.bind(("127.0.0.1", 0))
        port = free.getsockname()[1]
    made = Controller(handler, hostname="127.0.0.1", port=port)
    made.start()
    return made


@pytest.fixture
def graph():
    made = Graph()
    yield made
    made.server.shutdown()
    made.server.server_close()


@pytest.fixture
def mailbox():
    made = Mailbox()
    controller = _controller(made)
    made.port = controller.port
    yield made
    controller.stop()


@pytest.fixture
def office(settings, database, graph, mailbox, monkeypatch):
    """An office with every channel, and `office.work()` to let its worker do what is due."""
    outside = Outside(
        bank={"hmac_secret": "x" * 40},
        letters=settings.home / "post",
        mail=MailSystem(host="127.0.0.1", port=mailbox.port, tls=False, sender=OURS),
        whatsapp=WhatsAppSystem(
            url=graph.url, phone_number_id="42", display_number="+62", token="t", app_secret=SECRET, verify_token=TOKEN
        ),
        meta=MetaSystem(url=graph.url, token="t", app_secret=SECRET, verify_token=TOKEN),
        relays={"lapor": RelaySystem(secret=SECRET, answers_url=f"{graph.url}/relay")},
    )
    monkeypatch.setattr("api.app.load_outside", lambda _: outside)
    monkeypatch.setattr("api.connections.load_outside", lambda _: outside)
    app = create_app(settings, database=database, sweeper=False)
    app.state.inbox._patience_s = 30  # a busy machine is no slow database

    def work() -> None:
        app.state.inbox.drain()
        worker_of(database, settings, outside, app.state.inbox).run(until_idle=True)

    with TestClient(app) as client:
        client.work = work
        yield client


def post(client, path: str, document: object, signature: str | None = None, header: str = "x-hub-signature-256"):
    raw = json.dumps(document).encode()
    headers = {"content-type": "application/json", header: signature if signature is not None else signed(SECRET, raw)}
    return client.post(path, content=raw, headers=headers)


def whatsapp(message_id: str = "wamid.1", **message: object) -> dict:
    told = {"from": "628111", "id": message_id, "timestamp": "1", "type": "text", **message}
    contacts = [{"wa_id": "628111", "profile": {"name": "Siti"}}]
    return {"entry": [{"changes": [{"value": {"contacts": contacts, "messages": [told]}}]}]}


def text(body: str, message_id: str = "wamid.1", **more: object) -> dict:
    return whatsapp(message_id, text={"body": body}, **more)


def complaints(database) -> list[CaseRow]:
    with database.session() as session:
        query = select(CaseRow).where(CaseRow.kind == CaseKind.COMPLAINT.value).order_by(CaseRow.opened_at)
        return list(session.scalars(query))


def kept_files(database) -> list[bytes]:
    with database.session() as session:
        return list(session.scalars(select(AttachmentRow.data)))


def test_a_whatsapp_message_is_a_case_on_the_clock_and_is_answered_there(office, database, graph, make_user):
    assert post(office, "/v1/whatsapp/webhook", text(f"{STORY} di Kota Semarang")).json() == {"state": "done"}
    # The same message in another delivery, with another report beside it: the channel's own id tells.
    again = text(f"{STORY} di Kota Semarang")
    again["entry"][0]["id"] = "another delivery"
    assert post(office, "/v1/whatsapp/webhook", again).status_code == 200
    (case,) = complaints(database)
    assert (case.agency, case.subject["category"]) == ("kota-semarang", "road_damage")
    with database.session() as session:
        first = {clock.name: clock for clock in clocks_of(session, case.id)}["first_response"]
        assert first.due_at == case.opened_at + timedelta(hours=24)
        assert first.stopped_at is None, "an acknowledgement is no answer"
    office.work()
    ((path, told),) = graph.got
    assert (path, told["to"]) == ("/v23.0/42/messages", "628111")
    assert case.reference in told["text"]["body"]
    assert told["context"] == {"message_id": "wamid.1"}
    officer = make_user("agency", agency="kota-semarang")
    with database.session() as session:
        handling.answer(session, case.id, text="Sudah kami tambal.", actor=officer.actor)
    office.work()
    assert "Sudah kami tambal." in graph.got[1][1]["text"]["body"]
    # What is written back belongs to the same case, and to an answer that did not help a clock runs again.
    post(office, "/v1/whatsapp/webhook", text("terima kasih banyak pak", "wamid.2"))
    assert complaints(database)[0].state == "answered"
    post(office, "/v1/whatsapp/webhook", text("Belum, masih berlubang sampai sekarang", "wamid.3"))
    (case,) = complaints(database)
    assert case.state == "open"
    with database.session() as session:
        said = [event.data["text"] for event in events_of(session, case.id) if event.type == "message"]
    assert len(said) == 3


def test_a_photo_by_whatsapp_arrives_without_its_position(office, database, graph):
    image = {"id": "media-1", "caption": STORY, "mime_type": "image/jpeg"}
    post(office, "/v1/whatsapp/webhook", whatsapp(type="image", image=image))
    office.work()
    assert tells_where(graph.media)
    (kept,) = kept_files(database)
    assert not tells_where(kept)


def test_a_greeting_is_asked_for_more_and_opens_nothing(office, database, graph):
    post(office, "/v1/whatsapp/webhook", text("halo"))
    office.work()
    assert complaints(database) == []
    assert "Tulis aduan" in graph.got[0][1]["text"]["body"]


COMMENT = {
    "object": "page",
    "entry": [
        {
            "id": "page1",
            "changes": [
                {
                    "field": "feed",
                    "value": {
                        "item": "comment",
                        "verb": "add",
                        "comment_id": "c1",
                        "post_id": "p",
                        "from": {"id": "u1", "name": "Siti"},
                        "message": STORY,
                    },
                }
            ],
        }
    ],
}


def test_a_comment_gets_its_number_privately_and_the_answer_beside_it(office, database, graph, make_user):
    assert post(office, "/v1/meta/webhook", COMMENT).status_code == 200
    office.work()
    (case,) = complaints(database)
    path, told = graph.got[0]
    assert (path, told["recipient"]) == ("/v23.0/page1/messages", {"comment_id": "c1"})
    assert case.reference in told["message"]["text"]
    with database.session() as session:
        handling.answer(session, case.id, text="Sudah.", actor=make_user("agency", agency=case.agency).actor)
    office.work()
    assert (graph.got[1][0], "Sudah." in graph.got[1][1]["message"]) == ("/v23.0/c1/comments", True)


def test_who_names_a_bribe_in_public_is_never_answered_in_public(office, database, graph, make_user):
    document = json.loads(json.dumps(COMMENT))
    document["entry"][0]["changes"][0]["value"]["message"] = "Tadi polisi minta uang damai 100 ribu di tempat"
    post(office, "/v1/meta/webhook", document)
    (case,) = complaints(database)
    assert (case.agency, case.confidential) == ("bidpropam-jateng", True)
    with database.session() as session:
        handling.answer(session, case.id, text="Diperiksa.", actor=make_user("agency", agency=case.agency).actor)
    office.work()
    assert [path for path, _ in graph.got] == ["/v23.0/page1/messages"]


def test_private_messages_of_instagram_and_our_own_echoes(office, database):
    event = {"sender": {"id": "u9"}, "message": {"mid": "m1", "text": STORY}}
    echo = {"sender": {"id": "ig1"}, "message": {"mid": "m2", "text": STORY, "is_echo": True}}
    document = {"object": "instagram", "entry": [{"id": "ig1", "messaging": [event, echo]}]}
    post(office, "/v1/meta/webhook", document)
    assert len(complaints(database)) == 1


def test_another_system_hands_a_complaint_on_and_gets_the_answer_signed(office, database, graph):
    document = {"id": "L-1", "from": "+6281", "text": STORY, "category": "traffic"}
    assert post(office, "/v1/relays/lapor", document, header="x-tertib-signature").json() == {"state": "done"}
    office.work()
    (case,) = complaints(database)
    assert case.subject["category"] == "traffic"
    assert (graph.got[0][0], case.reference in graph.got[0][1]["text"]) == ("/v23.0/relay", True)
    assert post(office, "/v1/relays/nobody", document).status_code == 404


@pytest.mark.parametrize("path", ["/v1/whatsapp/webhook", "/v1/meta/webhook", "/v1/relays/lapor"])
def test_a_wrong_signature_is_refused_counted_and_stores_nothing(office, database, path):
    with database.session() as session:
        REFUSALS.write(session)
        before = sum(refused_by_source(session).values())
    for wrong in ("", "sha256=00", signed("another", b"{}")):
        assert post(office, path, text(STORY), wrong, "x-hub-signature-256").status_code == 401
    if "relays" not in path:
        asked = {"hub.mode": "subscribe", "hub.verify_token": "wrong", "hub.challenge": "1"}
        assert office.get(path, params=asked).status_code == 403
    with database.session() as session:
        assert session.scalar(select(func.count()).select_from(InboxRow)) == 0
        REFUSALS.write(session)
        assert sum(refused_by_source(session).values()) - before >= 3
    assert complaints(database) == []


def test_meta_registers_its_webhook(office):
    asked = {"hub.mode": "subscribe", "hub.verify_token": TOKEN, "hub.challenge": "1158"}
    assert office.get("/v1/meta/webhook", params=asked).text == "1158"


@pytest.mark.parametrize("path", ["/v1/whatsapp/webhook", "/v1/meta/webhook"])
def test_a_database_that_hangs_keeps_nobody_waiting_and_loses_nothing(
    office, database, database_name, cluster, path, settings
):
    document = text(STORY) if "whatsapp" in path else COMMENT
    office.app.state.inbox._patience_s = PATIENCE_S
    with psycopg.connect(cluster.url(database_name, OWNER_ROLE)) as holder:
        holder.execute("LOCK TABLE inbox IN ACCESS EXCLUSIVE MODE")
        # Answered while the lock is held: the answer asked the database for nothing.
        answer = post(office, path, document)
        assert (answer.status_code, answer.json()) == (200, {"state": "pending"})
        assert len(list(Spool(settings.home / "inbox").waiting())) == 1
    office.work()
    assert len(complaints(database)) == 1
    assert list(Spool(settings.home / "inbox").waiting()) == []


@pytest.fixture
def door(settings):
    made = _controller(MailDoor(Spool(settings.home / "inbox"), frozenset({OURS})))
    yield made
    made.stop()


def letter(body: str = STORY, *, subject: str = "Jalan rusak", sender: str = "Siti <siti@example.org>", **headers: str):
    made = EmailMessage()
    made["From"], made["To"], made["Subject"] = sender, OURS, subject
    made["Message-ID"] = headers.pop("message_id", f"<{hashlib.sha256((body + subject).encode()).hexdigest()[:12]}@x>")
    for name, value in headers.items():
        made[name.replace("_", "-")] = value
    made.set_content(body)
    return made


def send(door, message: EmailMessage, envelope: str = "siti@example.org") -> None:
    with smtplib.SMTP("127.0.0.1", door.port) as server:
        server.send_message(message, from_addr=envelope, to_addrs=[OURS])


def test_a_mail_with_photos_is_a_case_and_its_thread_goes_both_ways(office, database, door, mailbox, make_user):
    first = letter()
    first.add_attachment(photo(), maintype="image", subtype="jpeg", filename="IMG_1.JPG")
    first.add_attachment(photo() + archive(), maintype="image", subtype="jpeg", filename="trick.jpg")
    send(door, first)
    send(door, first)
    office.work()
    (case,) = complaints(database)
    (kept,) = kept_files(database)
    assert not tells_where(kept)
    with database.session() as session:
        raw = session.scalars(select(InboxRow.raw)).one()
        notes = [event.data["text"] for event in events_of(session, case.id) if event.type == "note"]
    held = message_from_bytes(raw, policy=policy.default)
    assert [
        tells_where(part.get_content()) for part in held.iter_attachments() if part.get_content_type() == "image/jpeg"
    ] == [False], "no position lies in the inbox either"
    assert any("something else" in note for note in notes)
    (told,) = mailbox.got
    assert (told["To"], told["In-Reply-To"]) == ("Siti <siti@example.org>", first["Message-ID"])
    assert told["Auto-Submitted"] == "auto-replied"
    assert case.reference in told["Subject"]
    with database.session() as session:
        handling.answer(session, case.id, text="Sudah ditambal.", actor=make_user("agency", agency=case.agency).actor)
    office.work()
    answer = mailbox.got[1]
    assert "Sudah ditambal." in answer.get_content()
    assert answer["Auto-Submitted"] is None, "a person's answer"
    reply = "Masih berlubang di sebelahnya.\n\nPada Senin, kami menulis:\n> Sudah ditambal."
    send(door, letter(reply, subject="Re: x", In_Reply_To=str(answer["Message-ID"])))
    # Somebody else who knows the number adds nothing to another's case.
    send(door, letter("Saya tambahkan sesuatu " + case.reference, sender="eve@example.org"), "eve@example.org")
    office.work()
    assert [one.state for one in complaints(database)] == ["open", "open"]
    with database.session() as session:
        said = [event.data["text"] for event in events_of(session, case.id) if event.type == "message"]
    assert said[1:] == ["Masih berlubang di sebelahnya."]


ROBOTS = {
    "an absence note": ({"Auto_Submitted": "auto-replied"}, "siti@example.org"),
    "a bounce": ({}, ""),
    "a list": ({"List_Id": "<x.example>"}, "siti@example.org"),
    "a newsletter": ({"Precedence": "bulk"}, "siti@example.org"),
    "ourselves": ({"sender": OURS}, OURS),
    "a robot": ({"sender": "no-reply@shop.example"}, "no-reply@shop.example"),
}


def test_robots_get_no_answer_and_open_no_case(office, database, door, mailbox):
    for number, (headers, envelope) in enumerate(ROBOTS.values()):
        send(door, letter(subject=f"Nomor {number}", **headers), envelope)
    office.work()
    assert complaints(database) == []
    assert mailbox.got == []
    with database.session() as session:
        results = session.scalars(select(InboxRow.result)).all()
    assert len(results) == len(ROBOTS), "kept, all of them"
    assert all(result.startswith("left alone") for result in results)


def test_two_robots_that_hide_it_stop_answering_each_other(office, database, door, mailbox):
    for number in range(13):
        send(door, letter(subject=f"Nomor {number}"))
    office.work()
    assert len(complaints(database)) == 13
    assert len(mailbox.got) == 10


def test_the_mail_door_relays_for_nobody_and_says_later_when_it_cannot_keep(settings):
    controller = _controller(MailDoor(Spool(settings.home / "inbox"), frozenset({OURS})))
    try:
        with smtplib.SMTP("127.0.0.1", controller.port) as server:
            with pytest.raises(smtplib.SMTPRecipientsRefused):
                server.sendmail("a@b.example", ["elsewhere@example.org"], b"x")
            settings.home.mkdir(parents=True, exist_ok=True)
            (settings.home / "inbox").write_text("in the way")
            with pytest.raises(smtplib.SMTPDataError) as told:
                server.sendmail("a@b.example", [OURS], b"Subject: x\r\n\r\ny")
            assert told.value.smtp_code == 451
    finally:
        controller.stop()


NONSENSE = [None, [], 5, {"entry": 5}, {"entry": [5, {"changes": [None, {"value": {"messages": [{"from": {}}]}}]}]}]


def test_nonsense_that_is_signed_breaks_nothing(office, database):
    for document in NONSENSE:
        for path, header in (
            ("/v1/whatsapp/webhook", "x-hub-signature-256"),
            ("/v1/meta/webhook", "x-hub-signature-256"),
            ("/v1/relays/lapor", "x-tertib-signature"),
        ):
            assert post(office, path, document, header=header).json() == {"state": "done"}
    assert complaints(database) == []
    with database.session() as session:
        assert session.scalar(select(func.count()).select_from(OutboxRow)) == 0
