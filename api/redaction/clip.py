"""The owner's copy of the clip: made when somebody asks for it first, with everybody but the own vehicle hidden.

Who was where comes from the package (`pipeline.evidence.moving`), signed like the clip. Where the camera did not say,
the whole picture is hidden. Drawn by a confined process of its own (`redraw_clip`), two at a time at the most.
"""

from __future__ import annotations

import hashlib
import importlib.util
import json
import subprocess
import sys
from collections.abc import Callable
from dataclasses import dataclass
from threading import BoundedSemaphore
from typing import Any, Final
from uuid import UUID

from sqlalchemy import select
from sqlalchemy.dialects.postgresql import insert
from sqlalchemy.orm import Session

from api.clock import now
from api.redaction.blur import RedactionError
from api.redaction.tables import CitizenCopyRow
from pipeline.evidence.errors import EvidenceError
from pipeline.evidence.manifest import Manifest, Member, Role
from pipeline.evidence.moving import Moving

CLIP: Final = "clip"
RECIPE_NAME: Final = "tertib.redaction.clip/1"
MEDIA_TYPE: Final = "video/mp4"
PATIENCE_S: Final = 100.0
WAIT_S: Final = 8.0
MAX_COPY_BYTES: Final = 20_000_000
_MODULE: Final = "api.redaction.redraw_clip"
_REFUSED: Final = 3
_AT_ONCE: Final = BoundedSemaphore(2)

MemberReader = Callable[[str], bytes]


class ClipBusyError(RuntimeError):
    """Other clips are being drawn: ask again in a moment."""


@dataclass(frozen=True)
class ClipCopy:
    """The owner's clip.

    Attributes:
        data: an MP4 without sound or metadata.
        recipe: canonical JSON: what was done, with which numbers, by whose word of who was where.
        width_px: of the pictures.
        height_px: of the pictures.
    """

    data: bytes
    recipe: str
    width_px: int
    height_px: int


def clip_member(manifest: Manifest) -> Member | None:
    """The clip of a package; None where the camera pushes stills."""
    return next((member for member in manifest.members if member.role is Role.CLIP), None)


def can_draw() -> bool:
    """Whether this office can draw clips: PyAV is there."""
    return importlib.util.find_spec("av") is not None


def _told(manifest: Manifest, read: MemberReader) -> tuple[Moving | None, str | None]:
    """Who was where, and the hash of that member; None where the camera did not say so that it can be read."""
    member = next((one for one in manifest.members if one.role is Role.MOVING), None)
    if member is None:
        return None, None
    try:
        return Moving.from_bytes(read(member.name)), member.sha256
    except EvidenceError:
        return None, None


def make_clip(manifest: Manifest, member: Member, read: MemberReader) -> ClipCopy:
    """Draw the owner's clip.

    Raises:
        RedactionError: it cannot be drawn, so it must not be shown.
        ClipBusyError: too many are being drawn.
    """
    # Nothing above this line depends on PyAV, so that an office without it shows everything else.
    if not can_draw():
        raise RedactionError("PyAV is not installed")
    from api.redaction import redraw_clip  # noqa: PLC0415 - see above

    clip = read(member.name)
    if hashlib.sha256(clip).hexdigest() != member.sha256:
        raise RedactionError(f"{member.name} is not the file that was signed")
    moving, moving_sha256 = _told(manifest, read)
    plan: dict[str, Any] = (
        {"width_px": 1, "height_px": 1, "clip_begins_s": 0.0, "instants": []}
        if moving is None
        else moving.model_dump(mode="json", include={"width_px", "height_px", "clip_begins_s", "instants"})
    )
    data = _redrawn(json.dumps(plan).encode() + b"\n" + clip)
    recipe = {
        "recipe": RECIPE_NAME,
        "cells_across": redraw_clip.CELLS_ACROSS,
        "margin_share": redraw_clip.MARGIN_SHARE,
        "around_s": redraw_clip.AROUND_S,
        "known_s": redraw_clip.KNOWN_S,
        "width_px": redraw_clip.WIDTH_PX,
        "frames_a_s": redraw_clip.FRAMES_A_S,
        "encoder": redraw_clip.ENCODER,
        "moving_sha256": moving_sha256,
    }
    width = redraw_clip.WIDTH_PX
    height = width * 9 // 16 if moving is None else round(width * moving.height_px / moving.width_px)
    return ClipCopy(data, json.dumps(recipe, sort_keys=True, separators=(",", ":")), width, height)


def _redrawn(told: bytes) -> bytes:
    command = [sys.executable, "-I", "-m", _MODULE]
    if not _AT_ONCE.acquire(timeout=WAIT_S):
        raise ClipBusyError
    try:
        done = subprocess.run(command, input=told, capture_output=True, timeout=PATIENCE_S, env={}, check=False)  # noqa: S603 - our own module, fixed arguments
    except subprocess.TimeoutExpired as error:
        raise RedactionError("the clip takes too long to draw") from error
    finally:
        _AT_ONCE.release()
    if done.returncode != 0 or not 0 < len(done.stdout) <= MAX_COPY_BYTES:
        why = done.stderr.decode("utf-8", "replace")[:200] if done.returncode == _REFUSED else "the decoder broke"
        raise RedactionError(f"the clip cannot be drawn: {why}")
    return done.stdout


def clip_copy_of(session: Session, violation_id: UUID) -> CitizenCopyRow | None:
    """The owner's clip without its bytes, if it was made."""
    query = select(CitizenCopyRow).where(CitizenCopyRow.violation_id == violation_id, CitizenCopyRow.role == CLIP)
    return session.scalars(query).one_or_none()


def keep_clip(session: Session, violation_id: UUID, member: Member, copy: ClipCopy) -> None:
    """Keep the owner's clip with its parent and recipe; of two that were made at once the first stays."""
    session.execute(
        insert(CitizenCopyRow)
        .values(
            violation_id=violation_id,
            role=CLIP,
            parent_member=member.name,
            parent_sha256=member.sha256,
            recipe=copy.recipe,
            sha256=hashlib.sha256(copy.data).hexdigest(),
            width_px=copy.width_px,
            height_px=copy.height_px,
            made_at=now(session),
            data=copy.data,
        )
        .on_conflict_do_nothing(index_elements=["violation_id", "role"])
    )
