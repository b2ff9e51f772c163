"""The bank's file of a day held against the books: each difference is named, none is smoothed over."""

from __future__ import annotations

import csv
import hashlib
from collections import Counter
from collections.abc import Iterator
from dataclasses import asdict, dataclass
from datetime import UTC, date, datetime, time, timedelta
from typing import Final, Literal
from zoneinfo import ZoneInfo

from sqlalchemy import select
from sqlalchemy.dialects.postgresql import insert
from sqlalchemy.orm import Session

from api.clock import now
from api.payments.tables import PaymentRow, ReconciliationRow
from api.store.kinds import Actor

COLUMNS: Final = ("kind", "payment_id", "virtual_account", "amount_rupiah", "paid_at")
TRAILER: Final = "TOTAL"
MAX_LINES: Final = 500_000
Sort = Literal[
    "missing_here", "missing_there", "amount", "account", "twice", "other_day", "unreadable", "trailer_count",
    "trailer_sum", "no_trailer",
]  # fmt: skip


class FileRefused(ValueError):  # noqa: N818 - reads as what happened
    """The file is no reconciliation file; the sentence says why."""


@dataclass(frozen=True)
class Line:
    """One payment or reversal as the bank's file has it."""

    number: int
    kind: str
    payment_id: str
    code: str
    amount_rupiah: int
    paid_at: datetime


@dataclass(frozen=True)
class Difference:
    """One difference between bank and books.

    Attributes:
        sort: what differs: a payment that only one side has, another amount or account, a line twice, a line of another
            day, a line that cannot be read, a trailer that does not fit.
        kind: payment or reversal; empty for the trailer.
        payment_id: the bank's number.
        bank: what the file says.
        books: what we hold.
        line: of the file; 0 when it is not in it.
    """

    sort: Sort
    kind: str = ""
    payment_id: str = ""
    bank: str = ""
    books: str = ""
    line: int = 0


@dataclass(frozen=True)
class Result:
    """What came of it.

    Attributes:
        day: the day, local.
        lines: payments and reversals in the file that could be read.
        sum_rupiah: payments less reversals in the file.
        differences: all that differ, in the file's order, then what the file lacks.
    """

    day: date
    lines: int
    sum_rupiah: int
    differences: tuple[Difference, ...]


def read_file(text: str) -> tuple[list[Line], list[Difference], tuple[int, int] | None]:
    """Read a file: CSV with the columns `COLUMNS`, and a last line `TOTAL,<lines>,,<sum>,`.

    Returns:
        The lines, what could not be read, and the trailer's count and sum.

    Raises:
        FileRefused: no such columns, or too long.
    """
    rows = list(csv.reader(text.splitlines()))
    if not rows or tuple(cell.strip() for cell in rows[0][: len(COLUMNS)]) != COLUMNS:
        message = f"the first line must name the columns {', '.join(COLUMNS)}"
        raise FileRefused(message)
    if len(rows) > MAX_LINES:
        message = f"more than {MAX_LINES} lines"
        raise FileRefused(message)
    lines: list[Line] = []
    wrong: list[Difference] = []
    trailer: tuple[int, int] | None = None
    for number, cells in enumerate(rows[1:], start=2):
        if not any(cell.strip() for cell in cells):
            continue
        if cells[0] == TRAILER:
            try:
                trailer = (int(cells[1]), int(cells[3]))
            except (ValueError, IndexError):
                wrong.append(Difference("unreadable", bank=",".join(cells)[:120], line=number))
            continue
        line = _line(number, cells)
        if line is None:
            wrong.append(Difference("unreadable", bank=",".join(cells)[:120], line=number))
        else:
            lines.append(line)
    return lines, wrong, trailer


def _line(number: int, cells: list[str]) -> Line | None:
    try:
        kind, payment_id, code, amount, paid_at = (cell.strip() for cell in cells[: len(COLUMNS)])
        moment = datetime.fromisoformat(paid_at)
        rupiah = int(amount)
    except ValueError:
        return None
    if kind not in {"payment", "reversal"} or not payment_id or rupiah <= 0 or moment.tzinfo is None:
        return None
    return Line(number, kind, payment_id, code, rupiah, moment.astimezone(UTC))


def reconcile(session: Session, text: str, *, day: date, zone: ZoneInfo, actor: Actor) -> Result:
    """Hold a file against the books and keep the result; the same file of the same day is kept once.

    Args:
        session: an open transaction.
        text: the file.
        day: whose payments it should hold, local.
        zone: local time.
        actor: who does it.

    Raises:
        FileRefused: it is no such file.
    """
    lines, wrong, trailer = read_file(text)
    total = sum(line.amount_rupiah * (1 if line.kind == "payment" else -1) for line in lines)
    differences = (*wrong, *_compare(session, lines, day, zone), *_trailer(lines, total, trailer))
    result = Result(day, len(lines), total, differences)
    values = {
        "day": day,
        "file_sha256": hashlib.sha256(text.encode()).hexdigest(),
        "at": now(session),
        "actor_id": actor.id,
        "lines": result.lines,
        "sum_rupiah": total,
        "differences": [asdict(one) for one in differences],
    }
    session.execute(insert(ReconciliationRow).values(values).on_conflict_do_nothing())
    return result


def _trailer(lines: list[Line], total: int, trailer: tuple[int, int] | None) -> Iterator[Difference]:
    if trailer is None:
        yield Difference("no_trailer")
        return
    if trailer[0] != len(lines):
        yield Difference("trailer_count", bank=str(trailer[0]), books=str(len(lines)))
    if trailer[1] != total:
        yield Difference("trailer_sum", bank=str(trailer[1]), books=str(total))


def _compare(session: Session, lines: list[Line], day: date, zone: ZoneInfo) -> Iterator[Difference]:
    start = datetime.combine(day, time(), zone)
    end = datetime.combine(day + timedelta(days=1), time(), zone)
    held = {
        (row.kind, row.payment_id): row
        for row in session.scalars(
            select(PaymentRow).where(PaymentRow.paid_at >= start, PaymentRow.paid_at < end).order_by(PaymentRow.paid_at)
        )
    }
    times: Counter[tuple[str, str]] = Counter()
    for line in lines:
        key = (line.kind, line.payment_id)
        times[key] += 1
        if times[key] > 1:
            yield Difference("twice", *key, bank=str(line.amount_rupiah), line=line.number)
            continue
        if not start <= line.paid_at < end:
            yield Difference("other_day", *key, bank=line.paid_at.astimezone(zone).isoformat(), line=line.number)
            continue
        row = held.get(key)
        if row is None:
            yield Difference("missing_here", *key, bank=str(line.amount_rupiah), line=line.number)
            continue
        if row.amount_rupiah != line.amount_rupiah:
            yield Difference("amount", *key, str(line.amount_rupiah), str(row.amount_rupiah), line.number)
        if row.code != line.code:
            yield Difference("account", *key, line.code, row.code, line.number)
    for key, row in held.items():
        if key not in times:
            yield Difference("missing_there", *key, books=str(row.amount_rupiah))
