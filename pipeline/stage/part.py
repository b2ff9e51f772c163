"""What all parts of a specification share."""

from __future__ import annotations

from typing import Annotated

from pydantic import BaseModel, ConfigDict, Field

Instant = Annotated[float, Field(ge=0, le=3600)]
Metres = Annotated[float, Field(ge=-500, le=500)]


class Part(BaseModel):
    """Base of all parts of a specification: frozen, unknown keys refused."""

    model_config = ConfigDict(extra="forbid", frozen=True)
