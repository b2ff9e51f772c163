"""Who writes to an office from outside: the bank, WhatsApp, Meta, another system, an Open311 client, a mail server."""

from __future__ import annotations

import asyncio
import json
import smtplib
from collections.abc import Iterator
from dataclasses import dataclass
from email.message import EmailMessage
from typing import Any, Final
from uuid import uuid4

import httpx

from api.channels.replying import SIGNATURE as RELAY_SIGNATURE
from api.notices.whatsapp import SIGNATURE, signed
from scripts.commands._bank_calls import DUE_RUPIAH, Call
from scripts.commands._outside_office import ADDRESS, APP_SECRET, RELAY, OpenOffice

DOORS: Final = ("bank", "whatsapp", "meta", "relay", "open311", "mail")
# What each protocol takes for "it is yours now".
_TAKEN: Final = {"bank": {200, 202}, "open311": {201}}
_PATHS: Final = {
    "bank": "/v1/payments/bank",
    "whatsapp": "/v1/whatsapp/webhook",
    "meta": "/v1/meta/webhook",
    "relay": f"/v1/relays/{RELAY}",
}
_TIMEOUT_S: Final = 30


@dataclass(frozen=True)
class Sent:
    """One message to one door; the same message again is the same bytes.

    Attributes:
        door: one of `DOORS`.
        name: unlike any other's.
        code: virtual account, for the bank.
    """

    door: str
    name: str
    code: str = ""
    paid_at: str = "2026-11-24T03:00:00+00:00"

    @property
    def story(self) -> str:
        """What a citizen complains about."""
        return f"Lubang besar di depan pasar nomor {self.name}, kemarin dua orang jatuh."

    def document(self) -> dict[str, Any]:
        """What is posted as JSON."""
        match self.door:
            case "bank":
                told = {"payment_id": self.name, "virtual_account": self.code, "amount_rupiah": DUE_RUPIAH}
                return {"kind": "payment", "paid_at": self.paid_at, "channel": "teller", **told}
            case "whatsapp":
                told = {"from": self.name, "id": f"wamid.{self.name}", "type": "text", "text": {"body": self.story}}
                return {"entry": [{"changes": [{"value": {"messages": [told]}}]}]}
            case "meta":
                event = {"sender": {"id": self.name}, "message": {"mid": f"m-{self.name}", "text": self.story}}
                return {"object": "page", "entry": [{"id": "page1", "messaging": [event]}]}
            case _:
                return {"id": self.name, "from": self.name, "text": self.story}


def messages(a_door: int, codes: Iterator[str]) -> list[Sent]:
    """So many messages to every door, in turns."""
    return [Sent(door, uuid4().hex, next(codes) if door == "bank" else "") for _ in range(a_door) for door in DOORS]


async def send(office: OpenOffice, message: Sent) -> bool:
    """Send a message; whether it got its protocol's answer."""
    if message.door == "mail":
        return await asyncio.to_thread(_mailed, office.mail_port, message)
    async with httpx.AsyncClient(base_url=office.url, timeout=_TIMEOUT_S) as client:
        if message.door == "open311":
            lat = {"lat": "-6.9932", "long": "110.4203", "service_code": "road_damage", "description": message.story}
            answer = await client.post("/open311/v2/requests.json", data={**lat, "api_key": APP_SECRET})
        else:
            answer = await client.post(_PATHS[message.door], **_signed(message))
        return answer.status_code in _TAKEN.get(message.door, {200})


def _signed(message: Sent) -> dict[str, Any]:
    if message.door == "bank":
        body, headers = Call("a payment", message.document(), message.name).made()
        return {"content": body, "headers": headers}
    body = json.dumps(message.document()).encode()
    header = RELAY_SIGNATURE if message.door == "relay" else SIGNATURE
    return {"content": body, "headers": {"content-type": "application/json", header: signed(APP_SECRET, body)}}


def _mailed(port: int, message: Sent) -> bool:
    mail = EmailMessage()
    mail["From"], mail["To"], mail["Subject"] = f"{message.name}@example.org", ADDRESS, "Jalan rusak"
    mail["Message-ID"] = f"<{message.name}@example.org>"
    mail.set_content(message.story)
    with smtplib.SMTP("127.0.0.1", port, timeout=_TIMEOUT_S) as server:
        return not server.send_message(mail)


async def forged(office: OpenOffice) -> list[int]:
    """Knock at every signed door with another key; what each answers."""
    found = []
    async with httpx.AsyncClient(base_url=office.url, timeout=_TIMEOUT_S) as stranger:
        for door, path in _PATHS.items():
            told = _signed(Sent(door, uuid4().hex, "888100000000000"))
            headers = {name: _other(value) if "signature" in name else value for name, value in told["headers"].items()}
            found.append((await stranger.post(path, content=told["content"], headers=headers)).status_code)
    return found


def _other(signature: str) -> str:
    return signature[:-1] + ("0" if signature[-1] != "0" else "1")
