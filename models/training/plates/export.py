"""From a checkpoint to the ONNX file that the roadside runs."""

from __future__ import annotations

import warnings
from pathlib import Path

import onnx
import torch
from torch import Tensor, nn

from models.errors import ModelError
from models.plates.line_image import HEIGHT_PX, WIDTH_PX
from models.training.plates.network import PlateNet

OPSET = 17


class _Shares(nn.Module):  # type: ignore[misc] # torch carries no types here
    """The network with shares instead of their logarithms."""

    def __init__(self, network: PlateNet) -> None:
        super().__init__()
        self.network = network

    def forward(self, lines: Tensor) -> Tensor:
        shares: Tensor = self.network(lines).exp()
        return shares


def load_checkpoint(path: Path) -> PlateNet:
    """The averaged network of a checkpoint, for inference.

    Raises:
        ModelError: the file is absent or holds no network of this kind.
    """
    network = PlateNet()
    try:
        network.load_state_dict(torch.load(path, weights_only=True)["model"])
    except FileNotFoundError as error:
        raise ModelError(f"no checkpoint {path}: run `tertib models train plates` first") from error
    except Exception as error:
        # torch and pickle raise what they like for a damaged file.
        raise ModelError(f"cannot read the checkpoint {path}: {str(error).splitlines()[0]}") from error
    network.eval()
    return network


def export(checkpoint: Path, target: Path) -> Path:
    """Write an ONNX file.

    Its input `lines` is float32 [batch, 1, HEIGHT_PX, WIDTH_PX], its output `shares` [batch, steps, 37], blank first.

    Raises:
        ModelError: see `load_checkpoint`.
    """
    network = _Shares(load_checkpoint(checkpoint)).eval()
    target.parent.mkdir(parents=True, exist_ok=True)
    with warnings.catch_warnings():
        # The tracing exporter is deprecated in favour of one that needs onnxscript; both give the same graph here.
        warnings.simplefilter("ignore")
        torch.onnx.export(
            network,
            (torch.zeros(1, 1, HEIGHT_PX, WIDTH_PX),),
            str(target),
            input_names=["lines"],
            output_names=["shares"],
            dynamic_axes={"lines": {0: "batch"}, "shares": {0: "batch"}},
            opset_version=OPSET,
            dynamo=False,
        )
    onnx.checker.check_model(onnx.load(target))
    return target
