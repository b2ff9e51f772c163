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

from api.problems import OfficeError

# Linux writes at most so many pieces in one call (IOV_MAX).
_MAX_PIECES: Final = 1024
_NO_UNNAMED_FILES: Final = frozenset({errno.EOPNOTSUPP, errno.EISDIR, errno.EINVAL, errno.ENOENT})


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
    """

    def __init__(self, folder: Path) -> None:
        self._hash = hashlib.sha256()
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
                self._write(pieces[first : first + _MAX_PIECES])
        for piece in pieces:
            self._hash.update(piece)
            self.size_bytes += len(piece)

    def _write(self, pieces: Sequence[bytes]) -> None:
        wanted = sum(map(len, pieces))
        written = os.writev(self._descriptor, pieces)
        if written < wanted:
            # A signal or a nearly full disk: the rest, which then says why.
            rest = memoryview(b"".join(pieces))[written:]
            while rest:
                rest = rest[os.write(self._descriptor, rest) :]

    def whole(self) -> bytes | mmap.mmap:
        """The package, to be read: a map of the file, which is not copied."""
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
