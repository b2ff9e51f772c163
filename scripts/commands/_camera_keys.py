"""Signing keys in a folder, for a box that has no office yet.

Made once, their public halves in `keys.json` beside them.
"""

from __future__ import annotations

from datetime import UTC, datetime
from pathlib import Path

from pipeline.evidence.keys import PublicKeyRing, SigningKey

_LONG_AGO = datetime(2000, 1, 1, tzinfo=UTC)
"""Recorded clips may be old: a key that is made to try them out counts for them too."""


def folder_key(folder: Path, camera_id: str, given: Path | None = None) -> SigningKey:
    """The camera's signing key, and its public half in the folder's key ring.

    Args:
        folder: Where keys are kept; made when absent.
        camera_id: Whose key.
        given: Use this key file instead of the folder's own.

    Raises:
        KeyFileError: A key file is unreadable, or others may read it.
    """
    path = given or folder / f"{camera_id}.pem"
    if given is None and not path.exists():
        folder.mkdir(parents=True, exist_ok=True)
        SigningKey.generate().save(path)
    key = SigningKey.load(path)
    ring_file = folder / "keys.json"
    ring = PublicKeyRing.load(ring_file) if ring_file.exists() else PublicKeyRing()
    if ring.find(key.keyid) is None:
        ring.with_key(key.public(camera_id, valid_from=_LONG_AGO)).save(ring_file)
    return key
