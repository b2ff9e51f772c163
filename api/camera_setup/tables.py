"""Tables of the cameras' setup: versions of scenes that a technician signed and somebody published."""

from __future__ import annotations

from datetime import datetime

from sqlalchemy import ForeignKey
from sqlalchemy.orm import Mapped, mapped_column

from api.base import Base


class SceneVersionRow(Base):
    """A published version of a camera's scene. Never changed: a better one is another version."""

    __tablename__ = "scene_versions"

    camera_id: Mapped[str] = mapped_column(ForeignKey("cameras.camera_id"), primary_key=True)
    version: Mapped[int] = mapped_column(primary_key=True)
    version_sha256: Mapped[str]
    signer: Mapped[str]
    keyid: Mapped[str]
    scene: Mapped[str]
    signature: Mapped[str]
    published_at: Mapped[datetime]
    published_by: Mapped[str]
    published_name: Mapped[str]
