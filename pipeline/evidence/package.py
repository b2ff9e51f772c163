"""Sealing: from what a camera saw to a signed package file."""

from __future__ import annotations

import hashlib
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from datetime import datetime
from typing import Final

from pydantic import ValidationError

from pipeline.evidence._internal.container import ENVELOPE_NAME, pack
from pipeline.evidence._internal.membership import check_membership
from pipeline.evidence.dsse import Envelope, pae
from pipeline.evidence.errors import ManifestError, Refusal
from pipeline.evidence.keys import SigningKey
from pipeline.evidence.manifest import (
    CameraRef,
    ChainLink,
    ClockSource,
    Condition,
    Manifest,
    Measure,
    Member,
    PlateEvidence,
    SceneRef,
    Software,
    TrackRef,
    explain,
)
from pipeline.evidence.offence import OffenceCode

PACKAGE_SUFFIX: Final = ".tertib"
PACKAGE_MEDIA_TYPE: Final = "application/vnd.tertib.package"


@dataclass(frozen=True)
class MediaMember:
    """A clip or still for a package.

    Attributes:
        name: File name in the package: lower-case letters, digits, `_`, `-`, single dots.
        role: One of `manifest.Role`.
        media_type: e.g. `video/mp4`, `image/jpeg`; see `manifest.Member`.
        data: Contents.
        derived_from: Name of the member that this was made from; required for `offence_drawn` and `plate`.
        recipe: How it was made, in words a program can follow, e.g. `crop 10,20,110,60`.
    """

    name: str
    role: str
    media_type: str
    data: bytes
    derived_from: str | None = None
    recipe: str | None = None


@dataclass(frozen=True, kw_only=True)
class Draft:
    """Everything that a package will say, before it has an identity, a place in the chain and a signature.

    The fields are those of `manifest.Manifest`; `media` becomes its `members`.
    """

    camera: CameraRef
    scene: SceneRef
    offence: OffenceCode
    occurred_at: datetime
    clock_source: ClockSource
    clock_uncertainty_ms: float
    track: TrackRef
    plate: PlateEvidence
    software: Software
    media: Sequence[MediaMember]
    measured: Mapping[str, Measure] = field(default_factory=dict)
    doubts: Sequence[str] = ()
    conditions: Sequence[Condition] = ()
    bystanders: Mapping[str, Sequence[tuple[float, float, float, float]]] = field(default_factory=dict)
    stills_only: bool = False


@dataclass(frozen=True)
class SealedPackage:
    """A signed package.

    Attributes:
        package_id: UUID4.
        camera_id: Whose chain it stands in.
        data: The package file.
        chain_sha256: SHA-256 of the signed payload: what the camera's next package links to.
        manifest: What it says.
    """

    package_id: str
    camera_id: str
    data: bytes
    chain_sha256: str
    manifest: Manifest

    @property
    def file_name(self) -> str:
        """Name for the package as a file."""
        return f"{self.package_id}{PACKAGE_SUFFIX}"


def seal(draft: Draft, *, key: SigningKey, link: ChainLink, package_id: str) -> SealedPackage:
    """Hash the members, write the manifest, sign it, and pack everything into one file.

    Args:
        draft: What the package says.
        key: The camera's key.
        link: The camera's next place in its chain, from `Spool.chain_link`.
        package_id: A fresh UUID4.

    Raises:
        EvidenceError: The draft would not verify: a field out of bounds, a required member missing, the package
            too large.
    """
    members = tuple(_member(medium) for medium in draft.media)
    try:
        manifest = Manifest(
            package_id=package_id,
            camera=draft.camera,
            scene=draft.scene,
            offence=draft.offence,
            occurred_at=draft.occurred_at,
            clock_source=draft.clock_source,
            clock_uncertainty_ms=draft.clock_uncertainty_ms,
            track=draft.track,
            plate=draft.plate,
            measured=dict(draft.measured),
            doubts=tuple(draft.doubts),
            conditions=tuple(draft.conditions),
            bystanders={name: tuple(boxes) for name, boxes in draft.bystanders.items()},
            stills_only=draft.stills_only,
            members=members,
            software=draft.software,
            chain=link,
        )
    except ValidationError as error:
        raise ManifestError(explain(error), Refusal.MANIFEST_FIELD) from error
    check_membership(manifest)
    payload = manifest.to_bytes()
    # What cannot be read back as it was written (a float that came as a text, say) must fail here, at the roadside, and
    # not at the office.
    Manifest.from_bytes(payload)
    envelope = Envelope(payload=payload, keyid=key.keyid, signature=key.sign(pae(payload)))
    data = pack([(ENVELOPE_NAME, envelope.to_bytes()), *((medium.name, medium.data) for medium in draft.media)])
    return SealedPackage(
        package_id=manifest.package_id,
        camera_id=manifest.camera.camera_id,
        data=data,
        chain_sha256=hashlib.sha256(payload).hexdigest(),
        manifest=manifest,
    )


def _member(medium: MediaMember) -> Member:
    try:
        return Member.model_validate(
            {
                "name": medium.name,
                "role": medium.role,
                "media_type": medium.media_type,
                "size_bytes": len(medium.data),
                "sha256": hashlib.sha256(medium.data).hexdigest(),
                "derived_from": medium.derived_from,
                "recipe": medium.recipe,
            }
        )
    except ValidationError as error:
        raise ManifestError(f"member {medium.name[:100]!r}: {explain(error)}", Refusal.MANIFEST_FIELD) from error
