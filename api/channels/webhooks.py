"""What WhatsApp, Facebook, Instagram and other systems post to us, read: messages of citizens, nothing else.

Reference: Meta, WhatsApp Cloud API webhooks (messages), Messenger Platform webhooks (messaging), Graph API webhooks
(feed of a page, comments of an Instagram account), v23.0. A relay's document is our own; see `relayed`.
"""

from __future__ import annotations

import json
from collections.abc import Iterator, Mapping
from typing import Any, Final

from api.channels.said import Media, Said

META: Final = "meta"
MAX_MESSAGES: Final = 200
_FILES: Final = ("image", "document")


def _document(raw: bytes) -> Mapping[str, Any]:
    try:
        read = json.loads(raw)
    except ValueError:
        return {}
    return read if isinstance(read, dict) else {}


def _maps(value: object) -> Iterator[Mapping[str, Any]]:
    for one in value if isinstance(value, list) else []:
        if isinstance(one, dict):
            yield one


def _map(value: object) -> Mapping[str, Any]:
    return value if isinstance(value, dict) else {}


def _text(value: object) -> str:
    return value if isinstance(value, str) else str(value) if isinstance(value, int) else ""


def _number(value: object, most: float) -> float | None:
    fits = isinstance(value, int | float) and not isinstance(value, bool) and -most <= value <= most
    return float(value) if fits else None  # type: ignore[arg-type]


def from_whatsapp(raw: bytes) -> Iterator[Said]:
    """Citizens' messages in a webhook of the Cloud API: texts, photos, documents, places."""
    for entry in _maps(_document(raw).get("entry")):
        for change in _maps(entry.get("changes")):
            value = _map(change.get("value"))
            names = {
                _text(contact.get("wa_id")): _text(_map(contact.get("profile")).get("name"))
                for contact in _maps(value.get("contacts"))
            }
            for message in _maps(value.get("messages")):
                number, message_id = _text(message.get("from")), _text(message.get("id"))
                if not number or not message_id:
                    continue
                media = [_map(message.get(kind)) for kind in _FILES if isinstance(message.get(kind), dict)]
                place = _map(message.get("location"))
                words = [
                    _text(_map(message.get("text")).get("body")),
                    _text(_map(message.get("button")).get("text")),
                    *(_text(one.get("caption")) for one in media),
                    _text(place.get("name")),
                    _text(place.get("address")),
                ]
                about = _text(_map(message.get("context")).get("id"))
                yield Said(
                    channel="whatsapp",
                    message_id=message_id,
                    address=number,
                    author=number,
                    name=names.get(number, ""),
                    text="\n".join(word for word in words if word),
                    about=(about,) if about else (),
                    media=tuple(
                        Media(id=_text(one.get("id")), name=_text(one.get("filename")) or "photo")
                        for one in media
                        if one.get("id")
                    ),
                    latitude=_number(place.get("latitude"), 90),
                    longitude=_number(place.get("longitude"), 180),
                )


def from_meta(raw: bytes) -> Iterator[Said]:
    """Private messages to, and comments under posts of, our Facebook page and Instagram account."""
    document = _document(raw)
    instagram = document.get("object") == "instagram"
    for entry in _maps(document.get("entry")):
        account = _text(entry.get("id"))
        for event in _maps(entry.get("messaging")):
            said = _private(event, account, "instagram" if instagram else "messenger")
            if said is not None:
                yield said
        for change in _maps(entry.get("changes")):
            said = _comment(_map(change.get("value")), _text(change.get("field")), account)
            if said is not None:
                yield said


def _private(event: Mapping[str, Any], account: str, channel: str) -> Said | None:
    message, sender = _map(event.get("message")), _text(_map(event.get("sender")).get("id"))
    message_id = _text(message.get("mid"))
    if not sender or not message_id or sender == account or message.get("is_echo") or message.get("is_deleted"):
        return None
    links = [
        _text(_map(one.get("payload")).get("url"))
        for one in _maps(message.get("attachments"))
        if one.get("type") in {"image", "file"}
    ]
    about = _text(_map(message.get("reply_to")).get("mid"))
    return Said(
        channel=channel,
        message_id=message_id,
        address=sender,
        author=f"{account}/{sender}",
        text=_text(message.get("text")),
        about=(about,) if about else (),
        media=tuple(Media(url=link) for link in links if link),
    )


def _comment(value: Mapping[str, Any], field: str, account: str) -> Said | None:
    sender = _map(value.get("from"))
    author = _text(sender.get("id"))
    page = field == "feed" and value.get("item") == "comment" and value.get("verb") == "add"
    if not (page or field == "comments") or not author or author == account:
        return None
    comment = _text(value.get("comment_id") if page else value.get("id"))
    if not comment:
        return None
    parent, photo = _text(value.get("parent_id")), _text(value.get("photo")) if page else ""
    return Said(
        channel="comment" if page else "instagram_comment",
        message_id=comment,
        address=comment,
        author=f"{account}/{author}",
        name=_text(sender.get("name") or sender.get("username")),
        text=_text(value.get("message") if page else value.get("text")),
        about=(parent,) if parent else (),
        chat=False,
        public=True,
        media=(Media(url=photo),) if photo else (),
    )


def from_relay(raw: bytes, name: str) -> Iterator[Said]:
    """One message that another system hands on (SP4N-LAPOR!, a gateway of text messages, a call centre).

    The document: `id`, `from`, `text`; optional `name`, `category`, `about`, `latitude`, `longitude`, `media` (links).
    """
    document = _document(raw)
    message_id, author = _text(document.get("id")), _text(document.get("from"))
    if not message_id or not author:
        return
    media = document.get("media")
    links = media if isinstance(media, list) else []
    about = _text(document.get("about"))
    yield Said(
        channel=f"relay:{name}",
        message_id=message_id,
        address=author,
        author=author,
        name=_text(document.get("name")),
        text=_text(document.get("text")),
        about=(about,) if about else (),
        chat=False,
        category=_text(document.get("category")) or None,
        media=tuple(Media(url=_text(link)) for link in links if _text(link)),
        latitude=_number(document.get("latitude"), 90),
        longitude=_number(document.get("longitude"), 180),
    )
