"""Where mail arrives: a small SMTP server that keeps a message durably before it says yes, and needs no database.

Meant to stand behind the province's mail server (which knows about spam), or as the MX of an address of its own.
"""

from __future__ import annotations

import asyncio
import logging
from typing import TYPE_CHECKING, Final

from api.channels import mailing
from api.outbox.inbox import Spool, received

if TYPE_CHECKING:  # the office itself runs without this library
    from aiosmtpd.smtp import Envelope

_LOG = logging.getLogger("tertib.mail")
_TOO_LARGE: Final = f"552 5.3.4 More than {mailing.MAX_MAIL_BYTES} bytes are not accepted here"


class MailDoor:
    """What happens to a message (the handler of `aiosmtpd.controller.Controller`).

    Args:
        spool: where it is kept; the office's worker takes it from there.
        addresses: ours, in lower case: mail for others is refused, nothing is relayed.
    """

    def __init__(self, spool: Spool, addresses: frozenset[str]) -> None:
        self._spool = spool
        self._addresses = addresses

    async def handle_RCPT(  # noqa: N802 - the name that aiosmtpd looks for
        self, _server: object, _session: object, envelope: Envelope, address: str, _options: list[str]
    ) -> str:
        """Whether this address is one of ours; `name+anything@` is too."""
        local, _, domain = address.lower().rpartition("@")
        if f"{local.partition('+')[0]}@{domain}" not in self._addresses:
            return "550 5.1.1 There is no such address here"
        envelope.rcpt_tos.append(address)
        return "250 OK"

    async def handle_DATA(self, _server: object, _session: object, envelope: Envelope) -> str:  # noqa: N802 - as above
        """Keep a message; only then is it ours."""
        raw = envelope.original_content or b""
        if len(raw) > mailing.MAX_MAIL_BYTES:
            return _TOO_LARGE
        try:
            await asyncio.to_thread(self._keep, raw, (envelope.mail_from or "").strip("<>"))
        except OSError as error:
            _LOG.error("a mail could not be kept: %s", error.strerror)
            return "451 4.3.0 It could not be kept now: come again later"
        return "250 2.0.0 It is kept"

    def _keep(self, raw: bytes, envelope_sender: str) -> None:
        message_id = mailing.message_id(raw)
        headers = {mailing.ENVELOPE_SENDER: envelope_sender[:254]}
        self._spool.keep(received(mailing.SOURCE, message_id, mailing.cleaned(raw), headers))
