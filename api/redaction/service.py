"""Citizens' copies of a violation's stills: made once from the signed originals, with parent and recipe."""

from __future__ import annotations

import hashlib
import io
import logging
from collections.abc import Callable
from typing import Final
from uuid import UUID

from PIL import Image
from sqlalchemy import select
from sqlalchemy.dialects.postgresql import insert
from sqlalchemy.orm import Session, undefer

from api.clock import now
from api.redaction.blur import Box, Redacted, RedactionError, open_still, redact
from api.redaction.tables import CitizenCopyRow
from pipeline.evidence.manifest import Manifest, Member, Role

log = logging.getLogger(__name__)

MemberReader = Callable[[str], bytes]
"""Gives the bytes of a package's member by its name."""

# What a citizen sees, in this order; of the offence the one with the lane drawn in says more.
SHOWN: Final[tuple[tuple[str, tuple[Role, ...]], ...]] = (
    ("offence", (Role.OFFENCE_DRAWN, Role.OFFENCE)),
    ("overview", (Role.OVERVIEW,)),
    ("plate", (Role.PLATE,)),
)
_IN_OFFENCE_FRAME: Final = frozenset({Role.OFFENCE_DRAWN, Role.OFFENCE})


def shown_members(manifest: Manifest) -> list[tuple[str, Member]]:
    """The stills that a citizen's page shows: name of the place on the page, and the member behind it."""
    found = []
    for place, roles in SHOWN:
        member = next((m for role in roles for m in manifest.members if m.role is role), None)
        if member is not None:
            found.append((place, member))
    return found


def make_copy(manifest: Manifest, member: Member, data: bytes) -> Redacted:
    """Redact one still by what its manifest says about the others in it.

    A still whose manifest says nothing about others is not taken to be empty: everything but the own vehicle is
    blurred. The plate's crop shows the own plate only, and is merely freed of metadata.

    Raises:
        RedactionError: the still cannot be redacted, or is not the one that was signed.
    """
    if hashlib.sha256(data).hexdigest() != member.sha256:
        raise RedactionError(f"{member.name} is not the file that was signed")
    keep: Box | None = manifest.track.box if member.role in _IN_OFFENCE_FRAME else None
    if member.role is Role.PLATE:
        return redact(data, (), keep=None)
    others = manifest.bystanders.get(member.name)
    if others is None:
        width, height = open_still(data).size
        return redact(data, [(0.0, 0.0, float(width), float(height))], keep=keep)
    return redact(data, others, keep=keep)


def copies_of(
    session: Session, violation_id: UUID, manifest: Manifest, read: MemberReader
) -> dict[str, CitizenCopyRow]:
    """The citizens' copies of a violation, by place on the page; made now where they are missing.

    A still that cannot be redacted is left out: nothing is shown rather than something that should not be.

    Args:
        session: an open session; never committed here.
        violation_id: whose stills.
        manifest: what the camera signed.
        read: gives a member's bytes.
    """
    held = {
        row.role: row
        for row in session.scalars(select(CitizenCopyRow).where(CitizenCopyRow.violation_id == violation_id))
    }
    wanted = shown_members(manifest)
    missing = [(place, member) for place, member in wanted if place not in held]
    for place, member in missing:
        try:
            copy = make_copy(manifest, member, read(member.name))
        except (RedactionError, OSError, ValueError) as error:
            log.warning("the still %s of violation %s is not shown: %s", member.name, violation_id, error)
            continue
        _keep(session, violation_id, place, member, copy)
    if missing:
        rows = session.scalars(select(CitizenCopyRow).where(CitizenCopyRow.violation_id == violation_id))
        held = {row.role: row for row in rows}
    return {place: held[place] for place, _ in wanted if place in held}


def _keep(session: Session, violation_id: UUID, place: str, member: Member, copy: Redacted) -> None:
    with Image.open(io.BytesIO(copy.data)) as picture:
        width, height = picture.size
    # Two requests may make the same copy at once: the same bytes, so that either may be kept.
    session.execute(
        insert(CitizenCopyRow)
        .values(
            violation_id=violation_id,
            role=place,
            parent_member=member.name,
            parent_sha256=copy.parent_sha256,
            recipe=copy.recipe,
            sha256=copy.sha256,
            width_px=width,
            height_px=height,
            made_at=now(session),
            data=copy.data,
        )
        .on_conflict_do_nothing(index_elements=["violation_id", "role"])
    )


def copy_data(session: Session, violation_id: UUID, place: str) -> CitizenCopyRow | None:
    """One copy with its bytes, if it was made."""
    query = (
        select(CitizenCopyRow)
        .where(CitizenCopyRow.violation_id == violation_id, CitizenCopyRow.role == place)
        .options(undefer(CitizenCopyRow.data))
    )
    return session.scalars(query).one_or_none()
