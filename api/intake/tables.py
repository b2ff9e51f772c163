"""Tables of the intake: cameras and their keys, packages, and what was refused."""

from __future__ import annotations

from datetime import datetime
from uuid import UUID, uuid4

from sqlalchemy import BigInteger, ForeignKey, Index, UniqueConstraint
from sqlalchemy.orm import Mapped, mapped_column

from api.base import Base


class CameraRow(Base):
    """A camera that may deliver. Its bearer token is kept as a hash only."""

    __tablename__ = "cameras"

    camera_id: Mapped[str] = mapped_column(primary_key=True)
    place: Mapped[str]
    agency: Mapped[str]
    jurisdiction: Mapped[str]
    token_sha256: Mapped[str] = mapped_column(unique=True)
    active: Mapped[bool] = mapped_column(server_default="true")
    added_at: Mapped[datetime]
    last_package_at: Mapped[datetime | None]


class CameraKeyRow(Base):
    """A public key that a camera signs with, and when it counts."""

    __tablename__ = "camera_keys"
    __table_args__ = (Index("ix_camera_keys_camera_id", "camera_id"),)

    keyid: Mapped[str] = mapped_column(primary_key=True)
    camera_id: Mapped[str] = mapped_column(ForeignKey("cameras.camera_id"))
    public_key_b64: Mapped[str]
    valid_from: Mapped[datetime]
    valid_to: Mapped[datetime | None]
    revoked_at: Mapped[datetime | None]


class PackageRow(Base):
    """An accepted package: the file lies write-once under its own hash, the manifest as it was signed. Only grows."""

    __tablename__ = "packages"
    __table_args__ = (UniqueConstraint("camera_id", "sequence"), UniqueConstraint("case_id"))

    package_id: Mapped[UUID] = mapped_column(primary_key=True)
    camera_id: Mapped[str] = mapped_column(ForeignKey("cameras.camera_id"))
    case_id: Mapped[UUID] = mapped_column(ForeignKey("cases.id"))
    sequence: Mapped[int] = mapped_column(BigInteger)
    chain_sha256: Mapped[str]
    previous_sha256: Mapped[str | None]
    sha256: Mapped[str] = mapped_column(unique=True)
    size_bytes: Mapped[int]
    manifest: Mapped[str]
    received_at: Mapped[datetime]


class IncidentRow(Base):
    """Evidence that was refused: when, by whose token, at which step, and why. The same bytes are one row, counted."""

    __tablename__ = "intake_incidents"
    __table_args__ = (
        UniqueConstraint("camera_id", "sha256", "step"),
        Index("ix_intake_incidents_camera_id_first_at", "camera_id", "first_at"),
    )

    id: Mapped[UUID] = mapped_column(primary_key=True, default=uuid4)
    camera_id: Mapped[str] = mapped_column(ForeignKey("cameras.camera_id"))
    sha256: Mapped[str]
    size_bytes: Mapped[int]
    step: Mapped[str]
    why: Mapped[str]
    times: Mapped[int] = mapped_column(server_default="1")
    first_at: Mapped[datetime]
    last_at: Mapped[datetime]
