"""Answers out: a WhatsApp text, a message or comment at Meta, a signed post to another system."""

from __future__ import annotations

import json
from typing import Any, Final

import httpx

from api.notices.whatsapp import CloudApi, sent_id, signed, template
from api.outbox.outside import MetaSystem, Outside, WhatsAppSystem
from api.outbox.sending import Effect, SendingFailed, SendingRefused

# Meta's error when a citizen wrote more than 24 hours ago: only an approved template may be sent.
_TOO_LATE: Final = 131047
MAX_TEXT: Final = 4000
SIGNATURE: Final = "x-tertib-signature"


class WhatsAppReplies:
    """Sends effects of the kind `whatsapp_text`: `to`, `text`, `about`.

    Args:
        system: our number and keys.
        client: the HTTP client; by default one of its own.
    """

    def __init__(self, system: WhatsAppSystem, client: httpx.Client | None = None) -> None:
        self._api = CloudApi(system, client)

    def __call__(self, effect: Effect) -> str:
        """Hand the text to Meta; after 24 hours of silence the approved template with the text in it.

        Raises:
            SendingFailed, SendingRefused: as `WhatsAppSender`.
        """
        body = effect.body
        text: dict[str, Any] = {"type": "text", "text": {"body": str(body["text"])[:MAX_TEXT]}}
        if body.get("about"):
            text["context"] = {"message_id": str(body["about"])}
        answer = self._api.post(effect, text)
        approved = self._api.system.answer_template
        if _code(answer) == _TOO_LATE and approved:
            words = " ".join(str(body["text"]).split())[:900]
            answer = self._api.post(effect, template(approved, "id", [words]))
        return sent_id(answer)


def _code(answer: httpx.Response) -> int | None:
    try:
        code = answer.json()["error"]["code"]
    except (ValueError, LookupError, TypeError):
        return None
    return code if isinstance(code, int) else None


class MetaReplies:
    """Sends effects of the kind `meta`: `channel`, `to`, `text`, `account`, `private`.

    Args:
        system: our app, page and account.
        client: the HTTP client; by default one of its own.
    """

    def __init__(self, system: MetaSystem, client: httpx.Client | None = None) -> None:
        self._system = system
        self._client = client or httpx.Client(timeout=system.timeout_s)

    def __call__(self, effect: Effect) -> str:
        """Answer a message privately; a comment privately the first time, beside it afterwards.

        Raises:
            SendingFailed: away, throttled, or broken for a while.
            SendingRefused: no such message, or not allowed.
        """
        body, text = effect.body, str(effect.body["text"])[:2000]
        channel, to = str(body["channel"]), str(body["to"])
        if channel in {"comment", "instagram_comment"} and not body.get("private"):
            path, document = f"{to}/{'comments' if channel == 'comment' else 'replies'}", {"message": text}
        else:
            kind = "comment_id" if channel in {"comment", "instagram_comment"} else "id"
            path = f"{body.get('account') or 'me'}/messages"
            document = {"recipient": {kind: to}, "message": {"text": text}, "messaging_type": "RESPONSE"}  # type: ignore[dict-item]
        try:
            answer = self._client.post(
                f"{self._system.url.rstrip('/')}/{path}",
                json=document,
                headers={"Authorization": f"Bearer {self._system.token}"},
            )
        except httpx.HTTPError as error:
            raise SendingFailed(f"Meta is away: {type(error).__name__}") from error
        if answer.status_code >= 500 or answer.status_code == 429 or _code(answer) in {1, 2, 4, 17, 32, 613}:
            raise SendingFailed(f"Meta answers {answer.status_code}")
        if not answer.is_success:
            raise SendingRefused(f"Meta answers {answer.status_code}, code {_code(answer)}")
        try:
            told = answer.json()
            return str(told.get("message_id") or told["id"])
        except (ValueError, LookupError, TypeError, AttributeError) as error:
            raise SendingFailed("Meta's answer holds no id") from error


class RelayReplies:
    """Sends effects of the kind `relay`: posted to the other system, signed as it signs to us.

    Args:
        outside: the systems, by name.
        client: the HTTP client; by default one of its own.
    """

    def __init__(self, outside: Outside, client: httpx.Client | None = None) -> None:
        self._outside = outside
        self._client = client or httpx.Client(timeout=10.0)

    def __call__(self, effect: Effect) -> str:
        """Post the answer; the effect's key is its id there.

        Raises:
            SendingFailed: away; SendingRefused: it does not take it, or takes no answers.
        """
        body = effect.body
        system = self._outside.relays.get(str(body["channel"]).partition(":")[2])
        if system is None or system.answers_url is None:
            raise SendingRefused("this system takes no answers: set `answers_url` in outside.yaml")
        document = {"id": effect.key, "to": body["to"], "about": body.get("about"), "text": body["text"]}
        raw = json.dumps(document, ensure_ascii=False).encode()
        headers = {"content-type": "application/json", SIGNATURE: signed(system.secret, raw)}
        try:
            answer = self._client.post(system.answers_url, content=raw, headers=headers)
        except httpx.HTTPError as error:
            raise SendingFailed(f"the system is away: {type(error).__name__}") from error
        if answer.status_code >= 500 or answer.status_code == 429:
            raise SendingFailed(f"the system answers {answer.status_code}")
        if not answer.is_success:
            raise SendingRefused(f"the system answers {answer.status_code}")
        return effect.key
