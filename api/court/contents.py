"""What a court gets of a case: the case and those it belongs to, their events, proofs, the camera's package, keys."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any
from uuid import UUID

from sqlalchemy import select
from sqlalchemy.orm import Session

from api.audit.leaves import hash_of
from api.audit.proving import ProofError, prove_case
from api.audit.tables import TreeHeadRow, TreeLeafRow, TreeStampRow
from api.clock import now
from api.intake.cameras import key_ring
from api.intake.evidence import evidence_key, package_of
from api.intake.evidence_store import EvidenceStore
from api.store.hashing import iso_utc
from api.store.reading import Viewer, case_for, log_view, readable_by
from api.store.service import events_of
from api.store.tables import CaseRow, EventRow
from pipeline.evidence.keys import PublicKeyRing


@dataclass(frozen=True)
class Contents:
    """A case for a court, before it becomes a file.

    Attributes:
        facts: JSON values: cases, events, proofs, what the pictures are derived from.
        package: the camera's package, byte for byte; None: the case goes back to no camera.
        package_name: its file name.
        keys: the public keys of that camera.
    """

    facts: dict[str, Any]
    package: bytes | None
    package_name: str
    keys: PublicKeyRing


def contents_of(session: Session, store: EvidenceStore, viewer: Viewer, reference: str, *, purpose: str) -> Contents:
    """Collect a case. The look is logged with its purpose.

    Args:
        session: an open session; the caller commits.
        store: where evidence lies.
        viewer: a member of staff who may read the case.
        reference: any of its references: that of the violation, the ticket or a contest.
        purpose: why it is handed out, e.g. the court and its file number.

    Raises:
        CaseNotFound: absent, or not for this viewer.
        EvidenceDamaged: the stored package is gone or changed.
        EvidenceErased: its time was over.
    """
    asked = case_for(session, viewer, reference, purpose=f"court: {purpose}")
    cases = _family(session, viewer, asked)
    if viewer.actor is not None:
        for case in cases:
            if case.id != asked.id:
                log_view(session, viewer.actor, case.id, f"court: {purpose}")
    row = package_of(session, asked)
    package = None
    facts: dict[str, Any] = {
        "format": 1,
        "asked": asked.reference,
        "purpose": purpose,
        "made_at": iso_utc(now(session)),
        "cases": [_told(session, case) for case in cases],
        "package": None,
    }
    if row is not None:
        package = store.read(row.sha256, evidence_key(session, row))
        facts["package"] = {
            "name": f"{row.package_id}.tertib",
            "sha256": row.sha256,
            "received_at": iso_utc(row.received_at),
        }
    name = "" if row is None else f"{row.package_id}.tertib"
    return Contents(facts, package, name, PublicKeyRing() if row is None else key_ring(session, row.camera_id))


def _family(session: Session, viewer: Viewer, case: CaseRow) -> list[CaseRow]:
    """The case, those it comes from and those that came of it, the oldest first; only what the viewer may read."""
    readable = readable_by(viewer)
    found: dict[UUID, CaseRow] = {case.id: case}
    top = case
    while top.parent_id is not None:
        parent = session.scalars(readable.where(CaseRow.id == top.parent_id)).one_or_none()
        if parent is None:
            break
        found[parent.id] = top = parent
    layer = list(found)
    while layer:
        children = session.scalars(readable.where(CaseRow.parent_id.in_(layer), CaseRow.id.not_in(list(found))))
        fresh = {child.id: child for child in children}
        found |= fresh
        layer = list(fresh)
    return sorted(found.values(), key=lambda one: (one.opened_at, one.reference))


def _told(session: Session, case: CaseRow) -> dict[str, Any]:
    return {
        "id": str(case.id),
        "reference": case.reference,
        "kind": case.kind,
        "state": case.state,
        "agency": case.agency,
        "opened_at": iso_utc(case.opened_at),
        "events": [_event(event) for event in events_of(session, case.id)],
        "proof": _proof(session, case),
    }


def _event(event: EventRow) -> dict[str, Any]:
    return {
        "actor": {"id": event.actor_id, "name": event.actor_name, "role": event.actor_role},
        "at": iso_utc(event.at),
        "audience": event.audience,
        "case_id": str(event.case_id),
        "number": event.number,
        "previous_sha256": event.previous_sha256,
        "type": event.type,
        # The exact text that the hash covers.
        "body": event.body,
        "sha256": event.sha256,
    }


def _proof(session: Session, case: CaseRow) -> dict[str, Any] | None:
    """The case's leaf and its way to the last published root; None before the first midnight."""
    try:
        proved = prove_case(session, case.id)
    except ProofError:
        return None
    leaf = session.scalars(select(TreeLeafRow).where(TreeLeafRow.position == proved.position)).one()
    head = session.get_one(TreeHeadRow, proved.head)
    stamps = session.scalars(select(TreeStampRow).where(TreeStampRow.number == head.number))
    return {
        "leaf": {
            "case_id": str(leaf.case_id),
            "clocks_sha256": leaf.clocks_sha256,
            "count": leaf.event_count,
            "head_sha256": leaf.head_sha256,
            "identity_sha256": leaf.identity_sha256,
        },
        "leaf_sha256": hash_of(leaf).hex(),
        "position": proved.position,
        "size": proved.size,
        "path": list(proved.path),
        "head": {"number": head.number, "made_at": iso_utc(head.made_at), "root_sha256": proved.root_sha256},
        "stamps": [
            {"authority": stamp.authority, "stamped_at": iso_utc(stamp.stamped_at), "token": stamp.token.hex()}
            for stamp in stamps
        ],
    }
