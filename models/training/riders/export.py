"""From a checkpoint to the ONNX file that the roadside runs."""

from __future__ import annotations

from pathlib import Path

import torch

from models.errors import ModelError
from models.riders.head_image import SIDE_PX
from models.training.riders.network import HelmetNet
from models.training.signals.export import Calibrated, write_onnx


def load_checkpoint(path: Path) -> tuple[HelmetNet, float]:
    """The network of a checkpoint, for inference, and its temperature.

    Raises:
        ModelError: the file is absent or holds no network of this kind.
    """
    network = HelmetNet()
    try:
        state = torch.load(path, weights_only=True)
        network.load_state_dict(state["model"])
        temperature = float(state["temperature"])
    except FileNotFoundError as error:
        raise ModelError(f"no checkpoint {path}: run `tertib models train riders` first") from error
    except Exception as error:
        # torch and pickle raise what they like for a damaged file.
        raise ModelError(f"cannot read the checkpoint {path}: {str(error).splitlines()[0]}") from error
    network.eval()
    return network, temperature


def export(checkpoint: Path, target: Path) -> Path:
    """Write an ONNX file: input `crops` float32 [batch, 3, SIDE_PX, SIDE_PX], output `shares` [batch, classes].

    Raises:
        ModelError: see `load_checkpoint`.
    """
    network, temperature = load_checkpoint(checkpoint)
    return write_onnx(Calibrated(network, temperature).eval(), (3, SIDE_PX, SIDE_PX), target)
