"""Reads a scene file; what is wrong is said in one sentence: which file, which key, what to do."""

from __future__ import annotations

import difflib
from pathlib import Path
from typing import Any

import yaml
from pydantic import BaseModel, ValidationError
from pydantic_core import ErrorDetails

from pipeline.scene.model import Scene
from pipeline.scene.signing import SceneSignatureError, check_signature, read_signature

LIMIT_BYTES = 1_000_000


class SceneError(ValueError):
    """A scene file that cannot be used; the message names file, key and remedy."""


def load_scene(path: Path) -> Scene:
    """Read and check a scene, and the technician's signature where one lies beside it.

    Args:
        path: YAML file.

    Returns:
        The checked scene.

    Raises:
        SceneError: With one sentence, when the file is missing, no YAML, breaks a rule, or was changed after it was
            signed.
    """
    try:
        if path.stat().st_size > LIMIT_BYTES:
            raise SceneError(
                f"{path}: is larger than {LIMIT_BYTES} bytes, which no scene file is: was a clip given in its place?"
            )
        text = path.read_text(encoding="utf-8")
    except FileNotFoundError:
        raise SceneError(f"{path}: there is no such scene file") from None
    except IsADirectoryError:
        raise SceneError(f"{path}: is a folder; a scene is a YAML file") from None
    except (OSError, UnicodeDecodeError) as error:
        raise SceneError(f"{path}: cannot be read as text ({error})") from None
    try:
        content = yaml.safe_load(text)
    except yaml.YAMLError as error:
        mark = getattr(error, "problem_mark", None)
        where = f"line {mark.line + 1}, column {mark.column + 1}: " if mark else ""
        raise SceneError(
            f"{path}: {where}is not valid YAML ({getattr(error, 'problem', None) or 'cannot be parsed'})"
        ) from None
    if not isinstance(content, dict):
        raise SceneError(
            f"{path}: must hold keys such as `name`, `camera`, `frame` and `lanes`; see samples/scenes for examples"
        )
    try:
        scene = Scene.model_validate(content).found_in(path.resolve().parent)
    except ValidationError as error:
        raise SceneError(f"{path}: {_sentence(error, content)}") from None
    try:
        signature = read_signature(path)
        if signature is not None:
            check_signature(signature, version=scene.version, version_sha256=scene.version_sha256, scene_file=path)
    except SceneSignatureError as error:
        raise SceneError(str(error)) from error
    return scene.signed_with(signature)


def _sentence(error: ValidationError, content: dict[Any, Any]) -> str:
    problems = _causes(error.errors(include_url=False))
    # An unknown key often causes a second complaint ("Field required"): it is the one to tell.
    first = next((problem for problem in problems if problem["type"] == "extra_forbidden"), problems[0])
    more = f" (and {len(problems) - 1} more)" if len(problems) > 1 else ""
    key = _key(first["loc"], content)
    if first["type"] == "extra_forbidden":
        unknown = str(first["loc"][-1])
        known = _known_keys(first["loc"][:-1])
        close = difflib.get_close_matches(unknown, known, n=1)
        hint = f"did you mean `{close[0]}`?" if close else f"known here: {', '.join(known)}"
        return f"{key}: unknown key; {hint}{more}"
    if first["type"] == "missing":
        return f"{key}: is missing{more}"
    if first["type"] == "literal_error":
        return f"{key}: `{first['input']}` is none of {first['ctx']['expected'].replace(chr(39), '')}{more}"
    message = first["msg"].removeprefix("Value error, ").replace("Input should be", "must be")
    return f"{key}: {message}{more}" if key else f"{message}{more}"


def _causes(problems: list[ErrorDetails]) -> list[ErrorDetails]:
    """Without complaints that only follow from others: a list whose one part is wrong is then called too short."""
    places = [problem["loc"] for problem in problems]
    return [
        problem
        for problem in problems
        if problem["type"] != "too_short"
        or not any(place[: len(problem["loc"])] == problem["loc"] and place != problem["loc"] for place in places)
    ]


def _key(location: tuple[int | str, ...], content: object) -> str:
    words: list[str] = []
    for part in location:
        content = _step(content, part)
        if isinstance(part, int):
            name = content.get("id") if isinstance(content, dict) else None
            words.append(str(name) if isinstance(name, str) else str(part + 1))
        else:
            words.append(part)
    return ".".join(words)


def _step(content: object, part: int | str) -> object:
    if isinstance(content, dict):
        return content.get(part)
    if isinstance(content, list) and isinstance(part, int) and part < len(content):
        return content[part]
    return None


def _known_keys(location: tuple[int | str, ...]) -> list[str]:
    model: type[BaseModel] = Scene
    for part in location:
        if isinstance(part, str):
            field = next((f for name, f in model.model_fields.items() if part in (name, f.alias)), None)
            nested = _model_in(field.annotation) if field else None
            if nested is None:
                return []
            model = nested
    return [field.alias or name for name, field in model.model_fields.items()]


def _model_in(annotation: object) -> type[BaseModel] | None:
    if isinstance(annotation, type) and issubclass(annotation, BaseModel):
        return annotation
    for argument in getattr(annotation, "__args__", ()):
        found = _model_in(argument)
        if found:
            return found
    return None
