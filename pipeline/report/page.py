"""Writes `index.html` and the stills it shows.

Nothing is fetched from anywhere, so that the folder can be carried away.
"""

from __future__ import annotations

from pathlib import Path
from typing import Any

from jinja2 import Environment, PackageLoader

from pipeline.camera import CameraStats
from pipeline.evidence.manifest import Software
from pipeline.evidence.package import Draft
from pipeline.exhibits import Finding, draft
from pipeline.rules import is_grave
from pipeline.scene import Scene

FURTHER = {
    "before": "Before",
    "beyond": "Beyond",
    "measured": "A measured point, and the way between both",
    "head": "A head",
}
"""Roles of further stills, with what they show."""


class Report:
    """Collects findings and writes the page.

    Args:
        folder: Is made when absent.
        scene: The camera's scene.
    """

    def __init__(self, folder: Path, scene: Scene) -> None:
        folder.mkdir(parents=True, exist_ok=True)
        self._folder = folder
        self._scene = scene
        self._cases: list[dict[str, Any]] = []

    def add(self, finding: Finding) -> None:
        """Write the finding's pictures and keep its words for the page."""
        drafted = draft(finding, Software(version="report"))
        number = len(self._cases) + 1
        files: dict[str, str] = {}
        further: list[tuple[str, str]] = []
        for medium in drafted.media:
            name = f"{number:03d}-{medium.name}"
            (self._folder / name).write_bytes(medium.data)
            files[medium.role] = name
            if medium.role in FURTHER:
                further.append((name, FURTHER[medium.role]))
        self._cases.append(
            {
                "number": number,
                "draft": drafted,
                "files": files,
                "further": further,
                "offered": not is_grave(drafted.doubts),
                "local": self._local(drafted),
            }
        )

    def _local(self, drafted: Draft) -> str:
        return drafted.occurred_at.astimezone(self._scene.camera.zone).strftime("%Y-%m-%d %H:%M:%S %Z")

    def write(self, stats: CameraStats) -> Path:
        """Write the page.

        Returns:
            The path of `index.html`.
        """
        environment = Environment(loader=PackageLoader("pipeline.report", "."), autoescape=True)
        page = environment.get_template("page.html.jinja").render(scene=self._scene, cases=self._cases, stats=stats)
        path = self._folder / "index.html"
        path.write_text(page, encoding="utf-8")
        return path
