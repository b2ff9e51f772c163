"""Why this deadline: how it was counted, in words that a citizen can follow with a calendar in hand."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import date, datetime, timedelta

from api.jurisdiction.calendar import SATURDAY
from api.jurisdiction.model import ClockPolicy, Jurisdiction

_UNITS = {
    "hours": ("jam", "hours of wall time"),
    "days": ("hari kalender", "calendar days"),
    "years": ("tahun", "years"),
    "working_days": ("hari kerja", "working days"),
}
Days = tuple[tuple[date, str], ...]


@dataclass(frozen=True)
class Moved:
    """That a running deadline moved, and why.

    Attributes:
        before: the deadline until then.
        added: holidays that were decreed since, with their names.
        removed: holidays that were taken back since.
        stood_still: from when to when the clock was held, waiting for somebody outside the office.
    """

    before: datetime
    added: Days = ()
    removed: Days = ()
    stood_still: tuple[datetime, datetime] | None = None


def _listed(days: Days) -> str:
    return ", ".join(f"{day:%d-%m-%Y} {name}" for day, name in days)


def skipped(jurisdiction: Jurisdiction, anchor_at: datetime, due: datetime) -> Days:
    """The holidays from Monday to Friday between the start and the deadline, which were not counted."""
    first = jurisdiction.local_day(anchor_at)
    # A deadline in working days is the midnight at the end of its last day.
    last = jurisdiction.local_day(due - timedelta(microseconds=1))
    return tuple(
        (day, name)
        for day, name in sorted(jurisdiction.calendar.holidays.items())
        if first < day <= last and day.weekday() < SATURDAY
    )


def explained(
    policy: ClockPolicy,
    jurisdiction: Jurisdiction,
    *,
    anchor_at: datetime,
    due: datetime | None,
    why_not: str,
    moved: Moved | None = None,
) -> tuple[str, str]:
    """How a deadline was computed, in Indonesian and English.

    Args:
        policy: how it is counted.
        jurisdiction: whose holidays and local time.
        anchor_at: counted from here.
        due: the deadline; None when it cannot be computed yet.
        why_not: why it cannot.
        moved: that it moved, and why.
    """
    unit_id, unit_en = _UNITS[policy.count]
    local = anchor_at.astimezone(jurisdiction.zone)
    source = f"{policy.id} v{policy.version}: {policy.source}"
    told_id = f"{policy.names.id}: {policy.amount} {unit_id} sejak {local:%d-%m-%Y %H:%M:%S %Z}"
    told_en = f"{policy.names.en}: {policy.amount} {unit_en} from {local:%d-%m-%Y %H:%M:%S %Z}"
    if policy.at_least_days is not None:
        told_id += f", paling cepat {policy.at_least_days} hari setelah dimulai"
        told_en += f", not sooner than {policy.at_least_days} days after it started"
    if due is None:
        return (
            f"{told_id}; batas waktu belum dapat dihitung ({why_not}). [{source}]",
            f"{told_en}; the deadline cannot be computed yet ({why_not}). [{source}]",
        )
    if policy.count == "working_days":
        days = skipped(jurisdiction, anchor_at, due)
        told_id += ", dihitung mulai hari berikutnya tanpa Sabtu dan Minggu"
        told_en += ", counted from the next day, without Saturdays and Sundays"
        if days:
            told_id += f" serta tanpa {_listed(days)}"
            told_en += f", nor {_listed(days)}"
    until = due.astimezone(jurisdiction.zone)
    told_id += f"; paling lambat {until:%d-%m-%Y %H:%M:%S %Z}."
    told_en += f"; at the latest {until:%d-%m-%Y %H:%M:%S %Z}."
    if moved is not None:
        before = moved.before.astimezone(jurisdiction.zone)
        told_id += f" Semula {before:%d-%m-%Y %H:%M:%S %Z}"
        told_en += f" It was {before:%d-%m-%Y %H:%M:%S %Z}"
        if moved.added:
            told_id += f"; libur baru: {_listed(moved.added)}"
            told_en += f"; newly decreed: {_listed(moved.added)}"
        if moved.removed:
            told_id += f"; tidak lagi libur: {_listed(moved.removed)}"
            told_en += f"; no longer a holiday: {_listed(moved.removed)}"
        if moved.stood_still is not None:
            since, to = (f"{moment.astimezone(jurisdiction.zone):%d-%m-%Y %H:%M}" for moment in moved.stood_still)
            told_id += f"; jam berhenti dari {since} sampai {to}, menunggu pemohon"
            told_en += f"; it stood still from {since} to {to}, waiting for the applicant"
        told_id, told_en = f"{told_id}.", f"{told_en}."
    return f"{told_id} [{source}]", f"{told_en} [{source}]"
