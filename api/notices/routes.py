"""Where WhatsApp calls: the webhook's registration and its messages."""

from __future__ import annotations

import hashlib
import hmac
from typing import Annotated

from fastapi import APIRouter, Query, Request
from fastapi.responses import JSONResponse, PlainTextResponse, Response

from api.channels.refusals import REFUSALS
from api.notices.hearing import SOURCE
from api.notices.whatsapp import SIGNATURE, genuine
from api.outbox.inbox import MAX_MESSAGE_BYTES, Inbox, received
from api.outbox.outside import Outside, WhatsAppSystem
from api.problems import Forbidden, NotFound, NotSignedIn, TooLarge

router = APIRouter(prefix="/v1/whatsapp", tags=["messages"])


class NotConnected(NotFound):
    """This office has no WhatsApp."""

    code = "not-connected"
    title = "Not connected"


class WebhookRefused(Forbidden):
    """Whoever registers the webhook does not know the token."""

    code = "webhook-refused"
    title = "The token is wrong"


class WebhookSignature(NotSignedIn):
    """Not signed by Meta with our app's secret, or not over these bytes."""

    code = "webhook-signature"
    title = "The signature is wrong"


def _system(request: Request) -> WhatsAppSystem:
    outside: Outside = request.app.state.outside
    if outside.whatsapp is None:
        raise NotConnected("This office is not connected to WhatsApp.")
    return outside.whatsapp


@router.get(
    "/webhook",
    response_class=PlainTextResponse,
    responses={403: {"description": "The token is wrong."}, 404: {"description": "Not connected to WhatsApp."}},
)
def register(
    request: Request,
    mode: Annotated[str, Query(alias="hub.mode", max_length=40)] = "",
    token: Annotated[str, Query(alias="hub.verify_token", max_length=200)] = "",
    challenge: Annotated[str, Query(alias="hub.challenge", max_length=200, pattern=r"^[0-9A-Za-z_-]*$")] = "",
) -> Response:
    """Meta registers the webhook: the challenge comes back to who knows the token."""
    expected = _system(request).verify_token
    given = token.encode("utf-8", "surrogatepass")
    if mode != "subscribe" or not hmac.compare_digest(given, expected.encode()):
        REFUSALS.count(SOURCE)
        raise WebhookRefused("This is not the token that this office expects.")
    return PlainTextResponse(challenge)


@router.post(
    "/webhook",
    responses={
        401: {"description": "The signature is wrong."},
        404: {"description": "Not connected to WhatsApp."},
        413: {"description": "Too large."},
    },
)
async def hear(request: Request) -> JSONResponse:
    """Reports and messages, signed with X-Hub-Signature-256; kept durably before they are answered."""
    system = _system(request)
    inbox: Inbox = request.app.state.inbox
    body = await request.body()
    if len(body) > MAX_MESSAGE_BYTES:
        raise TooLarge(f"More than {MAX_MESSAGE_BYTES} bytes are not accepted here.")
    given = request.headers.get(SIGNATURE, "")
    if not genuine(system.app_secret, body, given):
        REFUSALS.count(SOURCE)
        raise WebhookSignature("X-Hub-Signature-256 does not belong to these bytes.")
    message = received(SOURCE, hashlib.sha256(body).hexdigest(), body, {SIGNATURE: given})
    taken = await inbox.receive(message)
    # Meta wants nothing but a 200, and soon; what is pending is ours already.
    return JSONResponse({"state": taken.state})
