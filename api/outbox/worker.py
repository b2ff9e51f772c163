"""The worker: runs the jobs of the outbox, takes up jobs of workers that died, and empties the inbox's spool."""

from __future__ import annotations

import asyncio
import contextlib
import logging
import threading
from collections.abc import Callable
from concurrent.futures import ThreadPoolExecutor
from typing import Final

import procrastinate
from sqlalchemy import URL

from api.database import OPTIONS, Database
from api.outbox.jobs import QUEUE, with_connector
from api.outbox.sending import Delivery

_LOG = logging.getLogger("tertib.outbox")
HEARTBEAT_S: Final = 5.0
# A worker that has not shown a sign of life for so long is dead: others take its jobs up.
STALLED_AFTER_S: Final = 20.0
POLL_S: Final = 2.0


def _conninfo(url: URL) -> str:
    return url.set(drivername="postgresql").render_as_string(hide_password=False)


class Worker:
    """Runs jobs until stopped.

    Args:
        database: the office's.
        delivery: delivers one effect.
        drain: takes in what lies in the inbox's spool; called every few seconds. None: nothing to drain.
        concurrency: jobs at once.
        stalled_after_s: after how long without a sign of life a worker's jobs are taken up by others, s.
    """

    def __init__(
        self,
        database: Database,
        delivery: Delivery,
        *,
        drain: Callable[[], int] | None = None,
        concurrency: int = 4,
        stalled_after_s: float = STALLED_AFTER_S,
    ) -> None:
        self._database = database
        self._delivery = delivery
        self._drain = drain
        self._concurrency = concurrency
        self._stalled_after_s = stalled_after_s
        self._stop = threading.Event()

    def stop(self) -> None:
        """Ask the worker to end; from any thread."""
        self._stop.set()

    def run(self, *, until_idle: bool = False) -> None:
        """Work until `stop`, or, with `until_idle`, one round and until no job is due any more. Blocks."""
        work = self._main(until_idle=until_idle)
        try:
            asyncio.get_running_loop()
        except RuntimeError:
            asyncio.run(work)
            return
        # The caller's thread has a loop of its own already (as a browser's driver leaves one).
        with ThreadPoolExecutor(1, thread_name_prefix="worker") as own:
            own.submit(asyncio.run, work).result()

    async def _main(self, *, until_idle: bool) -> None:
        connector = procrastinate.PsycopgConnector(
            conninfo=_conninfo(self._database.engine.url),
            kwargs={"options": OPTIONS},
            min_size=1,
            max_size=self._concurrency + 2,
        )
        app = with_connector(connector, self._delivery.deliver)
        async with app.open_async():
            await self._recover(app)
            if until_idle and self._drain is not None:
                await asyncio.to_thread(self._drain)
            beside = [] if until_idle else [asyncio.create_task(self._beside(app))]
            worker = asyncio.create_task(
                app.run_worker_async(
                    queues=[QUEUE],
                    wait=not until_idle,
                    concurrency=self._concurrency,
                    install_signal_handlers=False,
                    fetch_job_polling_interval=POLL_S,
                    update_heartbeat_interval=min(HEARTBEAT_S, self._stalled_after_s / 3),
                    stalled_worker_timeout=self._stalled_after_s,
                    delete_jobs="successful",  # what was sent stands in the outbox
                )
            )
            if until_idle:
                await worker
                return
            await self._until_stopped(worker)
            for task in [*beside, worker]:
                task.cancel()
                with contextlib.suppress(asyncio.CancelledError):
                    await task

    async def _until_stopped(self, worker: asyncio.Task[None]) -> None:
        stopped = asyncio.create_task(asyncio.to_thread(self._stop.wait))
        await asyncio.wait({worker, stopped}, return_when=asyncio.FIRST_COMPLETED)
        self._stop.set()
        await stopped
        if worker.done():
            worker.result()

    async def _beside(self, app: procrastinate.App) -> None:
        while True:
            try:
                await self._recover(app)
                if self._drain is not None:
                    await asyncio.to_thread(self._drain)
            except Exception:  # a database that is away comes back; jobs are rows and wait
                _LOG.exception("the worker's rounds failed")
            await asyncio.sleep(min(POLL_S, self._stalled_after_s / 2))

    async def _recover(self, app: procrastinate.App) -> None:
        """Take up the jobs of workers that died."""
        for job in await app.job_manager.get_stalled_jobs(queue=QUEUE, seconds_since_heartbeat=self._stalled_after_s):
            _LOG.warning("job %s of a worker that died is taken up again", job.id)
            await app.job_manager.retry_job(job)


class WorkerThread:
    """A worker beside something else (`tertib serve`): started, and ended with it. A failure is logged and retried.

    Args:
        make: makes a fresh worker.
        pause_s: between a failure and the next try, s.
    """

    def __init__(self, make: Callable[[], Worker], *, pause_s: float = 5.0) -> None:
        self._make = make
        self._pause_s = pause_s
        self._ended = threading.Event()
        self._worker: Worker | None = None
        self._thread = threading.Thread(target=self._run, name="outbox", daemon=True)

    def start(self) -> None:
        """Begin."""
        self._thread.start()

    def stop(self) -> None:
        """End, and wait for the job that runs."""
        self._ended.set()
        if self._worker is not None:
            self._worker.stop()
        self._thread.join(timeout=15)

    def _run(self) -> None:
        while not self._ended.is_set():
            self._worker = self._make()
            if self._ended.is_set():
                return
            try:
                self._worker.run()
            except Exception:
                _LOG.exception("the worker ended; it starts again")
                self._ended.wait(self._pause_s)
