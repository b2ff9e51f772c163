"""Golden tables of deadlines, counted by hand with a calendar: every policy variant, on the days that go wrong."""

from __future__ import annotations

from datetime import date, datetime
from pathlib import Path
from zoneinfo import ZoneInfo

import pytest

from api.jurisdiction.calendar import CalendarNotPublished
from api.jurisdiction.loading import SAMPLES, load_jurisdiction
from api.jurisdiction.model import Holiday
from api.store.clocks import due_at
from api.store.explaining import explained
from api.store.kinds import CaseKind

JATENG = load_jurisdiction(SAMPLES / "jateng.yaml")
METRO = load_jurisdiction(Path(__file__).parent / "metro.yaml")
WIB = ZoneInfo("Asia/Jakarta")
DITLANTAS, SEMARANG, SURAKARTA = "ditlantas-jateng", "polrestabes-semarang", "polresta-surakarta"


def wib(text: str) -> datetime:
    return datetime.fromisoformat(text).replace(tzinfo=WIB)


def policy_for(jurisdiction, kind, name, started, agency, event):
    found = [
        one
        for one in jurisdiction.policies_at(CaseKind(kind), started, agency)
        if one.name == name and event in one.starts_on
    ]
    assert len(found) <= 1, "one promise a name"
    return found[0] if found else None


# Columns: sort of case, which clock, whose, what starts it, when, the offence, the policy's id, the deadline; all WIB.
GOLDEN = [
    # 24 hours of wall time: no weekend, holiday, leap day or year end stops them.
    ("complaint", "first_response", "dishub", "opened", "2026-03-02 08:15", None, "first-response", "2026-03-03 08:15"),
    ("complaint", "first_response", "dishub", "opened", "2026-03-20 10:00", None, "first-response", "2026-03-21 10:00"),
    (
        "complaint",
        "first_response",
        "dishub",
        "reopened",
        "2026-03-22 23:59",
        None,
        "first-response",
        "2026-03-23 23:59",
    ),
    ("contest", "first_response", DITLANTAS, "opened", "2024-02-28 15:00", None, "first-response", "2024-02-29 15:00"),
    ("contest", "first_response", DITLANTAS, "opened", "2024-02-29 15:00", None, "first-response", "2024-03-01 15:00"),
    ("complaint", "first_response", "dishub", "opened", "2026-12-31 23:30", None, "first-response", "2027-01-01 23:30"),
    # Calendar days.
    ("violation", "review", DITLANTAS, "opened", "2024-02-27 09:00", None, "review", "2024-03-01 09:00"),
    ("violation", "review", DITLANTAS, "opened", "2025-02-27 09:00", None, "review", "2025-03-02 09:00"),
    ("violation", "review", DITLANTAS, "opened", "2025-12-30 23:00", None, "review", "2026-01-02 23:00"),
    ("ticket", "confirmation", DITLANTAS, "opened", "2026-03-16 08:00", None, "confirmation", "2026-03-21 08:00"),
    (
        "ticket",
        "confirmation",
        SEMARANG,
        "opened",
        "2018-05-10 08:00",
        None,
        "confirmation-semarang",
        "2018-05-14 08:00",
    ),
    (
        "ticket",
        "confirmation",
        SEMARANG,
        "opened",
        "2021-12-31 23:59",
        None,
        "confirmation-semarang",
        "2022-01-04 23:59",
    ),
    ("ticket", "confirmation", SEMARANG, "opened", "2022-01-01 00:00", None, "confirmation", "2022-01-06 00:00"),
    ("ticket", "confirmation", SURAKARTA, "opened", "2026-02-25 10:00", None, None, None),
    (
        "ticket",
        "confirmation",
        SURAKARTA,
        "notice_received",
        "2026-02-25 10:00",
        None,
        "confirmation-surakarta",
        "2026-03-04 10:00",
    ),
    # Day 15 of the offence, and never less than seven days from the ticket (or from the judgement).
    ("ticket", "payment", DITLANTAS, "opened", "2026-01-12 09:00", "2026-01-10 08:00", "payment", "2026-01-25 08:00"),
    ("ticket", "payment", DITLANTAS, "opened", "2026-01-20 09:00", "2026-01-10 08:00", "payment", "2026-01-27 09:00"),
    ("ticket", "payment", DITLANTAS, "opened", "2024-02-21 09:00", "2024-02-20 12:00", "payment", "2024-03-06 12:00"),
    ("ticket", "payment", DITLANTAS, "upheld", "2026-03-01 09:00", "2026-01-10 08:00", "payment", "2026-03-08 09:00"),
    # Working days: Eid with joint leave in 2026 (18 to 24 March) and in 2025 (28 March to 7 April).
    (
        "complaint",
        "verification",
        "dishub",
        "opened",
        "2026-03-13 09:00",
        None,
        "lapor-verification",
        "2026-03-26 00:00",
    ),
    ("complaint", "action", "dishub", "opened", "2026-03-13 09:00", None, "lapor-action", "2026-03-28 00:00"),
    ("complaint", "resolution", "dishub", "opened", "2026-03-13 09:00", None, "resolution", "2026-04-07 00:00"),
    (
        "complaint",
        "verification",
        "dishub",
        "opened",
        "2025-03-27 10:00",
        None,
        "lapor-verification",
        "2025-04-11 00:00",
    ),
    ("complaint", "action", "dishub", "reopened", "2025-03-27 10:00", None, "lapor-action", "2025-04-15 00:00"),
    ("complaint", "resolution", "dishub", "opened", "2025-03-27 10:00", None, "resolution", "2025-04-23 00:00"),
    # The leap day is worked.
    (
        "complaint",
        "verification",
        "dishub",
        "opened",
        "2024-02-28 14:00",
        None,
        "lapor-verification",
        "2024-03-05 00:00",
    ),
    ("complaint", "action", "dishub", "opened", "2024-02-28 14:00", None, "lapor-action", "2024-03-07 00:00"),
    ("complaint", "resolution", "dishub", "opened", "2024-02-28 14:00", None, "resolution", "2024-03-16 00:00"),
    # Christmas, its joint leave and the new year.
    (
        "complaint",
        "verification",
        "dishub",
        "opened",
        "2025-12-24 16:00",
        None,
        "lapor-verification",
        "2026-01-01 00:00",
    ),
    ("complaint", "action", "dishub", "opened", "2025-12-24 16:00", None, "lapor-action", "2026-01-06 00:00"),
    ("complaint", "resolution", "dishub", "opened", "2025-12-24 16:00", None, "resolution", "2026-01-13 00:00"),
    # The last published day can be reached; one in the morning belongs to its own day; a Saturday counts from Monday.
    (
        "complaint",
        "verification",
        "dishub",
        "opened",
        "2026-12-28 09:00",
        None,
        "lapor-verification",
        "2027-01-01 00:00",
    ),
    (
        "complaint",
        "verification",
        "dishub",
        "opened",
        "2026-08-10 01:00",
        None,
        "lapor-verification",
        "2026-08-14 00:00",
    ),
    (
        "complaint",
        "verification",
        "dishub",
        "opened",
        "2026-08-08 12:00",
        None,
        "lapor-verification",
        "2026-08-13 00:00",
    ),
]
GOLDEN_METRO = [
    (
        "ticket",
        "confirmation",
        "ditlantas-metro",
        "opened",
        "2025-02-20 08:00",
        None,
        "confirmation",
        "2025-03-08 08:00",
    ),
    (
        "ticket",
        "confirmation",
        "ditlantas-metro",
        "opened",
        "2028-02-20 08:00",
        None,
        "confirmation",
        "2028-03-07 08:00",
    ),
]
ROWS = [(JATENG, *row) for row in GOLDEN] + [(METRO, *row) for row in GOLDEN_METRO]


@pytest.mark.parametrize(
    ("jurisdiction", "kind", "name", "agency", "event", "started", "offence", "policy_id", "due"),
    ROWS,
    ids=[f"{row[0].id}-{row[2]}-{row[4]}-{row[5]}" for row in ROWS],
)
def test_golden(jurisdiction, kind, name, agency, event, started, offence, policy_id, due):
    start = wib(started)
    policy = policy_for(jurisdiction, kind, name, start, agency, event)
    if policy_id is None:
        assert policy is None
        return
    assert policy is not None
    assert policy.id == policy_id
    anchor = wib(offence) if policy.anchor == "occurred_at" else start
    assert due_at(policy, jurisdiction, anchor_at=anchor, started_at=start) == wib(due)


def test_the_tables_hold_every_variant():
    for jurisdiction, rows in ((JATENG, GOLDEN), (METRO, GOLDEN_METRO)):
        assert {row[6] for row in rows if row[6]} == {policy.id for policy in jurisdiction.clocks}


@pytest.mark.parametrize(("clock", "started"), [("action", "2026-12-28 09:00"), ("verification", "2027-01-04 09:00")])
def test_no_deadline_is_guessed_past_the_published_holidays(clock, started):
    policy = policy_for(JATENG, "complaint", clock, wib(started), "dishub", "opened")
    with pytest.raises(CalendarNotPublished, match="2027"):
        due_at(policy, JATENG, anchor_at=wib(started), started_at=wib(started))


# Columns: when it was opened, the holiday decreed meanwhile, the deadline before and after it.
DECREED = [
    ("2026-08-10 09:00", "2026-08-12", "2026-08-14 00:00", "2026-08-15 00:00"),
    ("2026-08-10 09:00", "2026-08-13", "2026-08-14 00:00", "2026-08-15 00:00"),
    # Over a weekend; on a Saturday; on the day of the complaint itself; after the deadline.
    ("2026-08-11 09:00", "2026-08-14", "2026-08-15 00:00", "2026-08-19 00:00"),
    ("2026-08-10 09:00", "2026-08-15", "2026-08-14 00:00", "2026-08-14 00:00"),
    ("2026-08-10 09:00", "2026-08-10", "2026-08-14 00:00", "2026-08-14 00:00"),
    ("2026-08-10 09:00", "2026-08-14", "2026-08-14 00:00", "2026-08-14 00:00"),
]


@pytest.mark.parametrize(("opened", "decreed", "before", "after"), DECREED)
def test_a_holiday_decreed_mid_clock(opened, decreed, before, after):
    start = wib(opened)
    policy = policy_for(JATENG, "complaint", "verification", start, "dishub", "opened")
    assert due_at(policy, JATENG, anchor_at=start, started_at=start) == wib(before)
    assert due_at(policy, with_holiday(decreed), anchor_at=start, started_at=start) == wib(after)


def with_holiday(day):
    holiday = Holiday(day=date.fromisoformat(day), name="Cuti Bersama", kind="joint_leave")
    changed = JATENG.model_copy(update={"holidays": (*JATENG.holidays, holiday)})
    changed.__dict__.pop("calendar", None)
    return changed


def test_a_citizen_is_told_which_days_were_not_counted():
    start = wib("2026-03-13 09:00")
    policy = policy_for(JATENG, "complaint", "verification", start, "dishub", "opened")
    due = due_at(policy, JATENG, anchor_at=start, started_at=start)
    indonesian, english = explained(policy, JATENG, anchor_at=start, due=due, why_not="")
    for told in ("3 hari kerja", "tanpa Sabtu dan Minggu", "18-03-2026 Cuti Bersama Hari Suci Nyepi", "24-03-2026"):
        assert told in indonesian
    for told in ("3 working days", "without Saturdays and Sundays", "20-03-2026", "lapor-verification v1: SP4N-LAPOR!"):
        assert told in english
    # Saturday 21 March would not have counted anyhow.
    assert "21-03-2026" not in indonesian
