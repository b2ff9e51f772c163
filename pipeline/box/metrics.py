"""A box's figures for Prometheus, read from the reports of its camera processes."""

from __future__ import annotations

import time
from collections.abc import Callable, Iterable, Mapping
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
    "decode_s": "Time spent in the decoder",
    "inference_s": "Time spent in the detector, waiting for other cameras included",
    "connections": "Sessions with the camera",
    "gap_count": "Stretches of which nothing was seen",
    "findings": "Offences told",
    "packages": "Packages sealed",
}
_OF_A_PROCESS = {
    "tertib_process_cpu_seconds": ("cpu_s", "CPU time used"),
    "tertib_process_memory_bytes": ("rss_bytes", "Memory held"),
    "tertib_process_open_files": ("open_files", "Files and sockets held"),
}
_OF_A_SPOOL = {
    "tertib_spool_waiting": ("waiting", "Packages that wait for the office"),
    "tertib_spool_refused": ("refused", "Packages that the office refused"),
    "tertib_spool_lost": ("lost", "Packages whose files have vanished"),
    "tertib_spool_bytes": ("spool_bytes", "Bytes kept in the spool"),
    "tertib_spool_most_bytes": ("spool_most_bytes", "Bound on them"),
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
            counter = CounterMetricFamily(f"tertib_camera_{_figure(name)}", told, labels=["camera"])
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
        yield from self._gauges(list(_by_process(found)), _OF_A_PROCESS)
        yield from self._gauges(found, _OF_A_SPOOL)
        age = GaugeMetricFamily(
            "tertib_process_report_age_seconds", "Since the process last said something", labels=["process"]
        )
        office = GaugeMetricFamily(
            "tertib_office_clock_apart_seconds", "The office's clock minus the box's", labels=["process"]
        )
        for report in found:
            age.add_metric([_name(report)], self._now() - report.at_s)
            if report.office_clock_s is not None:
                office.add_metric([_name(report)], report.office_clock_s)
        yield from (age, office)

    def _gauges(self, found: list[ProcessReport], told: Mapping[str, tuple[str, str]]) -> Iterable[Metric]:
        for name, (attribute, text) in told.items():
            gauge = GaugeMetricFamily(name, text, labels=["process"])
            for report in found:
                gauge.add_metric([_name(report)], getattr(report, attribute))
            yield gauge


def _figure(name: str) -> str:
    return name.removesuffix("_s") + "_seconds" if name.endswith("_s") else name.removesuffix("_count")


def _name(report: ProcessReport) -> str:
    return "+".join(camera.camera_id for camera in report.cameras)


def _by_process(found: list[ProcessReport]) -> Iterable[ProcessReport]:
    """One report a process: cameras that share one report its memory each."""
    for pid in dict.fromkeys(report.pid for report in found):
        mine = [report for report in found if report.pid == pid]
        cameras = tuple(camera for report in mine for camera in report.cameras)
        yield max(mine, key=lambda report: report.at_s).model_copy(update={"cameras": cameras})
