"""From the float network to one of eight bits, for boxes that have one small processor.

Convolutions get integer weights (one scale a channel) and integer inputs, whose ranges are taken from pictures of our
own scenes; what turns the head's output into boxes stays in float. Quantising is onnxruntime's; OpenVINO runs the file.
"""

from __future__ import annotations

import tempfile
from collections.abc import Iterator, Sequence
from pathlib import Path
from typing import Any

import cv2
import numpy as np
import onnx
from numpy.typing import NDArray
from onnx import numpy_helper
from onnxruntime.quantization import CalibrationDataReader, QuantFormat, QuantType, quantize_static
from onnxruntime.quantization.shape_inference import quant_pre_process

from models.errors import ModelError
from models.letterbox import GREY, Letterbox
from models.training.traffic.export import HALF

BLOB = (1, 3, 384, 640)
DECODING = "dfl"
"""Part of the names of the layer that turns distributions into distances: its sums do not survive eight bits."""
COUNT = 48
"""Pictures to calibrate with."""


def quantise(network: Path, target: Path, pictures: Path, *, count: int = COUNT, seed: int = 5) -> Path:
    """Write the eight-bit form of an exported network.

    Args:
        network: ONNX file as `export` writes it.
        target: the file to write.
        pictures: folder with `images`, as `python -m models.training.traffic.label` makes it; road scenes, which is
            what a camera sees, make up half of the choice where there are enough.
        count: how many pictures.
        seed: of the choice.

    Raises:
        ModelError: no pictures there.
    """
    blobs = list(_blobs(chosen(sorted((pictures / "images").glob("*.jpg")), count=count, seed=seed)))
    if not blobs:
        raise ModelError(f"no pictures in {pictures / 'images'} to take the ranges from: choose another folder")
    with tempfile.TemporaryDirectory(prefix="tertib-int8-") as folder:
        full, ready = Path(folder) / "full.onnx", Path(folder) / "ready.onnx"
        onnx.save(whole_precision(onnx.load(network)), full)
        quant_pre_process(str(full), str(ready), skip_symbolic_shape=True)
        exempt = [node.name for node in onnx.load(ready).graph.node if DECODING in node.name]
        target.parent.mkdir(parents=True, exist_ok=True)
        quantize_static(
            str(ready),
            str(target),
            _Reader(blobs),
            quant_format=QuantFormat.QDQ,
            op_types_to_quantize=["Conv"],
            per_channel=True,
            weight_type=QuantType.QInt8,
            activation_type=QuantType.QUInt8,
            nodes_to_exclude=exempt,
            extra_options={"CalibMovingAverage": True},
        )
    return target


def chosen(paths: Sequence[Path], *, count: int, seed: int) -> list[Path]:
    """Half road scenes, half photographs, by chance."""
    random = np.random.default_rng(seed)
    scenes = [path for path in paths if path.name.split("-")[0] in ("junction", "parkpow", "intel", "drawn")]
    photographs = [path for path in paths if path not in set(scenes)]
    found: list[Path] = []
    for group, share in ((scenes, count // 2), (photographs, count - count // 2)):
        found += [group[index] for index in random.permutation(len(group))[:share].tolist()]
    return found


def whole_precision(model: Any) -> Any:  # noqa: ANN401 - onnx's own types are generated at run time
    """Undo the halving of the weights: quantising wants float32 constants."""
    constants = {tensor.name: tensor for tensor in model.graph.initializer}
    for node in list(model.graph.node):
        if node.op_type == "Cast" and node.input[0].endswith(HALF) and node.input[0] in constants:
            tensor = constants[node.input[0]]
            tensor.CopyFrom(numpy_helper.from_array(numpy_helper.to_array(tensor).astype(np.float32), node.output[0]))
            model.graph.node.remove(node)
    return model


def _blobs(paths: Sequence[Path]) -> Iterator[NDArray[np.float32]]:
    """Network inputs, all of one shape: what is narrower than 16:9 is widened by grey."""
    for path in paths:
        bgr = cv2.imread(str(path))
        if bgr is None:
            continue
        height, width = bgr.shape[:2]
        wide = max(width, height * 16 // 9)
        framed = cv2.copyMakeBorder(bgr, 0, 0, 0, wide - width, cv2.BORDER_CONSTANT, value=(GREY, GREY, GREY))
        blob = Letterbox.for_frame(framed.shape[1], framed.shape[0]).blob(framed.astype(np.uint8, copy=False))
        if blob.shape == BLOB:
            yield blob


class _Reader(CalibrationDataReader):  # type: ignore[misc] # onnxruntime carries no types
    def __init__(self, blobs: list[NDArray[np.float32]]) -> None:
        self._blobs = iter(blobs)

    def get_next(self) -> dict[str, NDArray[np.float32]] | None:
        """The next input, or None at the end."""
        blob = next(self._blobs, None)
        return None if blob is None else {"images": blob}
