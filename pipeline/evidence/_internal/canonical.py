"""JSON written in one way, and read without the surprises that JSON parsers disagree about."""

from __future__ import annotations

import json
import math
import re
from typing import Any, NoReturn

from pipeline.evidence.limits import MAX_JSON_DEPTH, MAX_JSON_DIGITS

# Strings are skipped as a whole, so that brackets inside them do not count. A string without end matches too, and
# nothing is given back:
# otherwise text made of escaped quotes would be searched again from each of them.
_STRING_OR_BRACKET = re.compile(rb'"(?:[^"\\]|\\.)*+"?|[\[\]{}]', re.DOTALL)


class JsonRefused(ValueError):  # noqa: N818 - internal; callers turn it into the error of their step
    """Bytes that are not the JSON we accept; the message completes "the envelope ..."."""


def canonical_json(value: object) -> bytes:
    """Sorted keys, no spaces, UTF-8, shortest floats.

    Raises:
        ValueError: A float is not finite, or a string holds half of a surrogate pair.
    """
    return json.dumps(value, sort_keys=True, separators=(",", ":"), ensure_ascii=False, allow_nan=False).encode()


def parse_canonical(data: bytes, *, max_bytes: int) -> Any:  # noqa: ANN401 - JSON is any of its types
    """Parse JSON that must be written exactly as `canonical_json` would.

    Raises:
        JsonRefused: It is too large, too deep, holds a duplicate key, a number too long or not finite, or is
            not canonical.
    """
    value = parse_json(data, max_bytes=max_bytes)
    try:
        written = canonical_json(value)
    except UnicodeEncodeError as error:
        raise JsonRefused("holds text that is not valid Unicode") from error
    if written != data:
        raise JsonRefused("is not written as canonical JSON (sorted keys, no spaces, shortest numbers)")
    return value


def parse_json(data: bytes, *, max_bytes: int) -> Any:  # noqa: ANN401 - JSON is any of its types
    """Parse JSON within limits; see `parse_canonical` for what is refused."""
    if len(data) > max_bytes:
        raise JsonRefused(f"is {len(data)} bytes long, more than {max_bytes}")
    _check_depth(data)
    try:
        return json.loads(
            data.decode("utf-8", "strict"),
            object_pairs_hook=_object,
            parse_int=_integer,
            parse_float=_float,
            parse_constant=_refuse_constant,
        )
    except UnicodeDecodeError as error:
        raise JsonRefused("is not valid UTF-8") from error
    except json.JSONDecodeError as error:
        raise JsonRefused(f"is not JSON ({error.msg} at character {error.pos})") from error


def _check_depth(data: bytes) -> None:
    depth = 0
    for match in _STRING_OR_BRACKET.finditer(data):
        if match.group() in (b"[", b"{"):
            depth += 1
            if depth > MAX_JSON_DEPTH:
                raise JsonRefused(f"is nested deeper than {MAX_JSON_DEPTH}")
        elif match.group() in (b"]", b"}"):
            depth -= 1


def _object(pairs: list[tuple[str, Any]]) -> dict[str, Any]:
    result: dict[str, Any] = {}
    for key, value in pairs:
        if key in result:
            raise JsonRefused(f"holds the key {key[:40]!r} twice")
        result[key] = value
    return result


def _check_digits(text: str) -> None:
    if len(text) > MAX_JSON_DIGITS:
        raise JsonRefused(f"holds a number of {len(text)} characters, more than {MAX_JSON_DIGITS}")


def _integer(text: str) -> int:
    _check_digits(text)
    return int(text)


def _float(text: str) -> float:
    _check_digits(text)
    value = float(text)
    if not math.isfinite(value):
        raise JsonRefused("holds a number that is too large")
    return value


def _refuse_constant(text: str) -> NoReturn:
    raise JsonRefused(f"holds {text}, which is not a JSON number")
