"""`/v1/audit/heads`: the published heads, for whoever wants to keep them where the office cannot write."""

from __future__ import annotations

from datetime import date, datetime
from typing import Annotated

from fastapi import APIRouter, Query
from pydantic import BaseModel, Field
from sqlalchemy import select

from api.audit.publishing import statement
from api.audit.tables import TreeHeadRow
from api.requests import DbSession

router = APIRouter(prefix="/v1/audit", tags=["audit"])


class Head(BaseModel):
    """A published head: keep it, and nobody can rewrite what came before it unseen. It holds nothing personal."""

    number: int = Field(examples=[17])
    day: date | None = Field(description="The local day it closes; null when it was published on demand.")
    made_at: datetime
    size: int = Field(description="Leaves under the root.", examples=[20480])
    root_sha256: str = Field(description="Root of the Merkle tree (RFC 6962), hex.")


@router.get("/heads", summary="Published heads, the newest first", response_model=list[Head])
def heads(
    session: DbSession,
    before: Annotated[int | None, Query(ge=1, le=2**31 - 1, description="Only heads with a lower number.")] = None,
    limit: Annotated[int, Query(ge=1, le=1000)] = 100,
) -> list[Head]:
    """A page of heads; go on with `before` the lowest number seen."""
    query = select(TreeHeadRow).order_by(TreeHeadRow.number.desc()).limit(limit)
    if before is not None:
        query = query.where(TreeHeadRow.number < before)
    return [Head.model_validate(statement(row)) for row in session.scalars(query)]
