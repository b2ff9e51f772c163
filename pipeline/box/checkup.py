"""What is wrong with a box, a sentence each: what, where, and what to do."""

from __future__ import annotations

import shutil
import stat
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path
from typing import Final, Literal

from pipeline.box.clock import FLAGGED_S, HELD_S
from pipeline.box.health import HEALTH_FILE, CameraReport, ProcessReport, read_report
from pipeline.scene import SceneError, load_scene

Weight = Literal["ok", "warning", "wrong"]
OLD_REPORT_S: Final = 30.0
NO_PICTURE_S: Final = 30.0
LEAST_FREE_BYTES: Final = 1_000_000_000


@dataclass(frozen=True)
class Finding:
    """One thing looked at.

    Attributes:
        about: What, e.g. `camera jt-smg-001`.
        weight: `wrong` must be mended, `warning` should be looked at.
        sentence: What is so, and what to do.
    """

    about: str
    weight: Weight
    sentence: str


def check_scenes(folder: Path) -> Iterator[Finding]:
    """The scene files of a box: each is right, and no two are for one camera."""
    names: dict[str, str] = {}
    files = sorted(folder.glob("*.y*ml"))
    if not files:
        yield Finding("scenes", "wrong", f"{folder} holds no scene file: put one there for each camera")
    for file in files:
        try:
            camera_id = load_scene(file).camera.id
        except (SceneError, OSError) as error:
            yield Finding(f"scene {file.name}", "wrong", str(error))
            continue
        if camera_id in names:
            yield Finding(
                f"camera {camera_id}",
                "wrong",
                f"{names[camera_id]} and {file.name} name the same camera {camera_id}: give each an id of its own",
            )
        names[camera_id] = file.name


def check_keys(folder: Path) -> Iterator[Finding]:
    """Key files that others may read."""
    for file in sorted([*folder.glob("*.pem"), *folder.glob("*.token")]):
        if file.stat().st_mode & (stat.S_IRWXG | stat.S_IRWXO):
            yield Finding(
                "keys", "wrong", f"{file} can be read by others on this machine: run chmod 600 {file}, and change it"
            )


def check_disk(folder: Path, least_bytes: int = LEAST_FREE_BYTES) -> Iterator[Finding]:
    """Room for packages."""
    free = shutil.disk_usage(folder).free
    if free < least_bytes:
        yield Finding("disk", "wrong", f"the disk of {folder} has {free // 1_000_000} MB left: free some space")
    else:
        yield Finding("disk", "ok", f"{free // 1_000_000_000} GB are free for packages")


def check_processes(spools: Path, now_s: float) -> Iterator[Finding]:
    """Every camera process of a box, by its own report.

    Args:
        spools: Folder of spools, or one spool.
        now_s: Seconds since 1970 UTC.
    """
    files = [file for file in (spools / HEALTH_FILE, *sorted(spools.glob(f"*/{HEALTH_FILE}"))) if file.exists()]
    if not files:
        yield Finding("processes", "wrong", f"no camera process has reported in {spools}: start `tertib camera box`")
    for file in files:
        report = read_report(file)
        if report is None:
            yield Finding("processes", "wrong", f"{file} cannot be read: restart {file.parent.name}")
            continue
        yield from _check_process(file.parent.name, report, now_s)
        for camera in report.cameras:
            yield from check_camera(camera, now_s)


def _check_process(name: str, report: ProcessReport, now_s: float) -> Iterator[Finding]:
    age_s = now_s - report.at_s
    if abs(age_s) > OLD_REPORT_S:
        yield Finding(
            f"process {name}", "wrong", f"{name} has said nothing for {age_s:.0f} s: it has ended or hangs, see its log"
        )
    if report.refused:
        yield Finding(
            f"spool {name}",
            "wrong",
            f"the office refused {report.refused} packages of {name}: they are kept under refused/, see why",
        )
    if report.lost:
        yield Finding(f"spool {name}", "warning", f"{report.lost} packages of {name} were dropped or have vanished")
    if report.spool_most_bytes and report.spool_bytes > 0.9 * report.spool_most_bytes:
        yield Finding(
            f"spool {name}", "wrong", f"the spool of {name} is nearly full: see why the office does not take packages"
        )
    if report.delivery:
        yield Finding(f"delivery {name}", "wrong", report.delivery)
    if report.office_clock_s is not None and abs(report.office_clock_s) > FLAGGED_S:
        weight: Weight = "wrong" if abs(report.office_clock_s) > HELD_S else "warning"
        held = ", so that nothing is offered" if weight == "wrong" else ""
        yield Finding(
            f"clock of {name}",
            weight,
            f"this box's clock is {-report.office_clock_s:+.0f} s off the office's{held}: run timedatectl set-ntp on",
        )


def check_camera(camera: CameraReport, now_s: float) -> Iterator[Finding]:
    """One camera, by its process's report."""
    about = f"camera {camera.camera_id}"
    if camera.state in {"waiting", "connecting"}:
        why = camera.why or "it is being connected"
        yield Finding(about, "wrong", f"{camera.camera_id} gives no pictures ({why}): see its power, cable and address")
    elif camera.state == "live" and camera.last_picture_at_s and now_s - camera.last_picture_at_s > NO_PICTURE_S:
        age_s = now_s - camera.last_picture_at_s
        yield Finding(about, "wrong", f"{camera.camera_id} gave its last picture {age_s:.0f} s ago: see its log")
    else:
        sends = f" ({camera.codec}, {camera.width_px} x {camera.height_px})" if camera.codec and camera.width_px else ""
        yield Finding(about, "ok", f"{camera.camera_id} is {camera.state}{sends}, {camera.gap_count} gaps so far")
    if camera.clock_apart_s is not None and abs(camera.clock_apart_s) > FLAGGED_S:
        weight: Weight = "wrong" if abs(camera.clock_apart_s) > HELD_S else "warning"
        held = ", so that none of its offences is offered" if weight == "wrong" else ""
        yield Finding(
            f"clock of {camera.camera_id}",
            weight,
            f"the clock of {camera.camera_id} is {camera.clock_apart_s:+.0f} s off the box's{held}: set its NTP server",
        )
