"""`GET /v1/health`: whether the office can work, for whoever starts or watches it."""

from __future__ import annotations

from fastapi import APIRouter
from pydantic import BaseModel, Field
from sqlalchemy import text

from api.requests import DbSession, TheSettings

router = APIRouter(tags=["health"])


class Health(BaseModel):
    """The office answers and reaches its database."""

    status: str = Field(examples=["ok"])
    database: str = Field(description="Version of PostgreSQL", examples=["18.0"])
    public_url: str = Field(examples=["http://127.0.0.1:8000"])


@router.get("/v1/health", summary="Whether the office can work", response_model=Health)
def health(session: DbSession, settings: TheSettings) -> Health:
    """200 when the database answers, 503 otherwise."""
    version = str(session.execute(text("SHOW server_version")).scalar_one())
    return Health(status="ok", database=version, public_url=settings.public_url)
