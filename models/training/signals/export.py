"""From a checkpoint to the ONNX file that the roadside runs."""

from __future__ import annotations

import warnings
from pathlib import Path

import onnx
import torch
from torch import Tensor, nn

from models.errors import ModelError
from models.signals.lamp_image import CHANNELS, HEIGHT_PX, WIDTH_PX
from models.training.signals.network import LampNet

OPSET = 17


class Calibrated(nn.Module):  # type: ignore[misc] # torch carries no types here
    """The network with calibrated shares instead of scores."""

    def __init__(self, network: nn.Module, temperature: float) -> None:
        super().__init__()
        self.network = network
        self.temperature = temperature

    def forward(self, crops: Tensor) -> Tensor:
        """Shares [n, classes]."""
        shares: Tensor = (self.network(crops) / self.temperature).softmax(1)
        return shares


def load_checkpoint(path: Path) -> tuple[LampNet, float]:
    """The network of a checkpoint, for inference, and its temperature.

    Raises:
        ModelError: the file is absent or holds no network of this kind.
    """
    network = LampNet()
    try:
        state = torch.load(path, weights_only=True)
        network.load_state_dict(state["model"])
        temperature = float(state["temperature"])
    except FileNotFoundError as error:
        raise ModelError(f"no checkpoint {path}: run `tertib models train signals` first") from error
    except Exception as error:
        # torch and pickle raise what they like for a damaged file.
        raise ModelError(f"cannot read the checkpoint {path}: {str(error).splitlines()[0]}") from error
    network.eval()
    return network, temperature


def export(checkpoint: Path, target: Path) -> Path:
    """Write an ONNX file: `crops` float32 [batch, CHANNELS, HEIGHT_PX, WIDTH_PX] in, `shares` [batch, states] out.

    Raises:
        ModelError: see `load_checkpoint`.
    """
    network, temperature = load_checkpoint(checkpoint)
    return write_onnx(Calibrated(network, temperature).eval(), (CHANNELS, HEIGHT_PX, WIDTH_PX), target)


def write_onnx(network: nn.Module, shape: tuple[int, int, int], target: Path) -> Path:
    """Trace a classifier of crops of this shape (channels, height, width) and check the file."""
    target.parent.mkdir(parents=True, exist_ok=True)
    with warnings.catch_warnings():
        # The tracing exporter is deprecated in favour of one that needs onnxscript; both give the same graph here.
        warnings.simplefilter("ignore")
        torch.onnx.export(
            network,
            (torch.zeros(1, *shape),),
            str(target),
            input_names=["crops"],
            output_names=["shares"],
            dynamic_axes={"crops": {0: "batch"}, "shares": {0: "batch"}},
            opset_version=OPSET,
            dynamo=False,
        )
    onnx.checker.check_model(onnx.load(target))
    return target
