"""`plates-id`, the network trained here on rendered plates, run by OpenVINO: several views of a line in one go."""

from __future__ import annotations

from collections.abc import Sequence
from pathlib import Path

import numpy as np
import openvino
from numpy.typing import NDArray

from models.errors import ModelError
from models.plates.line_image import line_image, normalised
from models.plates.posteriors import ALPHABET, Folding, Posteriors


class LineNetwork:
    """Reads text lines of plates; `threads` CPU threads a batch."""

    def __init__(self, weights: Path, *, threads: int = 1) -> None:
        """Compile the network.

        Raises:
            ModelError: the file is no network of this kind.
        """
        core = openvino.Core()
        try:
            model = core.read_model(weights)
            shape = model.inputs[0].get_partial_shape()
            self._height, self._width = shape[2].get_length(), shape[3].get_length()
            columns = model.outputs[0].get_partial_shape()[2].get_length()
        except RuntimeError as error:
            raise ModelError(f"{weights}: no plate network that OpenVINO can read") from error
        self._folding = Folding(["", *ALPHABET], blank=0)
        if columns != self._folding.size:
            raise ModelError(f"{weights}: {columns} outputs for {self._folding.size} characters: no plate network")
        config = {
            "INFERENCE_NUM_THREADS": threads,
            "NUM_STREAMS": 1,
            "PERFORMANCE_HINT": "LATENCY",
            "INFERENCE_PRECISION_HINT": "f32",
        }
        self._compiled = core.compile_model(model, "CPU", config)

    def recognise(self, line_bgr: NDArray[np.uint8]) -> Posteriors:
        """Read one text line (uint8 [height, width, 3], BGR, or gray; any size)."""
        return self.recognise_all([line_bgr])[0]

    def recognise_all(self, lines: Sequence[NDArray[np.uint8]]) -> list[Posteriors]:
        """Read several lines, or several views of one, in one go."""
        images = np.stack([line_image(line, self._height, self._width) for line in lines])
        output: NDArray[np.float32] = self._compiled(normalised(images))[0]
        return [
            self._folding.fold(shares, step_px=line.shape[1] / len(shares))
            for line, shares in zip(lines, output, strict=True)
        ]
