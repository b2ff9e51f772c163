"""What a spool knows of its packages and chains: rows of its database, without any file."""

from __future__ import annotations

import sqlite3
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path
from typing import Final

from pipeline.delivery.errors import PackageConflict, SpoolError, SpoolFull
from pipeline.delivery.spooled import SpoolCounts
from pipeline.delivery.storage import Reserve, is_full, open_database
from pipeline.evidence.manifest import ChainLink

DROPPED: Final = "dropped:"
"""How the reason of a package begins that gave way."""


@dataclass(frozen=True)
class NewRow:
    """A package that is to be noted, with its file's hash and length, and whether it only counts (see `Spool`)."""

    package_id: str
    camera_id: str
    sequence: int
    chain_sha256: str
    data_sha256: str
    size_bytes: int
    only_counts: bool


class PackageRows:
    """The rows of one spool; its caller serialises threads.

    Args:
        path: The database; made when absent.
        reserve: Room that is given back when the disk is full, so that leaving packages can be noted.
        now: The present as it is written into rows.
    """

    def __init__(self, path: Path, reserve: Reserve, now: Callable[[], str]) -> None:
        self._folder, self._reserve, self._now = path.parent, reserve, now
        try:
            self.database = open_database(path)
        except SpoolFull:
            reserve.release()
            self.database = open_database(path)

    def link(self, camera_id: str) -> ChainLink:
        """The next place in a camera's chain."""
        head = self.database.execute(
            "SELECT sequence, head_sha256 FROM chains WHERE camera_id = ?", (camera_id,)
        ).fetchone()
        if head is None:
            return ChainLink(sequence=1, previous_sha256=None)
        return ChainLink(sequence=head[0] + 1, previous_sha256=head[1])

    def keep_head(self, camera_id: str, sequence: int, head_sha256: str) -> None:
        """Move a camera's chain to this head."""
        with self._transaction():
            self._set_head(camera_id, sequence, head_sha256)

    def knows(self, package_id: str, data_sha256: str) -> bool:
        """Whether the package is noted.

        Raises:
            PackageConflict: With other contents.
        """
        known = self.database.execute("SELECT data_sha256 FROM packages WHERE package_id = ?", (package_id,)).fetchone()
        if known is not None and known[0] != data_sha256:
            raise PackageConflict(f"package {package_id} is already kept with other contents")
        return known is not None

    def has(self, package_id: str) -> bool:
        """Whether a package of this id is noted, whatever its contents."""
        row = self.database.execute("SELECT 1 FROM packages WHERE package_id = ?", (package_id,)).fetchone()
        return row is not None

    def record(self, row: NewRow) -> None:
        """Note a package and move its camera's chain on, in one transaction."""
        with self._transaction():
            self.database.execute(
                "INSERT INTO packages"
                " (package_id, camera_id, sequence, chain_sha256, data_sha256, size_bytes, state, accepted_at)"
                " VALUES (?, ?, ?, ?, ?, ?, 'pending', ?)",
                (
                    row.package_id,
                    row.camera_id,
                    row.sequence,
                    row.chain_sha256,
                    row.data_sha256,
                    row.size_bytes,
                    self._now(),
                ),
            )
            if row.only_counts:
                self.database.execute("INSERT INTO statistics (package_id) VALUES (?)", (row.package_id,))
            self._set_head(row.camera_id, row.sequence, row.chain_sha256)

    def pending(self, limit: int) -> list[tuple[str, str, int, int, str]]:
        """Id, camera, place, length and hash of those that wait, the cameras taking turns."""
        return self.database.execute(
            "SELECT package_id, camera_id, sequence, size_bytes, data_sha256 FROM packages WHERE state = 'pending'"
            " ORDER BY row_number() OVER (PARTITION BY camera_id ORDER BY sequence), accepted_number LIMIT ?",
            (limit,),
        ).fetchall()

    def reasons(self, state: str, beginning: str = "") -> list[tuple[str, str]]:
        """Id and reason of those in a state, the oldest first."""
        rows = self.database.execute(
            "SELECT package_id, coalesce(why, '') FROM packages"
            " WHERE state = ? AND coalesce(why, '') LIKE ? ORDER BY accepted_number",
            (state, f"{beginning}%"),
        ).fetchall()
        return [(str(package_id), str(why)) for package_id, why in rows]

    def counts(self) -> SpoolCounts:
        """How many packages are in which state."""
        rows = self.database.execute("SELECT state, count(*), sum(size_bytes) FROM packages GROUP BY state").fetchall()
        number = {state: count for state, count, _ in rows}
        return SpoolCounts(
            pending=number.get("pending", 0),
            acknowledged=number.get("acknowledged", 0),
            refused=number.get("refused", 0),
            lost=number.get("lost", 0),
            kept_bytes=sum(size for state, _, size in rows if state in {"pending", "refused"}),
        )

    def waiting_statistics(self, before: str = "9999") -> list[tuple[str, int]]:
        """Id and length of waiting packages that only count, and were accepted before then; the oldest first."""
        return self.database.execute(
            "SELECT package_id, size_bytes FROM packages JOIN statistics USING (package_id)"
            " WHERE state = 'pending' AND accepted_at < ? ORDER BY accepted_number",
            (before,),
        ).fetchall()

    def unsettled(self) -> dict[str, str]:
        """The state of every package that was not acknowledged."""
        return dict(
            self.database.execute("SELECT package_id, state FROM packages WHERE state != 'acknowledged'").fetchall()
        )

    def settle(self, package_id: str, state: str, why: str | None) -> None:
        """A waiting package comes to its end; told again, nothing changes.

        Raises:
            SpoolError: It is unknown, or came to another end.
        """
        row = (state, why, self._now(), package_id)
        try:
            changed = self._note_settled(row)
        except sqlite3.OperationalError as error:
            if not is_full(error):
                raise
            self._reserve.release()
            changed = self._note_settled(row)
        if changed == 0:
            known = self.database.execute("SELECT state FROM packages WHERE package_id = ?", (package_id,)).fetchone()
            if known is None:
                raise SpoolError(f"package {package_id} is not in the spool {self._folder}")
            if known[0] != state:
                raise SpoolError(f"package {package_id} is already {known[0]}, it cannot become {state}")

    def _note_settled(self, row: tuple[str, str | None, str, str]) -> int:
        with self._transaction():
            cursor = self.database.execute(
                "UPDATE packages SET state = ?, why = ?, settled_at = ? WHERE package_id = ? AND state = 'pending'", row
            )
        return cursor.rowcount

    def _set_head(self, camera_id: str, sequence: int, head_sha256: str) -> None:
        self.database.execute(
            "INSERT INTO chains (camera_id, sequence, head_sha256) VALUES (?, ?, ?)"
            " ON CONFLICT (camera_id) DO UPDATE SET sequence = excluded.sequence, head_sha256 = excluded.head_sha256",
            (camera_id, sequence, head_sha256),
        )

    @contextmanager
    def _transaction(self) -> Iterator[None]:
        self.database.execute("BEGIN IMMEDIATE")
        try:
            yield
            self.database.execute("COMMIT")
        except BaseException:
            # A failed COMMIT (disk full) can leave the transaction open or already rolled back.
            if self.database.in_transaction:
                self.database.execute("ROLLBACK")
            raise
