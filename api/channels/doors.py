"""What every signed door does: the caller's key is checked, the message kept durably, and answered at once."""

from __future__ import annotations

import hashlib
import hmac
from dataclasses import dataclass
from typing import Annotated

from fastapi import Query, Request
from fastapi.responses import JSONResponse, PlainTextResponse, Response

from api.channels.refusals import REFUSALS
from api.notices.whatsapp import genuine
from api.outbox.inbox import MAX_MESSAGE_BYTES, Inbox, received
from api.problems import Forbidden, NotFound, NotSignedIn, TooLarge


class NotConnected(NotFound):
    """This office is not connected to that system."""

    code = "not-connected"
    title = "Not connected"


class WebhookRefused(Forbidden):
    """Whoever registers the webhook does not know the token."""

    code = "webhook-refused"
    title = "The token is wrong"


class WebhookSignature(NotSignedIn):
    """Not signed with the key that was agreed, or not over these bytes."""

    code = "webhook-signature"
    title = "The signature is wrong"


@dataclass(frozen=True)
class Registration:
    """What Meta asks when somebody registers a webhook (Graph API, webhooks: verification requests)."""

    mode: Annotated[str, Query(alias="hub.mode", max_length=40)] = ""
    token: Annotated[str, Query(alias="hub.verify_token", max_length=200)] = ""
    challenge: Annotated[str, Query(alias="hub.challenge", max_length=200, pattern=r"^[0-9A-Za-z_-]*$")] = ""

    def answered(self, source: str, token: str) -> Response:
        """The challenge comes back to who knows the token.

        Raises:
            WebhookRefused: it is another one; counted.
        """
        given = self.token.encode("utf-8", "surrogatepass")
        if self.mode != "subscribe" or not hmac.compare_digest(given, token.encode()):
            REFUSALS.count(source)
            raise WebhookRefused("This is not the token that this office expects.")
        return PlainTextResponse(self.challenge)


async def kept(request: Request, source: str, secret: str, header: str) -> JSONResponse:
    """Keep what a system posts, if it is signed with its key; what is pending is ours already, and lies on the disk.

    Raises:
        TooLarge: more bytes than are accepted.
        WebhookSignature: another key, or changed on its way; counted, and nothing is kept.
    """
    inbox: Inbox = request.app.state.inbox
    body = await request.body()
    if len(body) > MAX_MESSAGE_BYTES:
        raise TooLarge(f"More than {MAX_MESSAGE_BYTES} bytes are not accepted here.")
    given = request.headers.get(header, "")
    if not genuine(secret, body, given):
        REFUSALS.count(source)
        raise WebhookSignature(f"{header} does not belong to these bytes.")
    taken = await inbox.receive(received(source, hashlib.sha256(body).hexdigest(), body, {header: given}))
    return JSONResponse({"state": taken.state})
