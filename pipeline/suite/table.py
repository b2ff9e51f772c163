"""The figures of each offence as a table for `docs/offences.md`, so that no figure there is written by hand."""

from __future__ import annotations

import json
from collections.abc import Mapping
from pathlib import Path
from typing import Any

from pipeline.rules import RULES

Record = Mapping[str, Any]
BEGIN, END = "<!-- figures: tertib evaluate offences --write -->", "<!-- end of figures -->"
EXPERIMENTAL = frozenset({"seat_belt", "phone"})


def figure_table(folder: Path) -> str:
    """Markdown: offences found and innocents offered, on true boxes and on drawn clips, and how exact instants are.

    Args:
        folder: With `offences-exact.json`, `offences.json` and `speed.json` as `tertib evaluate --write` leaves them.

    Raises:
        OSError: One of them is missing.
    """
    exact, seen, speed = (
        json.loads((folder / f"{name}.json").read_text(encoding="utf-8"))
        for name in ("offences-exact", "offences", "speed")
    )
    rows = [
        "| code | true boxes: found, falsely offered | drawn clips: found, falsely offered |",
        "| --- | --- | --- |",
    ]
    rows += [f"| `{code.value}` | {_cell(exact, code.value)} | {_cell(seen, code.value)} |" for code in RULES]
    rows.append(f"| all | {_counts(exact)} | {_counts(seen)} |")
    ratios = " on true boxes, ".join(f"{part['sigma_against_quantised']:.2f}" for part in (exact, seen))
    told = [
        f"Sigma of the instant of passing a line against that of the first picture beyond it: {ratios} on drawn clips.",
        _speed("Speeds on true boxes", speed),
        *([_speed("Speeds on drawn clips", speed["drawn"])] if "drawn" in speed else []),
    ]
    return "\n".join([*rows, "", *(f"- {sentence}" for sentence in told)])


def with_table(page: str, table: str) -> str:
    """A page with the table between its two marks.

    Raises:
        ValueError: The page has not both marks.
    """
    if BEGIN not in page or END not in page:
        raise ValueError(f"docs/offences.md lacks `{BEGIN}` or `{END}`: put both where the figures belong")
    head, rest = page.split(BEGIN, 1)
    return f"{head}{BEGIN}\n{table}\n{END}{rest.split(END, 1)[1]}"


def _cell(figures: Record, code: str) -> str:
    found = figures["by_offence"].get(code)
    if found is None:
        return "off by default, not measured" if code in EXPERIMENTAL else "not in the suite"
    return _counts(found)


def _counts(found: Record) -> str:
    return f"{found['found']} of {found['true']}, {found['false']}"


def _speed(what: str, found: Record) -> str:
    return (
        f"{what}: {found['n']} of {found['vehicles']} vehicles measured, mean absolute error {found['mae_kmh']:.2f} "
        f"km/h, {found['inside_u95']:.0%} of the truths inside the stated uncertainty, "
        f"{found['overticketed']} ticketed above the truth."
    )
