"""`tertib models train plates` and `tertib models export plates`: the plate network of our own."""

from __future__ import annotations

import sys
import tempfile
from pathlib import Path

import typer
from rich.console import Console
from rich.progress import Progress

from models.catalogue import home, sha256_of
from models.errors import ModelError

NAMES = frozenset({"plates", "plates-id"})
MODEL = "plates-id"
# What may lie in the training's folder: real crops to mix in, and an earlier network to begin with.
PHOTOGRAPHS, BASE = "photographs", "base.pt"


def train_plates(
    out: Path | None, *, threads: int, seed: int, minutes: float | None, resume: bool, smoke: bool
) -> None:
    """Train, and print the checkpoint's path.

    Where the training's folder holds `photographs/labels.csv` or `base.pt`, real crops are mixed in, or training begins
    with that network.

    Raises:
        TyperException: the extra `train` is missing, or there is nothing to resume.
    """
    try:
        from models.training.plates.photographs import load_photographs  # noqa: PLC0415 - torch, as below
        from models.training.plates.train import Recipe  # noqa: PLC0415 - torch, only in the extra `train`
        from models.training.plates.train import train as run  # noqa: PLC0415 - as above
    except ModuleNotFoundError as error:
        raise typer.TyperException(
            f"training needs the extra `train` ({error.name} is missing): scripts/setup dev"
        ) from error
    recipe = Recipe(threads=threads, seed=seed)
    terminal = Console(stderr=True)
    with (
        tempfile.TemporaryDirectory(prefix="tertib-smoke-") as made,
        Progress(console=terminal, disable=not terminal.is_terminal) as progress,
    ):
        bar = progress.add_task("training", total=1.0)

        def tell(state: dict[str, float]) -> None:
            words = f"step {int(state['step'])}, loss {state['loss']:.2f}"
            progress.update(bar, completed=state["done"], description=words)

        folder = out or (Path(made) if smoke else home() / "training" / MODEL)
        base = folder / BASE
        try:
            checkpoint = run(
                folder,
                recipe.smoke() if smoke else recipe,
                minutes=minutes,
                resume=resume,
                photographs=load_photographs(folder / PHOTOGRAPHS) if (folder / PHOTOGRAPHS).is_dir() else None,
                base=base if base.exists() else None,
                tell=tell,
            )
        except ModelError as error:
            raise typer.TyperException(str(error)) from error
    sys.stdout.write(f"{checkpoint}\n" if checkpoint.exists() else "it runs: a few steps on a few made plates\n")


def export_plates(checkpoint: Path | None, to: Path | None) -> None:
    """Write the ONNX file, and print its path, size and SHA-256.

    A target that ends in `.pth` gets EasyOCR's three files for a user's network instead: NAME.pth, .yaml and .py.

    Raises:
        TyperException: the extra `train` or the checkpoint is missing, or it holds another network.
    """
    try:
        from models.training.plates.easyocr_export import export_easyocr  # noqa: PLC0415 - torch, as below
        from models.training.plates.export import export as run  # noqa: PLC0415 - torch, only in the extra `train`
    except ModuleNotFoundError as error:
        raise typer.TyperException(
            f"export needs the extra `train` ({error.name} is missing): scripts/setup dev"
        ) from error
    checkpoint = checkpoint or home() / "training" / MODEL / "last.pt"
    try:
        if to is not None and to.suffix == ".pth":
            folder = export_easyocr(checkpoint, to.parent, to.stem)
            sys.stdout.write(f"{folder}: {to.stem}.pth, {to.stem}.yaml and {to.stem}.py for EasyOCR's recog_network\n")
            return
        path = run(checkpoint, to or checkpoint.with_name(f"{MODEL}.onnx"))
    except ModelError as error:
        raise typer.TyperException(str(error)) from error
    sys.stdout.write(f"{path} {path.stat().st_size} bytes sha256 {sha256_of(path)}\n")
