"""An e-mail as it comes in: cleaned at the door, read afterwards. Robots are told from people.

A photo in a mail would lie in the inbox for ever with the place where it was taken. So the attachments are cleaned
before the message is kept, and stand in it as what was left of them; everything else is kept to the letter.
"""

from __future__ import annotations

import hashlib
import re
from collections.abc import Iterator
from email import message_from_bytes, policy
from email.errors import MessageError
from email.message import EmailMessage
from email.utils import getaddresses
from html.parser import HTMLParser
from typing import Final

from api.attachments.cleaning import (
    Attachment,
    AttachmentTooLargeError,
    AttachmentUnreadableError,
    accept_attachment,
)
from api.channels.proving import NAME, why_doubted
from api.channels.said import Said

SOURCE: Final = "mail"
ENVELOPE_SENDER: Final = "envelope-sender"
MAX_MAIL_BYTES: Final = 25 * 1024 * 1024
MAX_FILES: Final = 5
MAX_PARTS: Final = 200
_CLEANED: Final = "X-Tertib-Cleaned"
_QUOTE: Final = re.compile(
    r"^(?:>|(?:On|Pada)\b.{0,200}\b(?:wrote|menulis)\s*:?\s*$|-{2,}\s*(?:Original|Pesan Asli))", re.MULTILINE
)
_ROBOTS: Final = re.compile(r"^(?:mailer-daemon|postmaster|no-?reply|do-?not-?reply|bounce)", re.IGNORECASE)
_IDS: Final = re.compile(r"<[^<>\s]{3,200}>")


def cleaned(raw: bytes) -> bytes:
    """The message with its attachments cleaned; the very bytes when it has none.

    What cannot be taken is cut out, and the part says why.
    """
    message = _parsed(raw)
    if message is None:
        return raw
    touched = False
    for number, part in enumerate(_files(message)):
        touched = True
        data = part.get_payload(decode=True)
        name = part.get_filename() or "attachment"
        for header in ("Content-Type", "Content-Transfer-Encoding", "Content-Disposition", "Content-ID", _CLEANED):
            del part[header]
        if number >= MAX_FILES:
            part.set_content(f"at most {MAX_FILES} files are taken with a message\n")
            part[_CLEANED] = "refused"
            continue
        try:
            kept = accept_attachment(name, data if isinstance(data, bytes) else b"")
        except (AttachmentTooLargeError, AttachmentUnreadableError) as error:
            part.set_content(f"{error}\n")
            part[_CLEANED] = "refused"
            continue
        main, _, sub = kept.media_type.partition("/")
        part.set_content(kept.data, maintype=main, subtype=sub, disposition="attachment", filename=kept.name)
        part[_CLEANED] = kept.original_sha256
    return message.as_bytes(policy=policy.SMTP) if touched else raw


def _parsed(raw: bytes) -> EmailMessage | None:
    try:
        message = message_from_bytes(raw, policy=policy.default)
    except (MessageError, ValueError, LookupError):
        return None
    return message if isinstance(message, EmailMessage) else None


def _files(message: EmailMessage) -> Iterator[EmailMessage]:
    for number, part in enumerate(message.walk()):
        if number >= MAX_PARTS:
            return
        if part.is_multipart() or not isinstance(part, EmailMessage):
            continue
        named = part.get_filename() is not None or part.get_content_disposition() == "attachment"
        if named or part.get_content_maintype() != "text":
            yield part


def message_id(raw: bytes) -> str:
    """The sender's own id of a message; its hash where it has none."""
    message = _parsed(raw)
    found = _IDS.search(_header(message, "Message-ID")) if message is not None else None
    return found.group() if found else f"<{hashlib.sha256(raw).hexdigest()}@without.id>"


def why_ignored(raw: bytes, envelope_sender: str, own: frozenset[str]) -> str:
    """Why nobody is answered: a robot wrote, or we did; empty for a person's message (RFC 3834).

    Args:
        raw: the message.
        envelope_sender: of SMTP; empty for a bounce.
        own: our own addresses, in lower case.
    """
    message = _parsed(raw)
    if message is None:
        return "no message"
    author = _author(message)[1]
    automatic = _header(message, "Auto-Submitted").partition(";")[0].strip().lower()
    precedence = _header(message, "Precedence").strip().lower()
    robot = automatic not in {"", "no"} or bool(message["X-Autoreply"] or message["X-Autorespond"])
    signs = (
        (not envelope_sender or message.get_content_type() == "multipart/report", "a bounce"),
        (robot, "an automatic answer"),
        (precedence in {"bulk", "junk", "list", "auto_reply"} or bool(message["List-Id"]), "a mailing list"),
        (_ROBOTS.match(author) is not None, "a robot's address"),
        (author.lower() in own, "our own message"),
        ("@" not in author, "no sender"),
    )
    return next((why for holds, why in signs if holds), "")


def said(raw: bytes, authority: str = "") -> Said:
    """What a (cleaned) message says.

    Args:
        raw: the message.
        authority: the mail server whose word on the sender is believed; empty: none is asked.

    Raises:
        ValueError: it is no message.
    """
    message = _parsed(raw)
    if message is None:
        raise ValueError("this is no e-mail")
    name, author = _author(message)
    subject = _header(message, "Subject")
    files, refused = _taken(message)
    words = _words(message)
    answers = bool(message["In-Reply-To"] or message["References"])
    return Said(
        channel=SOURCE,
        message_id=message_id(raw),
        address=_address(message, "Reply-To")[1] or author,
        # Only the sender's own address is proven, not where they want the answer to go.
        author=author.lower(),
        name=name,
        text=words if answers or not subject else f"{subject}\n\n{words}",
        about=(*_IDS.findall(f"{_header(message, 'In-Reply-To')} {_header(message, 'References')}")[-20:], subject),
        chat=False,
        files=tuple(files),
        refused=tuple(refused),
        doubt=why_doubted([str(value) for value in message.get_all(NAME, [])], authority),
    )


def _header(message: EmailMessage, name: str) -> str:
    try:
        return str(message[name] or "").strip()  # a folded header begins with its fold
    except (ValueError, LookupError, TypeError, AttributeError, IndexError):  # a header that the library cannot read
        return ""


def _author(message: EmailMessage) -> tuple[str, str]:
    return _address(message, "From")


def _address(message: EmailMessage, name: str) -> tuple[str, str]:
    found = getaddresses([_header(message, name)])
    return (found[0][0][:100], found[0][1][:254]) if found else ("", "")


def _taken(message: EmailMessage) -> tuple[list[Attachment], list[str]]:
    files: list[Attachment] = []
    for part in _files(message):
        data = part.get_payload(decode=True)
        told = _header(part, _CLEANED)
        if not isinstance(data, bytes) or not re.fullmatch(r"[0-9a-f]{64}", told):
            continue
        media_type = part.get_content_type()
        if media_type in {"image/jpeg", "application/pdf"}:
            name = part.get_filename() or "attachment"
            files.append(Attachment(name, media_type, data, hashlib.sha256(data).hexdigest(), told))
    refused = [
        "Lampiran ditolak / a file was refused: " + str(part.get_payload())[:200].strip()
        for part in message.walk()
        if isinstance(part, EmailMessage) and _header(part, _CLEANED) == "refused"
    ]
    return files, refused


class _Text(HTMLParser):
    def __init__(self) -> None:
        super().__init__()
        self.words: list[str] = []
        self._hidden = 0

    def handle_starttag(self, tag: str, attrs: list[tuple[str, str | None]]) -> None:  # noqa: ARG002 - the base's name
        self._hidden += tag in {"script", "style", "head", "title"}
        if tag in {"br", "p", "div", "tr", "li"}:
            self.words.append("\n")

    def handle_endtag(self, tag: str) -> None:
        self._hidden -= tag in {"script", "style", "head", "title"}

    def handle_data(self, data: str) -> None:
        if self._hidden <= 0:
            self.words.append(data)


def _words(message: EmailMessage) -> str:
    try:
        body = message.get_body(preferencelist=("plain", "html"))
        content = body.get_content() if body is not None else ""
    except (LookupError, ValueError, AttributeError):  # an unknown charset, a broken structure
        payload = message.get_payload(decode=True)
        body, content = None, payload.decode("utf-8", "replace") if isinstance(payload, bytes) else ""
    text = content if isinstance(content, str) else ""
    if body is not None and body.get_content_type() == "text/html":
        reader = _Text()
        reader.feed(text)
        text = "".join(reader.words)
    text = text.replace("\r\n", "\n")
    quote = _QUOTE.search(text)
    return (text[: quote.start()] if quote and text[: quote.start()].strip() else text).strip()
