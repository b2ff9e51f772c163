"""Tables of the vehicle register: the embedded one, priority vehicles, and differences that somebody looked into."""

from __future__ import annotations

from datetime import datetime
from uuid import UUID, uuid4

from sqlalchemy import CheckConstraint, ForeignKey, Index
from sqlalchemy.orm import Mapped, mapped_column

from api.base import Base
from api.secrecy.columns import SealedText


class VehicleRow(Base):
    """A vehicle as a register knows it; `plate` is normalised (`H1234AB`)."""

    __tablename__ = "vehicles"

    plate: Mapped[str] = mapped_column(primary_key=True)
    vehicle_class: Mapped[str]
    make: Mapped[str]
    model: Mapped[str]
    colour: Mapped[str]
    year: Mapped[int | None]
    owner_name: Mapped[str] = mapped_column(SealedText("vehicles.owner_name"))
    owner_address: Mapped[str] = mapped_column(SealedText("vehicles.owner_address"))
    owner_email: Mapped[str] = mapped_column(SealedText("vehicles.owner_email"), server_default="")
    owner_phone: Mapped[str] = mapped_column(SealedText("vehicles.owner_phone"), server_default="")
    # Ambulance, fire, ...: empty for everybody else.
    priority: Mapped[str] = mapped_column(server_default="")
    engine_number: Mapped[str] = mapped_column(SealedText("vehicles.engine_number"), server_default="")
    chassis_number: Mapped[str] = mapped_column(SealedText("vehicles.chassis_number"), server_default="")
    source: Mapped[str]
    loaded_at: Mapped[datetime]


class PriorityRow(Base):
    """A vehicle that may do what others may not (UU 22/2009 Art. 134), known to the office itself."""

    __tablename__ = "priority_vehicles"
    __table_args__ = (
        CheckConstraint("kind in ('ambulance', 'fire', 'police', 'state', 'convoy')", name="kind"),
        Index("ix_priority_vehicles_plate", "plate"),
    )

    id: Mapped[UUID] = mapped_column(primary_key=True, default=uuid4)
    plate: Mapped[str]
    kind: Mapped[str]
    valid_from: Mapped[datetime]
    valid_to: Mapped[datetime | None]
    added_by: Mapped[str]
    added_at: Mapped[datetime]


class ResolutionRow(Base):
    """Somebody looked into a difference between camera and register, and says why it is the right vehicle. Only grows.

    `fields` names what differed, sorted, separated by commas: a new difference needs a new look.
    """

    __tablename__ = "register_resolutions"
    __table_args__ = (Index("ix_register_resolutions_case_id", "case_id"),)

    id: Mapped[UUID] = mapped_column(primary_key=True, default=uuid4)
    case_id: Mapped[UUID] = mapped_column(ForeignKey("cases.id"))
    plate: Mapped[str]
    fields: Mapped[str]
    reason: Mapped[str]
    actor_id: Mapped[str]
    at: Mapped[datetime]
