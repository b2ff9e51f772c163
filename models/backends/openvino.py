"""OpenVINO: the default at the roadside."""

from __future__ import annotations

from collections import OrderedDict
from pathlib import Path
from typing import Any

import numpy as np
import openvino
from numpy.typing import NDArray

from models.errors import ModelError

SHAPES_KEPT = 3
"""Compiled input shapes kept: a camera needs one; a folder of photographs alternates between a few."""


class OpenvinoRunner:
    """Compiles the network once an input shape (static shapes run faster than dynamic ones) and runs it.

    Raises:
        ModelError: the file cannot be read, or the device does not exist here.
    """

    def __init__(self, path: Path, *, threads: int, device: str) -> None:
        self._core = openvino.Core()
        self._device = device
        self._settings: dict[str, str | int] = {"PERFORMANCE_HINT": "LATENCY"}
        if device == "CPU":
            self._settings["INFERENCE_NUM_THREADS"] = threads
        self._path = path
        self._compiled: OrderedDict[tuple[int, ...], Any] = OrderedDict()
        try:
            self._core.read_model(path)
        except RuntimeError as error:
            raise ModelError(f"OpenVINO cannot read {path}: {_first_line(error)}") from error

    def _request(self, shape: tuple[int, ...]) -> Any:  # noqa: ANN401 - openvino carries no types
        if shape in self._compiled:
            self._compiled.move_to_end(shape)
            return self._compiled[shape]
        # Read anew: a model that was reshaped once cannot be reshaped safely while a compiled copy is in use.
        model = self._core.read_model(self._path)
        try:
            model.reshape(list(shape))
            request = self._core.compile_model(model, self._device, self._settings).create_infer_request()
        except RuntimeError as error:
            raise ModelError(
                f"OpenVINO cannot run {self._path.name} on {self._device} (devices here: "
                f"{', '.join(self._core.available_devices)}): {_first_line(error)}"
            ) from error
        self._compiled[shape] = request
        if len(self._compiled) > SHAPES_KEPT:
            self._compiled.popitem(last=False)
        return request

    def __call__(self, blob: NDArray[np.float32]) -> NDArray[np.float32]:
        """Run one blob [1, 3, h, w]; the head's output [4 + classes, anchors]."""
        request = self._request(blob.shape)
        request.infer({0: blob}, share_inputs=True)
        output: NDArray[np.float32] = np.array(request.get_output_tensor(0).data[0], np.float32)
        return output


def _first_line(error: Exception) -> str:
    lines = [line.strip() for line in str(error).splitlines() if line.strip()]
    return lines[-1] if lines else type(error).__name__
