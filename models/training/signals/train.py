"""Trains the network that reads signal heads, and chooses its temperature and threshold on held-out pictures."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass, replace
from pathlib import Path

import numpy as np
import torch
from numpy.typing import NDArray
from torch import nn
from torch.nn import functional

from models.signals.lamp_image import MARGIN, STATES, lamp_image
from models.training.signals.batches import SEEN_MARGIN, batch
from models.training.signals.export import load_checkpoint
from models.training.signals.heads import Head, heads
from models.training.signals.network import UNTAUGHT, LampNet

Tell = Callable[[dict[str, float]], None]
SMOOTHING = 0.03
AVERAGED = 0.99
"""Share of the averaged network that is kept a step."""


@dataclass(frozen=True)
class Recipe:
    """How it is trained; the same recipe and data give the same network.

    Attributes:
        steps: Batches.
        batch: Heads a batch.
        rate: Highest learning rate.
        threads: CPU threads.
        seed: Of everything random.
        base: A YOLOv8n trained on COCO.
        body_rate: Learning rate of what COCO taught, as a share of the new choice's.
        start: A checkpoint whose network is taught further, or None to begin with the base.
    """

    steps: int = 1400
    batch: int = 40
    rate: float = 3e-3
    threads: int = 1
    seed: int = 7
    base: Path = Path("yolov8n.pt")
    body_rate: float = 0.2
    start: Path | None = None

    def smoke(self) -> Recipe:
        """A few seconds: does it run?"""
        return replace(self, steps=4, batch=8, base=UNTAUGHT)


def train(data: Path, out: Path, recipe: Recipe, *, tell: Tell | None = None) -> Path:
    """Train on the labelled heads below `data` (folders `images` and `labels`).

    Args:
        data: the folder to learn from, for example `images/signals-id/train`.
        out: folder for the checkpoint.
        recipe: how.
        tell: told `step`, `steps` and `loss` now and then.

    Returns:
        The checkpoint `last.pt`: the averaged network and its temperature.

    Raises:
        ModelError: the folder holds no labelled heads, or the base or checkpoint to start with is absent.
    """
    torch.set_num_threads(recipe.threads)
    torch.manual_seed(recipe.seed)
    rng = np.random.default_rng(recipe.seed)
    known = heads(data, margin=SEEN_MARGIN)
    learned = [head for head in known if not head.held_out] or known
    network = (load_checkpoint(recipe.start)[0] if recipe.start else LampNet(recipe.base)).to(
        memory_format=torch.channels_last
    )
    averaged = {name: value.clone() for name, value in network.state_dict().items()}
    groups = [
        {"params": list(network.body.parameters()), "lr": recipe.rate * recipe.body_rate},
        {"params": list(network.choice.parameters()), "lr": recipe.rate},
    ]
    optimiser = torch.optim.AdamW(groups, weight_decay=0.02)
    schedule = torch.optim.lr_scheduler.OneCycleLR(
        optimiser, [group["lr"] for group in groups], total_steps=recipe.steps, pct_start=0.1
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
    temperature = fitted_temperature(*scores_of(network, [head for head in known if head.held_out] or known))
    path = out / "last.pt"
    torch.save({"model": network.state_dict(), "temperature": temperature}, path)
    return path


def average(averaged: dict[str, torch.Tensor], network: nn.Module, keep: float) -> None:
    """Move an averaged network's values towards a network's; `keep` is the share of the old ones (0..1)."""
    for name, value in network.state_dict().items():
        if value.dtype.is_floating_point:
            averaged[name].mul_(keep).add_(value, alpha=1 - keep)
        else:
            averaged[name].copy_(value)


def scores_of(network: LampNet, chosen: list[Head]) -> tuple[NDArray[np.float32], NDArray[np.int64]]:
    """Scores [n, states] and true states [n] of heads, cut as at the roadside."""
    spare = (SEEN_MARGIN - MARGIN) / (1 + 2 * SEEN_MARGIN)
    inputs = []
    for head in chosen:
        height, width = head.crop.shape[:2]
        y, x = round(spare * height), round(spare * width)
        inputs.append(lamp_image(head.crop[y : height - y, x : width - x]))
    with torch.no_grad():
        scores: NDArray[np.float32] = network(torch.from_numpy(np.stack(inputs))).numpy()
    return scores, np.array([STATES.index(head.state) for head in chosen], np.int64)


def fitted_temperature(scores: NDArray[np.float32], wanted: NDArray[np.int64]) -> float:
    """By what to divide scores so that shares mean what they say (Guo et al. 2017, one temperature, by search)."""
    tried = np.exp(np.linspace(np.log(0.3), np.log(4.0), 80))
    losses = [
        float(functional.cross_entropy(torch.from_numpy(scores / value), torch.from_numpy(wanted))) for value in tried
    ]
    return float(tried[int(np.argmin(losses))])
