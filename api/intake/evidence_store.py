"""Evidence files: written once under their own hash, durable before anybody is told, never changed."""

from __future__ import annotations

import hashlib
import io
import os
import struct
import zipfile
from collections.abc import Iterator
from dataclasses import dataclass, field
from pathlib import Path
from typing import BinaryIO, Final

from api.intake.arrival import Arrival, StorageFull, cipher_at, room
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
        key: what the file is enciphered with; None: it lies there plainly.
    """

    name: str
    role: str
    media_type: str
    size_bytes: int
    sha256: str
    path: Path
    offset: int
    key: bytes | None = field(default=None, repr=False)

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
            cipher = None if self.key is None else cipher_at(self.key, self.offset + start)
            left = length
            while left > 0:
                piece = file.read(min(CHUNK_BYTES, left))
                if not piece:
                    return
                left -= len(piece)
                yield piece if cipher is None else cipher.update(piece)


class EvidenceStore:
    """The folder of the evidence files: `<first two of the hash>/<hash>.tertib`."""

    def __init__(self, folder: Path) -> None:
        self.folder = folder

    def path_of(self, sha256: str) -> Path:
        """Where a package with this hash lies."""
        return self.folder / sha256[:2] / f"{sha256}.tertib"

    def receive(self, key: bytes | None = None) -> Arrival:
        """Somewhere to put the bytes of a package that comes in, on the disk where it will stay.

        Args:
            key: what they are enciphered with there.

        Raises:
            StorageFull: the disk is full.
        """
        return Arrival(self.folder, key)

    def keep(self, arrival: Arrival) -> Path:
        """Store a package for good, under its hash.

        Args:
            arrival: the package, whole, of which no case holds the same bytes; it and its name are on disk when this
                returns.

        Raises:
            StorageFull: the disk is full.
        """
        path = self.path_of(arrival.sha256)
        arrival.sync()
        with room():
            if not path.parent.exists():
                path.parent.mkdir(mode=0o700, exist_ok=True)
                _sync_folder(self.folder)
            try:
                arrival.link(path)
            except FileExistsError:
                # Whoever asks has looked: no case names this file. A killed upload left it, and its key died with it.
                arrival.replace(path)
            _sync_folder(path.parent)
        return path

    def read(self, sha256: str, key: bytes | None = None) -> bytes:
        """A whole package, as it came.

        Args:
            sha256: its hash.
            key: what it is enciphered with.

        Raises:
            EvidenceDamaged: it is gone or changed.
        """
        try:
            data = self.path_of(sha256).read_bytes()
        except OSError as error:
            raise EvidenceDamaged(f"The stored package {sha256[:12]}... is gone: tell the administrator.") from error
        if key is not None:
            data = cipher_at(key, 0).update(data)
        if hashlib.sha256(data).hexdigest() != sha256:
            raise EvidenceDamaged(f"The stored package {sha256[:12]}... is not what was received.")
        return data

    def member(
        self, sha256: str, *, name: str, role: str, media_type: str, member_sha256: str, key: bytes | None = None
    ) -> StoredMember:
        """One member of a stored package, ready to be read.

        Raises:
            EvidenceDamaged: the package is gone or holds no such member.
        """
        path = self.path_of(sha256)
        try:
            opened: BinaryIO = path.open("rb") if key is None else _Deciphered(path, key)
            with opened as file:
                with zipfile.ZipFile(file) as archive:
                    info = archive.getinfo(name)
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
            key=key,
        )


class _Deciphered(io.RawIOBase, BinaryIO):
    """A stored package as a file to read from, deciphered where it is read."""

    def __init__(self, path: Path, key: bytes) -> None:
        super().__init__()
        self._file, self._key = path.open("rb"), key

    def readable(self) -> bool:
        return True

    def seekable(self) -> bool:
        return True

    def seek(self, offset: int, whence: int = 0) -> int:
        return self._file.seek(offset, whence)

    def tell(self) -> int:
        return self._file.tell()

    def read(self, size: int | None = -1) -> bytes:
        cipher = cipher_at(self._key, self._file.tell())
        return cipher.update(self._file.read(size))

    def close(self) -> None:
        self._file.close()
        super().close()


def _sync_folder(folder: Path) -> None:
    descriptor = os.open(folder, os.O_RDONLY | os.O_DIRECTORY)
    try:
        os.fsync(descriptor)
    finally:
        os.close(descriptor)
