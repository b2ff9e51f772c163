"""The network: a small residual convolutional one that reads a line from left to right, 48 steps a line."""

from __future__ import annotations

import torch
from torch import Tensor, nn

from models.plates.line_image import HEIGHT_PX, WIDTH_PX
from models.plates.posteriors import ALPHABET

STEP_PX = 4
STEPS = WIDTH_PX // STEP_PX
# CTC's blank is the first class, then the characters of `ALPHABET`.
CLASSES = len(ALPHABET) + 1


class Residual(nn.Module):  # type: ignore[misc] # torch carries no types here
    """Two 3x3 convolutions beside a shortcut; `stride` is (down, across)."""

    def __init__(self, before: int, after: int, stride: tuple[int, int] = (1, 1)) -> None:
        super().__init__()
        self.body = nn.Sequential(
            nn.Conv2d(before, after, 3, stride, 1, bias=False),
            nn.BatchNorm2d(after),
            nn.ReLU(inplace=True),
            nn.Conv2d(after, after, 3, 1, 1, bias=False),
            nn.BatchNorm2d(after),
        )
        self.shortcut: nn.Module = nn.Identity()
        if stride != (1, 1) or before != after:
            pool: nn.Module = nn.AvgPool2d(stride) if stride != (1, 1) else nn.Identity()
            self.shortcut = nn.Sequential(pool, nn.Conv2d(before, after, 1, bias=False), nn.BatchNorm2d(after))

    def forward(self, x: Tensor) -> Tensor:
        """Same height and width, divided by the stride."""
        return torch.relu(self.body(x) + self.shortcut(x))


class Context(nn.Module):  # type: ignore[misc] # torch carries no types here
    """What stands to the left and right: a 1x5 convolution beside a shortcut."""

    def __init__(self, channels: int) -> None:
        super().__init__()
        self.body = nn.Sequential(
            nn.Conv2d(channels, channels, (1, 5), padding=(0, 2), bias=False), nn.BatchNorm2d(channels)
        )

    def forward(self, x: Tensor) -> Tensor:
        """Same shape."""
        return x + torch.relu(self.body(x))


class PlateNet(nn.Module):  # type: ignore[misc] # torch carries no types here
    """Lines float32 [n, 1, HEIGHT_PX, WIDTH_PX] to log shares [n, STEPS, CLASSES]; wholly convolutional."""

    def __init__(self, widths: tuple[int, int, int, int] = (16, 32, 72, 112)) -> None:
        super().__init__()
        one, two, three, four = widths
        self.picture = nn.Sequential(
            nn.Conv2d(1, one, 5, 2, 2, bias=False),
            nn.BatchNorm2d(one),
            nn.ReLU(inplace=True),
            Residual(one, one),
            Residual(one, two, (2, 2)),
            Residual(two, two),
            Residual(two, three, (2, 1)),
            Residual(three, three),
        )
        self.collapse = nn.Sequential(
            nn.Conv2d(three, four, (HEIGHT_PX // 8, 1), bias=False), nn.BatchNorm2d(four), nn.ReLU(inplace=True)
        )
        self.line = nn.Sequential(Context(four), Context(four), nn.Dropout(0.1), nn.Conv2d(four, CLASSES, 1))

    def forward(self, lines: Tensor) -> Tensor:
        """Log shares per step."""
        scores: Tensor = self.line(self.collapse(self.picture(lines)))
        return scores.squeeze(2).transpose(1, 2).log_softmax(2)

    def begin_from(self, weights: dict[str, Tensor]) -> None:
        """Take over the weights of a network of this kind, whose lines may be of another height.

        Raises:
            RuntimeError: the weights are of another network.
        """
        collapse = weights["collapse.0.weight"]
        rows = HEIGHT_PX // 8
        if collapse.shape[2] != rows:
            # Rows of the kernel stand for zones of the line's height: fewer or more of them, of the same total weight.
            stretched = nn.functional.interpolate(collapse, (rows, 1), mode="bilinear", align_corners=False)
            weights = {**weights, "collapse.0.weight": stretched * (collapse.shape[2] / rows)}
        self.load_state_dict(weights)
