"""Tables of the people: users, their sign-ins, and the attempts that the limit counts."""

from __future__ import annotations

from datetime import datetime
from uuid import UUID, uuid4

from sqlalchemy import BigInteger, CheckConstraint, ForeignKey, Identity, Index
from sqlalchemy.orm import Mapped, mapped_column

from api.base import Base


class UserRow(Base):
    """Somebody who works in the office. `login` is kept in lower case."""

    __tablename__ = "users"
    __table_args__ = (
        CheckConstraint("role in ('officer', 'supervisor', 'auditor', 'agency', 'admin')", name="role"),
        CheckConstraint("role <> 'agency' or agency is not null", name="agency"),
    )

    id: Mapped[UUID] = mapped_column(primary_key=True, default=uuid4)
    login: Mapped[str] = mapped_column(unique=True)
    name: Mapped[str]
    role: Mapped[str]
    agency: Mapped[str | None]
    password_hash: Mapped[str]
    active: Mapped[bool] = mapped_column(server_default="true")
    # Somebody else made the password and knows it: it opens nothing but the page where it is changed.
    password_is_first: Mapped[bool] = mapped_column(server_default="false")
    created_at: Mapped[datetime]


class SignInRow(Base):
    """One sign-in: the cookie's token is kept as its hash only."""

    __tablename__ = "sign_ins"
    __table_args__ = (Index("ix_sign_ins_user_id", "user_id"),)

    token_sha256: Mapped[str] = mapped_column(primary_key=True)
    user_id: Mapped[UUID] = mapped_column(ForeignKey("users.id"))
    started_at: Mapped[datetime]
    expires_at: Mapped[datetime]
    ended_at: Mapped[datetime | None]


class WaitingRow(Base):
    """Somebody whose password was right and who owes a second step: a hardware key, a password of their own."""

    __tablename__ = "waiting_sign_ins"

    token_sha256: Mapped[str] = mapped_column(primary_key=True)
    user_id: Mapped[UUID] = mapped_column(ForeignKey("users.id"))
    with_key: Mapped[bool] = mapped_column(server_default="false")
    challenge: Mapped[bytes | None]
    started_at: Mapped[datetime]


class HardwareKeyRow(Base):
    """A hardware key (WebAuthn) of somebody; removed ones stay, with the time of it."""

    __tablename__ = "hardware_keys"
    __table_args__ = (Index("ix_hardware_keys_user_id", "user_id"),)

    credential_id: Mapped[bytes] = mapped_column(primary_key=True)
    user_id: Mapped[UUID] = mapped_column(ForeignKey("users.id"))
    public_key: Mapped[bytes]
    sign_count: Mapped[int] = mapped_column(BigInteger)
    name: Mapped[str]
    added_at: Mapped[datetime]
    used_at: Mapped[datetime | None]
    removed_at: Mapped[datetime | None]


class AttemptRow(Base):
    """One attempt to sign in, counted by name and by address."""

    __tablename__ = "sign_in_attempts"
    __table_args__ = (
        Index("ix_sign_in_attempts_login_at", "login", "at"),
        Index("ix_sign_in_attempts_address_at", "address", "at"),
    )

    id: Mapped[int] = mapped_column(Identity(always=True), primary_key=True)
    login: Mapped[str]
    address: Mapped[str]
    at: Mapped[datetime]
    succeeded: Mapped[bool] = mapped_column(server_default="false")
