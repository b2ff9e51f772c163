"""The channels' part of the office's connections: handlers of what comes in, senders of what goes out."""

from __future__ import annotations

from collections.abc import Callable, Iterable
from functools import partial

from sqlalchemy.orm import Session

from api.channels import mailing, telling, webhooks
from api.channels.fetching import MediaFetcher
from api.channels.hearing import MEDIA_KIND, hear
from api.channels.replying import MetaReplies, RelayReplies, WhatsAppReplies
from api.channels.said import Said
from api.channels.telling import PUBLIC_URL_KEY
from api.database import Database
from api.notices import hearing as notices
from api.outbox.folder import FolderSender
from api.outbox.inbox import Handler
from api.outbox.outside import Outside
from api.outbox.sending import Sender
from api.outbox.tables import InboxRow
from api.settings import Settings
from api.store.service import FOLLOWERS_KEY


def carry_channels(database: Database, settings: Settings) -> None:
    """Let every session tell who complained what a person decided, with the office's public address."""
    database.carry(PUBLIC_URL_KEY, settings.public_url)
    database.carry(FOLLOWERS_KEY, (telling.follow,))


def own_addresses(outside: Outside) -> frozenset[str]:
    """The addresses that take complaints by mail, in lower case."""
    given = outside.mail_addresses or (() if outside.mail is None else (outside.mail.sender,))
    return frozenset(address.lower() for address in given)


def handlers(outside: Outside) -> dict[str, Handler]:
    """Who handles messages of which source."""

    def mail(session: Session, row: InboxRow) -> str:
        own = own_addresses(outside) | ({outside.mail.sender.lower()} if outside.mail is not None else set())
        ignored = mailing.why_ignored(row.raw, row.headers.get(mailing.ENVELOPE_SENDER, ""), own)
        return f"left alone: {ignored}" if ignored else hear(session, mailing.said(row.raw, outside.mail_authority))

    def whatsapp(session: Session, row: InboxRow) -> str:
        reports = notices.handle(session, row)
        heard = _heard(session, webhooks.from_whatsapp(row.raw))
        return f"{heard}; {reports}" if heard else reports

    def meta(session: Session, row: InboxRow) -> str:
        return _heard(session, webhooks.from_meta(row.raw)) or "nothing that a citizen said"

    def relay(name: str, session: Session, row: InboxRow) -> str:
        return _heard(session, webhooks.from_relay(row.raw, name)) or "no complaint: it needs `id`, `from` and `text`"

    return {
        mailing.SOURCE: mail,
        notices.SOURCE: whatsapp,
        webhooks.META: meta,
        **{f"relay:{name}": partial(relay, name) for name in outside.relays},
    }


def _heard(session: Session, messages: Iterable[Said]) -> str:
    came = [hear(session, said) for number, said in enumerate(messages) if number < webhooks.MAX_MESSAGES]
    return "; ".join(came)


def senders(database: Database, outside: Outside, folder: FolderSender) -> dict[str, Sender]:
    """Who sends what the channels send; a system that the office is not connected to is a folder."""
    made: dict[str, Sender] = {
        telling.WHATSAPP: folder if outside.whatsapp is None else WhatsAppReplies(outside.whatsapp),
        telling.META: folder if outside.meta is None else MetaReplies(outside.meta),
        telling.RELAYED: RelayReplies(outside) if outside.relays else folder,
        MEDIA_KIND: MediaFetcher(database, outside),
    }
    return made


AFTERMATHS: dict[str, Callable[..., None]] = dict.fromkeys(
    (telling.MAIL, telling.WHATSAPP, telling.META, telling.RELAYED), telling.left
)
