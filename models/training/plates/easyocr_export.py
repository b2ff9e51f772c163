"""Our plate network as a recognition network of EasyOCR's users: `easyocr.Reader(["en"], recog_network=NAME)`.

EasyOCR's own documented format (its custom_model.md): NAME.py with a class `Model`, NAME.yaml and NAME.pth, in folders
that the reader is given as `user_network_directory` and `model_storage_directory`.
"""

from __future__ import annotations

from pathlib import Path

import torch
import yaml

from models.plates.line_image import HEIGHT_PX, WIDTH_PX
from models.plates.posteriors import ALPHABET
from models.training.plates.export import load_checkpoint

NAME = "plates_id"
MODULE = '''"""Tertib's plate network for EasyOCR; it needs Tertib on the path."""

import torch
from torch import nn
from torch.nn import functional

from models.training.plates.network import PlateNet


class Model(nn.Module):
    """EasyOCR hands in gray lines of one height, -1..1, padded to the right with their last column."""

    def __init__(self, num_class, width=192, **_):
        super().__init__()
        self.network = PlateNet()
        self.width = width
        if num_class != 37:
            raise ValueError(f"this network knows 36 characters, not {num_class - 1}")

    def forward(self, image, text=None):
        """Log shares [batch, steps, 37], the blank first."""
        return self.network(torch.cat([self.line(one) for one in image]))

    def line(self, image):
        """One line without its padding, stretched to the network's width, mean 0 and spread 1."""
        differs = (image[0] != image[0, :, -1:]).any(0).nonzero()
        end = int(differs[-1]) + 2 if len(differs) else image.shape[-1]
        line = functional.interpolate(
            image[None, :, :, :end], (image.shape[-2], self.width), mode="bilinear", antialias=True
        )
        return (line - line.mean()) / line.std().clamp(min=0.05)
'''


def export_easyocr(checkpoint: Path, folder: Path, name: str = NAME) -> Path:
    """Write NAME.py, NAME.yaml and NAME.pth to a folder, and return it.

    Raises:
        ModelError: the checkpoint is absent or holds another network.
    """
    network = load_checkpoint(checkpoint)
    folder.mkdir(parents=True, exist_ok=True)
    (folder / f"{name}.py").write_text(MODULE, encoding="utf-8")
    told = {
        "network_params": {"width": WIDTH_PX},
        "imgH": HEIGHT_PX,
        "lang_list": ["en"],
        "character_list": ALPHABET,
    }
    (folder / f"{name}.yaml").write_text(yaml.safe_dump(told), encoding="utf-8")
    # EasyOCR takes the first seven letters of each name away: those that DataParallel puts there.
    torch.save({f"module.network.{key}": value for key, value in network.state_dict().items()}, folder / f"{name}.pth")
    return folder
