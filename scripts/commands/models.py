"""`tertib models`: the catalogue of networks, and how ours are made."""

from __future__ import annotations

import json
import sys
import tempfile
from pathlib import Path
from typing import Annotated

import typer
from rich.console import Console
from rich.progress import Progress

from models.catalogue import home, load_catalogue, resolve, sha256_of, use, weights_path
from models.errors import ModelError
from scripts.commands._crop_training import KINDS as CROPS
from scripts.commands._crop_training import export_crops, train_crops
from scripts.commands._plate_training import NAMES as PLATES
from scripts.commands._plate_training import export_plates, train_plates

app = typer.Typer(add_completion=False, no_args_is_help=True)
TRAINED_HERE = "traffic-n"
BASE = Path("yolov8n.pt")
UNTAUGHT = Path("yolov8n.yaml")
"""A base that knows nothing; ultralytics carries its plan."""

Name = Annotated[str, typer.Argument(metavar="NAME", help="A name of the catalogue; `tertib models list` shows them.")]


@app.command("list", epilog="Example: tertib models list --json")
def list_models(as_json: Annotated[bool, typer.Option("--json", help="A JSON line a model.")] = False) -> None:
    """Show the catalogue: task, licence, and whether the weights are here."""
    try:
        catalogue = load_catalogue()
    except ModelError as error:
        raise typer.TyperException(str(error)) from error
    for name, model in catalogue.models.items():
        path = weights_path(name, model)
        here = path.exists()
        if as_json:
            row: dict[str, object] = {
                "name": name,
                "task": model.task,
                "classes": list(model.classes),
                "licence": model.licence,
            }
            row |= {"source": model.source.kind, "sha256": model.sha256, "card": model.card, "extra": model.extra}
            row |= {"present": here, "path": str(path)}
            sys.stdout.write(json.dumps(row) + "\n")
        else:
            state = "here" if here else "to fetch"
            sys.stdout.write(f"{name:<14} {model.task:<7} {model.licence:<20} {state:<9} {model.summary}\n")


@app.command(epilog="Example: tertib models fetch rapidocr")
def fetch(
    names: Annotated[
        list[str] | None, typer.Argument(metavar="[NAME]...", help="Default: all the roadside runs.")
    ] = None,
    offline: Annotated[bool, typer.Option(help="Only verify what is here.")] = False,
) -> None:
    """Fetch weights that are not in the repository, and verify all by SHA-256."""
    try:
        catalogue = load_catalogue()
        wanted = names or [name for name, model in catalogue.models.items() if model.extra == "edge"]
        for name in wanted:
            path = resolve(name, offline=offline)
            sys.stdout.write(f"{name}: {path} (SHA-256 {sha256_of(path)[:16]}...)\n")
    except ModelError as error:
        raise typer.TyperException(str(error)) from error


@app.command("use", epilog="Example: tertib models use traffic-n")
def use_model(name: Name) -> None:
    """Make a model the one this machine uses for its task, once its weights are here and verified."""
    try:
        resolve(name)
        task = use(name)
    except ModelError as error:
        raise typer.TyperException(str(error)) from error
    sys.stdout.write(f"{name} is now used to {task}\n")


@app.command(epilog="Example: tertib models train traffic-n --base yolov8n.pt --data var/training/traffic-n/set")
def train(
    name: Name,
    base: Annotated[
        Path, typer.Option(help="A YOLOv8n trained on COCO; yolov8n.pt is downloaded by ultralytics.")
    ] = BASE,
    data: Annotated[
        Path | None,
        typer.Option(help="Folder with images and labels. Default: $TERTIB_HOME/training/NAME/set."),
    ] = None,
    out: Annotated[Path | None, typer.Option(help="For checkpoints. Default: $TERTIB_HOME/training/NAME.")] = None,
    epochs: Annotated[int, typer.Option(min=1, max=1000, help="How often every picture is shown.")] = 4,
    threads: Annotated[int, typer.Option(min=1, help="CPU threads.")] = 1,
    seed: Annotated[int, typer.Option(help="Of everything random.")] = 7,
    resume: Annotated[bool, typer.Option("--resume", help="Go on after the last finished epoch.")] = False,
    smoke: Annotated[bool, typer.Option("--smoke", help="A few seconds on a few made pictures: does it run?")] = False,
    minutes: Annotated[
        float | None, typer.Option(min=0.1, help="Only plates: end after this time in all, if not done before.")
    ] = None,
) -> None:
    """Train a network of ours (traffic-n, plates, signals, riders); stop it when you like, `--resume` goes on."""
    if name in PLATES:
        train_plates(out, threads=threads, seed=seed, minutes=minutes, resume=resume, smoke=smoke)
        return
    if name in CROPS:
        train_crops(name, data, out, base=base, threads=threads, seed=seed, smoke=smoke)
        return
    _only_ours(name)
    try:
        from models.training.traffic.train import Recipe  # noqa: PLC0415 - torch, only in the extra `train`
        from models.training.traffic.train import train as run  # noqa: PLC0415 - as above
    except ModuleNotFoundError as error:
        raise typer.TyperException(
            f"training needs the extra `train` ({error.name} is missing): scripts/setup dev"
        ) from error
    folder = out or home() / "training" / name
    recipe = Recipe(epochs=epochs, threads=threads, seed=seed)
    terminal = Console(stderr=True)
    try:
        with (
            tempfile.TemporaryDirectory(prefix="tertib-smoke-") as made,
            Progress(console=terminal, disable=not terminal.is_terminal) as progress,
        ):
            bar = progress.add_task("training")

            def tell(state: dict[str, float]) -> None:
                done = state["epoch"] * state["steps"] + state["step"] + 1
                words = f"epoch {int(state['epoch']) + 1}/{recipe.epochs}, loss {state['loss']:.2f}"
                progress.update(bar, total=recipe.epochs * state["steps"], completed=done, description=words)

            if smoke:
                from models.training.traffic.smoke import make_set  # noqa: PLC0415 - as above

                recipe = recipe.smoke()
                data = make_set(Path(made), pictures=6)
                # Nothing is downloaded to see whether training runs, and no real checkpoint is written over.
                base = UNTAUGHT if base == BASE else base
                folder = out or Path(made) / "out"
            checkpoint = run(base, data or folder / "set", folder, recipe, resume=resume, tell=tell)
    except ModelError as error:
        raise typer.TyperException(str(error)) from error
    kept = checkpoint.exists()
    sys.stdout.write(f"{checkpoint}\n" if kept else "it runs: two epochs on a few made pictures\n")


@app.command(epilog="Example: tertib models draw --to var/training/traffic-n/set --streets 50")
def draw(
    to: Annotated[Path, typer.Option(help="Folder that gets images and labels.")],
    streets: Annotated[int, typer.Option(min=1, max=10_000, help="How many; three pictures of each.")] = 50,
    seed: Annotated[int, typer.Option(help="Of everything random.")] = 11,
    black_plates: Annotated[bool, typer.Option("--black-plates", help="Only white on black.")] = False,
    near: Annotated[
        bool, typer.Option("--near", help="Dense traffic from near instead: large motorcycles, heads and plates.")
    ] = False,
) -> None:
    """Draw street pictures with exact boxes, to train traffic-n with or to measure it on."""
    from scripts.commands._near_pictures import draw as draw_near  # noqa: PLC0415 - the stage, only when it draws
    from scripts.commands._stage_pictures import draw as draw_streets  # noqa: PLC0415 - as above

    if near and black_plates:
        raise typer.TyperException("--near draws plates of all colours, most of them dark: leave --black-plates away")
    terminal = Console(stderr=True)
    with Progress(console=terminal, disable=not terminal.is_terminal) as progress:
        bar = progress.add_task("streets", total=streets)

        def tell(done: int, _: int) -> None:
            progress.update(bar, completed=done)

        if near:
            count = draw_near(to, streets=streets, seed=seed, tell=tell)
        else:
            count = draw_streets(to, streets=streets, seed=seed, black_plates=black_plates, tell=tell)
    sys.stdout.write(f"{to}: {count} pictures\n")


@app.command(epilog="Example: tertib models limits riders")
def limits(
    suite: Annotated[str, typer.Argument(help="riders, plates, or finding (plates on motorcycles).")],
    scenes: Annotated[int, typer.Option(min=1, max=10_000, help="Only riders: how many to draw.")] = 45,
    seed: Annotated[int | None, typer.Option(help="Only riders: of the first scene.")] = None,
    data: Annotated[Path | None, typer.Option(help="Only finding: folder of `tertib models draw --near`.")] = None,
) -> None:
    """Choose the limits of a reader on drawn pictures that are neither learned from nor reported; prints JSON."""
    if suite == "plates":
        from models.evaluation.plates_limits import main  # noqa: PLC0415 - networks, only when chosen by

        main()
        return
    if suite == "finding":
        from models.evaluation.finding_limits import choose  # noqa: PLC0415 - as above

        if data is None:
            raise typer.TyperException("finding needs --data FOLDER: tertib models draw --near --to FOLDER draws it")
        try:
            sys.stdout.write(json.dumps(choose(data)) + "\n")
        except ModelError as error:
            raise typer.TyperException(str(error)) from error
        return
    if suite != "riders":
        raise typer.TyperException(f"no limits are chosen for {suite!r}: riders, plates or finding")
    from scripts.commands._rider_limits import SEED, choose_riders  # noqa: PLC0415 - networks and stage, as above

    terminal = Console(stderr=True)
    try:
        with Progress(console=terminal, disable=not terminal.is_terminal) as progress:
            bar = progress.add_task("scenes", total=scenes)
            found = choose_riders(
                scenes, SEED if seed is None else seed, lambda done: progress.update(bar, completed=done)
            )
    except ModelError as error:
        raise typer.TyperException(str(error)) from error
    sys.stdout.write(json.dumps(found) + "\n")


@app.command("export", epilog="Example: tertib models export traffic-n --to models/weights/traffic-n.onnx")
def export_model(
    name: Name,
    checkpoint: Annotated[Path | None, typer.Option(help="Default: $TERTIB_HOME/training/NAME/last.pt.")] = None,
    to: Annotated[Path | None, typer.Option(help="ONNX file. Default: beside the checkpoint.")] = None,
    base: Annotated[Path | None, typer.Option(help="Only traffic-n: the base, to mix a part of it in again.")] = None,
    keep: Annotated[float, typer.Option(min=0, max=1, help="Only traffic-n: how much of the base.")] = 0.0,
    calibrate: Annotated[
        Path | None, typer.Option(help="Only traffic-n: folder with images; also write eight bits, NAME-int8.onnx.")
    ] = None,
) -> None:
    """Write a trained network as the ONNX file that the roadside runs, and print its SHA-256 for the catalogue."""
    if name in PLATES:
        export_plates(checkpoint, to)
        return
    if name in CROPS:
        export_crops(name, checkpoint, to)
        return
    _only_ours(name)
    try:
        from models.training.traffic.export import export as run  # noqa: PLC0415 - torch, only in the extra `train`
    except ModuleNotFoundError as error:
        raise typer.TyperException(
            f"export needs the extra `train` ({error.name} is missing): scripts/setup dev"
        ) from error
    checkpoint = checkpoint or home() / "training" / name / "last.pt"
    try:
        path = run(checkpoint, to or checkpoint.with_name(f"{name}.onnx"), base=base, keep=keep)
        written = [path]
        if calibrate:
            from models.training.traffic.int8 import quantise  # noqa: PLC0415 - only when asked for

            written.append(quantise(path, path.with_name(f"{path.stem}-int8.onnx"), calibrate))
    except ModelError as error:
        raise typer.TyperException(str(error)) from error
    for one in written:
        sys.stdout.write(f"{one} {one.stat().st_size} bytes sha256 {sha256_of(one)}\n")


def _only_ours(name: str) -> None:
    if name != TRAINED_HERE:
        raise typer.TyperException(f"{name} is not trained here: {TRAINED_HERE}, plates, signals and riders are")
