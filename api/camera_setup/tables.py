"""Tables of the cameras' setup: published versions of scenes, and frames to draw on."""

from __future__ import annotations

from datetime import datetime

from sqlalchemy import ForeignKey, LargeBinary
from sqlalchemy.orm import Mapped, deferred, mapped_column

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


class CameraFrameRow(Base):
    """A picture of a camera to draw on, put there by a technician; a newer one takes its place.

    `width_px` and `height_px` are those of the camera's picture; `data` may be smaller.
    """

    __tablename__ = "camera_frames"

    camera_id: Mapped[str] = mapped_column(ForeignKey("cameras.camera_id"), primary_key=True)
    width_px: Mapped[int]
    height_px: Mapped[int]
    put_at: Mapped[datetime]
    put_by: Mapped[str]
    data: Mapped[bytes] = deferred(mapped_column(LargeBinary, nullable=False), raiseload=True)
