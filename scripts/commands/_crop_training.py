"""`tertib models train signals|riders` and `export`: the two small networks that tell what a crop shows."""

from __future__ import annotations

import importlib
import sys
import tempfile
from dataclasses import replace
from pathlib import Path
from typing import Any

import typer
from rich.console import Console
from rich.progress import Progress

from models.catalogue import home, sha256_of
from models.errors import ModelError

KINDS = {"signals": "signals", "signal-n": "signals", "riders": "riders", "helmet-n": "riders"}
"""By name or network: which folder of `models/training` makes it."""
_MODELS = {"signals": "signal-n", "riders": "helmet-n"}
_SMOKE_PICTURES = 6


def train_crops(
    name: str, data: Path | None, out: Path | None, *, base: Path, threads: int, seed: int, smoke: bool
) -> None:
    """Train, and print the checkpoint's path.

    Raises:
        TyperException: the extra `train`, the pictures or the base are missing.
    """
    kind = KINDS[name]
    training = _module(kind, "train")
    recipe = replace(training.Recipe(), threads=threads, seed=seed, base=base)
    terminal = Console(stderr=True)
    with (
        tempfile.TemporaryDirectory(prefix="tertib-smoke-") as made,
        Progress(console=terminal, disable=not terminal.is_terminal) as progress,
    ):
        bar = progress.add_task("training")

        def tell(state: dict[str, float]) -> None:
            words = f"step {int(state['step'])}, loss {state['loss']:.2f}"
            progress.update(bar, total=state["steps"], completed=state["step"] + 1, description=words)

        if smoke:
            recipe, data = recipe.smoke(), _module(kind, "smoke").make_set(Path(made) / "set", pictures=_SMOKE_PICTURES)
        folder = out or (Path(made) / "out" if smoke else _folder(kind))
        try:
            checkpoint = training.train(data or _folder(kind) / "set", folder, recipe, tell=tell)
        except ModelError as error:
            raise typer.TyperException(str(error)) from error
    sys.stdout.write(f"{checkpoint}\n" if checkpoint.exists() else "it runs: a few steps on a few made pictures\n")


def export_crops(name: str, checkpoint: Path | None, to: Path | None) -> None:
    """Write the ONNX file, and print its path, size and SHA-256.

    Raises:
        TyperException: the extra `train` or the checkpoint is missing, or it holds another network.
    """
    kind = KINDS[name]
    checkpoint = checkpoint or _folder(kind) / "last.pt"
    try:
        path = _module(kind, "export").export(checkpoint, to or checkpoint.with_name(f"{_MODELS[kind]}.onnx"))
    except ModelError as error:
        raise typer.TyperException(str(error)) from error
    sys.stdout.write(f"{path} {path.stat().st_size} bytes sha256 {sha256_of(path)}\n")


def _folder(kind: str) -> Path:
    return home() / "training" / _MODELS[kind]


def _module(kind: str, part: str) -> Any:  # noqa: ANN401 - one of four modules, only in the extra `train`
    try:
        return importlib.import_module(f"models.training.{kind}.{part}")
    except ModuleNotFoundError as error:
        raise typer.TyperException(
            f"training needs the extra `train` ({error.name} is missing): scripts/setup dev"
        ) from error
