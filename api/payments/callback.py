"""The bank's callback: signature, time, content; then booked once. Shape after SNAP BI's payment notification."""

from __future__ import annotations

import hashlib
import hmac
import json
import re
from collections.abc import Mapping
from datetime import UTC, datetime, timedelta
from typing import Annotated, Final, Literal

from pydantic import AwareDatetime, BaseModel, ConfigDict, Field, ValidationError
from sqlalchemy import func, select
from sqlalchemy.orm import Session

from api.outbox.tables import InboxRow
from api.payments.booking import Notice, Outcome, record
from api.problems import BadRequest, NotSignedIn, Unprocessable

SOURCE: Final = "bank"
TIMESTAMP: Final = "x-timestamp"
EXTERNAL_ID: Final = "x-external-id"
SIGNATURE: Final = "x-signature"
# The bank's clock and ours may differ by so much; an older message is somebody's recording.
WINDOW: Final = timedelta(minutes=5)
MAX_RUPIAH: Final = 10_000_000_000
REUSED: Final = "reused_id"
_ID: Final = re.compile(r"[A-Za-z0-9-]{1,36}")


class SignatureWrong(NotSignedIn):
    """The callback was not signed with the bank's key, or not over these bytes."""

    code = "callback-signature"
    title = "The signature is wrong"


class CallbackStale(NotSignedIn):
    """The callback is older or newer than the clocks may differ: a replay."""

    code = "callback-stale"
    title = "The message is not of now"


class CallbackUnreadable(BadRequest):
    """The callback lacks a header."""

    code = "callback-unreadable"
    title = "A header is missing or wrong"


class CallbackRefused(Unprocessable):
    """The callback's content is not as agreed."""

    code = "callback-refused"
    title = "The content is not as agreed"


class BankNotice(BaseModel):
    """What the bank tells of one payment."""

    model_config = ConfigDict(frozen=True, extra="ignore")

    kind: Literal["payment", "reversal"] = Field(description="`reversal` takes the payment of this number back.")
    payment_id: Annotated[str, Field(pattern=r"^[A-Za-z0-9-]{1,60}$", description="The bank's number of the payment.")]
    virtual_account: Annotated[str, Field(pattern=r"^[0-9]{1,18}$")]
    amount_rupiah: Annotated[int, Field(gt=0, le=MAX_RUPIAH, strict=True)]
    paid_at: AwareDatetime
    channel: Annotated[str, Field(pattern=r"^[a-z_]{1,20}$")] = "unknown"


def signature(secret: str, *, timestamp: str, external_id: str, body: bytes) -> str:
    """HMAC-SHA256 over time, message id and the body's hash, hexadecimal."""
    text = f"{timestamp}|{external_id}|{hashlib.sha256(body).hexdigest()}"
    return hmac.new(secret.encode(), text.encode(), hashlib.sha256).hexdigest()


def verify(secret: str, headers: Mapping[str, str], body: bytes, *, moment: datetime) -> str:
    """Check a callback's signature and time, without a database.

    Args:
        secret: the key that bank and office share.
        headers: in lower case.
        body: as it came.
        moment: the present.

    Returns:
        The message's own id.

    Raises:
        CallbackUnreadable: a header is missing.
        SignatureWrong: another key, or changed on its way.
        CallbackStale: not of now.
    """
    timestamp, external_id = headers.get(TIMESTAMP, ""), headers.get(EXTERNAL_ID, "")
    given = headers.get(SIGNATURE, "")
    if not timestamp or _ID.fullmatch(external_id) is None:
        raise CallbackUnreadable(f"{TIMESTAMP} and {EXTERNAL_ID} (at most 36 letters, digits, -) are needed.")
    expected = signature(secret, timestamp=timestamp, external_id=external_id, body=body)
    if not hmac.compare_digest(expected.encode(), given.lower().encode("utf-8", "surrogatepass")):
        raise SignatureWrong(f"{SIGNATURE} does not belong to these bytes and this key.")
    try:
        sent_at = datetime.fromisoformat(timestamp)
    except ValueError as error:
        raise CallbackUnreadable(f"{TIMESTAMP} is no ISO 8601 time.") from error
    if sent_at.tzinfo is None or abs(moment - sent_at.astimezone(UTC)) > WINDOW:
        minutes = int(WINDOW.total_seconds() // 60)
        raise CallbackStale(f"{TIMESTAMP} must carry its zone and be within {minutes} minutes of now.")
    return external_id


def parsed(body: bytes) -> Notice:
    """The content of a callback.

    Raises:
        CallbackRefused: not as agreed; names the first field that is wrong.
    """
    try:
        told = BankNotice.model_validate_json(body)
    except ValidationError as error:
        first = error.errors()[0]
        where = ".".join(str(part) for part in first["loc"]) or "body"
        raise CallbackRefused(f"{where}: {first['msg']}") from error
    return Notice(
        kind=told.kind,
        payment_id=told.payment_id,
        code=told.virtual_account,
        amount_rupiah=told.amount_rupiah,
        paid_at=told.paid_at.astimezone(UTC),
        channel=told.channel,
    )


def message_id(external_id: str, body: bytes) -> str:
    """Names these bytes under this id: the same id with other bytes is another message, and is noticed."""
    return f"{external_id}.{hashlib.sha256(body).hexdigest()[:16]}"


def handle(session: Session, row: InboxRow) -> str:
    """Handle a callback that was verified when it came in; the inbox calls this once a message."""
    external_id = row.message_id.partition(".")[0]
    query = select(func.count()).where(
        InboxRow.source == SOURCE, InboxRow.message_id.startswith(f"{external_id}.", autoescape=True)
    )
    if (session.scalar(query) or 0) > 1:
        return json.dumps({"outcome": REUSED})
    outcome = record(session, parsed(row.raw), inbox_id=row.id)
    return json.dumps({"outcome": outcome.value})


def status_for(outcome: str) -> int:
    """HTTP status that tells the bank whether to look into it."""
    return 409 if outcome in {Outcome.CONFLICT.value, REUSED} else 200
