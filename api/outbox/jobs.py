"""The job queue: procrastinate in the office's own database, in the schema `tertib_jobs`.

A job is deferred on the very connection of the transaction that decided it: both are there, or neither is.
"""

from __future__ import annotations

from collections.abc import Callable
from datetime import datetime
from typing import Any, Final
from uuid import UUID

import procrastinate
from sqlalchemy.orm import Session

DELIVER: Final = "tertib.deliver"
QUEUE: Final = "outbox"
# Seconds between two tries: 3, 9, 27, ... 2187; after the last one a person decides.
BACKOFF_BASE_S: Final = 3
MAX_ATTEMPTS: Final = 8


def with_connector(connector: procrastinate.BaseConnector, deliver: Callable[[UUID], None]) -> procrastinate.App:
    """The queue's application with its one task: to deliver an effect of the outbox.

    Args:
        connector: how the queue reaches the database.
        deliver: sends the effect with this id; raises to be called again later.
    """
    app = procrastinate.App(connector=connector)
    retry = procrastinate.RetryStrategy(max_attempts=MAX_ATTEMPTS - 1, exponential_wait=BACKOFF_BASE_S)

    @app.task(name=DELIVER, queue=QUEUE, retry=retry)
    def run(outbox_id: str) -> None:
        deliver(UUID(outbox_id))

    return app


def _never(_: UUID) -> None:
    message = "this process only writes jobs; `tertib worker` runs them"
    raise RuntimeError(message)


# Never opened: it writes on connections that it is handed.
_DEFERRING = with_connector(procrastinate.SyncPsycopgConnector(), _never)


def defer(session: Session, outbox_id: UUID, *, not_before: datetime | None = None) -> None:
    """Write the job that delivers an effect, on the connection of this session's transaction."""
    connection: Any = session.connection().connection.driver_connection
    _DEFERRING.tasks[DELIVER].configure(connection=connection, schedule_at=not_before).defer(outbox_id=str(outbox_id))
