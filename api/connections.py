"""Where the office is connected to the world: who sends each kind of effect, who handles each kind of message."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Final

from sqlalchemy.orm import Session

from api.channels import connecting as channels
from api.channels.refusals import REFUSALS
from api.database import Database
from api.notices import batches, planning
from api.notices.batches import LetterPress
from api.notices.mail import MailSender
from api.notices.whatsapp import WhatsAppSender
from api.open311 import filing as open311
from api.outbox.folder import FolderSender
from api.outbox.inbox import FRESH_S, Handler, Inbox, Spool
from api.outbox.outside import Outside, load_outside
from api.outbox.sending import Aftermath, Delivery, Guard, Sender, Turn
from api.outbox.tables import OutboxRow
from api.outbox.worker import Worker
from api.payments import callback, refunds
from api.payments.following import follow
from api.register.port import REGISTER_KEY
from api.register.remote import RemoteRegister
from api.register.service import VehicleRegister
from api.settings import Settings
from api.tickets import orders

HANDLERS: Final[Mapping[str, Handler]] = {callback.SOURCE: callback.handle}


def _mail_left(session: Session, effect: OutboxRow) -> None:
    planning.message_left(session, effect)
    channels.AFTERMATHS["email"](session, effect)


AFTERMATHS: Final[Mapping[str, Aftermath]] = {
    refunds.KIND: refunds.paid_back,
    batches.KIND: batches.printed,
    "whatsapp": planning.message_left,
    **channels.AFTERMATHS,
    "email": _mail_left,
}
GUARDS: Final[Mapping[str, Guard]] = {
    "email": planning.may_leave,
    "whatsapp": planning.may_leave,
    **dict.fromkeys(orders.KINDS, orders.may_be_ordered),
}
TURNS: Final[Mapping[str, Turn]] = dict.fromkeys(orders.KINDS, orders.has_to_wait)


def remote_register(outside: Outside) -> RemoteRegister | None:
    """The vehicle register that the office is connected to; one for the whole process, since it keeps answers."""
    return None if outside.register_system is None else RemoteRegister(outside.register_system)


def carry_register(database: Database, register: RemoteRegister | None) -> None:
    """Let every session of the office ask this register."""
    if register is not None:

        def opener(_: Session) -> VehicleRegister:
            return register

        database.carry(REGISTER_KEY, opener)


def senders(
    database: Database, settings: Settings, outside: Outside, register: RemoteRegister | None
) -> dict[str, Sender]:
    """Who sends what, by kind of effect; a system that the office is not connected to is a folder."""
    folder = FolderSender(outside.letters)
    order: Sender = folder if register is None else register.order
    return {
        "email": folder if outside.mail is None else MailSender(outside.mail),
        "whatsapp": folder if outside.whatsapp is None else WhatsAppSender(outside.whatsapp),
        batches.KIND: LetterPress(database, settings, outside.letters),
        orders.BLOCK: order,
        orders.UNBLOCK: order,
        refunds.KIND: folder,
        **channels.senders(database, outside, folder),
    }


def inbox_of(database: Database, settings: Settings, outside: Outside | None = None) -> Inbox:
    """The inbox of an office: its spool lies in `inbox` below the home folder.

    Every session then also tells who complained what a person decided, by the way the complaint came.
    """
    channels.carry_channels(database, settings)
    handlers = {**HANDLERS, **channels.handlers(outside or load_outside(settings)), open311.SOURCE: open311.handle}
    return Inbox(database, Spool(settings.home / "inbox"), handlers)


def worker_of(
    database: Database, settings: Settings, outside: Outside, inbox: Inbox, register: RemoteRegister | None = None
) -> Worker:
    """A worker: sends the outbox, empties the inbox's spool, plans notices, and lets the books follow the cases."""

    def rounds() -> int:
        count = inbox.drain(older_than_s=FRESH_S) + inbox.try_again()
        # Each in a transaction of its own: what fails in one keeps none of the others.
        for work in (
            follow,
            REFUSALS.write,
            orders.order_blocks,
            lambda session: planning.plan_waiting(session, settings),
            lambda session: int(batches.make_batch(session) is not None),
        ):
            with database.session() as session:
                count += work(session)
        return count

    delivery = Delivery(database, senders(database, settings, outside, register), AFTERMATHS, GUARDS, TURNS)
    return Worker(database, delivery, drain=rounds)
