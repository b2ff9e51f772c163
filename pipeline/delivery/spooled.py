"""What a spool tells about the packages that it keeps."""

from __future__ import annotations

import hashlib
from dataclasses import dataclass
from pathlib import Path

from pipeline.delivery.errors import DamagedPackage


@dataclass(frozen=True)
class SpooledPackage:
    """A package that waits for the office.

    Attributes:
        package_id: UUID4.
        camera_id: Whose chain it stands in.
        sequence: Place in that chain.
        size_bytes: Length of the file.
        data_sha256: SHA-256 of the file, in hex.
        path: The file.
    """

    package_id: str
    camera_id: str
    sequence: int
    size_bytes: int
    data_sha256: str
    path: Path

    def read(self) -> bytes:
        """The package file.

        Raises:
            DamagedPackage: It is missing, unreadable, or no longer what was accepted.
        """
        try:
            data = self.path.read_bytes()
        except OSError as error:
            raise DamagedPackage(f"{self.path} cannot be read: {error.strerror}") from error
        if hashlib.sha256(data).hexdigest() != self.data_sha256:
            raise DamagedPackage(f"{self.path} was damaged on this box's disk: it is not what was accepted")
        return data


@dataclass(frozen=True)
class SpoolCounts:
    """How many packages are in which state, and the bytes of those whose files are kept.

    Attributes:
        pending: Wait for the office.
        acknowledged: The office has them; their files are gone from here.
        refused: The office (or this box's disk) said no; files are kept under `refused/`.
        lost: Accepted, but their files have vanished from the disk.
        kept_bytes: Bytes of the pending and refused files.
    """

    pending: int
    acknowledged: int
    refused: int
    lost: int
    kept_bytes: int
