"""Evidence files: written once under their own hash, durable before anybody is told, never changed."""

from __future__ import annotations

import hashlib
import os
import struct
import zipfile
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path
from typing import Final

from api.intake.arrival import Arrival, StorageFull, room
from api.problems import OfficeError

__all__ = ["EvidenceDamaged", "EvidenceStore", "StorageFull", "StoredMember"]

CHUNK_BYTES: Final = 256 * 1024
_LOCAL_HEADER_BYTES: Final = 30


class EvidenceDamaged(OfficeError):  # noqa: N818 - reads as what happened
    """A stored file is gone or is not what was stored."""

    code = "evidence-damaged"
    title = "The evidence on disk is damaged"


@dataclass(frozen=True)
class StoredMember:
    """One file inside a stored package.

    Attributes:
        name: its name in the package.
        role: clip, overview, offence, offence_drawn or plate.
        media_type: e.g. `video/mp4`.
        size_bytes: its length.
        sha256: hex, as signed.
        path: the package file.
        offset: where the member begins in it.
    """

    name: str
    role: str
    media_type: str
    size_bytes: int
    sha256: str
    path: Path
    offset: int

    def read(self) -> bytes:
        """The whole member, checked against its hash.

        Raises:
            EvidenceDamaged: the file is gone or changed.
        """
        data = b"".join(self.chunks(0, self.size_bytes))
        if hashlib.sha256(data).hexdigest() != self.sha256:
            raise EvidenceDamaged(f"The stored file {self.name} is not what was signed: tell the administrator.")
        return data

    def chunks(self, start: int, length: int) -> Iterator[bytes]:
        """A part of the member, piece by piece.

        Args:
            start: first byte, from 0.
            length: bytes from there.
        """
        with self.path.open("rb") as file:
            file.seek(self.offset + start)
            left = length
            while left > 0:
                piece = file.read(min(CHUNK_BYTES, left))
                if not piece:
                    return
                left -= len(piece)
                yield piece


class EvidenceStore:
    """The folder of the evidence files: `<first two of the hash>/<hash>.tertib`."""

    def __init__(self, folder: Path) -> None:
        self.folder = folder

    def path_of(self, sha256: str) -> Path:
        """Where a package with this hash lies."""
        return self.folder / sha256[:2] / f"{sha256}.tertib"

    def receive(self) -> Arrival:
        """Somewhere to put the bytes of a package that comes in, on the disk where it will stay.

        Raises:
            StorageFull: the disk is full.
        """
        return Arrival(self.folder)

    def keep(self, arrival: Arrival) -> Path:
        """Store a package for good, under its hash. Storing the same bytes again changes nothing.

        Args:
            arrival: the package, whole; it and its name are on disk when this returns.

        Raises:
            StorageFull: the disk is full.
            EvidenceDamaged: another file lies where this one belongs.
        """
        path = self.path_of(arrival.sha256)
        arrival.sync()
        with room():
            if not path.parent.exists():
                path.parent.mkdir(mode=0o700, exist_ok=True)
                _sync_folder(self.folder)
            try:
                arrival.link(path)
            except FileExistsError as error:
                if hashlib.sha256(path.read_bytes()).hexdigest() != arrival.sha256:
                    raise EvidenceDamaged(f"{path} is not what its name says: tell the administrator.") from error
            _sync_folder(path.parent)
        return path

    def write(self, data: bytes) -> Path:
        """Store a package that is held in memory: `receive`, `sync` and `keep` in one.

        Raises:
            StorageFull: the disk is full.
            EvidenceDamaged: another file lies where this one belongs.
        """
        with self.receive() as arrival:
            arrival.add([data])
            arrival.sync()
            return self.keep(arrival)

    def member(self, sha256: str, *, name: str, role: str, media_type: str, member_sha256: str) -> StoredMember:
        """One member of a stored package, ready to be read.

        Raises:
            EvidenceDamaged: the package is gone or holds no such member.
        """
        path = self.path_of(sha256)
        try:
            with zipfile.ZipFile(path) as archive:
                info = archive.getinfo(name)
            with path.open("rb") as file:
                file.seek(info.header_offset + _LOCAL_HEADER_BYTES - 4)
                name_length, extra_length = struct.unpack("<HH", file.read(4))
        except (OSError, KeyError, zipfile.BadZipFile, struct.error) as error:
            raise EvidenceDamaged(
                f"The stored package {sha256[:12]}... cannot be read: tell the administrator."
            ) from error
        return StoredMember(
            name=name,
            role=role,
            media_type=media_type,
            size_bytes=info.file_size,
            sha256=member_sha256,
            path=path,
            offset=info.header_offset + _LOCAL_HEADER_BYTES + name_length + extra_length,
        )


def _sync_folder(folder: Path) -> None:
    descriptor = os.open(folder, os.O_RDONLY | os.O_DIRECTORY)
    try:
        os.fsync(descriptor)
    finally:
        os.close(descriptor)
