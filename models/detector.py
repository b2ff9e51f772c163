"""The detector behind one port: a frame in, boxes out."""

from __future__ import annotations

from typing import Protocol

import numpy as np
from numpy.typing import NDArray

from models.catalogue import in_use, resolve
from models.detection import Detections
from models.errors import ModelError
from models.letterbox import LONG_SIDE_PX

BACKENDS = ("openvino", "onnxruntime", "ultralytics")


class Detector(Protocol):
    """Finds road users, signals and plates in one frame."""

    def detect(self, frame_bgr: NDArray[np.uint8], *, confidence: float = 0.25) -> Detections:
        """Find the objects of one frame (uint8 [height, width, 3], BGR) that score at least `confidence` (0..1)."""
        ...


def load_detector(
    name: str | None = None,
    *,
    backend: str = "openvino",
    threads: int = 1,
    device: str = "CPU",
    long_side_px: int = LONG_SIDE_PX,
) -> Detector:
    """Load a detector of the catalogue.

    Args:
        name: name in `models/catalogue.yaml`; by default what `tertib models use` chose, else `traffic-n`.
        backend: `openvino` (the fastest on a CPU, see the model's card), `onnxruntime` or `ultralytics` (torch; GPUs).
        threads: CPU threads for one frame, at least 1.
        device: `CPU`, or what the backend calls its other devices (`GPU` in OpenVINO, `CUDA` in onnxruntime and torch).
        long_side_px: longer side of the network's input; `ultralytics` keeps its own.

    Raises:
        ModelError: no such model or backend, or the weights are absent or damaged.
        ValueError: `threads` is under 1.
    """
    if threads < 1:
        raise ValueError(f"threads must be at least 1, not {threads}")
    if backend not in BACKENDS:
        raise ModelError(f"unknown backend {backend!r}: choose one of {', '.join(BACKENDS)}")
    name = name or in_use()
    path = resolve(name)
    if path.suffix == ".pt" and backend != "ultralytics":
        raise ModelError(f"{name} is a torch file: only the backend `ultralytics` runs it, not `{backend}`")
    try:
        if backend == "ultralytics":
            from models.backends.ultralytics import UltralyticsDetector  # noqa: PLC0415 - needs torch

            return UltralyticsDetector(path, threads=threads, device=device)
        from models.backends.onnx_detector import OnnxDetector  # noqa: PLC0415 - one backend is imported, not three

        if backend == "onnxruntime":
            from models.backends.onnxruntime import OnnxruntimeRunner  # noqa: PLC0415 - as above

            return OnnxDetector(
                path, OnnxruntimeRunner(path, threads=threads, device=device), long_side_px=long_side_px
            )
        from models.backends.openvino import OpenvinoRunner  # noqa: PLC0415 - as above

        return OnnxDetector(path, OpenvinoRunner(path, threads=threads, device=device), long_side_px=long_side_px)
    except ModuleNotFoundError as error:
        raise ModelError(
            f"the backend `{backend}` needs {error.name}, which is not installed: run scripts/setup "
            f"{'edge' if backend == 'openvino' else 'dev'}"
        ) from error
