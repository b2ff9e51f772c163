"""Is this message ours? What can be said of a message that somebody pastes, without telling anything about anybody."""

from __future__ import annotations

import re
from dataclasses import dataclass
from datetime import datetime
from typing import Final, Literal
from urllib.parse import urlsplit

from sqlalchemy import select
from sqlalchemy.orm import Session

from api.notices.tables import NoticeRow
from api.settings import Settings

MAX_MESSAGE: Final = 5000
Verdict = Literal["foreign_link", "install", "foreign_sender", "ours", "unknown"]
_CODE: Final = re.compile(r"\b([0-9A-HJKMNP-TV-Z]{5})-?([0-9A-HJKMNP-TV-Z]{5})\b")
# With or without https://, and without letting a word with a dot in it pass for an address.
_LINK: Final = re.compile(
    r"(?:[a-z][a-z0-9+.-]{1,20}://[^\s<>\"']+)"
    r"|(?:\b(?:[a-z0-9-]{1,63}\.){1,6}(?:com|net|org|id|info|xyz|top|site|online|link|app|cc|me|ly|co|shop|vip|club|live)"
    r"\b(?:/[^\s<>\"']*)?)",
    re.IGNORECASE,
)
_INSTALL: Final = re.compile(r"\.apk\b|\binstal\w*\b|\bunduh\s+aplikasi\b|\bdownload\s+(?:the\s+)?app\b", re.IGNORECASE)
_SENT: Final = ("sent", "delivered", "returned")


@dataclass(frozen=True)
class Judgement:
    """What the page tells.

    Attributes:
        verdict: the worst thing that was found, or that the message is ours.
        detail: the foreign link's host, or the sender.
        channel: how ours was sent.
        sent_at: when.
    """

    verdict: Verdict
    detail: str = ""
    channel: str = ""
    sent_at: datetime | None = None


def judge(session: Session, settings: Settings, *, message: str, sender: str, senders: tuple[str, ...]) -> Judgement:
    """Judge a message. One foreign link outweighs a right code: a forger may have copied a real letter.

    Args:
        session: an open session.
        settings: our own address.
        message: as pasted; only its first `MAX_MESSAGE` characters are looked at.
        sender: address or number that it came from; empty when not told.
        senders: addresses and numbers that ours come from.
    """
    text = message[:MAX_MESSAGE]
    ours = (urlsplit(settings.public_url).hostname or "").casefold()
    for found in _LINK.findall(text):
        host = _host(found)
        if host != ours:
            return Judgement("foreign_link", detail=host[:100])
    if _INSTALL.search(text):
        return Judgement("install")
    if sender.strip() and senders and _plain(sender) not in {_plain(one) for one in senders}:
        return Judgement("foreign_sender", detail=sender.strip()[:100])
    codes = {f"{first}-{second}" for first, second in _CODE.findall(text.upper())}
    if not codes or len(codes) > 20:
        return Judgement("unknown")
    row = session.scalars(
        select(NoticeRow).where(NoticeRow.code.in_(codes), NoticeRow.state.in_(_SENT)).limit(1)
    ).first()
    return Judgement("unknown") if row is None else Judgement("ours", channel=row.channel, sent_at=row.sent_at)


def _host(link: str) -> str:
    # `https://ours@evil.example` leads to evil.example: only a parser knows.
    try:
        parts = urlsplit(link if "://" in link else f"https://{link}")
        return (parts.hostname or "").casefold() if parts.scheme in {"http", "https"} else parts.scheme
    except ValueError:
        return "?"


def _plain(sender: str) -> str:
    digits = re.sub(r"[^0-9]", "", sender)
    if "@" not in sender and len(digits) >= 6:
        return re.sub(r"^0", "62", digits)
    return sender.strip().casefold()
