"""A page of pictures: what a reader got wrong, what it would not name, and why."""

from __future__ import annotations

import html
from collections.abc import Sequence
from pathlib import Path

import cv2

from models.evaluation.plates import Outcome

MOST_A_KIND = 40
STYLE = (
    "body{font:15px/1.4 system-ui,sans-serif;margin:2rem;max-width:80rem}"
    "ul{display:grid;grid-template-columns:repeat(auto-fill,minmax(15rem,1fr));gap:1rem;list-style:none;padding:0}"
    "li{border:1px solid #bbb;border-radius:6px;padding:.6rem}img{width:100%;height:5rem;object-fit:contain;"
    "background:#222}b{font-family:monospace;font-size:1.1em}small{color:#444}"
)


def write_report(outcomes: dict[str, dict[str, list[Outcome]]], folder: Path) -> Path:
    """Write `index.html` and its pictures.

    Args:
        outcomes: by reader and set.
        folder: is made where absent. It then holds pictures of the sets: never publish those of dev.

    Returns:
        The page.
    """
    (folder / "crops").mkdir(parents=True, exist_ok=True)
    parts = []
    for reader, sets in outcomes.items():
        for name, rows in sets.items():
            wrong = [row for row in rows if row.accepted is not None and row.accepted != row.truth]
            refused = [row for row in rows if row.accepted is None and row.reading is not None]
            refused_wrong = sorted((row for row in refused if not row.right), key=lambda row: -row.confidence)
            refused_right = sorted((row for row in refused if row.right), key=lambda row: row.confidence)
            unfound = sum(row.reading is None for row in rows)
            counts = f"{len(rows)} plates, {len(wrong)} named wrong, {len(refused)} not named, {unfound} not found"
            parts.append(f"<h2>{html.escape(reader)} on {html.escape(name)}</h2><p>{counts}.</p>")
            for number, (title, part) in enumerate(
                (
                    ("Named wrong", sorted(wrong, key=lambda row: -row.confidence)),
                    ("Not named, and the best text is wrong", refused_wrong),
                    ("Not named, though the best text is right", refused_right),
                )
            ):
                parts.append(_section(title, part[:MOST_A_KIND], f"{reader}-{name}-{number}", folder))
    page = folder / "index.html"
    head = f"<!doctype html><html lang=en><meta charset=utf-8><title>Plate readers</title><style>{STYLE}</style>"
    page.write_text(f"{head}<h1>Plate readers: errors and abstentions</h1>{''.join(parts)}</html>\n", encoding="utf-8")
    return page


def _section(title: str, rows: Sequence[Outcome], prefix: str, folder: Path) -> str:
    if not rows:
        return ""
    items = []
    for index, row in enumerate(rows):
        if row.specimen is None or row.specimen.crop is None or row.reading is None:
            continue
        name = f"{prefix}-{index:02d}.png"
        cv2.imwrite(str(folder / "crops" / name), row.specimen.crop)
        why = f"<br><small>{html.escape(row.reading.reason)}</small>" if row.reading.reason else ""
        items.append(
            f"<li><img src='crops/{name}' alt='plate {html.escape(row.truth)}'><br>true <b>{html.escape(row.truth)}</b>"
            f"<br>read <b>{html.escape(row.best or '-')}</b> ({row.confidence:.2f}){why}"
            f"<br><small>{html.escape(row.specimen.name)}, {row.specimen.colour}, {row.specimen.light}</small></li>"
        )
    return f"<h3>{title}</h3><ul>{''.join(items)}</ul>"
