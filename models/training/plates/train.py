"""Training of `plates-id`: seeded, resumable, on one CPU core, on plates that are drawn as they are needed."""

from __future__ import annotations

import copy
import json
import math
import time
from collections.abc import Callable, Sequence
from dataclasses import asdict, dataclass
from pathlib import Path
from typing import Any

import cv2
import numpy as np
import torch
from torch import Tensor
from torch.nn import functional

from models.errors import ModelError
from models.plates.line_image import normalised
from models.plates.posteriors import ALPHABET, INDEX
from models.training.plates.batches import IGNORED, Batch, made_batch
from models.training.plates.network import STEPS, PlateNet
from models.training.plates.photographs import Photographs

CHECKPOINT = "last.pt"
LOG = "log.jsonl"
CLIP_NORM = 5.0
WARM_UP_STEPS = 150
EMA_DECAY = 0.9985
SAVE_EVERY = 250
# Batches of this number and after are never learned from.
HELD_OUT = 1_000_000_000


@dataclass(frozen=True)
class Recipe:
    """How to train.

    Attributes:
        steps: how many batches; the rate falls over the last part of them.
        batch: lines a batch.
        rate: learning rate (AdamW).
        fall: share of the training, at its end, over which the rate falls to nothing.
        guided: share, at its beginning, in which each step is told its character as strongly as the whole line is.
        held_out: lines to measure on, now and then.
        seed: of everything random.
        threads: CPU threads.
    """

    steps: int = 12000
    batch: int = 32
    rate: float = 2e-3
    fall: float = 0.35
    guided: float = 0.25
    held_out: int = 480
    seed: int = 7
    threads: int = 1

    def smoke(self) -> Recipe:
        """The same in seconds: for tests."""
        return Recipe(steps=4, batch=4, held_out=4, seed=self.seed, threads=self.threads)


Tell = Callable[[dict[str, float]], None]


def _nothing(_: dict[str, float]) -> None:
    return


def train(
    out: Path,
    recipe: Recipe,
    *,
    minutes: float | None = None,
    resume: bool = False,
    photographs: Photographs | None = None,
    base: Path | None = None,
    clock: Callable[[], float] = time.monotonic,
    tell: Tell = _nothing,
) -> Path:
    """Train and return the checkpoint.

    Args:
        out: folder for `last.pt` and `log.jsonl`.
        recipe: how.
        minutes: end after this many minutes in all, earlier runs that are resumed included, if the recipe's steps are
            not reached before; the rate falls in time. Without it the result depends on the recipe alone.
        resume: go on after the last checkpoint of `out`.
        photographs: real crops to mix in; without them all is drawn.
        base: checkpoint of an earlier network to begin with instead of with nothing.
        clock: seconds, for `minutes` and the log.
        tell: is called after each step with step, share done and loss.

    Raises:
        ModelError: there is nothing to resume, or it was trained in another way.
    """
    torch.set_num_threads(recipe.threads)
    cv2.setNumThreads(recipe.threads)
    torch.manual_seed(recipe.seed)
    checkpoint = out / CHECKPOINT
    saved = _saved(checkpoint, recipe) if resume else None
    out.mkdir(parents=True, exist_ok=True)
    network = PlateNet()
    if base is not None and saved is None:
        _begin_from(network, base)
    average = copy.deepcopy(network).eval()
    optimizer = torch.optim.AdamW(network.parameters(), lr=recipe.rate, betas=(0.9, 0.99), weight_decay=0.02)
    step, spent_s = 0, 0.0
    if saved:
        network.load_state_dict(saved["network"])
        average.load_state_dict(saved["model"])
        optimizer.load_state_dict(saved["optimizer"])
        step, spent_s = saved["step"], saved["spent_s"]
    # Channels last is a tenth faster on CPUs.
    network = network.to(memory_format=torch.channels_last).train()
    held_out = _held_out(recipe)
    began = clock()
    recent: list[float] = []
    done = _share_done(step, spent_s, recipe, minutes)
    while done < 1:
        rate = recipe.rate * course(step, done, recipe)
        for group in optimizer.param_groups:
            group["lr"] = rate
        # What torch draws (dropout) depends on the step alone: a resumed training goes on as an unbroken one would.
        torch.manual_seed(recipe.seed * 1_000_003 + step)
        loss = _loss(network, made_batch(recipe.seed, step, recipe.batch, photographs), done, recipe)
        optimizer.zero_grad()
        loss.backward()
        torch.nn.utils.clip_grad_norm_(network.parameters(), CLIP_NORM)
        optimizer.step()
        _follow(average, network, step)
        step += 1
        recent.append(float(loss.detach()))
        spent = spent_s + clock() - began
        done = _share_done(step, spent, recipe, minutes)
        tell({"step": step, "done": done, "loss": recent[-1]})
        if step % SAVE_EVERY == 0 or done >= 1:
            _save(checkpoint, network, average, optimizer, step, spent, recipe)
            entry = {
                "step": step,
                "loss": round(float(np.mean(recent)), 4),
                "held_out_exact": exact(average, held_out),
                "rate": round(rate, 6),
                "spent_s": round(spent, 1),
            }
            recent.clear()
            with (out / LOG).open("a", encoding="utf-8") as log:
                log.write(json.dumps(entry) + "\n")
    return checkpoint


def course(step: int, done: float, recipe: Recipe) -> float:
    """Share of the full rate: warm up, hold, and fall as a cosine over the last part."""
    warm = min(1.0, (step + 1) / WARM_UP_STEPS)
    falling = max(0.0, (done - (1 - recipe.fall)) / recipe.fall)
    return warm * (1 + math.cos(math.pi * min(1.0, falling))) / 2


def exact(network: PlateNet, batches: Sequence[Batch]) -> float:
    """Share of made lines read without a fault by the best path."""
    right = total = 0
    network.eval()
    with torch.no_grad():
        for batch in batches:
            for row, text in zip(network(_input(batch)).argmax(2).tolist(), batch.texts, strict=True):
                right += best_path(row) == text
                total += 1
    return round(right / max(1, total), 4)


def best_path(classes: Sequence[int]) -> str:
    """Classes step by step to text: repeats are one, 0 is silence."""
    text, before = "", 0
    for found in classes:
        if found not in {0, before}:
            text += ALPHABET[found - 1]
        before = found
    return text


def _share_done(step: int, spent_s: float, recipe: Recipe, minutes: float | None) -> float:
    in_time = spent_s / (minutes * 60) if minutes else 0.0
    return max(step / recipe.steps, in_time)


def _input(batch: Batch) -> Tensor:
    return torch.from_numpy(normalised(batch.images))


def _loss(network: PlateNet, batch: Batch, done: float, recipe: Recipe) -> Tensor:
    """CTC over the line, and cross entropy at the steps whose character is known: far quicker at the start."""
    shares: Tensor = network(_input(batch).to(memory_format=torch.channels_last))
    said = torch.tensor([INDEX[character] + 1 for text in batch.texts for character in text])
    lengths = torch.tensor([len(text) for text in batch.texts])
    steps = torch.full((len(batch.texts),), STEPS)
    line = functional.ctc_loss(shares.transpose(0, 1), said, steps, lengths, zero_infinity=True)
    there = functional.nll_loss(shares.flatten(0, 1), torch.from_numpy(batch.steps).flatten(), ignore_index=IGNORED)
    return line + (1.0 if done < recipe.guided else 0.2) * there


def _held_out(recipe: Recipe) -> list[Batch]:
    size = min(recipe.batch, recipe.held_out)
    return [made_batch(recipe.seed, HELD_OUT + index, size) for index in range(max(1, recipe.held_out // size))]


def _follow(average: PlateNet, network: PlateNet, step: int) -> None:
    # The average forgets faster at the beginning, when the network changes most.
    decay = min(EMA_DECAY, (step + 1) / (step + 10))
    with torch.no_grad():
        for mean, value in zip(average.state_dict().values(), network.state_dict().values(), strict=True):
            if mean.is_floating_point():
                mean.lerp_(value, 1 - decay)
            else:
                mean.copy_(value)


def _save(
    path: Path,
    network: PlateNet,
    average: PlateNet,
    optimizer: torch.optim.Optimizer,
    step: int,
    spent_s: float,
    recipe: Recipe,
) -> None:
    aside = path.with_suffix(".tmp")
    state = {"model": average.state_dict(), "network": network.state_dict(), "optimizer": optimizer.state_dict()}
    torch.save({**state, "step": step, "spent_s": spent_s, "recipe": asdict(recipe)}, aside)
    aside.replace(path)


def _begin_from(network: PlateNet, base: Path) -> None:
    try:
        network.begin_from(torch.load(base, weights_only=True)["model"])
    except FileNotFoundError as error:
        raise ModelError(f"nothing to begin with: {base} does not exist") from error
    except (RuntimeError, KeyError) as error:
        raise ModelError(f"{base} holds no plate network to begin with") from error


def _saved(path: Path, recipe: Recipe) -> dict[str, Any]:
    try:
        saved: dict[str, Any] = torch.load(path, weights_only=True)
    except FileNotFoundError as error:
        raise ModelError(f"nothing to resume: {path} does not exist (leave --resume away to begin)") from error
    wanted = asdict(recipe)
    # How long to go on may change between runs; what is shown may not.
    for name in ("batch", "seed"):
        if saved["recipe"][name] != wanted[name]:
            raise ModelError(
                f"{path} was trained with {name} {saved['recipe'][name]}, not {wanted[name]}: "
                "give the same, or begin anew"
            )
    return saved
