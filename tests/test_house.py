"""What must hold of the whole tree: one OpenCV, no torch at run time, lean imports, readable files."""

from __future__ import annotations

import io
import re
import subprocess
import sys
from importlib.metadata import distributions
from pathlib import Path

import pytest
from PIL import Image

ROOT = Path(__file__).parents[1]
CODE = [p for room in ("pipeline", "models", "api", "scripts", "samples") for p in (ROOT / room).rglob("*.py")]
MAX_LINES = 500
MAX_COMMITTED_WEIGHTS_BYTES = 10 * 1024 * 1024
VAGUE = {"utils", "util", "helpers", "helper", "manager", "common", "misc"}


def test_exactly_one_distribution_writes_cv2() -> None:
    owners = {
        dist.metadata["Name"]
        for dist in distributions()
        if any(file.parts[0] == "cv2" for file in dist.files or [] if file.parts)
    }
    assert owners == {"opencv-python-headless"}


def test_opencv_needs_no_display_library() -> None:
    code = (
        "import cv2, pathlib;"
        "maps = pathlib.Path('/proc/self/maps').read_text();"
        "bad = [n for n in ('libGL.so', 'libX11.so', 'libxcb.so', 'libgtk', 'libQt') if n in maps];"
        "raise SystemExit(f'OpenCV loads display libraries: {bad}' if bad else 0)"
    )
    subprocess.run([sys.executable, "-c", code], check=True, env={"PATH": "/usr/bin:/bin"})


@pytest.mark.parametrize("part", ["edge", "office", "all"])
def test_what_a_box_or_an_office_installs_holds_no_torch(part: str) -> None:
    lock = (ROOT / "requirements" / f"{part}.lock").read_text()
    names = set(re.findall(r"^([a-z0-9._-]+)==", lock, flags=re.MULTILINE))
    assert names, "the lock is empty"
    assert not {n for n in names if re.match(r"torch|nvidia|ultralytics|easyocr|triton", n)}
    assert lock.count("--hash=sha256:") >= len(names), "a deployment installs only what its hash names"


@pytest.mark.parametrize(
    ("module", "forbidden"),
    [
        ("api.app", {"torch", "cv2", "av", "openvino", "numpy"}),
        ("pipeline.camera", {"torch", "fastapi", "sqlalchemy", "matplotlib"}),
        ("pipeline.evidence.verify", {"numpy", "cv2", "av", "fastapi", "sqlalchemy"}),
        ("scripts.tertib", {"numpy", "cv2", "av", "fastapi", "sqlalchemy"}),
    ],
)
def test_a_room_imports_only_what_its_extra_installs(module: str, forbidden: set[str]) -> None:
    code = f"import sys, {module}; print(' '.join({forbidden!r} & set(sys.modules)))"
    done = subprocess.run([sys.executable, "-c", code], check=True, capture_output=True, text=True, cwd=ROOT)
    assert done.stdout.split() == []


@pytest.mark.parametrize("path", CODE, ids=lambda p: str(p.relative_to(ROOT)))
def test_a_file_is_one_noun_and_can_be_read_at_once(path: Path) -> None:
    assert path.stem not in VAGUE, "name the noun that this module holds"
    assert len(path.read_text().splitlines()) <= MAX_LINES


def test_the_office_takes_from_the_roadside_only_the_evidence_contract() -> None:
    taken = {
        match
        for path in (ROOT / "api").rglob("*.py")
        for match in re.findall(r"^\s*(?:from|import) (pipeline[.\w]*)", path.read_text(), flags=re.MULTILINE)
    }
    assert taken
    assert all(name.startswith("pipeline.evidence.") or name == "pipeline.evidence" for name in taken)


def test_ultralytics_is_imported_only_through_its_guard() -> None:
    imported = re.compile(r"^\s*(?:from|import) ultralytics", re.MULTILINE)
    importers = {path.stem for path in CODE if imported.search(path.read_text())}
    assert importers == {"guarded_ultralytics"}


def test_a_file_that_is_no_picture_is_refused_by_pillow_itself() -> None:
    guard = pytest.importorskip("models.backends.guarded_ultralytics")
    assert guard.YOLO is not None
    with pytest.raises(Image.UnidentifiedImageError):
        Image.open(io.BytesIO(b"no picture"))


def test_committed_weights_are_small_and_have_a_card() -> None:
    for weights in (ROOT / "models" / "weights").glob("*"):
        if weights.suffix in {".onnx", ".bin", ".xml"}:
            assert weights.stat().st_size <= MAX_COMMITTED_WEIGHTS_BYTES, weights.name
            # The eight-bit form of a network is told of on the same card.
            card = f"{weights.stem.removesuffix('-int8')}.md"
            assert (ROOT / "models" / "cards" / card).is_file(), f"{weights.name} has no card"


def test_no_naive_time_and_no_blanket_ignore() -> None:
    bad = re.compile(r"utcnow\(|# type: ignore\s*$|# noqa\s*$|# type: ignore(?!\[)", re.MULTILINE)
    assert [str(p.relative_to(ROOT)) for p in CODE if bad.search(p.read_text())] == []
