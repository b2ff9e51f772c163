"""A frame to draw on for a camera that has sent nothing yet: a technician takes it from the stream and puts it here."""

from __future__ import annotations

import io

from PIL import Image, UnidentifiedImageError
from sqlalchemy import select
from sqlalchemy.dialects.postgresql import insert
from sqlalchemy.orm import Session, undefer

from api.attachments.cleaning import AttachmentUnreadableError, accept_attachment
from api.camera_setup.tables import CameraFrameRow
from api.clock import now
from api.store.kinds import Actor


def put_frame(session: Session, camera_id: str, data: bytes, actor: Actor) -> None:
    """Keep a frame, drawn anew; the one before it goes. Never commits.

    Args:
        session: an open transaction.
        camera_id: whose.
        data: JPEG, PNG or WebP at the size that the camera sends.
        actor: who puts it.

    Raises:
        AttachmentTooLargeError: more than 5 MB.
        AttachmentUnreadableError: no picture.
    """
    kept = accept_attachment("frame.jpg", data)
    try:
        # The size is that of the camera's picture, also where a smaller copy is kept.
        with Image.open(io.BytesIO(data), formats=("JPEG", "PNG", "WEBP")) as picture:
            width, height = picture.size
    except (UnidentifiedImageError, OSError) as error:
        raise AttachmentUnreadableError("it is no picture") from error
    values = {
        "width_px": width,
        "height_px": height,
        "put_at": now(session),
        "put_by": actor.id,
        "data": kept.data,
    }
    statement = insert(CameraFrameRow).values(camera_id=camera_id, **values)
    session.execute(statement.on_conflict_do_update(index_elements=["camera_id"], set_=values))


def frame_of(session: Session, camera_id: str, *, whole: bool = False) -> CameraFrameRow | None:
    """The frame that was put there, if any; with its bytes when `whole`."""
    query = select(CameraFrameRow).where(CameraFrameRow.camera_id == camera_id)
    if whole:
        query = query.options(undefer(CameraFrameRow.data))
    return session.scalars(query.execution_options(populate_existing=True)).one_or_none()
