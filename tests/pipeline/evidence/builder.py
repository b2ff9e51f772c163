"""Small valid packages without real media, for every test that needs evidence.

    package = sealed_package(plate="H1234AB", offence="bus_lane", camera_id="smg-01", sequence=1)
    ring = key_ring("smg-01")
    verify(package.data, ring, now=NOW)

The key of a camera is determined by its id, so that a package and a ring that were made apart fit together.
"""

from __future__ import annotations

import hashlib
from collections.abc import Sequence
from datetime import UTC, datetime, timedelta
from typing import Any
from uuid import UUID

from pipeline.evidence.keys import PublicKeyRing, SigningKey
from pipeline.evidence.manifest import (
    CameraRef,
    ChainLink,
    Condition,
    PlateCandidate,
    PlateEvidence,
    SceneRef,
    Software,
    TrackRef,
)
from pipeline.evidence.offence import OffenceCode
from pipeline.evidence.package import Draft, MediaMember, SealedPackage, seal

OCCURRED_AT = datetime(2026, 3, 2, 1, 15, 30, 123456, tzinfo=UTC)
NOW = OCCURRED_AT + timedelta(minutes=2)
VALID_FROM = datetime(2026, 1, 1, tzinfo=UTC)
CAMERA_ID = "smg-01"


def camera_key(camera_id: str = CAMERA_ID) -> SigningKey:
    """The key that these tests give to a camera."""
    return SigningKey.from_seed(hashlib.sha256(f"test key of {camera_id}".encode()).digest())


def key_ring(*camera_ids: str, valid_from: datetime = VALID_FROM) -> PublicKeyRing:
    """A ring with the keys of these cameras."""
    keys = tuple(camera_key(c).public(c, valid_from=valid_from) for c in camera_ids or (CAMERA_ID,))
    return PublicKeyRing(keys=keys)


def package_id(number: int = 1, camera_id: str = CAMERA_ID) -> str:
    """A UUID4 that a number and a camera determine."""
    raw = hashlib.sha256(f"{camera_id} {number}".encode()).digest()[:16]
    return str(UUID(bytes=raw, version=4))


def media(size_bytes: int = 300) -> list[MediaMember]:
    """Clip, overview, offence, drawn offence and plate crop: bytes that are no pictures."""

    def filler(word: str) -> bytes:
        return (hashlib.sha256(word.encode()).digest() * (size_bytes // 32 + 1))[:size_bytes]

    return [
        MediaMember("clip.mp4", "clip", "video/mp4", filler("clip")),
        MediaMember("overview.jpg", "overview", "image/jpeg", filler("overview")),
        MediaMember("offence.jpg", "offence", "image/jpeg", filler("offence")),
        MediaMember("offence_drawn.jpg", "offence_drawn", "image/jpeg", filler("drawn"), "offence.jpg", "draw scene"),
        MediaMember("plate.png", "plate", "image/png", filler("plate"), "offence.jpg", "crop 100,200,180,230"),
    ]


def plate_evidence(text: str | None = "H1234AB", confidence: float = 0.93) -> PlateEvidence:
    """A plate that was read, or (`None`) one that was not."""
    if text is None:
        return PlateEvidence(text=None, confidence=0.2, abstained=True, reason="the looks disagree", looks=3)
    candidate = PlateCandidate(text=text, confidence=confidence)
    return PlateEvidence(text=text, confidence=confidence, abstained=False, candidates=(candidate,), looks=5)


def draft(
    *,
    plate: str | None = "H1234AB",
    offence: str = "bus_lane",
    camera_id: str = CAMERA_ID,
    occurred_at: datetime = OCCURRED_AT,
    agency: str = "dishub-semarang",
    jurisdiction: str = "jateng",
    media_members: Sequence[MediaMember] | None = None,
    **changes: Any,
) -> Draft:
    """A draft; `changes` replaces any other field of it."""
    fields: dict[str, Any] = {
        "camera": CameraRef(
            camera_id=camera_id,
            agency=agency,
            jurisdiction=jurisdiction,
            place="Jl. Pemuda, Semarang",
            latitude=-6.9825,
            longitude=110.4145,
        ),
        "scene": SceneRef(name="pemuda-north", version_sha256=hashlib.sha256(b"scene").hexdigest()),
        "offence": OffenceCode(offence),
        "occurred_at": occurred_at,
        "clock_source": "rtcp",
        "clock_uncertainty_ms": 12.5,
        "track": TrackRef(
            track_id=7,
            vehicle_class="car",
            first_seen_at=occurred_at - timedelta(seconds=3),
            last_seen_at=occurred_at + timedelta(seconds=1),
            box=(100.0, 120.5, 220.0, 260.0),
            frame=75,
        ),
        "plate": plate_evidence(plate),
        "software": Software(version="0.1.0", models={"traffic-n": hashlib.sha256(b"weights").hexdigest()}),
        "media": media() if media_members is None else media_members,
        "measured": {"in_lane_s": 2.4, "frames": 60, "lane": "bus", "daylight": True, "speed_kmh": None},
        "doubts": ("another vehicle stood close",),
        "conditions": (Condition(name="class is not permitted", met=True, detail="car in a lane for buses"),),
        "bystanders": {"offence.jpg": ((10.0, 20.0, 30.0, 60.0),)},
    }
    fields.update(changes)
    return Draft(**fields)


def sealed_package(
    *,
    plate: str | None = "H1234AB",
    offence: str = "bus_lane",
    camera_id: str = CAMERA_ID,
    sequence: int = 1,
    previous_sha256: str | None = None,
    key: SigningKey | None = None,
    id_: str | None = None,
    **changes: Any,
) -> SealedPackage:
    """Seal a small valid package.

    Args:
        plate: Normalised text, or `None` for a plate that was not read.
        offence: One of the offence codes.
        camera_id: The camera; its key is `camera_key(camera_id)` unless `key` is given.
        sequence: Place in the camera's chain.
        previous_sha256: Hash of the package before; made up when it is absent and needed.
        key: Another signing key.
        id_: Package id; by default determined by camera and sequence.
        changes: Any field of `draft`, e.g. `occurred_at`, `agency`, `media_members`, `doubts`.
    """
    if previous_sha256 is None and sequence > 1:
        previous_sha256 = hashlib.sha256(f"before {sequence}".encode()).hexdigest()
    return seal(
        draft(plate=plate, offence=offence, camera_id=camera_id, **changes),
        key=key or camera_key(camera_id),
        link=ChainLink(sequence=sequence, previous_sha256=previous_sha256),
        package_id=id_ or package_id(sequence, camera_id),
    )


def sealed_chain(length: int, *, camera_id: str = CAMERA_ID, **changes: Any) -> list[SealedPackage]:
    """The first packages of a camera, each linked to the one before."""
    chain: list[SealedPackage] = []
    for sequence in range(1, length + 1):
        previous = chain[-1].chain_sha256 if chain else None
        chain.append(sealed_package(camera_id=camera_id, sequence=sequence, previous_sha256=previous, **changes))
    return chain
