"""What a request needs from the office: its settings, its database, one transaction, the client's address."""

from __future__ import annotations

from collections.abc import AsyncIterator
from typing import Annotated

from anyio import CancelScope
from fastapi import Depends, Request
from fastapi.concurrency import run_in_threadpool
from sqlalchemy.orm import Session

from api.clock import read_once
from api.database import Database
from api.jurisdiction.model import Jurisdiction
from api.settings import Settings


def get_settings(request: Request) -> Settings:
    """Settings of the office that answers."""
    settings: Settings = request.app.state.settings
    return settings


def get_database(request: Request) -> Database:
    """Its database."""
    database: Database = request.app.state.database
    return database


async def get_session(request: Request) -> AsyncIterator[Session]:
    """One transaction a request: committed when the page function has returned and before the answer is sent."""
    # Opening a session asks nothing: only its end needs a thread, and only where something was asked.
    session = get_database(request).open_session()
    if request.method in {"GET", "HEAD"}:
        read_once(session)
    try:
        yield session
    except BaseException:
        # Also when the visitor has gone away: the connection goes back in any case.
        with CancelScope(shield=True):
            await run_in_threadpool(session.close)
        raise
    if session.in_transaction() or session.new:
        with CancelScope(shield=True):
            await run_in_threadpool(_commit, session)
    else:
        session.close()


def _commit(session: Session) -> None:
    with session:
        session.commit()


def get_jurisdiction(request: Request) -> Jurisdiction:
    """The jurisdiction that pages speak for."""
    return get_database(request).jurisdictions.first


def client_address(request: Request) -> str:
    """The client's address; X-Forwarded-For counts only when a trusted proxy sent it."""
    address = request.client.host if request.client else "unknown"
    if address in get_settings(request).trusted_proxies:
        forwarded = request.headers.get("x-forwarded-for", "").split(",")[-1].strip()
        return forwarded[:60] or address
    return address


# As dependencies these are coroutines: what asks nobody needs no thread of its own.
async def _settings(request: Request) -> Settings:
    return get_settings(request)


async def _jurisdiction(request: Request) -> Jurisdiction:
    return get_jurisdiction(request)


async def _client_address(request: Request) -> str:
    return client_address(request)


# "function": the commit happens before the answer is sent; an answer never promises what was not stored.
DbSession = Annotated[Session, Depends(get_session, scope="function")]
TheSettings = Annotated[Settings, Depends(_settings)]
TheJurisdiction = Annotated[Jurisdiction, Depends(_jurisdiction)]
ClientAddress = Annotated[str, Depends(_client_address)]
