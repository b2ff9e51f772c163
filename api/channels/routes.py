"""Where social media and other systems call: verified, kept durably, answered at once."""

from __future__ import annotations

import hashlib
import hmac
from typing import Annotated

from fastapi import APIRouter, Path, Query, Request
from fastapi.responses import JSONResponse, PlainTextResponse, Response

from api.channels.refusals import REFUSALS
from api.channels.replying import SIGNATURE as RELAY_SIGNATURE
from api.channels.webhooks import META
from api.notices.routes import NotConnected, WebhookRefused, WebhookSignature
from api.notices.whatsapp import SIGNATURE, genuine
from api.outbox.inbox import MAX_MESSAGE_BYTES, Inbox, received
from api.outbox.outside import MetaSystem, Outside
from api.problems import TooLarge

router = APIRouter(prefix="/v1", tags=["messages"])


def _meta(request: Request) -> MetaSystem:
    outside: Outside = request.app.state.outside
    if outside.meta is None:
        raise NotConnected("This office is not connected to Facebook or Instagram.")
    return outside.meta


@router.get(
    "/meta/webhook",
    response_class=PlainTextResponse,
    responses={403: {"description": "The token is wrong."}, 404: {"description": "Not connected to Meta."}},
)
def register(
    request: Request,
    mode: Annotated[str, Query(alias="hub.mode", max_length=40)] = "",
    token: Annotated[str, Query(alias="hub.verify_token", max_length=200)] = "",
    challenge: Annotated[str, Query(alias="hub.challenge", max_length=200, pattern=r"^[0-9A-Za-z_-]*$")] = "",
) -> Response:
    """Meta registers the webhook of the page or account: the challenge comes back to who knows the token."""
    expected = _meta(request).verify_token
    given = token.encode("utf-8", "surrogatepass")
    if mode != "subscribe" or not hmac.compare_digest(given, expected.encode()):
        REFUSALS.count(META)
        raise WebhookRefused("This is not the token that this office expects.")
    return PlainTextResponse(challenge)


async def _kept(request: Request, source: str, secret: str, header: str) -> JSONResponse:
    inbox: Inbox = request.app.state.inbox
    body = await request.body()
    if len(body) > MAX_MESSAGE_BYTES:
        raise TooLarge(f"More than {MAX_MESSAGE_BYTES} bytes are not accepted here.")
    given = request.headers.get(header, "")
    if not genuine(secret, body, given):
        REFUSALS.count(source)
        raise WebhookSignature(f"{header} does not belong to these bytes.")
    message = received(source, hashlib.sha256(body).hexdigest(), body, {header: given})
    taken = await inbox.receive(message)
    # What is pending is ours already: it lies on this machine's disk.
    return JSONResponse({"state": taken.state})


@router.post(
    "/meta/webhook",
    responses={
        401: {"description": "The signature is wrong."},
        404: {"description": "Not connected to Meta."},
        413: {"description": "Too large."},
    },
)
async def hear(request: Request) -> JSONResponse:
    """Comments and private messages, signed with X-Hub-Signature-256; kept durably before they are answered."""
    return await _kept(request, META, _meta(request).app_secret, SIGNATURE)


@router.post(
    "/relays/{name}",
    responses={
        401: {"description": "The signature is wrong."},
        404: {"description": "No such system."},
        413: {"description": "Too large."},
    },
)
async def hear_relay(request: Request, name: Annotated[str, Path(max_length=40)]) -> JSONResponse:
    """A complaint that another system hands on: JSON with `id`, `from`, `text`, signed with X-Tertib-Signature."""
    outside: Outside = request.app.state.outside
    system = outside.relays.get(name)
    if system is None:
        raise NotConnected("This office knows no such system.")
    return await _kept(request, f"relay:{name}", system.secret, RELAY_SIGNATURE)
