"""A package on its way in: written to a file without a name while it is hashed; whoever is refused leaves nothing."""

from __future__ import annotations

import errno
import hashlib
import mmap
import os
import secrets
from collections.abc import Iterator, Sequence
from contextlib import contextmanager, suppress
from pathlib import Path
from types import TracebackType
from typing import Final, Self

from cryptography.hazmat.primitives.ciphers import Cipher, CipherContext
from cryptography.hazmat.primitives.ciphers.algorithms import AES256
from cryptography.hazmat.primitives.ciphers.modes import CTR

from api.problems import OfficeError
from api.secrecy.cases import part_of

# Linux writes at most so many pieces in one call (IOV_MAX).
_MAX_PIECES: Final = 1024
_BLOCK_BYTES: Final = 16
_NO_UNNAMED_FILES: Final = frozenset({errno.EOPNOTSUPP, errno.EISDIR, errno.EINVAL, errno.ENOENT})


def cipher_at(key: bytes, offset: int) -> CipherContext:
    """The cipher of a stored package from a byte on; it is the same in both directions.

    Args:
        key: the case's.
        offset: byte of the file, from 0.
    """
    block, inside = divmod(offset, _BLOCK_BYTES)
    made = Cipher(AES256(part_of(key, "evidence")), CTR(block.to_bytes(_BLOCK_BYTES, "big"))).encryptor()
    made.update(bytes(inside))
    return made


class StorageFull(OfficeError):  # noqa: N818 - reads as what happened
    """There is no room for evidence; the camera keeps it and tries again."""

    status = 507
    code = "storage-full"
    title = "No room for evidence"


@contextmanager
def room() -> Iterator[None]:
    """Tell a full disk as such.

    Raises:
        StorageFull: the disk is full.
    """
    try:
        yield
    except OSError as error:
        if error.errno in {errno.ENOSPC, errno.EDQUOT}:
            raise StorageFull("The evidence store is full; keep the package and send it later.") from error
        raise


class Arrival:
    """The bytes of one package, on the disk of the evidence but without a name there.

    A file without a name (`O_TMPFILE`) is gone when the process dies: a killed upload leaves nothing to be swept. Where
    the file system has none, it is a file that ends in `.tmp`.

    Args:
        folder: the folder of the evidence; made here when it is absent.
        key: what lies on disk is enciphered with it (AES-256 in counter mode: every key is used for one file, and the
            hashes say whether it was changed); None: it lies there as it came.
    """

    def __init__(self, folder: Path, key: bytes | None = None) -> None:
        self._hash = hashlib.sha256()
        self.key = key
        self._cipher = None if key is None else cipher_at(key, 0)
        self._plain: list[bytes] = []
        self._named: Path | None = None
        self._map: mmap.mmap | None = None
        self._synced = False
        self.size_bytes = 0
        with room():
            folder.mkdir(mode=0o700, parents=True, exist_ok=True)
            try:
                self._descriptor = os.open(folder, os.O_TMPFILE | os.O_RDWR, 0o440)
            except OSError as error:
                if error.errno not in _NO_UNNAMED_FILES:
                    raise
                self._named = folder / f".{secrets.token_hex(8)}.tmp"
                self._descriptor = os.open(self._named, os.O_RDWR | os.O_CREAT | os.O_EXCL, 0o440)

    def __enter__(self) -> Self:
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        self.close()

    @property
    def sha256(self) -> str:
        """Hash of what has come so far, hex."""
        return self._hash.hexdigest()

    def add(self, pieces: Sequence[bytes]) -> None:
        """Write and hash the next pieces.

        Raises:
            StorageFull: the disk is full.
        """
        self._synced = False
        with room():
            for first in range(0, len(pieces), _MAX_PIECES):
                self._write(self._enciphered(pieces[first : first + _MAX_PIECES]))
        for piece in pieces:
            self._hash.update(piece)
            self.size_bytes += len(piece)

    def _enciphered(self, pieces: Sequence[bytes]) -> Sequence[bytes]:
        if self._cipher is None:
            return pieces
        # The verification reads it once more: from memory, since the disk holds what nobody can read.
        self._plain += pieces
        return [self._cipher.update(piece) for piece in pieces]

    def _write(self, pieces: Sequence[bytes]) -> None:
        wanted = sum(map(len, pieces))
        written = os.writev(self._descriptor, pieces)
        if written < wanted:
            # A signal or a nearly full disk: the rest, which then says why.
            rest = memoryview(b"".join(pieces))[written:]
            while rest:
                rest = rest[os.write(self._descriptor, rest) :]

    def whole(self) -> bytes | mmap.mmap:
        """The package, to be read: a map of the file, which is not copied, or what is held of it in memory."""
        if self._cipher is not None:
            self._plain = [b"".join(self._plain)]
            return self._plain[0]
        if self.size_bytes == 0:
            return b""
        if self._map is None:
            self._map = mmap.mmap(self._descriptor, self.size_bytes, prot=mmap.PROT_READ)
        return self._map

    def sync(self) -> None:
        """On disk when this returns; asked again it costs nothing.

        Raises:
            StorageFull: the disk is full.
        """
        if not self._synced:
            with room():
                os.fsync(self._descriptor)
            self._synced = True

    def link(self, path: Path) -> None:
        """Give the file its name: it appears whole, and what lies there already is never replaced.

        Raises:
            FileExistsError: something lies there.
            StorageFull: the disk is full.
        """
        source = self._named or Path(f"/proc/self/fd/{self._descriptor}")
        with room():
            # Only with a descriptor (unused: the path is absolute) does Python call linkat, which follows /proc.
            os.link(source, path, src_dir_fd=self._descriptor, follow_symlinks=True)

    def replace(self, path: Path) -> None:
        """Take the place of a file that no case names: one that a killed upload left, under a key that died with it."""
        beside = path.with_name(f".{secrets.token_hex(8)}.tmp")
        self.link(beside)
        beside.replace(path)

    def close(self) -> None:
        """Let go; without a link nothing is left."""
        if self._map is not None:
            # Views into it that are still held keep it until they go.
            with suppress(BufferError):
                self._map.close()
            self._map = None
        if self._descriptor >= 0:
            os.close(self._descriptor)
            self._descriptor = -1
        if self._named is not None:
            self._named.unlink(missing_ok=True)
