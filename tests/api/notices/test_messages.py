"""E-mail over real SMTP, WhatsApp over a real socket, its webhook, and whether a message is ours."""

from __future__ import annotations

import json
import socket
import threading
from email import message_from_bytes, policy
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from uuid import uuid4

import pytest
from aiosmtpd.controller import Controller
from sqlalchemy import select

from api.notices.genuineness import judge
from api.notices.mail import MailSender
from api.notices.planning import message_left, plan
from api.notices.tables import NoticeRow
from api.notices.whatsapp import WhatsAppSender, signed
from api.outbox.outside import MailSystem, Outside, WhatsAppSystem
from api.outbox.sending import Delivery, Effect, SendingFailed, SendingRefused
from api.outbox.worker import Worker
from api.store.tables import CaseRow
from tests.api.public_pages import get, send

SECRET, TOKEN = "the app's secret", "the token that Meta is told"


class Mailbox:
    """A mail server's inside: what it got, and what it answers."""

    def __init__(self) -> None:
        self.got: list[bytes] = []
        self.answer = "250 OK"

    async def handle_DATA(self, _server, _session, envelope):  # noqa: N802 - the name that aiosmtpd looks for
        if self.answer.startswith("250"):
            self.got.append(envelope.content)
        return self.answer


@pytest.fixture
def mailbox():
    held = Mailbox()
    with socket.socket() as free:
        free.bind(("127.0.0.1", 0))
        held.port = free.getsockname()[1]
    controller = Controller(held, hostname="127.0.0.1", port=held.port)
    controller.start()
    yield held
    controller.stop()


@pytest.fixture
def mail(mailbox) -> MailSender:
    return MailSender(MailSystem(host="127.0.0.1", port=mailbox.port, tls=False, sender="etle@tertib.example"))


def effect(**body: object) -> Effect:
    held = {"to": "budi@example.org", "name": "Budi, S.H. <x>", "subject": "Surat", "text": "Isi é", **body}
    return Effect(uuid4(), "email", "notice:1", held, 1)


def test_a_letter_by_mail_arrives_once_told_twice_with_the_same_id(mail, mailbox):
    assert mail(effect()) == mail(effect())
    first, second = (message_from_bytes(raw, policy=policy.default) for raw in mailbox.got)
    assert first["Message-ID"] == second["Message-ID"]
    assert first["To"] == '"Budi, S.H. <x>" <budi@example.org>'
    assert first["Auto-Submitted"] == "auto-generated"
    assert first.get_content().strip() == "Isi é"


@pytest.mark.parametrize(
    ("answer", "error"), [("451 later", SendingFailed), ("554 no", SendingRefused)], ids=["later", "never"]
)
def test_later_is_told_from_never(mail, mailbox, answer, error):
    mailbox.answer = answer
    with pytest.raises(error):
        mail(effect())


def test_no_header_can_be_slipped_in_and_nobody_there_is_tried_again(mail, mailbox):
    for wrong in ({"to": "a@b\r\nBcc: x@y"}, {"subject": "a\r\nBcc: x@y"}, {"to": "nobody"}):
        with pytest.raises(SendingRefused):
            mail(effect(**wrong))
    assert mailbox.got == []
    away = MailSender(MailSystem(host="127.0.0.1", port=1, tls=False, sender="a@b.example"))
    with pytest.raises(SendingFailed):
        away(effect())


class Graph:
    """Meta's end, over a real socket."""

    def __init__(self) -> None:
        self.got: list[tuple[str, str, dict]] = []
        self.answer: tuple[int, object] = (200, {"messages": [{"id": "wamid.1"}]})


@pytest.fixture
def graph():
    held = Graph()

    class Handler(BaseHTTPRequestHandler):
        def do_POST(self):
            body = json.loads(self.rfile.read(int(self.headers["content-length"])))
            held.got.append((self.path, self.headers["authorization"], body))
            status, told = held.answer
            raw = json.dumps(told).encode()
            self.send_response(status)
            self.send_header("content-length", str(len(raw)))
            self.end_headers()
            self.wfile.write(raw)

        def log_message(self, *args):
            pass

    server = ThreadingHTTPServer(("127.0.0.1", 0), Handler)
    threading.Thread(target=server.serve_forever, daemon=True).start()
    held.system = WhatsAppSystem(
        url=f"http://127.0.0.1:{server.server_address[1]}/v23.0",
        phone_number_id="42",
        display_number="+62 811 0000 000",
        token="t",
        app_secret=SECRET,
        verify_token=TOKEN,
    )
    yield held
    server.shutdown()
    server.server_close()


def test_whatsapp_gets_a_template_with_our_key_and_its_faults_are_told_apart(graph):
    sender = WhatsAppSender(graph.system)
    told = Effect(uuid4(), "whatsapp", "notice:1", {"to": "+628123", "language": "id", "values": ["a", "b"]}, 1)
    assert sender(told) == "wamid.1"
    path, authorization, body = graph.got[0]
    assert (path, authorization) == ("/v23.0/42/messages", "Bearer t")
    assert (body["to"], body["biz_opaque_callback_data"]) == ("628123", "notice:1")
    for answer, error in (
        ((500, {}), SendingFailed),
        ((400, {"error": {"code": 130429, "message": "slow down"}}), SendingFailed),
        ((400, {"error": {"code": 131026, "message": "no such number"}}), SendingRefused),
        ((200, {}), SendingFailed),
    ):
        graph.answer = answer
        with pytest.raises(error):
            sender(told)


@pytest.fixture
def connected(client, graph) -> None:
    held: Outside = client.app.state.outside
    client.app.state.outside = held.model_copy(
        update={"whatsapp": graph.system, "senders": ("etle@tertib.example", "+62 811 0000 000")}
    )


def test_the_webhook_is_registered_only_by_who_knows_the_token(client, connected):
    asked = {"hub.mode": "subscribe", "hub.verify_token": TOKEN, "hub.challenge": "1158201444"}
    assert client.get("/v1/whatsapp/webhook", params=asked).text == "1158201444"
    assert client.get("/v1/whatsapp/webhook", params={**asked, "hub.verify_token": "x"}).status_code == 403


def report(status: str, *, key: str = "", provider: str = "wamid.1") -> bytes:
    told = {"id": provider, "status": status, "biz_opaque_callback_data": key, "errors": [{"title": "no such number"}]}
    return json.dumps({"entry": [{"changes": [{"value": {"statuses": [told]}}]}]}).encode()


def test_reports_are_believed_only_with_metas_signature(client, connected, database, settings, ticket, graph):
    with database.session() as session:
        plan(session, settings, session.get_one(CaseRow, ticket.id))
    delivery = Delivery(database, {"whatsapp": WhatsAppSender(graph.system)}, {"whatsapp": message_left})
    Worker(database, delivery).run(until_idle=True)
    body = report("delivered")

    def post(raw: bytes, signature: str):
        headers = {"content-type": "application/json", "x-hub-signature-256": signature}
        return client.post("/v1/whatsapp/webhook", content=raw, headers=headers)

    def held() -> str:
        with database.session() as session:
            return session.scalars(select(NoticeRow.state).where(NoticeRow.channel == "whatsapp")).one()

    assert held() == "sent"
    for wrong in ("", "sha256=0", signed("another", body), signed(SECRET, body + b" ")):
        assert post(body, wrong).status_code == 401
    assert held() == "sent"
    assert post(body, signed(SECRET, body)).status_code == 200
    assert post(body, signed(SECRET, body)).status_code == 200
    assert held() == "delivered"
    for nonsense in (b"", b"[]", b'{"entry": 5}', b"\xff"):
        assert post(nonsense, signed(SECRET, nonsense)).status_code == 200


def test_an_office_without_whatsapp_has_no_webhook(client):
    assert client.get("/v1/whatsapp/webhook").status_code == 404


@pytest.fixture
def code(database, settings, ticket) -> str:
    with database.session() as session:
        planned = plan(session, settings, session.get_one(CaseRow, ticket.id))
        planned[0].state, planned[0].sent_at = "sent", planned[0].made_at
        return planned[0].code


SENDERS = ("etle@tertib.example", "+62 811 0000 000")


@pytest.mark.parametrize(
    ("message", "sender", "verdict"),
    [
        ("Kode {code}", "", "ours"),
        ("kode {bare}", "0811 0000 000", "ours"),
        ("Buka http://127.0.0.1:8000/t/X kode {code}", "ETLE@tertib.example", "ours"),
        ("Kode {code}", "0812-3456-7890", "foreign_sender"),
        ("Kode {code} bayar di https://etle-tilang.top/x", "", "foreign_link"),
        ("Kode {code} https://127.0.0.1:8000@evil.example/", "", "foreign_link"),
        ("Kode {code} buka tilang-etle.com", "", "foreign_link"),
        ("Kode {code}: unduh aplikasi surat.apk", "", "install"),
        ("Kode ABCDE-12345", "", "unknown"),
        ("Anda ditilang!", "", "unknown"),
    ],
)
def test_one_foreign_link_outweighs_a_right_code(session, settings, code, message, sender, verdict):
    text = message.format(code=code, bare=code.replace("-", "").lower())
    assert judge(session, settings, message=text, sender=sender, senders=SENDERS).verdict == verdict


def test_the_page_tells_in_both_languages_without_scripts_and_names_nobody(client, code, connected):
    page = get(client, "/check")
    assert "etle@tertib.example" in page.text
    told = send(client, page.form("/check"), message=f"Kode {code}")
    assert told.status_code == 200
    assert "Kode ini dari kami" in told.text
    assert "surat pos" in told.text
    assert "Budi" not in told.text
    assert "1234" not in told.text.replace("12345", "")
    english = get(client, "/check?lang=en")
    answer = send(client, english.form("/check"), message="Pay at https://evil.example now")
    assert "Not ours" in answer.text
    assert send(client, english.form("/check"), message=" ").status_code == 422
