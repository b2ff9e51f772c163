"""The world outside an office in tests: Meta's end, the citizens' mail server, and what people say through them."""

from __future__ import annotations

import hashlib
import json
import smtplib
import socket
import threading
from email import message_from_bytes, policy
from email.message import EmailMessage
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer

from aiosmtpd.controller import Controller
from sqlalchemy import select

from api.attachments.tables import AttachmentRow
from api.notices.whatsapp import signed
from api.store.kinds import CaseKind
from api.store.tables import CaseRow
from tests.api.attachments.photos import photo

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


def controller(handler) -> Controller:
    with socket.socket() as free:
        free.bind(("127.0.0.1", 0))
        port = free.getsockname()[1]
    made = Controller(handler, hostname="127.0.0.1", port=port)
    made.start()
    return made


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


def complaints(database) -> list[CaseRow]:
    with database.session() as session:
        query = select(CaseRow).where(CaseRow.kind == CaseKind.COMPLAINT.value).order_by(CaseRow.opened_at)
        return list(session.scalars(query))


def kept_files(database) -> list[bytes]:
    with database.session() as session:
        return list(session.scalars(select(AttachmentRow.data)))


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
