"""Table of the embedded vehicle register."""

from __future__ import annotations

from datetime import datetime

from sqlalchemy.orm import Mapped, mapped_column

from api.base import Base


class VehicleRow(Base):
    """A vehicle as a register knows it; `plate` is normalised (`H1234AB`)."""

    __tablename__ = "vehicles"

    plate: Mapped[str] = mapped_column(primary_key=True)
    vehicle_class: Mapped[str]
    make: Mapped[str]
    model: Mapped[str]
    colour: Mapped[str]
    year: Mapped[int | None]
    owner_name: Mapped[str]
    owner_address: Mapped[str]
    source: Mapped[str]
    loaded_at: Mapped[datetime]
