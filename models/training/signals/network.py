"""The network: the first layers of a detector that knows COCO, and one choice that keeps how high a lamp shines."""

from __future__ import annotations

from pathlib import Path

import torch
from torch import Tensor, nn

from models.signals.lamp_image import HEIGHT_PX, STATES
from models.training.traffic.network import load_base

LAYERS = 5
"""Layers of YOLOv8n that are kept: up to an eighth of the resolution."""
STEP_PX = 8
DEPTH = 64
FROZEN = 1
"""Of these, so many stay as COCO taught them."""
UNTAUGHT = Path("yolov8n.yaml")
"""A base that knows nothing (ultralytics carries its plan): to see whether training runs."""


class LampNet(nn.Module):  # type: ignore[misc] # torch carries no types here
    """Heads float32 [n, CHANNELS, HEIGHT_PX, WIDTH_PX], RGB 0..1, to scores [n, states] (before softmax)."""

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
        self.choice = nn.Sequential(nn.Dropout(0.2), nn.Linear(2 * DEPTH * (HEIGHT_PX // STEP_PX), len(STATES)))

    def forward(self, heads: Tensor) -> Tensor:
        """Scores of each state."""
        seen = self.body(self.frozen(heads))
        # The strongest and the mean of each row: how high a lamp stands tells, how far left does not.
        rows = torch.cat([seen.amax(3), seen.mean(3)], dim=1)
        scores: Tensor = self.choice(rows.flatten(1))
        return scores
