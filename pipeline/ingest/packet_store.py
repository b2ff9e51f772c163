"""Where a ring's packets lie: in memory, or a file a group of pictures on a disk, gone when the group is."""

from __future__ import annotations

import os
import tempfile
from dataclasses import dataclass
from pathlib import Path
from typing import IO, Protocol


class Kept(Protocol):
    """Bytes that can be had again."""

    def read(self) -> bytes:
        """The bytes."""
        ...


@dataclass(frozen=True)
class InMemory:
    """Kept as they are."""

    data: bytes

    def read(self) -> bytes:
        """See `Kept`."""
        return self.data


@dataclass(frozen=True)
class OnDisk:
    """A part of a nameless file; the file is gone when nothing points into it any more, also after a crash."""

    file: IO[bytes]
    offset: int
    length: int

    def read(self) -> bytes:
        """See `Kept`."""
        return os.pread(self.file.fileno(), self.length, self.offset)


class PacketStore:
    """Keeps packets one after the other.

    Args:
        folder: On which disk; None = in memory.
    """

    def __init__(self, folder: Path | None = None) -> None:
        self._folder = folder
        self._file: IO[bytes] | None = None
        self._offset = 0

    def keep(self, data: bytes, *, begins_group: bool) -> Kept:
        """Keep a packet; a disk that is full or gone is no reason to lose it: then memory holds it."""
        if self._folder is None:
            return InMemory(data)
        try:
            if self._file is None or begins_group:
                self._file, self._offset = self._new_file(self._folder), 0
            written = self._file.write(data)
        except OSError:
            written = -1
        if self._file is None or written != len(data):
            self._file = None
            return InMemory(data)
        kept = OnDisk(self._file, self._offset, len(data))
        self._offset += len(data)
        return kept

    def _new_file(self, folder: Path) -> IO[bytes]:
        # It lives as long as a packet that lies in it.
        return tempfile.TemporaryFile(dir=folder, buffering=0)
