"""From a checkpoint to the ONNX file that runs at the roadside."""

from __future__ import annotations

import warnings
from pathlib import Path
from typing import Any

import numpy as np
import onnx
import torch
from onnx import TensorProto, helper, numpy_helper

from models.detection import CLASSES
from models.errors import ModelError

OPSET = 17
SMALL = 256
"""Tensors of fewer numbers stay float32: they save nothing, and shapes and anchors must stay exact."""


def load_checkpoint(path: Path) -> Any:  # noqa: ANN401 - ultralytics carries no types
    """The averaged network of a checkpoint, for inference.

    Raises:
        ModelError: the file is absent or holds no network of ours.
    """
    try:
        network = torch.load(path, weights_only=False)["model"].float().eval()
    except FileNotFoundError as error:
        raise ModelError(f"no checkpoint {path}: run `tertib models train traffic-n` first") from error
    except Exception as error:
        # torch and pickle raise what they like for a damaged file.
        raise ModelError(f"cannot read the checkpoint {path}: {str(error).splitlines()[0]}") from error
    if tuple(network.names.values()) != CLASSES:
        raise ModelError(f"{path} does not tell apart the classes {', '.join(CLASSES)}")
    return network


def export(checkpoint: Path, target: Path) -> Path:
    """Write an ONNX file with half-precision weights, computing in float32, for any input size (multiples of 32).

    Raises:
        ModelError: see `load_checkpoint`.
    """
    write_onnx(load_checkpoint(checkpoint), target)
    return target


def write_onnx(network: Any, target: Path) -> None:  # noqa: ANN401 - as above
    """Write one network of ours as ONNX."""
    head = network.model[-1]
    head.export, head.dynamic, head.format = True, True, "onnx"
    target.parent.mkdir(parents=True, exist_ok=True)
    with warnings.catch_warnings():
        # The tracing exporter is deprecated in favour of one that needs onnxscript; both give the same graph here.
        warnings.simplefilter("ignore")
        torch.onnx.export(
            network.eval(),
            (torch.zeros(1, 3, 384, 640),),
            str(target),
            input_names=["images"],
            output_names=["output0"],
            dynamic_axes={"images": {0: "batch", 2: "height", 3: "width"}, "output0": {0: "batch", 2: "anchors"}},
            opset_version=OPSET,
            dynamo=False,
        )
    head.export, head.dynamic = False, False
    model = onnx.load(target)
    halve(model)
    # What ultralytics reads when it loads the file.
    about = {
        "names": str(dict(enumerate(CLASSES))),
        "stride": "32",
        "task": "detect",
        "batch": "1",
        "imgsz": "[384, 640]",
    }
    helper.set_model_props(model, {**about, "dynamic": "True", "channels": "3", "license": "AGPL-3.0-or-later"})
    onnx.checker.check_model(model)
    onnx.save(model, target)


def halve(model: Any) -> None:  # noqa: ANN401 - onnx's own types are generated at run time
    """Store large weights as float16, each followed by a cast back: half the file, the same arithmetic."""
    casts = []
    for tensor in model.graph.initializer:
        if tensor.data_type != TensorProto.FLOAT or np.prod(tensor.dims) < SMALL:
            continue
        name = tensor.name
        half = numpy_helper.from_array(numpy_helper.to_array(tensor).astype(np.float16), f"{name}.half")
        tensor.CopyFrom(half)
        casts.append(helper.make_node("Cast", [f"{name}.half"], [name], to=TensorProto.FLOAT))
    for node in reversed(casts):
        model.graph.node.insert(0, node)
