"""The scenes of a suite: a line a look, a scene for each time of day."""

from __future__ import annotations

from dataclasses import dataclass
from pathlib import Path
from typing import Any, Literal

import yaml
from pydantic import Field, ValidationError

from pipeline.stage import Specification
from pipeline.stage.invention import Invention, Kind, invent
from pipeline.stage.looks import Time
from pipeline.stage.part import Part

LIMIT_BYTES = 1_000_000


class SuiteError(ValueError):
    """A suite that cannot be read; the message names file, place and remedy."""


class Line(Part):
    """One look, played at some times of day."""

    kind: Kind = Field(title="Kind", description="The offence that it is about")
    look: str = Field(title="Look", description="A named scene of that kind", max_length=40)
    times: tuple[Time, ...] = Field(("day",), title="Times", description="A scene for each", min_length=1)
    seed: int = Field(1, title="Seed", description="Of the first; counted on", ge=0, le=2**31 - 100)
    difficulty: float = Field(0.2, title="Difficulty", description="Noise, haze, company", ge=0, le=1)
    innocent: bool = Field(False, title="Innocent", description="Nothing forbidden happens")
    hidden: bool = Field(False, title="Hidden", description="The offender is covered for a part of its way")
    doubtful: bool = Field(False, title="Doubtful", description="True, but who keeps silent is right too")


class Suite(Part):
    """All lines."""

    schema_version: Literal["tertib.suite/1"] = Field(alias="schema", title="Schema", description="tertib.suite/1")
    scenes: tuple[Line, ...] = Field(title="Scenes", description="One line a look", min_length=1)


@dataclass(frozen=True)
class SuiteScene:
    """One scene of the suite.

    Attributes:
        name: Unique in the suite.
        kind: The offence that it is about.
        look: Which named scene.
        time: day, dusk or night.
        innocent: Nothing forbidden happens in it.
        counted: Whether its offences count for recall: neither hidden nor doubtful.
        specification: What is played.
    """

    name: str
    kind: str
    look: str
    time: str
    innocent: bool
    counted: bool
    specification: Specification


def load_suite(path: Path) -> tuple[SuiteScene, ...]:
    """Read a suite and invent its scenes.

    Raises:
        SuiteError: With one sentence, when the file is missing, no YAML, or names what there is not.
    """
    try:
        if path.stat().st_size > LIMIT_BYTES:
            raise SuiteError(f"{path}: is larger than {LIMIT_BYTES} bytes, which no suite is")
        content: Any = yaml.safe_load(path.read_text(encoding="utf-8"))
        suite = Suite.model_validate(content)
    except FileNotFoundError:
        raise SuiteError(f"{path}: there is no such suite") from None
    except yaml.YAMLError as error:
        raise SuiteError(f"{path}: is not valid YAML ({getattr(error, 'problem', None) or error})") from None
    except ValidationError as error:
        first = error.errors(include_url=False)[0]
        where = ".".join(str(part + 1) if isinstance(part, int) else part for part in first["loc"])
        raise SuiteError(f"{path}: {where}: {first['msg'].removeprefix('Value error, ')}") from None
    scenes: list[SuiteScene] = []
    for number, line in enumerate(suite.scenes, 1):
        try:
            scenes += _played(line)
        except ValueError as error:
            raise SuiteError(f"{path}: scenes.{number}: {error}") from None
    names = [scene.name for scene in scenes]
    twice = next((name for name in names if names.count(name) > 1), None)
    if twice:
        raise SuiteError(f"{path}: the scene `{twice}` is there twice: give one of them another seed")
    return tuple(scenes)


def _played(line: Line) -> list[SuiteScene]:
    scenes: list[SuiteScene] = []
    for index, time in enumerate(line.times):
        wanted = Invention(
            kind=line.kind, look=line.look, time=time, seed=line.seed + index, difficulty=line.difficulty
        )
        content = invent(wanted)
        name = f"{line.kind}-{line.look}-{time}-{line.seed + index}".replace("_", "-")
        specification = Specification.model_validate({**content, "name": name})
        counted = not (line.hidden or line.doubtful)
        scenes.append(SuiteScene(name, line.kind, line.look, time, line.innocent, counted, specification))
    return scenes
