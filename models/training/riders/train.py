"""Trains the network that judges heads, and chooses its temperature on held-out pictures."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass, replace
from pathlib import Path

import numpy as np
import torch
from numpy.typing import NDArray
from torch.nn import functional

from models.riders.head_image import CLASSES, MARGIN, head_image
from models.training.riders.batches import batch
from models.training.riders.heads import SEEN_MARGIN, Square, squares
from models.training.riders.network import UNTAUGHT, HelmetNet
from models.training.signals.train import average, fitted_temperature

Tell = Callable[[dict[str, float]], None]
SMOOTHING = 0.05
"""Some labels are wrong: about one in fifty, by eye."""
AVERAGED = 0.99
BODY_RATE = 0.15
"""Learning rate of what COCO taught, as a share of the new choice's."""


@dataclass(frozen=True)
class Recipe:
    """How it is trained; the same recipe and data give the same network.

    Attributes:
        steps: Batches.
        batch: Heads a batch.
        rate: Highest learning rate, of the choice.
        threads: CPU threads.
        seed: Of everything random.
        base: A YOLOv8n trained on COCO.
    """

    steps: int = 700
    batch: int = 48
    rate: float = 3e-3
    threads: int = 1
    seed: int = 7
    base: Path = Path("yolov8n.pt")

    def smoke(self) -> Recipe:
        """A few seconds: does it run?"""
        return replace(self, steps=3, batch=6, base=UNTAUGHT)


def train(data: Path, out: Path, recipe: Recipe, *, tell: Tell | None = None) -> Path:
    """Train on the labelled heads below `data` (folders `images` and `labels`).

    Args:
        data: the folder to learn from, for example `images/helmets/train`.
        out: folder for the checkpoint.
        recipe: how.
        tell: told `step`, `steps` and `loss` now and then.

    Returns:
        The checkpoint `last.pt`: the averaged network and its temperature.

    Raises:
        ModelError: the folder holds no labelled heads, or the base is absent.
    """
    torch.set_num_threads(recipe.threads)
    torch.manual_seed(recipe.seed)
    rng = np.random.default_rng(recipe.seed)
    known = squares(data)
    learned = [square for square in known if not square.held_out] or known
    network = HelmetNet(recipe.base).to(memory_format=torch.channels_last)
    averaged = {name: value.clone() for name, value in network.state_dict().items()}
    groups = [
        {"params": list(network.body.parameters()), "lr": recipe.rate * BODY_RATE},
        {"params": list(network.choice.parameters()), "lr": recipe.rate},
    ]
    optimiser = torch.optim.AdamW(groups, weight_decay=0.02)
    schedule = torch.optim.lr_scheduler.OneCycleLR(
        optimiser, [group["lr"] for group in groups], total_steps=recipe.steps, pct_start=0.15
    )
    network.train()
    for step in range(recipe.steps):
        inputs, wanted = batch(rng, learned, recipe.batch)
        scores = network(torch.from_numpy(inputs).contiguous(memory_format=torch.channels_last))
        loss = functional.cross_entropy(scores, torch.from_numpy(wanted), label_smoothing=SMOOTHING)
        optimiser.zero_grad()
        loss.backward()
        optimiser.step()
        schedule.step()
        average(averaged, network, min(AVERAGED, step / (step + 10)))
        if tell and (step % 20 == 0 or step + 1 == recipe.steps):
            tell({"step": step, "steps": recipe.steps, "loss": float(loss.detach())})
    network.load_state_dict(averaged)
    network.eval()
    out.mkdir(parents=True, exist_ok=True)
    held_out = [square for square in known if square.held_out] or known
    path = out / "last.pt"
    torch.save({"model": network.state_dict(), "temperature": fitted_temperature(*scores_of(network, held_out))}, path)
    return path


def scores_of(network: HelmetNet, chosen: list[Square]) -> tuple[NDArray[np.float32], NDArray[np.int64]]:
    """Scores [n, classes] and true classes [n] of squares, cut as at the roadside."""
    inputs = []
    for square in chosen:
        whole = square.crop.shape[0]
        spare = round(whole * (SEEN_MARGIN - MARGIN) / (1 + 2 * SEEN_MARGIN))
        inputs.append(head_image(square.crop[spare : whole - spare, spare : whole - spare]))
    with torch.no_grad():
        scores: NDArray[np.float32] = network(torch.from_numpy(np.stack(inputs))).numpy()
    return scores, np.array([CLASSES.index(square.state) for square in chosen], np.int64)
