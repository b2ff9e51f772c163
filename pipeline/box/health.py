"""What a camera's process says about itself, in a file that is replaced every few seconds.

The supervisor takes an old file for a hung process; `tertib doctor` and the metrics read the same.
"""

from __future__ import annotations

import json
import os
from pathlib import Path
from typing import Final, Literal

from pydantic import BaseModel, ConfigDict, Field, ValidationError

from pipeline.camera import Camera
from pipeline.delivery.spooled import SpoolCounts
from pipeline.ingest.stream_health import StreamHealth

HEALTH_FILE: Final = "health.json"
WRITE_EVERY_S: Final = 2.0
_MOST_BYTES: Final = 2_000_000


class GapReport(BaseModel):
    """A stretch of which nothing was seen; times in seconds since 1970 UTC."""

    model_config = ConfigDict(extra="ignore")
    began_at_s: float
    ended_at_s: float | None
    why: str


class CameraReport(BaseModel):
    """One camera: counters since its process began, and its stream's state."""

    model_config = ConfigDict(extra="ignore")
    camera_id: str
    state: Literal["connecting", "live", "waiting", "closed", "file"] = "file"
    why: str = ""
    frames: int = Field(0, ge=0)
    analysed: int = Field(0, ge=0)
    inferred: int = Field(0, ge=0)
    dropped: int = Field(0, ge=0)
    tracks: int = Field(0, ge=0)
    findings: int = Field(0, ge=0)
    packages: int = Field(0, ge=0)
    undecodable: int = Field(0, ge=0)
    resting: int = Field(0, ge=0)
    decode_s: float = Field(0, ge=0)
    inference_s: float = Field(0, ge=0)
    connections: int = Field(0, ge=0)
    gap_count: int = Field(0, ge=0)
    last_picture_at_s: float | None = None
    clock_apart_s: float | None = None
    codec: str = ""
    width_px: int = Field(0, ge=0)
    height_px: int = Field(0, ge=0)
    gaps: tuple[GapReport, ...] = ()


class ProcessReport(BaseModel):
    """One camera process of a box."""

    model_config = ConfigDict(extra="ignore")
    pid: int
    at_s: float
    cpu_s: float = Field(ge=0)
    rss_bytes: int = Field(ge=0)
    open_files: int = Field(ge=0)
    cameras: tuple[CameraReport, ...]
    waiting: int = Field(0, ge=0)
    refused: int = Field(0, ge=0)
    lost: int = Field(0, ge=0)
    spool_bytes: int = Field(0, ge=0)
    spool_most_bytes: int = Field(0, ge=0)
    delivery: str = ""
    office_clock_s: float | None = None


def camera_report(camera: Camera, inference_s: float = 0.0) -> CameraReport:
    """What one camera has done so far; `inference_s` is the time that it spent in the detector."""
    stats, health = camera.stats, camera.health or StreamHealth(state="closed")
    size = health.size_px or (0, 0)
    return CameraReport(
        camera_id=camera.scene.camera.id,
        state=health.state if camera.health else "file",
        why=health.why,
        frames=stats.frames,
        analysed=stats.analysed,
        inferred=stats.inferred,
        dropped=stats.dropped,
        tracks=stats.tracks,
        findings=stats.findings,
        packages=stats.packages,
        undecodable=health.undecodable,
        resting=health.resting,
        decode_s=health.decode_s,
        inference_s=inference_s,
        connections=health.connections,
        gap_count=health.gap_count,
        last_picture_at_s=health.last_picture_at_s,
        clock_apart_s=health.clock_apart_s,
        codec=health.codec,
        width_px=size[0],
        height_px=size[1],
        gaps=tuple(
            GapReport(began_at_s=gap.began_at_s, ended_at_s=gap.ended_at_s, why=gap.why)
            for gap in list(health.gaps)[-20:]
        ),
    )


def process_report(
    cameras: list[CameraReport],
    *,
    now_s: float,
    counts: SpoolCounts,
    most_bytes: int,
    delivery: str,
    office_clock_s: float | None,
) -> ProcessReport:
    """What this process says about itself."""
    times = os.times()
    return ProcessReport(
        pid=os.getpid(),
        at_s=now_s,
        cpu_s=times.user + times.system,
        rss_bytes=rss_bytes(os.getpid()),
        open_files=len(os.listdir("/proc/self/fd")),  # noqa: PTH208 - names only, no paths
        cameras=tuple(cameras),
        waiting=counts.pending,
        refused=counts.refused,
        lost=counts.lost,
        spool_bytes=counts.kept_bytes,
        spool_most_bytes=most_bytes,
        delivery=delivery,
        office_clock_s=office_clock_s,
    )


def rss_bytes(pid: int) -> int:
    """Memory that a process holds, in bytes; 0 when it is gone."""
    try:
        pages = int(Path(f"/proc/{pid}/statm").read_text().split()[1])
    except (OSError, IndexError, ValueError):
        return 0
    return pages * os.sysconf("SC_PAGE_SIZE")


def write_report(report: ProcessReport, path: Path) -> None:
    """Replace the file in one step. It is not synced: after a power cut it is old in any case."""
    fresh = path.with_suffix(".new")
    fresh.write_text(report.model_dump_json())
    fresh.replace(path)


def read_report(path: Path) -> ProcessReport | None:
    """The report of a file; None when there is none, or it is none."""
    try:
        return ProcessReport.model_validate(json.loads(path.read_bytes()[:_MOST_BYTES]))
    except (OSError, ValueError, ValidationError):
        return None
