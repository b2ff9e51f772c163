"""From a checkpoint to the ONNX file that runs at the roadside."""

from __future__ import annotations

import warnings
from pathlib import Path
from typing import Any

import numpy as np
import onnx
import torch
from onnx import TensorProto, helper, numpy_helper

from models.detection import CLASS_COUNTS, CLASSES
from models.errors import ModelError
from models.training.traffic.network import NEW_CLASSES, adapt, load_base

OPSET = 17
HALF = ".half"
"""End of the names of weights in half precision."""
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
    names = tuple(network.names.values())
    if len(names) not in CLASS_COUNTS or names != CLASSES[: len(names)]:
        raise ModelError(f"{path} does not tell apart the classes {', '.join(CLASSES)}")
    return network


def export(checkpoint: Path, target: Path, *, base: Path | None = None, keep: float = 0.0) -> Path:
    """Write an ONNX file with half-precision weights, computing in float32, for any input size (multiples of 32).

    Args:
        checkpoint: what training left.
        target: the file to write.
        base: the network that training began with.
        keep: how much of the base to mix in again, 0..1; see `blend`.

    Raises:
        ModelError: see `load_checkpoint` and `load_base`.
    """
    network = load_checkpoint(checkpoint)
    if base is not None and keep > 0:
        blend(network, adapt(load_base(base)), keep=keep)
    write_onnx(network, target)
    return target


def blend(network: Any, base: Any, *, keep: float) -> None:  # noqa: ANN401 - as above
    """Mix the base's weights into a fine-tuned network, in place: it forgets less than it loses of what is new.

    Weights of one ancestry can be averaged (Wortsman et al., 2022, "Robust fine-tuning of zero-shot models"). Rows of
    classes that the base does not know stay as trained.
    """
    known = [index for index, name in enumerate(CLASSES) if name not in NEW_CLASSES]
    with torch.no_grad():
        theirs = dict(base.named_parameters())
        for name, ours in network.named_parameters():
            if len(ours) == len(CLASSES) and ".cv3." in name:
                ours[known] = torch.lerp(ours[known], theirs[name][known], keep)
            else:
                ours.copy_(torch.lerp(ours, theirs[name], keep))


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
        half = numpy_helper.from_array(numpy_helper.to_array(tensor).astype(np.float16), f"{name}{HALF}")
        tensor.CopyFrom(half)
        casts.append(helper.make_node("Cast", [f"{name}{HALF}"], [name], to=TensorProto.FLOAT))
    for node in reversed(casts):
        model.graph.node.insert(0, node)
