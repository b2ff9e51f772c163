"""The spool keeps what it accepted, and nothing else."""

from __future__ import annotations

import contextlib
import errno
import os
import sqlite3
import stat
import subprocess
import threading
from datetime import timedelta
from pathlib import Path

import pytest

from pipeline.delivery import spool as spool_module
from pipeline.delivery.errors import ChainMoved, DamagedPackage, PackageConflict, SpoolError, SpoolFull, SpoolInUse
from pipeline.delivery.spool import Spool
from pipeline.evidence.manifest import ChainLink
from tests.pipeline.evidence.builder import NOW, media, package_id, sealed_package


def next_package(spool, camera_id="smg-01", **changes):
    """A package sealed for the camera's next place."""
    link = spool.chain_link(camera_id)
    return sealed_package(camera_id=camera_id, sequence=link.sequence, previous_sha256=link.previous_sha256, **changes)


def fill(spool, count, camera_id="smg-01"):
    packages = []
    for _ in range(count):
        packages.append(next_package(spool, camera_id))
        spool.accept(packages[-1])
    return packages


def files(folder: Path) -> list[str]:
    return sorted(path.name for path in folder.iterdir())


@pytest.fixture
def spool(tmp_path):
    with Spool(tmp_path / "spool") as opened:
        yield opened


def test_a_package_is_there_with_its_bytes_after_reopening(tmp_path):
    with Spool(tmp_path) as spool:
        packages = fill(spool, 3)
    with Spool(tmp_path) as spool:
        waiting = spool.pending()
        assert [(w.package_id, w.read()) for w in waiting] == [(p.package_id, p.data) for p in packages]
        assert spool.chain_link("smg-01") == ChainLink(sequence=4, previous_sha256=packages[-1].chain_sha256)
        assert spool.chain_link("smg-02") == ChainLink(sequence=1, previous_sha256=None)


def test_the_same_package_twice_is_kept_once(spool):
    (package,) = fill(spool, 1)
    spool.accept(package)
    assert spool.counts().pending == 1
    spool.acknowledge(package.package_id)
    spool.accept(package)
    assert (spool.counts().pending, spool.counts().acknowledged) == (0, 1)


def test_other_bytes_under_the_same_id_are_refused(spool):
    (package,) = fill(spool, 1)
    other = next_package(spool, id_=package.package_id)
    with pytest.raises(PackageConflict, match="already kept with other contents"):
        spool.accept(other)
    assert spool.pending()[0].read() == package.data


def test_a_package_for_another_place_in_the_chain_is_refused(spool):
    early = next_package(spool)
    late = next_package(spool, id_=package_id(99), plate="H9999ZZ")
    spool.accept(early)
    with pytest.raises(ChainMoved, match=r"place 1 of camera smg-01's chain, but place 2 is next: seal it again"):
        spool.accept(late)
    assert spool.counts().pending == 1


def test_each_camera_has_its_turn_in_its_own_order(spool):
    fill(spool, 3, "smg-01")
    fill(spool, 2, "smg-02")
    order = [(p.camera_id, p.sequence) for p in spool.pending(4)]
    assert order == [("smg-01", 1), ("smg-02", 1), ("smg-01", 2), ("smg-02", 2)]


def test_an_acknowledged_package_leaves_no_file(spool):
    (package,) = fill(spool, 1)
    spool.acknowledge(package.package_id)
    spool.acknowledge(package.package_id)
    assert files(spool.folder / "packages") == []
    assert spool.counts().kept_bytes == 0
    with pytest.raises(SpoolError, match="already acknowledged, it cannot become refused"):
        spool.refuse(package.package_id, "no")
    with pytest.raises(SpoolError, match="is not in the spool"):
        spool.acknowledge(package_id(77))


def test_a_refused_package_is_kept_aside_with_the_reason(spool):
    (package,) = fill(spool, 1)
    spool.refuse(package.package_id, "signature: unknown key")
    assert spool.refusals() == [(package.package_id, "signature: unknown key")]
    assert (spool.folder / "refused" / package.file_name).read_bytes() == package.data
    assert spool.pending() == []


def test_a_file_that_was_damaged_on_disk_is_not_handed_out(spool):
    (package,) = fill(spool, 1)
    (spool.folder / "packages" / package.file_name).write_bytes(package.data[:-1])
    with pytest.raises(DamagedPackage, match="damaged on this box's disk"):
        spool.pending()[0].read()


def test_a_second_process_is_told_who_has_it(spool):
    with pytest.raises(SpoolInUse, match=rf"in use by process {os.getpid()}: a box runs one at a time"):
        Spool(spool.folder)


def test_the_bound_is_kept(tmp_path):
    with Spool(tmp_path, max_bytes=12_000) as spool:
        fill(spool, 2)
        link = spool.chain_link("smg-01")
        with pytest.raises(SpoolFull, match="of at most 12000 bytes"):
            spool.accept(next_package(spool))
        assert (spool.counts().pending, spool.chain_link("smg-01")) == (2, link)
        spool.acknowledge(spool.pending()[0].package_id)
        spool.accept(next_package(spool))


@pytest.mark.parametrize("number", [errno.ENOSPC, errno.EDQUOT])
def test_a_full_disk_keeps_nothing_of_the_package(spool, monkeypatch, number):
    fill(spool, 1)
    link, before = spool.chain_link("smg-01"), files(spool.folder / "packages")
    package = next_package(spool)

    def no_room(descriptor):
        raise OSError(number, os.strerror(number))

    with monkeypatch.context() as patched:
        patched.setattr(os, "fsync", no_room)
        with pytest.raises(SpoolFull, match="is full: free some space"):
            spool.accept(package)
    assert (files(spool.folder / "packages"), spool.chain_link("smg-01")) == (before, link)
    spool.accept(package)


def test_a_database_that_cannot_grow_keeps_nothing_of_the_package(spool, monkeypatch):
    package = next_package(spool)

    def full(package, data_sha256):
        error = sqlite3.OperationalError("database or disk is full")
        error.sqlite_errorname = "SQLITE_FULL"
        raise error

    with monkeypatch.context() as patched:
        patched.setattr(spool, "_record", full)
        with pytest.raises(SpoolFull):
            spool.accept(package)
    assert files(spool.folder / "packages") == []
    spool.accept(package)


@pytest.fixture
def small_disk(tmp_path):
    disk = tmp_path / "disk"
    disk.mkdir()
    mounted = os.geteuid() == 0 and subprocess.run(
        ["mount", "-t", "tmpfs", "-o", "size=1m", "tmpfs", str(disk)], capture_output=True, check=False
    ).returncode == 0  # fmt: skip
    if not mounted:
        pytest.skip("mounting a small disk needs root and a system that allows it")
    yield disk
    subprocess.run(["umount", "-l", str(disk)], check=True)


def test_a_disk_that_is_really_full(small_disk):
    big = media(size_bytes=9_000)
    accepted = []
    with Spool(small_disk / "spool") as spool:
        with contextlib.suppress(SpoolFull):
            while len(accepted) < 50:
                package = next_package(spool, media_members=big)
                spool.accept(package)
                accepted.append(package.package_id)
        with pytest.raises(SpoolFull, match="is full: free some space"):
            spool.accept(next_package(spool, media_members=big))
        assert len(accepted) > 3
        assert [p.package_id for p in spool.pending(99) if p.read()] == accepted
        assert len(files(spool.folder / "packages")) == len(accepted)
    # Whoever fills the last byte, even before the box starts again: the spool must be able to become empty.
    with contextlib.suppress(OSError), (small_disk / "other program").open("wb", buffering=0) as other:
        while True:
            other.write(bytes(4096))
    with Spool(small_disk / "spool") as spool:
        for package in spool.pending(2):
            spool.acknowledge(package.package_id)
        assert len(files(spool.folder / "packages")) == len(accepted) - 2
        (small_disk / "other program").unlink()
        spool.accept(next_package(spool, media_members=big))
        assert spool.counts().pending == len(accepted) - 1


def test_the_file_is_on_disk_under_its_name_before_the_row_counts(spool, monkeypatch):
    """The order that a power cut would test: contents, name, folder, then the transaction."""
    calls: list[str] = []
    real_fsync, real_replace, real_record = os.fsync, Path.replace, spool._record

    def fsync(descriptor):
        calls.append("sync folder" if Path(f"/proc/self/fd/{descriptor}").resolve().is_dir() else "sync file")
        real_fsync(descriptor)

    monkeypatch.setattr(os, "fsync", fsync)
    monkeypatch.setattr(Path, "replace", lambda path, to: calls.append("rename") or real_replace(path, to))
    monkeypatch.setattr(spool, "_record", lambda *given: calls.append("row") or real_record(*given))
    spool.accept(next_package(spool))
    assert calls == ["sync file", "rename", "sync folder", "row"]
    assert spool._rows.database.execute("PRAGMA synchronous").fetchone() == (2,)


def test_what_a_crash_left_behind_is_tidied(tmp_path):
    with Spool(tmp_path) as spool:
        kept, refused, lost, acknowledged = fill(spool, 4)
        spool.refuse(refused.package_id, "no")
        spool.acknowledge(acknowledged.package_id)
    waiting = tmp_path / "packages"
    (waiting / ".half.tertib.tmp").write_bytes(b"half")
    (waiting / f"{package_id(50)}.tertib").write_bytes(b"never recorded")
    (waiting / acknowledged.file_name).write_bytes(acknowledged.data)
    (tmp_path / "refused" / refused.file_name).replace(waiting / refused.file_name)
    (waiting / lost.file_name).unlink()
    with Spool(tmp_path) as spool:
        assert files(waiting) == [kept.file_name]
        assert files(tmp_path / "refused") == [refused.file_name]
        counts = spool.counts()
        assert (counts.pending, counts.refused, counts.lost, counts.acknowledged) == (1, 1, 1, 1)
        assert spool.chain_link("smg-01").sequence == 5


def test_a_damaged_or_newer_database_is_told(tmp_path):
    (tmp_path / "damaged").mkdir()
    (tmp_path / "damaged" / "spool.sqlite3").write_bytes(b"not a database, but long enough to be taken for one" * 40)
    with pytest.raises(SpoolError, match="is damaged"):
        Spool(tmp_path / "damaged")
    Spool(tmp_path / "newer").close()
    with sqlite3.connect(tmp_path / "newer" / "spool.sqlite3") as database:
        database.execute("PRAGMA user_version = 9")
    database.close()
    with pytest.raises(SpoolError, match="newer version"):
        Spool(tmp_path / "newer")


def test_others_on_the_box_cannot_look_in(spool):
    assert stat.S_IMODE(spool.folder.stat().st_mode) == 0o700


def test_a_folder_that_cannot_be_is_told(tmp_path):
    (tmp_path / "file").write_text("x")
    with pytest.raises(SpoolError, match="cannot be used"):
        Spool(tmp_path / "file" / "spool")


def test_threads_of_several_cameras_share_it(spool):
    def camera(camera_id):
        for _ in range(10):
            spool.accept(next_package(spool, camera_id))

    threads = [threading.Thread(target=camera, args=(f"cam-{n}",)) for n in range(4)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    assert spool.counts().pending == 40
    assert {spool.chain_link(f"cam-{n}").sequence for n in range(4)} == {11}


def test_the_default_bound_leaves_days_without_a_network():
    assert spool_module.DEFAULT_MAX_BYTES >= 10 * 1024**3


def grave(spool, camera_id="smg-02"):
    link = spool.chain_link(camera_id)
    package = sealed_package(
        camera_id=camera_id,
        sequence=link.sequence,
        previous_sha256=link.previous_sha256,
        doubts=("grave: its clock is off",),
    )
    spool.accept(package)
    return package


def test_what_only_counts_gives_way_to_evidence_and_that_is_told(tmp_path):
    with Spool(tmp_path / "a") as measuring:
        size = len(grave(measuring).data)
    with Spool(tmp_path / "b", max_bytes=round(3.2 * size)) as spool:
        counted = grave(spool)
        kept = fill(spool, 3)
        assert [p.package_id for p in spool.pending()] == [p.package_id for p in kept]
        assert spool.dropped() == [(counted.package_id, "dropped: it only counts, and gave way to evidence")]
        with pytest.raises(SpoolFull):
            fill(spool, 1)
        # Statistics never drive out anything.
        with pytest.raises(SpoolFull):
            grave(spool)


def test_what_only_counts_is_not_kept_for_ever(tmp_path):
    now = [NOW]
    with Spool(tmp_path, statistics_days=2, clock=lambda: now[0]) as spool:
        grave(spool)
        now[0] += timedelta(days=3)
        fill(spool, 1)
        assert [why for _, why in spool.dropped()] == ["dropped: it only counts, and has waited too long"]


def test_a_lost_spool_goes_on_where_the_office_says_and_never_back(tmp_path):
    with Spool(tmp_path / "old") as old:
        packages = fill(old, 3)
    told = ChainLink(sequence=4, previous_sha256=packages[-1].chain_sha256)
    with Spool(tmp_path / "new") as spool:
        spool.adopt_head("smg-01", told)
        assert spool.chain_link("smg-01") == told
        fill(spool, 1)
        with pytest.raises(SpoolError, match="nothing adopted"):
            spool.adopt_head("smg-01", told)
