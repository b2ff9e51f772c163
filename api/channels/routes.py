"""Where social media and other systems call: verified, kept durably, answered at once."""

from __future__ import annotations

from typing import Annotated

from fastapi import APIRouter, Depends, Path, Request
from fastapi.responses import JSONResponse, PlainTextResponse, Response

from api.channels.doors import NotConnected, Registration, kept
from api.channels.replying import SIGNATURE as RELAY_SIGNATURE
from api.channels.webhooks import META
from api.notices.whatsapp import SIGNATURE
from api.outbox.outside import MetaSystem, Outside

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
def register(request: Request, asked: Annotated[Registration, Depends()]) -> Response:
    """Meta registers the webhook of the page or account: the challenge comes back to who knows the token."""
    return asked.answered(META, _meta(request).verify_token)


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
    return await kept(request, META, _meta(request).app_secret, SIGNATURE)


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
    return await kept(request, f"relay:{name}", system.secret, RELAY_SIGNATURE)
