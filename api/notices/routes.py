"""Where WhatsApp calls: the webhook's registration and its messages."""

from __future__ import annotations

from typing import Annotated

from fastapi import APIRouter, Depends, Request
from fastapi.responses import JSONResponse, PlainTextResponse, Response

from api.channels.doors import NotConnected, Registration, kept
from api.notices.hearing import SOURCE
from api.notices.whatsapp import SIGNATURE
from api.outbox.outside import Outside, WhatsAppSystem

router = APIRouter(prefix="/v1/whatsapp", tags=["messages"])


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
def register(request: Request, asked: Annotated[Registration, Depends()]) -> Response:
    """Meta registers the webhook: the challenge comes back to who knows the token."""
    return asked.answered(SOURCE, _system(request).verify_token)


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
    return await kept(request, SOURCE, _system(request).app_secret, SIGNATURE)
