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
from datetime import timedelta
from threading import Lock
from typing import Any, Final
from uuid import UUID

from sqlalchemy import select
from sqlalchemy.dialects.postgresql import insert
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
CONTENT: Final = "open311_content"
AGAIN_WITHIN: Final = timedelta(hours=1)
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
    """A kept request becomes a complaint; called by the inbox, once.

    The standard has no number by which a client could say that it sends the same request again, so the very same
    content within an hour is the same request: its token leads to the complaint that is there.
    """
    held: dict[str, Any] = json.loads(row.raw)
    before = _same_before(session, row)
    if before.case_id is not None:
        session.add(_heard(session, row.message_id, before.case_id))
        session.flush()
        return f"sent again: {session.get_one(CaseRow, before.case_id).reference}"
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
    session.add(_heard(session, row.message_id, case.id))
    before.case_id, before.at = case.id, now(session)
    session.flush()
    return f"opened {case.reference}"


def _heard(session: Session, token: str, case_id: UUID) -> HeardRow:
    return HeardRow(channel=SOURCE, message_id=token, direction="in", case_id=case_id, at=now(session))


def _same_before(session: Session, row: InboxRow) -> HeardRow:
    """The mark of this content, locked; without a case when it was not sent within the hour."""
    mark = hashlib.sha256(row.raw).hexdigest()
    values = {"channel": CONTENT, "message_id": mark, "direction": "in", "case_id": None, "at": now(session)}
    session.execute(insert(HeardRow).values(values).on_conflict_do_nothing())
    held = session.get_one(HeardRow, (CONTENT, mark), with_for_update=True, populate_existing=True)
    if held.at < now(session) - AGAIN_WITHIN:
        held.case_id = None
    return held


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
