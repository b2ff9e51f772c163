"""E-mail over SMTP. The message's id comes from the idempotency key: a copy that is sent twice is one message."""

from __future__ import annotations

import hashlib
import re
import smtplib
import ssl
from datetime import UTC, datetime
from email.headerregistry import Address
from email.message import EmailMessage
from email.utils import format_datetime

from api.outbox.outside import MailSystem
from api.outbox.sending import Effect, SendingFailed, SendingRefused

# The id of a message that ours answers (RFC 5322, 3.6.4).
_ID = re.compile(r"^<[^<>\s]{3,200}>$")


class MailSender:
    """Sends effects of the kind `email`: `to`, `name`, `subject`, `text`; `in_reply_to`, `references`, `automatic`.

    Args:
        system: the server.
    """

    def __init__(self, system: MailSystem) -> None:
        self._system = system

    def __call__(self, effect: Effect) -> str:
        """Hand the message to the server; its Message-ID is the answer.

        Raises:
            SendingFailed: the server is away, busy, or says "later" (4xx).
            SendingRefused: the server refuses it for good (5xx), or the address is none.
        """
        message = self._message(effect)
        system = self._system
        try:
            with smtplib.SMTP(system.host, system.port, timeout=system.timeout_s) as server:
                if system.tls:
                    server.starttls(context=ssl.create_default_context())
                if system.user is not None:
                    server.login(system.user, system.password or "")
                server.send_message(message)
        except smtplib.SMTPRecipientsRefused as error:
            codes = [code for code, _ in error.recipients.values()]
            if codes and min(codes) < 500:
                raise SendingFailed(f"the mail server wants us to come back: {_said(error)}") from error
            raise SendingRefused(f"the mail server knows no such address: {_said(error)}") from error
        except smtplib.SMTPResponseException as error:
            if error.smtp_code < 500:
                raise SendingFailed(f"the mail server wants us to come back: {_said(error)}") from error
            raise SendingRefused(f"the mail server refuses this: {_said(error)}") from error
        except (OSError, smtplib.SMTPException) as error:
            raise SendingFailed(f"the mail server {system.host}:{system.port} is away: {_said(error)}") from error
        return str(message["Message-ID"])

    def _message(self, effect: Effect) -> EmailMessage:
        body = effect.body
        domain = self._system.sender.rpartition("@")[2]
        message = EmailMessage()
        try:
            message["From"] = self._system.sender
            message["To"] = Address(display_name=str(body["name"]), addr_spec=str(body["to"]))
            message["Subject"] = str(body["subject"])
        except (ValueError, IndexError) as error:
            raise SendingRefused(f"the address is none: {error}") from error
        message["Date"] = format_datetime(datetime.now(UTC))
        message["Message-ID"] = f"<{hashlib.sha256(effect.key.encode()).hexdigest()[:32]}@{domain}>"
        answers = [one for one in (str(body.get("in_reply_to") or ""), *body.get("references", ())) if _ID.match(one)]
        if answers:
            message["In-Reply-To"] = answers[0]
            message["References"] = " ".join(dict.fromkeys(reversed(answers)))
        # A person's answer is none of a robot's: the reader's own absence note may come (RFC 3834).
        if body.get("automatic", True):
            message["Auto-Submitted"] = "auto-replied" if answers else "auto-generated"
        message.set_content(str(body["text"]))
        return message


def _said(error: Exception) -> str:
    return " ".join(str(error).split())[:200]
