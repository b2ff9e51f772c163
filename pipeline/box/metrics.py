"""A box's figures for Prometheus, read from the reports of its camera processes."""

from __future__ import annotations

import time
from collections.abc import Callable, Iterable
from pathlib import Path

from prometheus_client.core import CounterMetricFamily, GaugeMetricFamily, Metric
from prometheus_client.registry import Collector

from pipeline.box.health import HEALTH_FILE, CameraReport, ProcessReport, read_report

STATES = ("connecting", "live", "waiting", "closed", "file")
_COUNTERS = {
    "frames": "Pictures decoded",
    "analysed": "Pictures that were due",
    "inferred": "Pictures that the detector saw",
    "dropped": "Live pictures that came while the last was still being looked at",
    "undecodable": "Packets without a sound picture",
    "resting": "Packets that were not decoded because nothing moved",
    "connections": "Sessions with the camera",
    "gap_count": "Stretches of which nothing was seen",
    "findings": "Offences told",
    "packages": "Packages sealed",
}


class BoxCollector(Collector):
    """Reads the reports anew at each scrape.

    Args:
        spools: Folder with a spool a camera.
        now: Seconds since 1970 UTC.
    """

    def __init__(self, spools: Path, now: Callable[[], float] = time.time) -> None:
        self._spools = spools
        self._now = now

    def collect(self) -> Iterable[Metric]:
        """All figures of the box."""
        found = [r for file in sorted(self._spools.glob(f"*/{HEALTH_FILE}")) if (r := read_report(file))]
        cameras = [camera for report in found for camera in report.cameras]
        yield from self._camera_metrics(cameras)
        yield from self._process_metrics(found)

    def _camera_metrics(self, cameras: list[CameraReport]) -> Iterable[Metric]:
        for name, told in _COUNTERS.items():
            counter = CounterMetricFamily(f"tertib_camera_{name.removesuffix('_count')}", told, labels=["camera"])
            for camera in cameras:
                counter.add_metric([camera.camera_id], getattr(camera, name))
            yield counter
        state = GaugeMetricFamily("tertib_camera_state", "1 for the state that it is in", labels=["camera", "state"])
        age = GaugeMetricFamily("tertib_camera_picture_age_seconds", "Since the last picture", labels=["camera"])
        apart = GaugeMetricFamily(
            "tertib_camera_clock_apart_seconds", "The camera's clock minus the box's", labels=["camera"]
        )
        for camera in cameras:
            for name in STATES:
                state.add_metric([camera.camera_id, name], float(camera.state == name))
            if camera.last_picture_at_s is not None:
                age.add_metric([camera.camera_id], self._now() - camera.last_picture_at_s)
            if camera.clock_apart_s is not None:
                apart.add_metric([camera.camera_id], camera.clock_apart_s)
        yield from (state, age, apart)

    def _process_metrics(self, found: list[ProcessReport]) -> Iterable[Metric]:
        told: dict[str, tuple[str, Callable[[ProcessReport], float]]] = {
            "tertib_process_report_age_seconds": (
                "Since the process last said something",
                lambda r: self._now() - r.at_s,
            ),
            "tertib_process_cpu_seconds": ("CPU time used", lambda r: r.cpu_s),
            "tertib_process_memory_bytes": ("Memory held", lambda r: r.rss_bytes),
            "tertib_process_open_files": ("Files and sockets held", lambda r: r.open_files),
            "tertib_spool_waiting": ("Packages that wait for the office", lambda r: r.waiting),
            "tertib_spool_refused": ("Packages that the office refused", lambda r: r.refused),
            "tertib_spool_lost": ("Packages whose files have vanished", lambda r: r.lost),
            "tertib_spool_bytes": ("Bytes kept in the spool", lambda r: r.spool_bytes),
            "tertib_spool_most_bytes": ("Bound on them", lambda r: r.spool_most_bytes),
        }
        for name, (text, value) in told.items():
            gauge = GaugeMetricFamily(name, text, labels=["process"])
            for report in found:
                gauge.add_metric(["+".join(camera.camera_id for camera in report.cameras)], value(report))
            yield gauge
        office = GaugeMetricFamily(
            "tertib_office_clock_apart_seconds", "The office's clock minus the box's", labels=["process"]
        )
        for report in found:
            if report.office_clock_s is not None:
                office.add_metric(["+".join(camera.camera_id for camera in report.cameras)], report.office_clock_s)
        yield office
