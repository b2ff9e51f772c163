"""From a package to a case: verify, store write-once, open the violation. Services never commit."""

from __future__ import annotations

import hashlib
from dataclasses import dataclass
from typing import Any
from uuid import UUID

from sqlalchemy import func, select
from sqlalchemy.dialects.postgresql import insert
from sqlalchemy.orm import Session

from api.clock import now
from api.intake.cameras import key_ring
from api.intake.errors import EvidenceRefused, PackageConflict
from api.intake.evidence_store import EvidenceStore
from api.intake.tables import CameraRow, IncidentRow, PackageRow
from api.jurisdiction.loading import jurisdictions_of
from api.problems import BadRequest, Forbidden
from api.store.hashing import iso_utc
from api.store.kinds import Actor, Audience, CaseKind
from api.store.service import open_case
from api.store.tables import CaseRow
from pipeline.evidence.errors import EvidenceError
from pipeline.evidence.manifest import Manifest
from pipeline.evidence.verify import verify

MAX_INCIDENTS_A_CAMERA = 1000
MAX_WHY_CHARACTERS = 500
CHAIN_GAP = "chain_gap"


@dataclass(frozen=True)
class Receipt:
    """What the camera is told.

    Attributes:
        package_id: the package.
        case_id: its case.
        reference: the case's reference.
        new: False when the same package was known already.
    """

    package_id: str
    case_id: UUID
    reference: str
    new: bool


def accept_package(
    session: Session, store: EvidenceStore, *, camera_id: str, data: bytes, idempotency_key: str | None
) -> Receipt:
    """Take a package in.

    Args:
        session: an open transaction; the caller commits, and only then tells the camera.
        store: where evidence files lie.
        camera_id: the camera whose token came with it.
        data: the package.
        idempotency_key: the package's id as the request names it.

    Raises:
        EvidenceRefused: it does not verify.
        PackageConflict: same id with other bytes, or a fork of the camera's chain.
        Forbidden: it is another camera's.
        BadRequest: the request names another package than it holds.
        StorageFull: no room; the camera keeps it.
    """
    sha256 = hashlib.sha256(data).hexdigest()
    # The camera's row is locked: its packages come in one after the other, so that a fork cannot slip through.
    camera = session.scalars(select(CameraRow).where(CameraRow.camera_id == camera_id).with_for_update()).one()
    known = session.scalar(select(PackageRow).where(PackageRow.sha256 == sha256))
    if known is not None and known.camera_id == camera_id:
        return _receipt(session, known, new=False)
    moment = now(session)
    try:
        verified = verify(data, key_ring(session, camera_id), now=moment)
    except EvidenceError as error:
        raise EvidenceRefused(error.step, error.why) from error
    manifest = verified.manifest
    if manifest.camera.camera_id != camera_id:
        raise Forbidden(f"This is a package of camera {manifest.camera.camera_id}; the token is that of {camera_id}.")
    if idempotency_key is not None and idempotency_key != manifest.package_id:
        raise BadRequest(f"Idempotency-Key names {idempotency_key[:64]}, but the package is {manifest.package_id}.")
    if manifest.camera.jurisdiction not in jurisdictions_of(session):
        raise EvidenceRefused("camera", f"this office has no jurisdiction {manifest.camera.jurisdiction!r}")
    gap = _check_chain(session, manifest, verified.chain_sha256)
    store.write(data, sha256)
    case = _open_violation(session, manifest, camera, sha256=sha256, doubts=(CHAIN_GAP,) if gap else ())
    row = PackageRow(
        package_id=UUID(manifest.package_id),
        camera_id=camera_id,
        case_id=case.id,
        sequence=manifest.chain.sequence,
        chain_sha256=verified.chain_sha256,
        previous_sha256=manifest.chain.previous_sha256,
        sha256=sha256,
        size_bytes=len(data),
        manifest=manifest.to_bytes().decode(),
        received_at=moment,
    )
    session.add(row)
    camera.last_package_at = moment
    session.flush()
    return _receipt(session, row, new=True)


def note_incident(session: Session, *, camera_id: str, data: bytes, step: str, why: str) -> None:
    """Keep what was refused: the same bytes are one row, counted; at most `MAX_INCIDENTS_A_CAMERA` rows a camera."""
    moment = now(session)
    sha256 = hashlib.sha256(data).hexdigest()
    rows = session.scalar(select(func.count()).where(IncidentRow.camera_id == camera_id)) or 0
    known = session.scalar(
        select(IncidentRow.id).where(
            IncidentRow.camera_id == camera_id, IncidentRow.sha256 == sha256, IncidentRow.step == step
        )
    )
    if known is None and rows >= MAX_INCIDENTS_A_CAMERA:
        return
    statement = insert(IncidentRow).values(
        camera_id=camera_id,
        sha256=sha256,
        size_bytes=len(data),
        step=step,
        why=why.replace("\x00", "")[:MAX_WHY_CHARACTERS],
        first_at=moment,
        last_at=moment,
    )
    session.execute(
        statement.on_conflict_do_update(
            index_elements=[IncidentRow.camera_id, IncidentRow.sha256, IncidentRow.step],
            set_={"times": IncidentRow.times + 1, "last_at": moment},
        )
    )


def _check_chain(session: Session, manifest: Manifest, chain_sha256: str) -> bool:
    """Whether the package before this one is missing.

    Raises:
        PackageConflict: the id is taken, or the chain forks here.
    """
    if session.get(PackageRow, UUID(manifest.package_id)) is not None:
        raise PackageConflict(f"The office holds other bytes under the id {manifest.package_id}.", step="package_id")
    camera_id, link = manifest.camera.camera_id, manifest.chain
    neighbours = {
        row.sequence: row
        for row in session.scalars(
            select(PackageRow).where(
                PackageRow.camera_id == camera_id,
                PackageRow.sequence.in_((link.sequence - 1, link.sequence, link.sequence + 1)),
            )
        )
    }
    if link.sequence in neighbours:
        raise PackageConflict(
            f"The chain of camera {camera_id} forks: number {link.sequence} is taken by another package.", step="chain"
        )
    before, after = neighbours.get(link.sequence - 1), neighbours.get(link.sequence + 1)
    if before is not None and before.chain_sha256 != link.previous_sha256:
        raise PackageConflict(
            f"The chain of camera {camera_id} forks: number {link.sequence} does not follow the number before it.",
            step="chain",
        )
    if after is not None and after.previous_sha256 != chain_sha256:
        raise PackageConflict(
            f"The chain of camera {camera_id} forks: number {link.sequence + 1} does not follow this package.",
            step="chain",
        )
    return before is None and link.sequence > 1


def _open_violation(
    session: Session, manifest: Manifest, camera: CameraRow, *, sha256: str, doubts: tuple[str, ...]
) -> CaseRow:
    jurisdiction = jurisdictions_of(session)[manifest.camera.jurisdiction]
    occurred_at = iso_utc(manifest.occurred_at)
    dumped = manifest.model_dump(mode="json", include=_TOLD)
    body: dict[str, Any] = {
        **dumped,
        "doubts": [*manifest.doubts, *doubts],
        "package": {"id": manifest.package_id, "sha256": sha256, "chain": manifest.chain.model_dump(mode="json")},
        "members": [
            {"name": member.name, "role": member.role.value, "sha256": member.sha256} for member in manifest.members
        ],
    }
    return open_case(
        session,
        CaseKind.VIOLATION,
        jurisdiction=jurisdiction,
        actor=Actor(id=camera.camera_id, name=manifest.camera.place, role="camera"),
        body=body,
        audience=Audience.INTERNAL,
        agency=jurisdiction.enforcement_agency,
        subject={
            "plate": manifest.plate.text,
            "plate_confidence": manifest.plate.confidence,
            "offence": manifest.offence.value,
            "occurred_at": occurred_at,
            "camera_id": camera.camera_id,
            "camera_agency": manifest.camera.agency,
            "place": manifest.camera.place,
            "vehicle_class": manifest.track.vehicle_class,
            "package_id": manifest.package_id,
            "doubts": len(body["doubts"]),
        },
    )


_TOLD = {
    "camera",
    "scene",
    "offence",
    "occurred_at",
    "clock_source",
    "clock_uncertainty_ms",
    "track",
    "plate",
    "measured",
    "conditions",
    "stills_only",
    "software",
}


def _receipt(session: Session, row: PackageRow, *, new: bool) -> Receipt:
    reference = session.scalar(select(CaseRow.reference).where(CaseRow.id == row.case_id))
    return Receipt(package_id=str(row.package_id), case_id=row.case_id, reference=str(reference), new=new)
