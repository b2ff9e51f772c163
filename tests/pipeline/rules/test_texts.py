"""What a rule measures is read by officers and road users: every key has a name in both languages."""

from __future__ import annotations

import ast
from collections.abc import Iterator
from pathlib import Path

from api.web.messages import LANGUAGES, catalogue
from pipeline import rules

UNITS = ("m", "vehicle_sizes")


def measured_keys(source: str) -> Iterator[str]:
    """Keys of every dictionary that a rule names `measured`; one that ends in its unit stands for both units."""
    for node in ast.walk(ast.parse(source)):
        named = (
            (isinstance(node, ast.keyword) and node.arg == "measured")
            or (isinstance(node, ast.AnnAssign) and isinstance(node.target, ast.Name) and node.target.id == "measured")
        )  # fmt: skip
        value = node.value if named and isinstance(node, ast.keyword | ast.AnnAssign) else None
        for key in value.keys if isinstance(value, ast.Dict) else ():
            if isinstance(key, ast.Constant):
                yield str(key.value)
            elif isinstance(key, ast.JoinedStr) and isinstance(key.values[0], ast.Constant):
                yield from (f"{key.values[0].value}{unit}" for unit in UNITS)


def test_everything_that_a_rule_measures_has_a_name_in_both_languages() -> None:
    sources = [path.read_text(encoding="utf-8") for path in Path(rules.__file__).parent.glob("*.py")]
    keys = {key for source in sources for key in measured_keys(source)}
    assert {"red_for_s", "beyond_line_m", "ticket_speed_kmh", "bare_heads", "ways_apart_vehicle_sizes"} <= keys
    nameless = sorted(key for key in keys if not catalogue().has(f"measured.{key}"))
    assert nameless == []
    assert all(catalogue().text(language, f"measured.{key}") for key in keys for language in LANGUAGES)
