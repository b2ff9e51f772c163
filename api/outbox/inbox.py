"""Messages from outside: durable on this machine first, answered, then handled exactly once in the database.

A sender outside (a bank, WhatsApp) waits a second or a few for its answer, and sends again or gives up when none comes;
a database may take longer than that now and then. So a message whose signature is right is written to a file and
fsynced before anything else: it is ours from then on, whatever happens to the database, and the answer needs nobody's
leave. Handling is tried at once, within a time limit; what does not fit into it is finished by the worker. A short
statement timeout with a 503 would be simpler, but leaves it to the other side whether the message ever comes again.
"""

from __future__ import annotations

import asyncio
import base64
import hashlib
import json
import logging
import os
import time
from collections.abc import Callable, Iterator, Mapping
from concurrent.futures import Future, ThreadPoolExecutor
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Final, TypeVar
from uuid import UUID

from sqlalchemy import select
from sqlalchemy.dialects.postgresql import insert
from sqlalchemy.exc import OperationalError
from sqlalchemy.orm import Session

from api.clock import now
from api.database import Database
from api.outbox.tables import InboxRow

_LOG = logging.getLogger("tertib.inbox")
MAX_MESSAGE_BYTES: Final = 1024 * 1024
MAX_TOLD_CHARACTERS: Final = 500
# Handled within the request for so long; then the sender gets its answer and the worker goes on.
PATIENCE_S: Final = 0.5
AT_ONCE: Final = 4
# The worker leaves a message for so long to the request that brought it.
FRESH_S: Final = 2.0
# Threads that write to the disk alone: none of them ever waits for the database.
KEEPERS: Final = 8
# So many messages in a row that the database does not take, and the round ends: the next one comes in seconds.
MAX_AWAY: Final = 3

# Seconds between two tries of a message that failed: 3, 9, 27, ... 2187; after the last one a person decides.
BACKOFF_BASE_S: Final = 3
MAX_TRIES: Final = 8

R = TypeVar("R")
# Handles one message in the transaction that marks it as handled; returns in a few words what came of it.
Handler = Callable[[Session, InboxRow], str]


@dataclass(frozen=True)
class Message:
    """A message as it came, verified.

    Attributes:
        source: who sends (`bank`, `whatsapp`, ...).
        message_id: the sender's own id; the same id is the same message.
        raw: the body's bytes.
        headers: those that matter, in lower case.
        received_at: by this machine's clock.
    """

    source: str
    message_id: str
    raw: bytes
    headers: Mapping[str, str]
    received_at: datetime


class Spool:
    """A folder of messages that are ours but not yet in the database.

    Args:
        folder: made when it is missing.
    """

    def __init__(self, folder: Path) -> None:
        self._folder = folder

    def keep(self, message: Message) -> Path:
        """Write a message down, durably; the same message twice is one file.

        Raises:
            OSError: the disk does not take it: the sender must be told to come again.
        """
        self._folder.mkdir(parents=True, exist_ok=True, mode=0o700)
        name = hashlib.sha256(f"{message.source}\x00{message.message_id}".encode()).hexdigest()[:40]
        path = self._folder / f"{name}.json"
        text = json.dumps(
            {
                "source": message.source,
                "message_id": message.message_id,
                "raw": base64.b64encode(message.raw).decode(),
                "headers": dict(message.headers),
                "received_at": message.received_at.isoformat(),
            }
        )
        temporary = self._folder / f".{name}.{os.getpid()}.{id(message)}"
        with temporary.open("w") as stream:
            stream.write(text)
            stream.flush()
            os.fsync(stream.fileno())
        temporary.replace(path)
        folder = os.open(self._folder, os.O_RDONLY)
        try:
            os.fsync(folder)
        finally:
            os.close(folder)
        return path

    def read(self, path: Path) -> Message | None:
        """The message in a file; None when another process has taken it in meanwhile.

        A file that the disk has spoiled is laid aside (`.spoiled`), so that it keeps none of the others.
        """
        try:
            held = json.loads(path.read_bytes())
            return Message(
                source=held["source"],
                message_id=held["message_id"],
                raw=base64.b64decode(held["raw"], validate=True),
                headers=held["headers"],
                received_at=datetime.fromisoformat(held["received_at"]),
            )
        except FileNotFoundError:
            return None
        except (ValueError, LookupError, TypeError):
            _LOG.exception("%s cannot be read: it is laid aside for a person to look at", path.name)
            path.replace(path.with_suffix(".spoiled"))
            return None

    def waiting(self, *, older_than_s: float = 0) -> Iterator[Path]:
        """Files of messages that are not in the database yet, the oldest first; those that lie for so long."""
        if not self._folder.is_dir():
            return
        found: list[tuple[float, Path]] = []
        for path in self._folder.glob("*.json"):
            try:
                found.append((path.stat().st_mtime, path))
            except FileNotFoundError:  # another process was quicker
                continue
        moment = time.time()
        # A clock that was set back must not keep what lies there "from the future".
        yield from (path for kept, path in sorted(found) if not moment - older_than_s < kept <= moment)


@dataclass(frozen=True)
class Taken:
    """What came of a message.

    Attributes:
        state: `done`, `failed`, or `pending` when there was no time to handle it yet.
        result: the handler's words.
        repeated: it had been handled before.
    """

    state: str
    result: str = ""
    repeated: bool = False


class Inbox:
    """Takes messages in.

    Args:
        database: the office's.
        spool: where they are kept first.
        handlers: by source.
        patience_s: how long a request waits for the database.
    """

    def __init__(
        self, database: Database, spool: Spool, handlers: Mapping[str, Handler], *, patience_s: float = PATIENCE_S
    ) -> None:
        self._database = database
        self._spool = spool
        self._handlers = handlers
        self._patience_s = patience_s
        # Threads of its own: those that pages share may all be waiting for a database that hangs.
        self._keepers = ThreadPoolExecutor(KEEPERS, thread_name_prefix="inbox-disk")
        self._handling = ThreadPoolExecutor(AT_ONCE, thread_name_prefix="inbox")
        # Those of them that a request has stopped waiting for.
        self._hanging: set[Future[Taken]] = set()

    async def receive(self, message: Message) -> Taken:
        """Keep a verified message, and handle it if the database is quick enough.

        Nothing here waits for the database or for a thread that does: the answer comes within `patience_s` and the
        time that the disk takes, however many pages hang.

        Raises:
            OSError: the disk does not take it.
        """
        path = await self.beside(self._spool.keep, message)
        if len(self._hanging) >= AT_ONCE:
            return Taken("pending")  # nobody would begin with it
        handled = self._handling.submit(self._finish, path, message)
        try:
            # What has not begun by then is never begun: it lies in the spool, and the worker takes it from there.
            return await asyncio.wait_for(asyncio.wrap_future(handled), self._patience_s)
        except TimeoutError:
            if handled.running():
                self._hanging.add(handled)
                handled.add_done_callback(self._hanging.discard)
            return Taken("pending")
        except Exception:
            _LOG.exception("a message from %s waits for the database", message.source)
            return Taken("pending")

    async def beside(self, work: Callable[..., R], *args: object) -> R:
        """Do something that needs the disk or the processor, never the database, in a thread kept for that."""
        return await asyncio.get_running_loop().run_in_executor(self._keepers, work, *args)

    def drain(self, *, older_than_s: float = 0) -> int:
        """Handle what lies in the spool for so long; how many were.

        What has only just come is in its own request's hands, which tells the sender what came of it.

        Raises:
            OperationalError: the database is away, or takes none of some messages in a row.
        """
        count = away = 0
        for path in self._spool.waiting(older_than_s=older_than_s):
            try:
                self.handle(path)
            except OperationalError:
                # One whose rows somebody holds must not keep the others; a database that is away keeps all.
                away += 1
                if away >= MAX_AWAY:
                    raise
                _LOG.warning("%s waits for the database", path.name)
                continue
            count, away = count + 1, 0
        return count

    def handle(self, path: Path) -> Taken:
        """Bring a kept message into the database and handle it, in one transaction; then let the file go."""
        message = self._spool.read(path)
        return Taken("done", repeated=True) if message is None else self._finish(path, message)

    def _finish(self, path: Path, message: Message) -> Taken:
        taken = self._handle(message)
        path.unlink(missing_ok=True)
        return taken

    def _handle(self, message: Message) -> Taken:
        try:
            with self._database.session() as session:
                row = self._row(session, message)
                return self.run(session, row)
        except OperationalError:
            # The database is away, slow, or somebody holds the rows: the message stays in the spool.
            raise
        except Exception as error:
            with self._database.session() as session:
                row = self._row(session, message)
                if row.state == "done":
                    raise
                _LOG.exception("a message from %s could not be handled", message.source)
                row.state = "failed"
                row.attempts += 1
                row.error = f"{type(error).__name__}: {error}"[:MAX_TOLD_CHARACTERS]
                row.next_at = _next_try(now(session), row.attempts)
            return Taken("failed")

    def try_again(self, *, limit: int = 50) -> int:
        """Handle anew what failed and is due: a fault of ours that was mended, or a moment's trouble. How many were.

        Each in a transaction of its own; what fails again waits longer, and after `MAX_TRIES` for a person.
        """
        with self._database.session() as session:
            due = select(InboxRow.id).where(InboxRow.state == "failed", InboxRow.next_at <= now(session))
            entries = session.scalars(due.order_by(InboxRow.next_at).limit(limit)).all()
        return sum(self._try_one_again(entry) for entry in entries)

    def _try_one_again(self, entry: UUID) -> bool:
        try:
            with self._database.session() as session:
                row = self._failed(session, entry)
                return row is not None and self.run(session, row).state == "done"
        except OperationalError:
            raise
        except Exception as error:
            _LOG.exception("a message could not be handled again")
            with self._database.session() as session:
                row = self._failed(session, entry)
                if row is not None:
                    row.attempts += 1
                    row.error = f"{type(error).__name__}: {error}"[:MAX_TOLD_CHARACTERS]
                    row.next_at = _next_try(now(session), row.attempts)
            return False

    @staticmethod
    def _failed(session: Session, entry: UUID) -> InboxRow | None:
        # Another process that has it in hand is left alone.
        query = select(InboxRow).where(InboxRow.id == entry, InboxRow.state == "failed")
        return session.scalars(query.with_for_update(skip_locked=True)).one_or_none()

    def run(self, session: Session, row: InboxRow) -> Taken:
        """Handle a message that is locked in this transaction, unless it was handled before."""
        if row.state == "done":
            return Taken("done", row.result or "", repeated=True)
        handler = self._handlers.get(row.source)
        if handler is None:
            message = f"nothing here handles messages from {row.source!r}"
            raise LookupError(message)
        row.result = handler(session, row)[:MAX_TOLD_CHARACTERS]
        row.state = "done"
        row.error = row.next_at = None
        row.attempts += 1
        row.handled_at = now(session)
        session.flush()
        return Taken("done", row.result)

    def _row(self, session: Session, message: Message) -> InboxRow:
        values = {
            "source": message.source,
            "message_id": message.message_id,
            "raw": message.raw,
            "headers": dict(message.headers),
            "received_at": message.received_at,
        }
        session.execute(insert(InboxRow).values(values).on_conflict_do_nothing())
        query = select(InboxRow).where(InboxRow.source == message.source, InboxRow.message_id == message.message_id)
        return session.scalars(query.with_for_update().execution_options(populate_existing=True)).one()

    def close(self) -> None:
        """Let running work end."""
        self._handling.shutdown(wait=False, cancel_futures=True)
        self._keepers.shutdown(wait=False)


def _next_try(moment: datetime, attempts: int) -> datetime | None:
    return None if attempts >= MAX_TRIES else moment + timedelta(seconds=BACKOFF_BASE_S**attempts)


def received(source: str, message_id: str, raw: bytes, headers: Mapping[str, str]) -> Message:
    """A message that arrives now."""
    return Message(source, message_id, raw, headers, datetime.now(UTC))
