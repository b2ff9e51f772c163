"""Fine-tuning of `traffic-n`: seeded, resumable after every epoch, on one CPU core."""

from __future__ import annotations

import copy
import json
import math
import time
from collections.abc import Callable
from dataclasses import asdict, dataclass
from pathlib import Path

import cv2
import numpy as np
import torch
from numpy.typing import NDArray
from torch import Tensor

from models.errors import ModelError
from models.training.traffic.loss import UndecidedLoss
from models.training.traffic.network import adapt, load_base, trainable_groups
from models.training.traffic.pictures import Composer, read_set

EMA_DECAY = 0.998
CLIP_NORM = 10.0
WARM_UP_STEPS = 40
CHECKPOINT = "last.pt"
LOG = "log.jsonl"


@dataclass(frozen=True)
class Recipe:
    """How to train; the defaults are what the committed weights were made with.

    Attributes:
        epochs: how often every picture is shown.
        plain_epochs: how many of them, at the end, show single pictures only (else a quarter are).
        side_px: side of the square training picture, a multiple of 32.
        batch: pictures a step.
        rate: learning rate of neck and head (AdamW, cosine to a twentieth).
        frozen_layers: layers from the picture on that keep what COCO taught.
        seed: of everything random.
        threads: CPU threads.
    """

    epochs: int = 4
    plain_epochs: int = 0
    side_px: int = 448
    batch: int = 16
    rate: float = 1.5e-4
    frozen_layers: int = 5
    seed: int = 7
    threads: int = 1

    def smoke(self) -> Recipe:
        """The same in seconds: for tests."""
        return Recipe(epochs=2, plain_epochs=1, side_px=128, batch=2, threads=self.threads, seed=self.seed)


Tell = Callable[[dict[str, float]], None]


def _nothing(_: dict[str, float]) -> None:
    return


def train(base: Path, data: Path, out: Path, recipe: Recipe, *, resume: bool = False, tell: Tell = _nothing) -> Path:
    """Train and return the checkpoint, which ultralytics can load too.

    Args:
        base: a YOLOv8 detector trained on COCO.
        data: folder with `images` and `labels`.
        out: folder for `last.pt` (after every epoch) and `log.jsonl`.
        recipe: how.
        resume: go on after the last finished epoch of `out`.
        tell: is called after each step with epoch, step, steps and loss.

    Raises:
        ModelError: the base, the data or the checkpoint cannot be used.
    """
    torch.set_num_threads(recipe.threads)
    cv2.setNumThreads(recipe.threads)
    torch.manual_seed(recipe.seed)
    composer = Composer(read_set(data), side_px=recipe.side_px, seed=recipe.seed)
    steps = max(1, len(composer) // recipe.batch)
    checkpoint = out / CHECKPOINT
    if resume and not checkpoint.exists():
        raise ModelError(f"nothing to resume: {checkpoint} does not exist (leave --resume away to begin)")
    out.mkdir(parents=True, exist_ok=True)
    saved = torch.load(checkpoint, weights_only=False) if resume else None
    if saved is not None and saved["recipe"] != asdict(recipe):
        raise ModelError(
            f"{checkpoint} was trained with another recipe ({saved['recipe']}): give the same, or begin anew"
        )
    network = saved["network"] if saved else adapt(load_base(base))
    average = saved["model"].float() if saved else copy.deepcopy(network)
    first = saved["epoch"] + 1 if saved else 0
    # Channels last is a tenth faster on CPUs.
    network = network.to(memory_format=torch.channels_last).train()
    groups = trainable_groups(network, rate=recipe.rate, frozen_layers=recipe.frozen_layers)
    optimizer = torch.optim.AdamW(groups)
    schedule = torch.optim.lr_scheduler.LambdaLR(optimizer, _course(recipe.epochs * steps))
    if saved:
        optimizer.load_state_dict(saved["optimizer"])
        schedule.load_state_dict(saved["schedule"])
    criterion = UndecidedLoss(network)
    for epoch in range(first, recipe.epochs):
        began = time.monotonic()
        parts = torch.zeros(3)
        order = composer.order(epoch)
        for step in range(steps):
            chosen = order[step * recipe.batch : (step + 1) * recipe.batch]
            mosaic = epoch < recipe.epochs - recipe.plain_epochs
            pictures, batch = _batch(composer, chosen, epoch=epoch, step=step, mosaic=mosaic, side_px=recipe.side_px)
            loss, found = criterion(network(pictures), batch)
            optimizer.zero_grad()
            loss.backward()
            torch.nn.utils.clip_grad_norm_([p for group in groups for p in group["params"]], CLIP_NORM)
            optimizer.step()
            schedule.step()
            _follow(average, network, epoch * steps + step)
            parts += found
            tell({"epoch": epoch, "step": step, "steps": steps, "loss": float(loss.detach())})
        _save(checkpoint, network, average, optimizer, schedule, epoch, recipe)
        names = ("box_loss", "class_loss", "dfl_loss")
        losses = {name: round(value / steps, 4) for name, value in zip(names, parts.tolist(), strict=True)}
        with (out / LOG).open("a", encoding="utf-8") as log:
            log.write(json.dumps({"epoch": epoch, **losses, "wall_s": round(time.monotonic() - began, 1)}) + "\n")
    return checkpoint


def _batch(
    composer: Composer,
    chosen: NDArray[np.int64],
    *,
    epoch: int,
    step: int,
    mosaic: bool,
    side_px: int,
) -> tuple[Tensor, dict[str, Tensor]]:
    pictures, boxes, classes, owner = [], [], [], []
    for place, index in enumerate(chosen.tolist()):
        where = step * len(chosen) + place
        picture, found, names = composer.compose(index, epoch=epoch, place=where, mosaic=mosaic)
        pictures.append(picture[:, :, ::-1].transpose(2, 0, 1))
        centre = (found[:, :2] + found[:, 2:]) / 2
        boxes.append(np.concatenate([centre, found[:, 2:] - found[:, :2]], axis=1) / side_px)
        classes.append(names)
        owner.append(np.full(len(names), place))
    stacked = torch.from_numpy(np.ascontiguousarray(np.stack(pictures))).float() / 255
    return stacked.to(memory_format=torch.channels_last), {
        "batch_idx": torch.from_numpy(np.concatenate(owner)).float(),
        "cls": torch.from_numpy(np.concatenate(classes)).float()[:, None],
        "bboxes": torch.from_numpy(np.concatenate(boxes)).float(),
    }


def _course(total: int) -> Callable[[int], float]:
    def factor(step: int) -> float:
        warm = min(1.0, (step + 1) / WARM_UP_STEPS)
        return warm * (0.05 + 0.95 * (1 + math.cos(math.pi * min(1.0, step / max(1, total)))) / 2)

    return factor


def _follow(average: torch.nn.Module, network: torch.nn.Module, step: int) -> None:
    # The average forgets faster at the beginning, when the network changes most.
    decay = EMA_DECAY * (1 - math.exp(-(step + 1) / 100))
    with torch.no_grad():
        for mean, value in zip(average.parameters(), network.parameters(), strict=True):
            mean.lerp_(value, 1 - decay)


def _save(
    path: Path,
    network: torch.nn.Module,
    average: torch.nn.Module,
    optimizer: torch.optim.Optimizer,
    schedule: torch.optim.lr_scheduler.LambdaLR,
    epoch: int,
    recipe: Recipe,
) -> None:
    aside = path.with_suffix(".tmp")
    network.args = {}  # ultralytics puts its own there when it loads the file
    torch.save(
        {
            "model": average,
            "network": network,
            "optimizer": optimizer.state_dict(),
            "schedule": schedule.state_dict(),
            "epoch": epoch,
            "recipe": asdict(recipe),
            "train_args": {"imgsz": recipe.side_px, "task": "detect"},
        },
        aside,
    )
    aside.replace(path)
