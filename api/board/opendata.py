"""The board as open data: the same numbers as tables, with a dictionary that says what each column is."""

from __future__ import annotations

import csv
import io
from collections.abc import Callable
from datetime import datetime
from typing import Any, Final

from sqlalchemy.orm import Session

from api.board import figures
from api.jurisdiction.model import Jurisdiction

Row = dict[str, Any]
LICENCE: Final = "CC BY 4.0"

COLUMNS: Final[dict[str, tuple[str, ...]]] = {
    "agencies": ("agency", "name", "on_time", "late", "overdue_open", "running", "share_on_time"),
    "months": ("month", "on_time", "late", "share_on_time"),
    "regencies": ("code", "name", "opened", "on_time", "late", "overdue_open", "share_on_time", "suppressed"),
    "cameras": (
        "camera",
        "decided",
        "rejected",
        "share_rejected",
        "low",
        "high",
        "cancelled_later",
        "second_readings",
        "agreed",
    ),
    "funnel": ("stage", "n"),
}
"""Tables and their columns; each column is explained by the message `board.column.NAME`."""


def _share(value: float | None) -> float | None:
    return None if value is None else round(value, 4)


def tables(session: Session, jurisdiction: Jurisdiction, moment: datetime) -> dict[str, list[Row]]:
    """All tables, rows in the order of the page."""

    def agency(line: figures.AgencyLine) -> Row:
        kept = line.kept
        values = (line.agency, line.name, kept.on_time, kept.late, kept.overdue_open, kept.running, _share(kept.share))
        return dict(zip(COLUMNS["agencies"], values, strict=True))

    def regency(line: figures.RegencyLine) -> Row:
        values = (
            line.regency.code,
            line.regency.name,
            line.opened,
            line.on_time,
            line.late,
            line.overdue_open,
            _share(line.share),
            line.opened is None,
        )
        return dict(zip(COLUMNS["regencies"], values, strict=True))

    def camera(line: figures.CameraLine) -> Row:
        low, high = line.rejected.interval or (None, None)
        told = line.told
        values = (
            line.camera,
            line.rejected.of,
            line.rejected.hits if told else None,
            _share(line.rejected.share) if told else None,
            _share(low) if told else None,
            _share(high) if told else None,
            line.cancelled,
            line.agreed.of,
            line.agreed.hits,
        )
        return dict(zip(COLUMNS["cameras"], values, strict=True))

    months = [
        dict(zip(COLUMNS["months"], (f"{one.month:%Y-%m}", one.on_time, one.late, _share(one.share)), strict=True))
        for one in figures.months(session)
    ]
    return {
        "agencies": [agency(line) for line in figures.agencies(session, jurisdiction, moment)],
        "months": months,
        "regencies": [regency(line) for line in figures.regencies(session, jurisdiction)],
        "cameras": [camera(line) for line in figures.cameras(session)],
        "funnel": [{"stage": one.name, "n": one.n} for one in figures.funnel(session)],
    }


def as_csv(name: str, rows: list[Row]) -> str:
    """One table; a text that a spreadsheet would take for a formula stays a text."""

    def safe(value: object) -> object:
        if isinstance(value, bool):
            return str(value).lower()
        return f"'{value}" if isinstance(value, str) and value[:1] in "=+-@\t\r" else value

    out = io.StringIO()
    writer = csv.writer(out)
    writer.writerow(COLUMNS[name])
    writer.writerows([safe(row[column]) for column in COLUMNS[name]] for row in rows)
    return out.getvalue()


Say = Callable[[str], str]


def dictionary(say: Say) -> dict[str, dict[str, str]]:
    """What each column of each table is, in the reader's language."""
    return {name: {column: say(f"board.column.{column}") for column in columns} for name, columns in COLUMNS.items()}
