"""From a package to a case: verify, store write-once, open the violation. Services never commit."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import datetime
from typing import Any, Final
from uuid import UUID

from sqlalchemy import func, select
from sqlalchemy.dialects.postgresql import insert
from sqlalchemy.orm import Session

from api.clock import now
from api.intake.arrival import Arrival
from api.intake.cameras import key_ring, lock_camera
from api.intake.errors import EvidenceRefused, PackageConflict
from api.intake.evidence_store import EvidenceStore
from api.intake.tables import IncidentRow
from api.jurisdiction.loading import jurisdictions_of
from api.plain_sql import ask
from api.problems import BadRequest, Forbidden
from api.secrecy.cases import has_ring, keep_key, new_key
from api.store.hashing import iso_utc
from api.store.kinds import Actor, Audience, CaseKind
from api.store.service import open_case
from api.store.tables import CaseRow
from pipeline.evidence.errors import EvidenceError
from pipeline.evidence.keys import PublicKeyRing
from pipeline.evidence.manifest import Manifest
from pipeline.evidence.verify import VerifiedPackage, verify

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


@dataclass(frozen=True)
class Checked:
    """What the verification of a package found, before the office's own books are asked.

    Attributes:
        keys: against which keys.
        at: at which moment.
        found: the package, or why it does not verify.
    """

    keys: PublicKeyRing
    at: datetime
    found: VerifiedPackage | EvidenceError

    def holds_at(self, keys: PublicKeyRing, moment: datetime) -> bool:
        """Whether the finding would be the same with these keys at this moment."""
        return keys == self.keys and not any(
            key.revoked_at is not None and self.at < key.revoked_at <= moment for key in keys.keys
        )


def check_package(arrival: Arrival, keys: PublicKeyRing, at: datetime) -> Checked:
    """Verify a package that has arrived whole. Asks no database: nothing waits while three megabytes are hashed."""
    try:
        return Checked(keys, at, verify(arrival.whole(), keys, now=at))
    except EvidenceError as error:
        return Checked(keys, at, error)


def accept_package(
    session: Session, store: EvidenceStore, *, camera_id: str, data: bytes, idempotency_key: str | None
) -> Receipt:
    """Take in a package that is held in memory; see `accept_arrival` for what is raised."""
    with store.receive(new_key() if has_ring(session) else None) as arrival:
        arrival.add([data])
        checked = check_package(arrival, key_ring(session, camera_id), now(session))
        arrival.sync()
        return accept_arrival(
            session, store, camera_id=camera_id, arrival=arrival, checked=checked, idempotency_key=idempotency_key
        )


def accept_arrival(
    session: Session,
    store: EvidenceStore,
    *,
    camera_id: str,
    arrival: Arrival,
    checked: Checked,
    idempotency_key: str | None,
) -> Receipt:
    """Take a package in.

    Args:
        session: an open transaction; the caller commits, and only then tells the camera.
        store: where evidence files lie.
        camera_id: the camera whose token came with it.
        arrival: the package, on disk without a name; gets one here.
        checked: what its verification found.
        idempotency_key: the package's id as the request names it.

    Raises:
        EvidenceRefused: it does not verify.
        PackageConflict: same id with other bytes, or a fork of the camera's chain.
        Forbidden: it is another camera's.
        BadRequest: the request names another package than it holds.
        StorageFull: no room; the camera keeps it.
    """
    # The camera's row is locked: its packages come in one after the other, so that a fork cannot slip through.
    keys, moment = lock_camera(session, camera_id)
    if not checked.holds_at(keys, moment):
        checked = check_package(arrival, keys, moment)
    books = _books(session, arrival.sha256, checked.found)
    known = next((one for one in books if one.sha256 == arrival.sha256 and one.camera_id == camera_id), None)
    if known is not None:
        return _receipt(session, known)
    package = checked.found
    if isinstance(package, EvidenceError):
        raise EvidenceRefused(package.step, package.why, code=package.code.value) from package
    manifest = package.manifest
    if manifest.camera.camera_id != camera_id:
        raise Forbidden(f"This is a package of camera {manifest.camera.camera_id}; the token is that of {camera_id}.")
    if idempotency_key is not None and idempotency_key != manifest.package_id:
        raise BadRequest(f"Idempotency-Key names {idempotency_key[:64]}, but the package is {manifest.package_id}.")
    if manifest.camera.jurisdiction not in jurisdictions_of(session):
        why = f"this office has no jurisdiction {manifest.camera.jurisdiction!r}"
        raise EvidenceRefused("camera", why, code="jurisdiction-unknown")
    gap = _check_chain(books, manifest, package.chain_sha256)
    store.keep(arrival)
    sha256 = arrival.sha256
    case = _open_violation(session, manifest, camera_id=camera_id, sha256=sha256, doubts=(CHAIN_GAP,) if gap else ())
    if arrival.key is not None:
        keep_key(session, case.id, arrival.key, moment)
    values = {
        "package_id": UUID(manifest.package_id),
        "camera_id": camera_id,
        "case_id": case.id,
        "sequence": manifest.chain.sequence,
        "chain_sha256": package.chain_sha256,
        "previous_sha256": manifest.chain.previous_sha256,
        "sha256": sha256,
        "size_bytes": arrival.size_bytes,
        "manifest": package.payload.decode(),
        "received_at": moment,
    }
    ask(session, _INSERT, values)
    return Receipt(package_id=manifest.package_id, case_id=case.id, reference=case.reference, new=True)


_INSERT: Final = (
    "WITH kept AS (INSERT INTO packages (package_id, camera_id, case_id, sequence, chain_sha256, previous_sha256, "
    "sha256, size_bytes, manifest, received_at) VALUES (%(package_id)s, %(camera_id)s, %(case_id)s, %(sequence)s, "
    "%(chain_sha256)s, %(previous_sha256)s, %(sha256)s, %(size_bytes)s, %(manifest)s, %(received_at)s)) "
    "UPDATE cameras SET last_package_at = %(received_at)s WHERE camera_id = %(camera_id)s"
)
_BOOKS: Final = "SELECT package_id, camera_id, case_id, sequence, chain_sha256, previous_sha256, sha256 FROM packages "


@dataclass(frozen=True)
class _Booked:
    """A package that the office holds, as far as another one can contradict it."""

    package_id: UUID
    camera_id: str
    case_id: UUID
    sequence: int
    chain_sha256: str
    previous_sha256: str | None
    sha256: str


def _books(session: Session, sha256: str, found: VerifiedPackage | EvidenceError) -> list[_Booked]:
    """What is held of the same bytes, under the same id, and beside it in the camera's chain."""
    if isinstance(found, EvidenceError):
        rows = ask(session, _BOOKS + "WHERE sha256 = %s", (sha256,))
    else:
        place = found.manifest.chain.sequence
        rows = ask(
            session,
            _BOOKS + "WHERE sha256 = %s OR package_id = %s OR (camera_id = %s AND sequence = ANY(%s))",
            (
                sha256,
                UUID(found.manifest.package_id),
                found.manifest.camera.camera_id,
                [place - 1, place, place + 1],
            ),
        )
    return [_Booked(*row) for row in rows]


def note_incident(session: Session, *, camera_id: str, sha256: str, size_bytes: int, step: str, why: str) -> None:
    """Keep what was refused: the same bytes are one row, counted; at most `MAX_INCIDENTS_A_CAMERA` rows a camera."""
    moment = now(session)
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
        size_bytes=size_bytes,
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


def _check_chain(books: list[_Booked], manifest: Manifest, chain_sha256: str) -> bool:
    """Whether the package before this one is missing.

    Raises:
        PackageConflict: the id is taken, or the chain forks here.
    """
    if any(one.package_id == UUID(manifest.package_id) for one in books):
        raise PackageConflict(f"The office holds other bytes under the id {manifest.package_id}.", step="package_id")
    camera_id, link = manifest.camera.camera_id, manifest.chain
    neighbours = {one.sequence: one for one in books if one.camera_id == camera_id}
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
    session: Session, manifest: Manifest, *, camera_id: str, sha256: str, doubts: tuple[str, ...]
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
        actor=Actor(id=camera_id, name=manifest.camera.place, role="camera"),
        body=body,
        audience=Audience.INTERNAL,
        agency=jurisdiction.enforcement_agency,
        subject={
            "plate": manifest.plate.text,
            "plate_confidence": manifest.plate.confidence,
            "offence": manifest.offence.value,
            "occurred_at": occurred_at,
            "camera_id": camera_id,
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


def _receipt(session: Session, known: _Booked) -> Receipt:
    reference = session.scalar(select(CaseRow.reference).where(CaseRow.id == known.case_id))
    return Receipt(package_id=str(known.package_id), case_id=known.case_id, reference=str(reference), new=False)
