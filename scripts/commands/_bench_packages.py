"""A chain of sealed packages with filler in place of pictures, to measure what carries them."""

from __future__ import annotations

import hashlib
import uuid
from datetime import UTC, datetime, timedelta

from pipeline.evidence.keys import SigningKey
from pipeline.evidence.manifest import CameraRef, ChainLink, PlateEvidence, SceneRef, Software, TrackRef
from pipeline.evidence.offence import OffenceCode
from pipeline.evidence.package import Draft, MediaMember, SealedPackage, seal


def packages_of(
    camera_id: str, key: SigningKey, count: int, clip_bytes: int, *, occurred_at: datetime | None = None
) -> list[SealedPackage]:
    """Packages 1 to `count` of a camera's chain.

    Args:
        camera_id: The camera.
        key: Its signing key.
        count: How many.
        clip_bytes: Length of each clip.
        occurred_at: Of the first; each is a second after the one before. Default: now.
    """
    began = occurred_at or datetime.now(UTC)
    link = ChainLink(sequence=1, previous_sha256=None)
    made: list[SealedPackage] = []
    for number in range(count):
        at = began + timedelta(seconds=number)
        package = seal(_draft(camera_id, at, number, clip_bytes), key=key, link=link, package_id=str(uuid.uuid4()))
        made.append(package)
        link = ChainLink(sequence=link.sequence + 1, previous_sha256=package.chain_sha256)
    return made


def _draft(camera_id: str, at: datetime, number: int, clip_bytes: int) -> Draft:
    def filler(word: str, size: int) -> bytes:
        seed = hashlib.sha256(f"{word} {number}".encode()).digest()
        return (seed * (size // len(seed) + 1))[:size]

    media = [
        MediaMember("clip.mp4", "clip", "video/mp4", filler("clip", clip_bytes)),
        MediaMember("overview.jpg", "overview", "image/jpeg", filler("overview", 60_000)),
        MediaMember("offence.jpg", "offence", "image/jpeg", filler("offence", 60_000)),
        MediaMember("drawn.jpg", "offence_drawn", "image/jpeg", filler("drawn", 60_000), "offence.jpg", "lane, box"),
        MediaMember("plate.jpg", "plate", "image/jpeg", filler("plate", 5_000), "offence.jpg", "crop 10,20,110,60"),
    ]
    return Draft(
        camera=CameraRef(
            camera_id=camera_id, agency="bench", jurisdiction="jateng", place="-", latitude=-7.0, longitude=110.0
        ),
        scene=SceneRef(name="bench", version_sha256=hashlib.sha256(b"bench").hexdigest()),
        offence=OffenceCode.BUS_LANE,
        occurred_at=at,
        clock_source="rtcp",
        clock_uncertainty_ms=20.0,
        track=TrackRef(
            track_id=number + 1,
            vehicle_class="car",
            first_seen_at=at - timedelta(seconds=3),
            last_seen_at=at + timedelta(seconds=1),
            box=(10.0, 20.0, 110.0, 120.0),
            frame=10,
        ),
        plate=PlateEvidence(text=None, confidence=0.0, reason="bench", looks=0, candidates=()),
        software=Software(version="bench", models={}),
        media=media,
    )
