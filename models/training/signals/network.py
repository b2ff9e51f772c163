"""The network: four small convolutions that keep where along the head a lamp shines."""

from __future__ import annotations

import torch
from torch import Tensor, nn

from models.signals.lamp_image import CHANNELS, HEIGHT_PX, STATES

STEP_PX = 8


def _block(before: int, after: int, stride: int) -> nn.Sequential:
    return nn.Sequential(
        nn.Conv2d(before, after, 3, stride, 1, bias=False), nn.BatchNorm2d(after), nn.ReLU(inplace=True)
    )


class LampNet(nn.Module):  # type: ignore[misc] # torch carries no types here
    """Heads float32 [n, CHANNELS, HEIGHT_PX, WIDTH_PX] to scores [n, states] (before softmax)."""

    def __init__(self, widths: tuple[int, int, int, int] = (16, 24, 40, 48)) -> None:
        super().__init__()
        one, two, three, four = widths
        self.body = nn.Sequential(
            _block(CHANNELS, one, 2), _block(one, two, 1), _block(two, three, 2), _block(three, four, 2)
        )
        self.choice = nn.Sequential(nn.Dropout(0.15), nn.Linear(2 * four * (HEIGHT_PX // STEP_PX), len(STATES)))

    def forward(self, heads: Tensor) -> Tensor:
        """Scores of each state."""
        seen = self.body(heads)
        # The strongest and the mean of each row: how high a lamp stands tells, how far left does not.
        rows = torch.cat([seen.amax(3), seen.mean(3)], dim=1)
        scores: Tensor = self.choice(rows.flatten(1))
        return scores
