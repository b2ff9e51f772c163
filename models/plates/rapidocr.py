"""RapidOCR's line recogniser (PP-OCRv6 small) run by OpenVINO: the weights only, none of the package's code."""

from __future__ import annotations

from pathlib import Path

import cv2
import numpy as np
import openvino
from numpy.typing import NDArray

from models.errors import ModelError
from models.plates.posteriors import Folding, Posteriors

HEIGHT_PX = 48
LEAST_WIDTH_PX = 192  # shorter lines are padded
MOST_WIDTH_PX = 960
WIDTH_STEP_PX = 64


class RapidOcrRecogniser:
    """Reads one text line; `threads` CPU threads a line."""

    def __init__(self, weights: Path, *, threads: int = 1) -> None:
        """Compile the network.

        Raises:
            ModelError: the file is no recogniser of this family.
        """
        try:
            model = openvino.Core().read_model(weights)
            characters = model.get_rt_info(["framework", "character"]).astype(str).split("\n")
        except RuntimeError as error:
            raise ModelError(
                f"{weights}: no RapidOCR recogniser that OpenVINO can read: `tertib models fetch rapidocr`"
            ) from error
        # Column 0 is CTC's blank, the last one the space.
        self._folding = Folding(["", *characters, " "], blank=0)
        config = {"INFERENCE_NUM_THREADS": threads, "NUM_STREAMS": 1, "PERFORMANCE_HINT": "LATENCY"}
        self._compiled = openvino.Core().compile_model(model, "CPU", config)
        columns = model.outputs[0].get_partial_shape()[2].get_length()
        if columns != self._folding.size:
            raise ModelError(
                f"{weights}: {columns} outputs for {self._folding.size} characters: no RapidOCR recogniser"
            )

    def recognise(self, line_bgr: NDArray[np.uint8]) -> Posteriors:
        """Read one text line (uint8 [height, width, 3], BGR, any size)."""
        height, width = line_bgr.shape[:2]
        scaled_width = min(MOST_WIDTH_PX, max(HEIGHT_PX // 2, round(width * HEIGHT_PX / height)))
        scaled = cv2.resize(line_bgr, (scaled_width, HEIGHT_PX), interpolation=cv2.INTER_LINEAR)
        # Widths in steps: OpenVINO prepares its kernels anew for each width that it has not seen.
        padded_width = max(LEAST_WIDTH_PX, -(-scaled_width // WIDTH_STEP_PX) * WIDTH_STEP_PX)
        # Padding is 0 after normalisation, as in training: middle gray.
        tensor = np.zeros((1, 3, HEIGHT_PX, padded_width), np.float32)
        tensor[0, :, :, :scaled_width] = scaled.transpose(2, 0, 1).astype(np.float32) / 127.5 - 1.0
        output: NDArray[np.float32] = self._compiled(tensor)[0][0]
        return self._folding.fold(output, step_px=padded_width / len(output) * height / HEIGHT_PX)
