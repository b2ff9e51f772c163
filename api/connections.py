"""Where the office is connected to the world: who sends each kind of effect, who handles each kind of message."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Final

from sqlalchemy.orm import Session

from api.database import Database
from api.outbox.folder import FolderSender
from api.outbox.inbox import Handler, Inbox, Spool
from api.outbox.outside import Outside
from api.outbox.sending import Aftermath, Delivery, Sender
from api.outbox.worker import Worker
from api.payments import callback, refunds
from api.payments.following import follow
from api.settings import Settings

HANDLERS: Final[Mapping[str, Handler]] = {callback.SOURCE: callback.handle}
AFTERMATHS: Final[Mapping[str, Aftermath]] = {refunds.KIND: refunds.paid_back}


def senders(outside: Outside) -> dict[str, Sender]:
    """Who sends what, by kind of effect; a system that the office is not connected to is a folder."""
    folder = FolderSender(outside.letters)
    return {
        "email": folder,
        "whatsapp": folder,
        "letter": folder,
        "register_block": folder,
        "register_unblock": folder,
        "bank_refund": folder,
    }


def inbox_of(database: Database, settings: Settings) -> Inbox:
    """The inbox of an office: its spool lies in `inbox` below the home folder."""
    return Inbox(database, Spool(settings.home / "inbox"), HANDLERS)


def worker_of(database: Database, outside: Outside, inbox: Inbox) -> Worker:
    """A worker: sends the outbox, empties the inbox's spool, and settles what could not be settled before."""

    def rounds() -> int:
        count = inbox.drain()
        with database.session() as session:
            return count + _rounds(session)

    return Worker(database, Delivery(database, senders(outside), AFTERMATHS), drain=rounds)


def _rounds(session: Session) -> int:
    return follow(session)
