"""The office as one ASGI application: slices, middleware, errors, and the sweeper beside them."""

from __future__ import annotations

import logging
import threading
import time
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager

from fastapi import Depends, FastAPI
from sqlalchemy import func, select

from api import health
from api.answers import install
from api.audit import routes as audit
from api.audit.publishing import publish_daily
from api.board import audit_pages as trails
from api.board import oversight_pages as statistics
from api.board import pages as board
from api.camera_setup import pages as camera_setup
from api.channels import routes as channels
from api.clock import Clock, now
from api.complaints import pages as complaints
from api.connections import carry_register, inbox_of, remote_register, worker_of
from api.contests import pages as contests
from api.database import Database, connect
from api.desk import pages as desk
from api.desk import ticket_pages as desk_tickets
from api.enrolment import routes as enrolment
from api.eoffice import pages as eoffice
from api.intake import evidence
from api.intake import routes as intake
from api.intake.evidence_store import EvidenceStore
from api.intake.orphans import sweep_orphans
from api.limits import BodyLimit
from api.live import routes as live
from api.mall import pages as mall
from api.metrics import routes as metrics
from api.metrics.requests import CountRequests, RequestCounts
from api.notices import pages as notices
from api.notices import routes as whatsapp
from api.open311 import routes as open311
from api.outbox import pages as outbox
from api.outbox.outside import load_outside
from api.outbox.worker import WorkerThread
from api.payments import pages as paying
from api.payments import routes as payments
from api.people import pages as sign_in
from api.people import step_pages as second_steps
from api.people.forms import FormTokens, protect_forms
from api.portal import pages as portal
from api.portal import proof, vehicle
from api.register import pages as register_pages
from api.retention.sweeping import erase_due
from api.review import answer_pages as answers
from api.review import pages as review
from api.review.sweeping import sweep_review
from api.settings import Settings
from api.store.holidays import follow_calendars
from api.store.sweeping import compute_waiting, sweep_due
from api.tickets import clip_pages as clips
from api.tickets import pages as tickets
from api.tickets.orders import order_blocks
from api.web import routes as web
from api.web.security import SecurityHeaders

_LOG = logging.getLogger("tertib.office")
# Any number that no other program is likely to use: one process of an office sweeps.
_SWEEPER_LOCK = 7_415_025
_TIDY_EVERY_S = 3600.0

ROUTERS = (
    health.router,
    web.router,
    sign_in.router,
    second_steps.router,
    enrolment.router,
    intake.router,
    evidence.router,
    review.router,
    answers.router,
    tickets.router,
    clips.router,
    contests.router,
    complaints.router,
    live.router,
    board.router,
    statistics.router,
    trails.router,
    camera_setup.router,
    portal.router,
    proof.router,
    vehicle.router,
    audit.router,
    payments.router,
    paying.router,
    notices.router,
    whatsapp.router,
    outbox.router,
    register_pages.router,
    desk.router,
    desk_tickets.router,
    eoffice.router,
    mall.router,
    metrics.router,
    channels.router,
    open311.router,
)


def create_app(
    settings: Settings, *, database: Database | None = None, clock: Clock | None = None, sweeper: bool = True
) -> FastAPI:
    """The office.

    Args:
        settings: folders, addresses, limits.
        database: a database that is ready; by default the one of the settings, started and migrated here.
        clock: where services take the time from, when no database is given.
        sweeper: whether deadlines are swept, and the outbox is sent, beside the requests.

    Raises:
        DatabaseError: the database cannot be used.
        JurisdictionError: a jurisdiction file is wrong.
        SettingsError: a secret is unsafe.
    """
    held = database or connect(settings, clock=clock)
    _ = settings.secret  # refused now, not at the first form
    outside = load_outside(settings)
    inbox = inbox_of(held, settings)
    register = remote_register(outside)
    carry_register(held, register)

    @asynccontextmanager
    async def lifespan(_: FastAPI) -> AsyncIterator[None]:
        stop = threading.Event()
        thread = threading.Thread(target=_sweep, args=(held, settings, stop), name="sweeper", daemon=True)
        worker = WorkerThread(lambda: worker_of(held, settings, outside, inbox, register))
        if sweeper:
            thread.start()
            worker.start()
        yield
        stop.set()
        if sweeper:
            worker.stop()
            thread.join(timeout=10)
        inbox.close()
        if database is None:
            held.close()

    app = FastAPI(
        title="Tertib office",
        summary="Violations, tickets, contests and complaints, each with its clock.",
        version="1",
        openapi_url="/v1/openapi.json",
        docs_url=None,  # the page of the framework loads scripts from other hosts
        redoc_url=None,
        lifespan=lifespan,
        dependencies=[Depends(protect_forms)],
    )
    with held.session() as session:
        compute_waiting(session)
        follow_calendars(session, now(session))
    app.state.settings = settings
    app.state.database = held
    app.state.outside = outside
    app.state.inbox = inbox
    app.state.request_counts = RequestCounts()
    install(app)
    for router in ROUTERS:
        app.include_router(router)
    # The last one added is the outermost.
    app.add_middleware(FormTokens, settings=settings)
    app.add_middleware(BodyLimit, settings=settings)
    app.add_middleware(SecurityHeaders, secure=settings.secure)
    app.add_middleware(CountRequests, counts=app.state.request_counts)
    return app


def _sweep(database: Database, settings: Settings, stop: threading.Event) -> None:
    """Sweep until stopped; of several processes of one office only the one that holds the lock does."""
    first = True
    tidied_s = -_TIDY_EVERY_S
    while first or not stop.wait(settings.sweep_seconds):
        first = False
        try:
            with database.engine.connect() as connection:
                # Held by the connection: when its process dies, another one's next round takes it.
                if not connection.execute(select(func.pg_try_advisory_lock(_SWEEPER_LOCK))).scalar_one():
                    continue
                connection.rollback()
                try:
                    _sweep_all(database, stop)
                    if time.monotonic() - tidied_s >= _TIDY_EVERY_S:
                        tidied_s = time.monotonic()
                        _tidy(database, settings, stop)
                finally:
                    connection.execute(select(func.pg_advisory_unlock(_SWEEPER_LOCK)))
                    connection.rollback()
        except Exception:  # a database that is away comes back; the sweeper must not end, deadlines are rows and wait
            _LOG.exception("deadlines could not be swept")


def _sweep_all(database: Database, stop: threading.Event) -> None:
    swept = True
    while swept and not stop.is_set():
        with database.session() as session:
            swept = sweep_due(session, now(session)) > 0
            # In the same transaction: a vehicle is not blocked here without the register being told, nor the reverse.
            order_blocks(session)
        with database.session() as session:
            swept = sweep_review(session, now(session)) > 0 or swept
    with database.session() as session:
        publish_daily(session, now(session), database.jurisdictions.first.zone)


def _tidy(database: Database, settings: Settings, stop: threading.Event) -> None:
    """Once an hour: what killed uploads left, and what must go by the rules of retention."""
    with database.session() as session:
        sweep_orphans(session, EvidenceStore(settings.evidence), now_s=time.time())
    erased = True
    while erased and not stop.is_set():
        with database.session() as session:
            erased = bool(erase_due(session))
