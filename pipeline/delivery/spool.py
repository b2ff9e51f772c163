"""The durable spool of a box: SQLite for what is known, a file for each package.

What `accept` has returned for survives a power cut: the file is synced under its final name before the row exists, and
the row and the chain's
new head are one transaction with `synchronous=FULL`. A crash between the two leaves a file without a row, which the
next start removes.
"""

from __future__ import annotations

import hashlib
import logging
import os
import threading
from collections.abc import Callable
from datetime import UTC, datetime, timedelta
from pathlib import Path
from types import TracebackType
from typing import Final, Self

from pipeline.delivery.errors import ChainMoved, SpoolError, SpoolFull
from pipeline.delivery.rows import DROPPED, NewRow, PackageRows
from pipeline.delivery.spooled import SpoolCounts, SpooledPackage
from pipeline.delivery.storage import Reserve, lock_folder, told
from pipeline.evidence.durable import sync_folder, write_durably
from pipeline.evidence.manifest import ChainLink
from pipeline.evidence.package import PACKAGE_SUFFIX, SealedPackage

DEFAULT_MAX_BYTES: Final = 20 * 1024**3
"""Room for a day or two without a network at a busy junction."""

_LOG = logging.getLogger("tertib.spool")


class Spool:
    """Keeps sealed packages until the office has answered. One a box, used by one process; its threads may share it.

    Args:
        folder: Where it lives; made when absent.
        max_bytes: Bound on the bytes of kept packages. At the bound, packages that only count (a grave doubt keeps a
            ticket from being made of them) give way to evidence, the oldest first.
        statistics_days: Such packages are kept so many days at most.
        clock: The present, aware.

    Raises:
        SpoolInUse: Another process has it open.
        SpoolError: The folder cannot be used, or the database is damaged or from a newer version.
    """

    def __init__(
        self,
        folder: Path,
        *,
        max_bytes: int = DEFAULT_MAX_BYTES,
        statistics_days: float = 14.0,
        clock: Callable[[], datetime] = lambda: datetime.now(UTC),
    ) -> None:
        self.folder = folder
        self._waiting = folder / "packages"
        self._refused = folder / "refused"
        self.max_bytes = max_bytes
        self._statistics_age = timedelta(days=statistics_days)
        self._clock = clock
        self._guard = threading.RLock()
        try:
            # Evidence is personal data: nobody else on the box needs to look in.
            folder.mkdir(mode=0o700, parents=True, exist_ok=True)
            self._waiting.mkdir(exist_ok=True)
            self._refused.mkdir(exist_ok=True)
            self._lock_file = lock_folder(folder)
        except OSError as error:
            raise SpoolError(f"the spool {folder} cannot be used: {error.strerror}") from error
        try:
            self._reserve = Reserve(folder / "reserve")
            self._rows = PackageRows(folder / "spool.sqlite3", self._reserve, self._now)
            self._tidy()
        except BaseException:
            os.close(self._lock_file)
            raise

    def __enter__(self) -> Self:
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        self.close()

    def close(self) -> None:
        """Let go of the spool; another process may open it."""
        with self._guard:
            if self._lock_file >= 0:
                self._rows.database.close()
                os.close(self._lock_file)
                self._lock_file = -1

    def chain_link(self, camera_id: str) -> ChainLink:
        """The next place in a camera's chain. It moves on only when a package is accepted there."""
        with self._guard, told(self.folder):
            return self._rows.link(camera_id)

    def accept(self, package: SealedPackage) -> None:
        """Keep a package. When this returns, it survives a power cut; when it raises, nothing of it is kept.

        The same package again changes nothing.

        Raises:
            SpoolFull: No room.
            ChainMoved: It was sealed for another place in the chain than the next.
            PackageConflict: Other bytes are kept under its id.
        """
        data_sha256 = hashlib.sha256(package.data).hexdigest()
        with self._guard, told(self.folder):
            if self._rows.knows(package.package_id, data_sha256):
                return
            self._check_link(package)
            self._check_room(len(package.data), evidence=not _only_counts(package))
            self._reserve.ensure()
            path = self._waiting / package.file_name
            write_durably(path, package.data)
            try:
                self._record(package, data_sha256)
            except BaseException:
                self._forget_unless_recorded(package.package_id, path)
                raise

    def pending(self, limit: int = 100) -> list[SpooledPackage]:
        """Packages that wait: the next of each camera, then the second of each, and so on.

        Within a camera they stand in chain order; a camera that has much to send does not starve the others.
        """
        with self._guard, told(self.folder):
            rows = self._rows.pending(limit)
        return [
            SpooledPackage(
                package_id, camera_id, sequence, size_bytes, sha256, self._waiting / f"{package_id}{PACKAGE_SUFFIX}"
            )
            for package_id, camera_id, sequence, size_bytes, sha256 in rows
        ]

    def acknowledge(self, package_id: str) -> None:
        """The office has it: forget the file, remember the fact."""
        with self._guard, told(self.folder):
            self._rows.settle(package_id, "acknowledged", None)
            (self._waiting / f"{package_id}{PACKAGE_SUFFIX}").unlink(missing_ok=True)

    def refuse(self, package_id: str, why: str) -> None:
        """The office will not take it: keep the file aside, and the reason, for a person to look at."""
        with self._guard, told(self.folder):
            self._rows.settle(package_id, "refused", why)
            self._move_aside(package_id)

    def has_known(self, package_id: str) -> bool:
        """Whether a package of this id was ever accepted here, whatever became of it."""
        with self._guard, told(self.folder):
            return self._rows.has(package_id)

    def refusals(self) -> list[tuple[str, str]]:
        """Package id and reason of each refused package, the oldest first."""
        with self._guard, told(self.folder):
            return self._rows.reasons("refused")

    def counts(self) -> SpoolCounts:
        """How many packages are in which state."""
        with self._guard, told(self.folder):
            return self._rows.counts()

    def _forget_unless_recorded(self, package_id: str, path: Path) -> None:
        # An interrupt can arrive just after the commit: then the package is accepted, and its file stays.
        if package_id not in self._rows.unsettled():
            path.unlink(missing_ok=True)

    def _check_link(self, package: SealedPackage) -> None:
        expected = self.chain_link(package.camera_id)
        if package.manifest.chain != expected:
            place = package.manifest.chain.sequence
            raise ChainMoved(
                f"package {package.package_id} was sealed for place {place} of camera {package.camera_id}'s chain, "
                f"but place {expected.sequence} is next: seal it again"
            )

    def dropped(self) -> list[tuple[str, str]]:
        """Package id and reason of each package that gave way, the oldest first."""
        with self._guard, told(self.folder):
            return self._rows.reasons("lost", DROPPED)

    def adopt_head(self, camera_id: str, link: ChainLink) -> None:
        """Go on where the office says that a camera's chain ends; for a box whose spool was lost.

        Args:
            camera_id: The camera.
            link: The next place in its chain, by the office's books.

        Raises:
            SpoolError: This spool knows more of the chain than the office: send that first.
        """
        with self._guard, told(self.folder):
            own = self.chain_link(camera_id)
            if own.sequence > link.sequence:
                raise SpoolError(
                    f"this spool is at place {own.sequence} of camera {camera_id}'s chain, the office only at "
                    f"{link.sequence}: what waits here must be sent, nothing adopted"
                )
            if link.previous_sha256 is None:
                return
            self._rows.keep_head(camera_id, link.sequence - 1, link.previous_sha256)

    def _drop(self, rows: list[tuple[str, int]], why: str, need_bytes: float) -> int:
        """Let packages that only count go until enough is free; returns the bytes that are."""
        freed = 0
        for package_id, size_bytes in rows:
            if freed >= need_bytes:
                break
            self._rows.settle(package_id, "lost", f"{DROPPED} {why}")
            (self._waiting / f"{package_id}{PACKAGE_SUFFIX}").unlink(missing_ok=True)
            freed += size_bytes
        if freed:
            _LOG.warning("the spool dropped %d bytes of packages that only count: %s", freed, why)
        return freed

    def _check_room(self, size_bytes: int, *, evidence: bool) -> None:
        oldest = (self._clock() - self._statistics_age).astimezone(UTC).isoformat(timespec="microseconds")
        self._drop(self._rows.waiting_statistics(oldest), "it only counts, and has waited too long", float("inf"))
        kept = self.counts().kept_bytes
        if evidence and kept + size_bytes > self.max_bytes:
            need = kept + size_bytes - self.max_bytes
            kept -= self._drop(self._rows.waiting_statistics(), "it only counts, and gave way to evidence", need)
        if kept + size_bytes > self.max_bytes:
            raise SpoolFull(
                f"the spool {self.folder} holds {kept} of at most {self.max_bytes} bytes: "
                "check why the office does not take the packages, or raise the bound"
            )

    def _record(self, package: SealedPackage, data_sha256: str) -> None:
        self._rows.record(
            NewRow(
                package.package_id,
                package.camera_id,
                package.manifest.chain.sequence,
                package.chain_sha256,
                data_sha256,
                len(package.data),
                only_counts=_only_counts(package),
            )
        )

    def _now(self) -> str:
        return self._clock().astimezone(UTC).isoformat(timespec="microseconds")

    def _move_aside(self, package_id: str) -> None:
        name = f"{package_id}{PACKAGE_SUFFIX}"
        if (self._waiting / name).exists():
            (self._waiting / name).replace(self._refused / name)
            sync_folder(self._refused)
            sync_folder(self._waiting)

    def _tidy(self) -> None:
        """Finish what a crash interrupted: files without a row go, files follow their row, vanished ones are named."""
        with told(self.folder):
            states = self._rows.unsettled()
            for path in list(self._waiting.iterdir()):
                state = states.get(path.name.removesuffix(PACKAGE_SUFFIX)) if path.suffix == PACKAGE_SUFFIX else None
                if state == "refused":
                    self._move_aside(path.name.removesuffix(PACKAGE_SUFFIX))
                elif state is None:
                    path.unlink()
            for package_id, state in states.items():
                if state == "pending" and not (self._waiting / f"{package_id}{PACKAGE_SUFFIX}").exists():
                    self._rows.settle(package_id, "lost", "its file has vanished from the spool")


def _only_counts(package: SealedPackage) -> bool:
    """Whether a grave doubt keeps a ticket from being made of it."""
    return any(doubt.startswith("grave:") for doubt in package.manifest.doubts)
