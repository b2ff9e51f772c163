"""A small network that tells what a crop shows: a batch of crops in, shares of each class out. Run by OpenVINO."""

from __future__ import annotations

from pathlib import Path

import numpy as np
import openvino
from numpy.typing import NDArray

from models.errors import ModelError


class CropClassifier:
    """A compiled classifier; not safe to be called from two threads at once.

    Args:
        weights: ONNX file; input float32 [batch, channels, height, width], output calibrated shares [batch, classes].
        size_px: height and width that its input must have.
        classes: how many classes it must tell apart.
        threads: CPU threads a batch.

    Raises:
        ModelError: the file is no network of this kind.
    """

    def __init__(self, weights: Path, *, size_px: tuple[int, int], classes: int, threads: int = 1) -> None:
        core = openvino.Core()
        try:
            model = core.read_model(weights)
            shape = model.inputs[0].get_partial_shape()
            found = (shape[2].get_length(), shape[3].get_length())
            told = model.outputs[0].get_partial_shape()[1].get_length()
        except (RuntimeError, IndexError) as error:
            raise ModelError(f"{weights}: no classifier that OpenVINO can read") from error
        if found != size_px or told != classes:
            raise ModelError(
                f"{weights}: a classifier of {classes} classes for crops of {size_px[1]} by {size_px[0]} pixels is "
                f"needed, not one of {told} for {found[1]} by {found[0]}"
            )
        settings = {
            "INFERENCE_NUM_THREADS": threads,
            "NUM_STREAMS": 1,
            "PERFORMANCE_HINT": "LATENCY",
            "INFERENCE_PRECISION_HINT": "f32",
        }
        self._compiled = core.compile_model(model, "CPU", settings)

    def shares(self, crops: NDArray[np.float32]) -> NDArray[np.float32]:
        """Calibrated shares [n, classes] of inputs [n, channels, height, width]."""
        output: NDArray[np.float32] = np.array(self._compiled(crops)[0], np.float32)
        return output
