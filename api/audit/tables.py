"""Tables of the audit: the log of cases' heads, the published roots over it, and their time stamps. All only grow."""

from __future__ import annotations

from datetime import date, datetime
from uuid import UUID

from sqlalchemy import BigInteger, CheckConstraint, Date, ForeignKey, Index, LargeBinary, UniqueConstraint
from sqlalchemy.dialects.postgresql import JSONB
from sqlalchemy.orm import Mapped, mapped_column

from api.base import Base


class TreeLeafRow(Base):
    """A case as it stood when a head was published: leaf number `position` of the tree."""

    __tablename__ = "tree_leaves"
    __table_args__ = (Index("ix_tree_leaves_case_id_event_count", "case_id", "event_count"),)

    position: Mapped[int] = mapped_column(BigInteger, primary_key=True, autoincrement=False)
    case_id: Mapped[UUID] = mapped_column(ForeignKey("cases.id"))
    event_count: Mapped[int]
    head_sha256: Mapped[str]
    # Over what never changes in the case's row: reference, kind, jurisdiction, opening, parent.
    identity_sha256: Mapped[str]
    # Over the clocks that had started by then, and the results of those that had ended.
    clocks_sha256: Mapped[str]


class TreeHeadRow(Base):
    """A published head: the root over the first `size` leaves. `day` is the local day it closes; none: on demand."""

    __tablename__ = "tree_heads"
    __table_args__ = (UniqueConstraint("day"), CheckConstraint("size >= 0", name="size"))

    number: Mapped[int] = mapped_column(primary_key=True, autoincrement=False)
    made_at: Mapped[datetime]
    day: Mapped[date | None] = mapped_column(Date)
    size: Mapped[int] = mapped_column(BigInteger)
    root_sha256: Mapped[str]
    # Where the next publication goes on: the tree's right edge, and the last event that was seen.
    peaks: Mapped[list[str]] = mapped_column(JSONB)
    last_event_id: Mapped[int] = mapped_column(BigInteger)


class TreeStampRow(Base):
    """A time stamp (RFC 3161) over a published head, by somebody who is not the office."""

    __tablename__ = "tree_stamps"

    number: Mapped[int] = mapped_column(ForeignKey("tree_heads.number"), primary_key=True)
    authority: Mapped[str] = mapped_column(primary_key=True)
    stamped_at: Mapped[datetime]
    token: Mapped[bytes] = mapped_column(LargeBinary, nullable=False)
