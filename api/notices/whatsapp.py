"""WhatsApp Business, Cloud API: approved templates out, delivery reports in.

Reference: Meta, WhatsApp Cloud API, messages and webhooks (Graph API v23.0).
"""

from __future__ import annotations

import hashlib
import hmac
import json
from collections.abc import Iterable, Iterator, Mapping
from dataclasses import dataclass
from typing import Any, Final

import httpx

from api.outbox.outside import WhatsAppSystem
from api.outbox.sending import Effect, SendingFailed, SendingRefused

SIGNATURE: Final = "x-hub-signature-256"
# Codes of the Graph API that pass: throttled, temporarily unavailable.
_LATER: Final = frozenset({1, 2, 4, 80007, 130429, 131000, 131016, 131048, 131056, 133004})


class CloudApi:
    """Our number at Meta: hands messages over, each under the key of its effect.

    Args:
        system: our number and keys.
        client: the HTTP client; by default one of its own.
    """

    def __init__(self, system: WhatsAppSystem, client: httpx.Client | None = None) -> None:
        self.system = system
        self._client = client or httpx.Client(timeout=system.timeout_s)

    def post(self, effect: Effect, content: Mapping[str, Any]) -> httpx.Response:
        """Hand one message to Meta; what it answers.

        Args:
            effect: `to` in its body is the number.
            content: `type` and what belongs to it.

        Raises:
            SendingFailed: Meta is away.
        """
        system = self.system
        document = {
            "messaging_product": "whatsapp",
            "recipient_type": "individual",
            "to": str(effect.body["to"]).lstrip("+"),
            **content,
            # Comes back with every report on this message: the report finds its notice although we died in between.
            "biz_opaque_callback_data": effect.key,
        }
        try:
            return self._client.post(
                f"{system.url.rstrip('/')}/{system.phone_number_id}/messages",
                json=document,
                headers={"Authorization": f"Bearer {system.token}"},
            )
        except httpx.HTTPError as error:
            raise SendingFailed(f"WhatsApp is away: {type(error).__name__}") from error


def template(name: str, language: str, values: Iterable[str]) -> dict[str, Any]:
    """Content of a message by an approved template, with the texts of its body's parameters."""
    parameters = [{"type": "text", "text": one} for one in values]
    components = [{"type": "body", "parameters": parameters}]
    return {
        "type": "template",
        "template": {"name": name, "language": {"code": language}, "components": components},
    }


class WhatsAppSender:
    """Sends effects of the kind `whatsapp`: `to`, `language`, `values`.

    Args:
        system: our number and keys.
        client: the HTTP client; by default one of its own.
    """

    def __init__(self, system: WhatsAppSystem, client: httpx.Client | None = None) -> None:
        self._api = CloudApi(system, client)

    def __call__(self, effect: Effect) -> str:
        """Hand the message to Meta; the message's id there is the answer.

        Raises:
            SendingFailed: away, throttled, or broken for a while.
            SendingRefused: no such number, template or key.
        """
        values = [str(one) for one in effect.body["values"]]
        content = template(self._api.system.template, str(effect.body["language"]), values)
        return sent_id(self._api.post(effect, content))


def sent_id(answer: httpx.Response) -> str:
    """The id that Meta gave to a message.

    Raises:
        SendingFailed: away, throttled, or broken for a while.
        SendingRefused: no such number, template or key.
    """
    try:
        told = answer.json()
    except ValueError as error:
        raise SendingFailed(f"WhatsApp answers {answer.status_code} with no JSON") from error
    if answer.is_success:
        try:
            return str(told["messages"][0]["id"])
        except (LookupError, TypeError) as error:
            raise SendingFailed("WhatsApp's answer holds no message id") from error
    fault = told.get("error", {}) if isinstance(told, dict) else {}
    sentence = f"WhatsApp answers {answer.status_code}: {fault.get('message', 'no reason given')}"
    if answer.status_code >= 500 or answer.status_code == 429 or fault.get("code") in _LATER:
        raise SendingFailed(sentence)
    raise SendingRefused(sentence)


def signed(secret: str, body: bytes) -> str:
    """The value of X-Hub-Signature-256 for these bytes."""
    return "sha256=" + hmac.new(secret.encode(), body, hashlib.sha256).hexdigest()


def genuine(secret: str, body: bytes, given: str) -> bool:
    """Whether Meta signed these very bytes."""
    return hmac.compare_digest(signed(secret, body).encode(), given.encode("utf-8", "surrogatepass"))


@dataclass(frozen=True)
class Report:
    """What became of a message of ours.

    Attributes:
        provider_id: the message's id at Meta.
        status: sent, delivered, read or failed.
        key: the idempotency key that we gave with it; empty when it does not come back.
        why: why it failed.
    """

    provider_id: str
    status: str
    key: str = ""
    why: str = ""


def reports(raw: bytes) -> Iterator[Report]:
    """The delivery reports in a webhook's body; messages from citizens are not among them."""
    for value in _values(raw):
        for status in value.get("statuses") or []:
            errors = status.get("errors") or [{}]
            yield Report(
                provider_id=str(status.get("id", "")),
                status=str(status.get("status", "")),
                key=str(status.get("biz_opaque_callback_data", "")),
                why=str(errors[0].get("title", ""))[:200],
            )


def _values(raw: bytes) -> Iterator[dict[str, Any]]:
    try:
        document = json.loads(raw)
        for entry in document["entry"]:
            for change in entry["changes"]:
                if isinstance(change.get("value"), dict):
                    yield change["value"]
    except (ValueError, LookupError, TypeError, AttributeError):
        return
