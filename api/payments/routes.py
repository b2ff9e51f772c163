"""Where the bank calls: `POST /v1/payments/bank`."""

from __future__ import annotations

import json
from datetime import UTC, datetime
from typing import Any

from fastapi import APIRouter, Request
from fastapi.responses import JSONResponse
from pydantic import BaseModel, Field

from api.outbox.inbox import Inbox, Taken, received
from api.outbox.outside import Outside
from api.payments import callback

router = APIRouter(prefix="/v1/payments", tags=["payments"])


class BankAnswer(BaseModel):
    """What became of a callback."""

    outcome: str = Field(
        description=(
            "settled, overpaid, underpaid, paid_again, released, unmatched, duplicate, conflict, reversed, "
            "reversed_at_once, reversal_waits, reused_id; pending: kept, and booked soon."
        ),
        examples=["settled"],
    )
    repeated: bool = Field(False, description="This very message had come before.")


@router.post(
    "/bank",
    response_model=BankAnswer,
    responses={
        202: {"model": BankAnswer, "description": "Kept durably; booked soon."},
        400: {"description": "A header is missing."},
        401: {"description": "The signature is wrong, or the message is not of now."},
        409: {"model": BankAnswer, "description": "Contradicts what was told before."},
        422: {"description": "The content is not as agreed."},
    },
    openapi_extra={
        "requestBody": {
            "required": True,
            "content": {"application/json": {"schema": callback.BankNotice.model_json_schema()}},
        },
        "parameters": [
            {"in": "header", "name": name, "required": True, "schema": {"type": "string"}}
            for name in ("X-Timestamp", "X-External-Id", "X-Signature")
        ],
    },
)
async def bank(request: Request) -> JSONResponse:
    """A payment, or that one is taken back. Signed with HMAC-SHA256 over time, message id and the body's hash.

    The same message twice, or the same payment in two messages, is booked once. The answer comes within a second also
    while the database is slow: the message is then kept on disk, and `pending`.
    """
    outside: Outside = request.app.state.outside
    inbox: Inbox = request.app.state.inbox
    body = await request.body()
    headers = {name.lower(): value for name, value in request.headers.items()}
    external_id = callback.verify(outside.bank.hmac_secret, headers, body, moment=datetime.now(UTC))
    callback.parsed(body)
    kept = {name: headers[name] for name in (callback.TIMESTAMP, callback.EXTERNAL_ID, callback.SIGNATURE)}
    message = received(callback.SOURCE, callback.message_id(external_id, body), body, kept)
    taken = await inbox.receive(message)
    return _answer(taken)


def _answer(taken: Taken) -> JSONResponse:
    if taken.state != "done":
        return JSONResponse({"outcome": "pending", "repeated": False}, status_code=202)
    content: dict[str, Any] = {"outcome": "duplicate", **json.loads(taken.result or "{}"), "repeated": taken.repeated}
    return JSONResponse(content, status_code=callback.status_for(str(content["outcome"])))
