"""Reads a specification; what is wrong is said in one sentence: which file, which key, what to do."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import yaml
from pydantic import ValidationError

from pipeline.stage.invention import Invention, invent
from pipeline.stage.specification import Specification

LIMIT_BYTES = 1_000_000


class StageError(ValueError):
    """A specification that cannot be played; the message names file, key and remedy."""


def load_specification(path: Path, *, seed: int | None = None) -> Specification:
    """Read a specification, and invent what it leaves to the seed.

    Args:
        path: YAML file. With a key `invent`, everything else in it replaces what was invented.
        seed: In place of the file's.

    Raises:
        StageError: With one sentence, when the file is missing, no YAML, or breaks a rule.
    """
    content = _read(path)
    try:
        if "invent" in content:
            wanted = dict(content.pop("invent") or {})
            if seed is not None:
                wanted["seed"] = seed
            content = {**invent(Invention.model_validate(wanted)), **content}
        elif seed is not None:
            content["seed"] = seed
        return Specification.model_validate(content)
    except ValidationError as error:
        raise StageError(f"{path}: {_sentence(error)}") from None
    except (TypeError, ValueError) as error:
        raise StageError(f"{path}: invent: {error}") from None


def _read(path: Path) -> dict[str, Any]:
    try:
        if path.stat().st_size > LIMIT_BYTES:
            raise StageError(f"{path}: is larger than {LIMIT_BYTES} bytes, which no specification is")
        content = yaml.safe_load(path.read_text(encoding="utf-8"))
    except FileNotFoundError:
        raise StageError(f"{path}: there is no such specification") from None
    except IsADirectoryError:
        raise StageError(f"{path}: is a folder; a specification is a YAML file") from None
    except (OSError, UnicodeDecodeError) as error:
        raise StageError(f"{path}: cannot be read as text ({error})") from None
    except yaml.YAMLError as error:
        mark = getattr(error, "problem_mark", None)
        where = f"line {mark.line + 1}, column {mark.column + 1}: " if mark else ""
        reason = getattr(error, "problem", None) or "cannot be parsed"
        raise StageError(f"{path}: {where}is not valid YAML ({reason})") from None
    if not isinstance(content, dict):
        raise StageError(f"{path}: must hold keys such as `name`, `road` and `actors`, or `invent`; see samples/stage")
    return content


def _sentence(error: ValidationError) -> str:
    problems = error.errors(include_url=False)
    first = next((problem for problem in problems if problem["type"] == "extra_forbidden"), problems[0])
    key = ".".join(str(part + 1) if isinstance(part, int) else part for part in first["loc"])
    more = f" (and {len(problems) - 1} more)" if len(problems) > 1 else ""
    if first["type"] == "extra_forbidden":
        return f"{key}: unknown key; see `tertib scene render --help`{more}"
    if first["type"] == "missing":
        return f"{key}: is missing{more}"
    message = first["msg"].removeprefix("Value error, ")
    return f"{key}: {message}{more}" if key else f"{message}{more}"
