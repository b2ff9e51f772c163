"""What a soak has shown: memory and handles, packages, gaps."""

from __future__ import annotations

import statistics
from collections.abc import Sequence
from dataclasses import dataclass
from typing import Final

from scripts.commands._soak_faults import UNSEEN, Fault

WARM_SHARE: Final = 0.2
"""So much of the soak fills rings, caches and allocators; what comes after it is judged."""
MOST_GROWTH_SHARE: Final = 0.05
MOST_MORE_HANDLES: Final = 4
NOTICED_WITHIN_S: Final = 40.0
BACK_WITHIN_S: Final = 30.0


@dataclass(frozen=True)
class Sample:
    """A process at one moment; `at_s` counts from the start of the soak."""

    at_s: float
    process: str
    rss_bytes: int
    open_files: int
    threads: int
    cpu_s: float


@dataclass(frozen=True)
class SeenGap:
    """A gap as the box recorded it; times in seconds since 1970."""

    camera_id: str
    began_at_s: float
    ended_at_s: float | None
    why: str


def growth(samples: Sequence[Sample]) -> dict[str, float | bool]:
    """How one process' memory and handles went after it had warmed up.

    Args:
        samples: Of one process, in order.
    """
    warm = [s for s in samples if s.at_s >= WARM_SHARE * samples[-1].at_s]
    fifth = max(1, len(warm) // 5)
    first, last = warm[:fifth], warm[-fifth:]
    rss_mb = [s.rss_bytes / 1e6 for s in warm]
    slope = statistics.linear_regression([s.at_s / 3600 for s in warm], rss_mb).slope if len(warm) > 2 else 0.0
    begin_mb, end_mb = (statistics.median(s.rss_bytes / 1e6 for s in part) for part in (first, last))
    files, threads = (
        (max(getattr(s, name) for s in first), max(getattr(s, name) for s in last))
        for name in ("open_files", "threads")
    )
    flat = end_mb <= begin_mb * (1 + MOST_GROWTH_SHARE)
    steady = files[1] <= files[0] + MOST_MORE_HANDLES and threads[1] <= threads[0] + MOST_MORE_HANDLES
    return {
        "rss_mb_first_fifth": round(begin_mb, 1),
        "rss_mb_last_fifth": round(end_mb, 1),
        "rss_mb_most": round(max(s.rss_bytes for s in samples) / 1e6, 1),
        "rss_slope_mb_an_hour": round(slope, 2),
        "open_files_first_fifth": files[0],
        "open_files_last_fifth": files[1],
        "threads_first_fifth": threads[0],
        "threads_last_fifth": threads[1],
        "cpu_share_of_a_core": round((samples[-1].cpu_s - samples[0].cpu_s) / max(1.0, samples[-1].at_s), 3),
        "flat": flat and steady,
    }


def recovery(faults: Sequence[Fault], gaps: Sequence[SeenGap]) -> dict[str, object]:
    """Whether each fault of a camera left its gap, and how soon the camera was back.

    Args:
        faults: Those of cameras, ended.
        gaps: All that were recorded.
    """
    unrecorded: list[str] = []
    back_s: list[float] = []
    for fault in faults:
        end_s = fault.ended_at_s or fault.began_at_s
        mine = [
            g
            for g in gaps
            if g.camera_id == fault.who
            and g.began_at_s <= end_s + NOTICED_WITHIN_S
            and (g.ended_at_s or float("inf")) >= fault.began_at_s
        ]
        if not mine:
            unrecorded.append(f"{fault.who} {fault.kind} at {fault.began_at_s:.0f}")
            continue
        if fault.kind not in UNSEEN:
            ended_s = [g.ended_at_s for g in mine if g.ended_at_s is not None and g.began_at_s <= end_s]
            back_s.append(max(0.0, max(ended_s) - end_s) if ended_s else float("inf"))
    return {
        "camera_faults": len(faults),
        "by_kind": {kind: sum(f.kind == kind for f in faults) for kind in sorted({f.kind for f in faults})},
        "gaps_recorded": len(gaps),
        "faults_without_a_gap": unrecorded,
        "back_s_median": round(statistics.median(back_s), 1) if back_s else None,
        "back_s_most": round(max(back_s), 1) if back_s and max(back_s) < float("inf") else None,
        "back_in_time": all(each <= BACK_WITHIN_S for each in back_s),
        "open_at_the_end": sum(g.ended_at_s is None for g in gaps),
    }
