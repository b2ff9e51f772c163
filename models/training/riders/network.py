"""The network: the first layers of a detector that knows COCO, and one choice on top."""

from __future__ import annotations

from pathlib import Path

import torch
from torch import Tensor, nn

from models.riders.head_image import CLASSES
from models.training.traffic.network import load_base

LAYERS = 7
"""Layers of YOLOv8n that are kept: up to a sixteenth of the resolution."""
CHANNELS = 128
FROZEN = 3
"""Of these, so many stay as COCO taught them: edges and colours are the same everywhere."""
UNTAUGHT = Path("yolov8n.yaml")
"""A base that knows nothing (ultralytics carries its plan): to see whether training runs."""


class HelmetNet(nn.Module):  # type: ignore[misc] # torch carries no types here
    """Squares float32 [n, 3, side, side], RGB 0..1, to scores [n, classes] (before softmax)."""

    def __init__(self, base: Path = UNTAUGHT) -> None:
        """Take the first layers of a YOLOv8n.

        Raises:
            ModelError: the base is absent or is none.
        """
        super().__init__()
        layers = list(load_base(base).model.children())[:LAYERS]
        for layer in layers:
            layer.requires_grad_(True)
        self.frozen = nn.Sequential(*layers[:FROZEN])
        self.frozen.requires_grad_(False)
        self.body = nn.Sequential(*layers[FROZEN:])
        self.choice = nn.Sequential(nn.Dropout(0.3), nn.Linear(2 * CHANNELS, len(CLASSES)))

    def forward(self, heads: Tensor) -> Tensor:
        """Scores of each class."""
        seen = self.body(self.frozen(heads))
        scores: Tensor = self.choice(torch.cat([seen.amax((2, 3)), seen.mean((2, 3))], dim=1))
        return scores
