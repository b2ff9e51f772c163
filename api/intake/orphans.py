"""Evidence files that no case names: what an upload left that was killed between the file's name and the commit."""

from __future__ import annotations

import os
from collections.abc import Iterator
from itertools import islice
from pathlib import Path
from typing import Final

from sqlalchemy import func, select
from sqlalchemy.orm import Session

from api.intake.evidence_store import EvidenceStore
from api.intake.tables import PackageRow

# Each upload holds this lock, shared, from before its file gets a name until its commit.
UPLOADS_LOCK: Final = 7_415_031
ORPHAN_AFTER_S: Final = 3600.0
_BATCH: Final = 500


def sweep_orphans(session: Session, store: EvidenceStore, *, now_s: float) -> int:
    """Remove the files that are an hour old and that no package names, and unfinished ones.

    Args:
        session: an open transaction.
        store: the evidence.
        now_s: the file system's present, seconds since 1970.

    Returns:
        How many were removed.
    """
    removed = 0
    files = _old_files(store.folder, now_s - ORPHAN_AFTER_S)
    while batch := list(islice(files, _BATCH)):
        named = {path.stem: path for path in batch if path.suffix == ".tertib"}
        known = set(session.scalars(select(PackageRow.sha256).where(PackageRow.sha256.in_(named))))
        doubtful = [path for name, path in named.items() if name not in known]
        if doubtful:
            # No upload is between its file and its commit now: whoever is still not named, is nobody's.
            session.execute(select(func.pg_advisory_xact_lock(UPLOADS_LOCK)))
            session.expire_all()
            names = [path.stem for path in doubtful]
            known = set(session.scalars(select(PackageRow.sha256).where(PackageRow.sha256.in_(names))))
        for path in (*(one for one in doubtful if one.stem not in known), *(p for p in batch if p.suffix == ".tmp")):
            path.unlink(missing_ok=True)
            removed += 1
    return removed


def _old_files(folder: Path, before_s: float) -> Iterator[Path]:
    """Packages and unfinished files that were last written before a moment."""
    if not folder.exists():
        return
    with os.scandir(folder) as entries:
        for entry in entries:
            if entry.is_dir(follow_symlinks=False):
                yield from _old_files(Path(entry.path), before_s)
            elif entry.name.endswith((".tertib", ".tmp")) and entry.stat().st_mtime < before_s:
                yield Path(entry.path)
