"""What is new about a camera since it was last looked at, in sentences for the log."""

from __future__ import annotations

from collections.abc import Iterator

from pipeline.box.health import CameraReport


class Herald:
    """Remembers the last report of each camera of a process."""

    def __init__(self) -> None:
        self._known: dict[str, CameraReport] = {}

    def news(self, camera: CameraReport) -> Iterator[tuple[str, dict[str, object]]]:
        """Sentences, each with what belongs to it.

        Args:
            camera: Its newest report.
        """
        before = self._known.get(camera.camera_id)
        self._known[camera.camera_id] = camera
        gone, was_gone = camera.state == "waiting", before is not None and before.state == "waiting"
        if gone and (before is None or not was_gone or camera.why != before.why):
            yield "gives no pictures", {"why": camera.why}
        if before is None:
            return
        ended = camera.gaps[-1] if camera.gaps else None
        if camera.state == "live" and ended and ended.ended_at_s and (was_gone or camera.gap_count > before.gap_count):
            yield "gives pictures again", {"seconds": round(ended.ended_at_s - ended.began_at_s, 1), "why": ended.why}
        if before.codec and camera.codec and camera.codec != before.codec:
            yield f"sends {camera.codec} instead of {before.codec}: it is taken as it comes", {}
        now_px, then_px = (camera.width_px, camera.height_px), (before.width_px, before.height_px)
        if 0 not in (*now_px, *then_px) and now_px != then_px:
            yield f"sends pictures of {now_px[0]} x {now_px[1]} instead of {then_px[0]} x {then_px[1]} pixels", {}
