"""What the spool stands on: its folder's lock, its database, and faults of the disk told as sentences."""

from __future__ import annotations

import errno
import fcntl
import os
import sqlite3
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Final

from pipeline.delivery.errors import SpoolError, SpoolFull, SpoolInUse
from pipeline.evidence.durable import sync_folder

_SCHEMA_VERSION: Final = 1
_SCHEMA: Final = f"""
CREATE TABLE chains (
    camera_id TEXT PRIMARY KEY,
    sequence INTEGER NOT NULL,
    head_sha256 TEXT NOT NULL
) STRICT;
CREATE TABLE packages (
    accepted_number INTEGER PRIMARY KEY AUTOINCREMENT,
    package_id TEXT NOT NULL UNIQUE,
    camera_id TEXT NOT NULL,
    sequence INTEGER NOT NULL,
    chain_sha256 TEXT NOT NULL,
    data_sha256 TEXT NOT NULL,
    size_bytes INTEGER NOT NULL,
    state TEXT NOT NULL CHECK (state IN ('pending', 'acknowledged', 'refused', 'lost')),
    why TEXT,
    accepted_at TEXT NOT NULL,
    settled_at TEXT,
    UNIQUE (camera_id, sequence)
) STRICT;
CREATE INDEX packages_by_state ON packages (state, accepted_number);
PRAGMA user_version = {_SCHEMA_VERSION};
"""
_STATISTICS: Final = "CREATE TABLE IF NOT EXISTS statistics (package_id TEXT PRIMARY KEY) STRICT"
"""Packages of which no ticket can be made; a table of its own, so that spools of before need no migration."""
RESERVE_BYTES: Final = 256 * 1024
"""What the database may need to note that packages have left: its journal and shared memory."""

_FULL: Final = frozenset({"SQLITE_FULL", "SQLITE_IOERR_SHMSIZE"})
_NO_ROOM: Final = frozenset({errno.ENOSPC, errno.EDQUOT, errno.EFBIG})


class Reserve:
    """Room set aside, so that a spool whose disk is full can still note what the office took, and so become empty."""

    def __init__(self, path: Path) -> None:
        self._path = path

    def ensure(self) -> None:
        """Set the room aside, unless it is.

        Raises:
            OSError: There is none.
        """
        if self._path.exists() and self._path.stat().st_size == RESERVE_BYTES:
            return
        descriptor = os.open(self._path, os.O_WRONLY | os.O_CREAT | os.O_CLOEXEC, 0o600)
        try:
            os.posix_fallocate(descriptor, 0, RESERVE_BYTES)
        except OSError:
            self.release()
            raise
        finally:
            os.close(descriptor)

    def release(self) -> None:
        """Give the room back to the disk."""
        self._path.unlink(missing_ok=True)


@contextmanager
def told(folder: Path) -> Iterator[None]:
    """Turn the disk's and the database's faults into sentences."""
    try:
        yield
    except OSError as error:
        if error.errno in _NO_ROOM:
            raise SpoolFull(f"the disk of the spool {folder} is full: free some space") from error
        raise SpoolError(f"the spool {folder} cannot be used: {error.strerror or error}") from error
    except sqlite3.OperationalError as error:
        if is_full(error):
            raise SpoolFull(f"the disk of the spool {folder} is full: free some space") from error
        raise SpoolError(f"the spool's database in {folder} cannot be used: {error}") from error
    except sqlite3.DatabaseError as error:
        raise SpoolError(f"the spool's database in {folder} is damaged ({error}): move the folder aside") from error


def is_full(error: sqlite3.Error) -> bool:
    """Whether the database says that the disk is full."""
    # Opening a journal on a full disk is told as an error of input and output, or as a database that cannot be opened.
    return getattr(error, "sqlite_errorname", "") in _FULL


def lock_folder(folder: Path) -> int:
    """Take the folder for this process; returns the descriptor that holds the lock."""
    descriptor = os.open(folder / "lock", os.O_RDWR | os.O_CREAT | os.O_CLOEXEC, 0o600)
    try:
        fcntl.flock(descriptor, fcntl.LOCK_EX | fcntl.LOCK_NB)
    except BlockingIOError as error:
        holder = os.pread(descriptor, 20, 0).decode("ascii", "replace").strip() or "unknown"
        os.close(descriptor)
        raise SpoolInUse(f"the spool {folder} is in use by process {holder}: a box runs one at a time") from error
    os.truncate(descriptor, 0)
    os.pwrite(descriptor, str(os.getpid()).encode(), 0)
    return descriptor


def open_database(path: Path) -> sqlite3.Connection:
    """Open or make the database; each commit is on the disk when it returns."""
    with told(path.parent):
        # Threads share the connection; the spool's own guard serialises them.
        database = sqlite3.connect(path, isolation_level=None, check_same_thread=False)
        try:
            database.execute("PRAGMA journal_mode = WAL")
            database.execute("PRAGMA synchronous = FULL")  # in WAL mode: each commit is synced before it returns
            _prepare_schema(database, path)
            database.execute(_STATISTICS)
        except BaseException:
            database.close()
            raise
    return database


def _prepare_schema(database: sqlite3.Connection, path: Path) -> None:
    (version,) = database.execute("PRAGMA user_version").fetchone()
    if version == 0:
        database.executescript(f"BEGIN IMMEDIATE;{_SCHEMA}COMMIT;")
        sync_folder(path.parent)
    elif version != _SCHEMA_VERSION:
        raise SpoolError(f"{path} was written by a newer version of tertib (schema {version}): update this box")
