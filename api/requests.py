"""What a request needs from the office: its settings, its database, one transaction, the client's address."""

from __future__ import annotations

from collections.abc import Iterator
from typing import Annotated

from fastapi import Depends, Request
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


def get_session(request: Request) -> Iterator[Session]:
    """One transaction a request: committed when the page function has returned and before the answer is sent."""
    with get_database(request).session() as session:
        if request.method in {"GET", "HEAD"}:
            read_once(session)
        yield session


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


# "function": the commit happens before the answer is sent; an answer never promises what was not stored.
DbSession = Annotated[Session, Depends(get_session, scope="function")]
TheSettings = Annotated[Settings, Depends(get_settings)]
TheJurisdiction = Annotated[Jurisdiction, Depends(get_jurisdiction)]
ClientAddress = Annotated[str, Depends(client_address)]
