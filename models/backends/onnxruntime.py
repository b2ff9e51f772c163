"""onnxruntime: where OpenVINO does not run."""

from __future__ import annotations

from pathlib import Path

import numpy as np
import onnxruntime
from numpy.typing import NDArray

from models.errors import ModelError


class OnnxruntimeRunner:
    """One session, any input shape.

    Raises:
        ModelError: the file cannot be read.
    """

    def __init__(self, path: Path, *, threads: int, device: str) -> None:
        options = onnxruntime.SessionOptions()
        options.intra_op_num_threads = threads
        options.inter_op_num_threads = 1
        options.log_severity_level = 3
        providers = ["CPUExecutionProvider"] if device == "CPU" else [f"{device}ExecutionProvider"]
        try:
            self._session = onnxruntime.InferenceSession(str(path), options, providers=providers)
        except Exception as error:
            # onnxruntime raises a family of exceptions of its own without a shared base but Exception.
            raise ModelError(f"onnxruntime cannot run {path} on {device}: {str(error).splitlines()[0]}") from error
        self._input = self._session.get_inputs()[0].name

    def __call__(self, blob: NDArray[np.float32]) -> NDArray[np.float32]:
        """Run one blob [1, 3, h, w]; the head's output [4 + classes, anchors]."""
        output: NDArray[np.float32] = self._session.run(None, {self._input: blob})[0][0]
        return output
