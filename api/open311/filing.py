"""A request that is filed by Open311: kept first, then a complaint; the number at once, or a token until it is there.

The photo is cleaned before anything is kept. With a slow database the client gets a token instead of a number, which
the standard has for this very case (GeoReport v2, GET service_request_id from a token).
"""

from __future__ import annotations

import base64
import hashlib
import hmac
import json
import secrets
from collections import deque
from collections.abc import Mapping
from threading import Lock
from typing import Any, Final

from sqlalchemy import select
from sqlalchemy.orm import Session

from api.attachments.cleaning import Attachment
from api.attachments.service import attach
from api.channels.hearing import MEDIA_KIND
from api.channels.tables import HeardRow
from api.clock import now
from api.complaints.service import CITIZEN, Complaint, open_complaint
from api.jurisdiction.loading import jurisdictions_of
from api.outbox.inbox import Message, received
from api.outbox.service import send_out
from api.outbox.tables import InboxRow
from api.store.tables import CaseRow

SOURCE: Final = "open311"
TOKEN_BYTES: Final = 18
# So many requests an hour from one client that has no key.
MAX_AN_HOUR: Final = 30
MAX_CLIENTS: Final = 10_000


def as_message(document: Mapping[str, Any], photo: Attachment | None) -> Message:
    """A request as the inbox keeps it; the message's id is the client's token.

    Args:
        document: checked fields, JSON values.
        photo: cleaned.
    """
    token = secrets.token_urlsafe(TOKEN_BYTES)
    held = dict(document)
    if photo is not None:
        held["photo"] = {
            "name": photo.name,
            "media_type": photo.media_type,
            "data": base64.b64encode(photo.data).decode(),
            "original_sha256": photo.original_sha256,
        }
    return received(SOURCE, token, json.dumps(held, ensure_ascii=False).encode(), {})


def handle(session: Session, row: InboxRow) -> str:
    """A kept request becomes a complaint; called by the inbox, once."""
    held: dict[str, Any] = json.loads(row.raw)
    jurisdiction = jurisdictions_of(session).first
    case = open_complaint(
        session,
        Complaint(
            category=held["category"],
            text=held["text"],
            place=held.get("place"),
            name=held.get("name"),
            contact=held.get("contact"),
            channel=SOURCE,
            latitude=held.get("latitude"),
            longitude=held.get("longitude"),
            regency=held.get("regency"),
            listed=True,
        ),
        jurisdiction=jurisdiction,
    )
    photo = held.get("photo")
    if photo:
        data = base64.b64decode(photo["data"])
        kept = Attachment(
            photo["name"], photo["media_type"], data, hashlib.sha256(data).hexdigest(), photo["original_sha256"]
        )
        attach(session, case, kept, actor=CITIZEN)
    if held.get("media_url"):
        body = {"channel": SOURCE, "url": held["media_url"], "name": "photo", "case": str(case.id)}
        send_out(session, kind=MEDIA_KIND, key=f"media:open311:{row.message_id}", body=body, case_id=case.id)
    session.add(HeardRow(channel=SOURCE, message_id=row.message_id, direction="in", case_id=case.id, at=now(session)))
    session.flush()
    return f"opened {case.reference}"


def case_of_token(session: Session, token: str) -> CaseRow | None:
    """The complaint that a token stands for; None while it is not handled yet, or for no token of ours."""
    query = (
        select(CaseRow)
        .join(HeardRow, HeardRow.case_id == CaseRow.id)
        .where(HeardRow.channel == SOURCE, HeardRow.message_id == token)
    )
    return session.scalars(query).one_or_none()


class Throttle:
    """How often clients without a key file, told apart by a keyed hash of their address; in this process's memory.

    It must not wait for the database: a slow one is when requests are kept for later.
    """

    def __init__(self) -> None:
        self._seen: dict[str, deque[float]] = {}
        self._lock = Lock()

    def take(self, secret: bytes, address: str, *, at: float) -> bool:
        """Whether this client may file one more now.

        Args:
            secret: the office's.
            address: the client's.
            at: a clock's seconds that only grow.
        """
        mark = hmac.new(secret, b"tertib.open311\x00" + address.encode(), hashlib.sha256).hexdigest()
        with self._lock:
            if len(self._seen) > MAX_CLIENTS:
                self._seen = {one: held for one, held in self._seen.items() if held and held[-1] > at - 3600}
            held = self._seen.setdefault(mark, deque())
            while held and held[0] <= at - 3600:
                held.popleft()
            if len(held) >= MAX_AN_HOUR:
                return False
            held.append(at)
            return True
