"""What somebody said, by whatever channel: what every adapter makes of its protocol, and nothing more."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Literal

from api.attachments.cleaning import Attachment

ChannelKind = Literal["mail", "whatsapp", "messenger", "instagram", "comment", "relay"]


@dataclass(frozen=True)
class Media:
    """A file that the channel keeps for us: fetched later, by a job of the outbox, and cleaned before it is kept.

    Attributes:
        id: the channel's id of the file (WhatsApp); empty when there is a link.
        url: where it lies; empty when there is an id.
        name: as its sender named it.
    """

    id: str = ""
    url: str = ""
    name: str = "photo"


@dataclass(frozen=True)
class Said:
    """One message of a citizen.

    Attributes:
        channel: which channel; `relay:` and a name for another system's.
        message_id: the channel's own id: the same id is the same message.
        address: where the answer goes: an e-mail address, a number, an account's id, a comment's id.
        author: who wrote it, by the channel's id: only who wrote to a case may add to it.
        text: as typed, not cleaned yet.
        name: as the channel tells it.
        about: ids of messages that this one answers.
        chat: whoever writes again goes on with the same case; False: every message is one of its own (a comment).
        public: everybody reads it, and would read an answer beside it.
        files: cleaned files that came with it.
        refused: why files that came with it were not taken, one sentence each.
        media: files to be fetched.
        latitude: degrees.
        longitude: degrees.
        category: id of a topic, where the sender chose one.
        doubt: why its author is perhaps not who they say: it goes on with no case of theirs, and is not answered by
            itself, but is a case as any other; empty: nothing speaks against them.
    """

    channel: str
    message_id: str
    address: str
    author: str
    text: str
    name: str = ""
    about: tuple[str, ...] = ()
    chat: bool = True
    public: bool = False
    files: tuple[Attachment, ...] = ()
    refused: tuple[str, ...] = ()
    media: tuple[Media, ...] = ()
    latitude: float | None = None
    longitude: float | None = None
    category: str | None = None
    doubt: str = ""
