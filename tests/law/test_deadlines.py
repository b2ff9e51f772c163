"""Golden tables of deadlines, counted by hand with a calendar: every policy variant, on the days that go wrong."""

from __future__ import annotations

import csv
from datetime import date, datetime
from pathlib import Path
from zoneinfo import ZoneInfo

import pytest

from api.jurisdiction.calendar import CalendarNotPublished
from api.jurisdiction.loading import SAMPLES, load_jurisdiction
from api.jurisdiction.model import Holiday
from api.store.clocks import due_at, working_days_between
from api.store.explaining import explained
from api.store.kinds import CaseKind
from api.store.transitions import TRANSITIONS

JATENG = load_jurisdiction(SAMPLES / "jateng.yaml")
METRO = load_jurisdiction(Path(__file__).parent / "metro.yaml")
WIB = ZoneInfo("Asia/Jakarta")


def wib(text: str) -> datetime:
    return datetime.fromisoformat(text).replace(tzinfo=WIB)


def policy_for(jurisdiction, kind, name, started, agency, event, service=None):
    found = [
        one
        for one in jurisdiction.policies_at(CaseKind(kind), started, agency, service)
        if one.name == name and event in (*one.starts_on, *one.restarts_on)
    ]
    assert len(found) <= 1, "one promise a name"
    return found[0] if found else None


# Which clock of which sort of case, whose, what starts it and when (and the offence), by which version, and until when.
# All times are WIB; an empty policy means that nothing is promised.
with (Path(__file__).parent / "deadlines.csv").open(encoding="utf-8", newline="") as table:
    ROWS = list(csv.DictReader(table))
JURISDICTIONS = {one.id: one for one in (JATENG, METRO)}


@pytest.mark.parametrize("row", ROWS, ids=[f"{one['clock']}-{one['event']}-{one['started']}" for one in ROWS])
def test_golden(row):
    jurisdiction, start = JURISDICTIONS[row["jurisdiction"]], wib(row["started"])
    policy = policy_for(
        jurisdiction, row["kind"], row["clock"], start, row["agency"], row["event"], row["service"] or None
    )
    if not row["policy"]:
        assert policy is None
        return
    assert policy is not None
    assert f"{policy.id}/{policy.version}" == row["policy"]
    anchor = wib(row["offence"]) if policy.anchor == "occurred_at" else start
    assert due_at(policy, jurisdiction, anchor_at=anchor, started_at=start) == wib(row["due"]), row["why"]


def test_the_table_holds_every_version_of_every_variant():
    for jurisdiction in JURISDICTIONS.values():
        held = {row["policy"] for row in ROWS if row["jurisdiction"] == jurisdiction.id and row["policy"]}
        assert held == {f"{policy.id}/{policy.version}" for policy in jurisdiction.clocks}


def test_every_event_that_a_policy_names_exists_for_its_kinds():
    for jurisdiction in JURISDICTIONS.values():
        for policy in jurisdiction.clocks:
            known = {event for kind in policy.kinds for events in TRANSITIONS[kind].values() for event in events}
            named = {
                *policy.starts_on,
                *policy.stops_on,
                *policy.drops_on,
                *policy.restarts_on,
                *policy.pauses_on,
                *policy.resumes_on,
                *policy.then,
            }
            assert named <= known, policy.id


def test_what_follows_from_a_missed_deadline_ends_its_clock():
    for policy in JATENG.clocks:
        assert not policy.then or policy.then[0] in (*policy.stops_on, *policy.drops_on), policy.id


# Columns: the service, when it was asked for, when the file was found incomplete, when it was completed, the deadline.
PAUSED = [
    # Tuesday to Thursday: two working days more.
    ("business_permit", "2026-09-07 09:00", "2026-09-08 10:00", "2026-09-10 15:00", "2026-09-17 00:00"),
    # Over a weekend: Friday to Monday is one.
    ("business_permit", "2026-09-07 09:00", "2026-09-11 10:00", "2026-09-14 09:00", "2026-09-16 00:00"),
    # Within a day: none.
    ("business_permit", "2026-09-07 09:00", "2026-09-08 10:00", "2026-09-08 15:00", "2026-09-15 00:00"),
    # Around Eid with joint leave: only the working days that passed meanwhile.
    ("business_permit", "2026-03-13 09:00", "2026-03-16 10:00", "2026-03-25 09:00", "2026-04-01 00:00"),
    # Hours of wall time stand still to the second.
    ("ktp", "2026-09-07 09:00", "2026-09-07 12:00", "2026-09-09 13:30:15", "2026-09-10 10:30:15"),
]


@pytest.mark.parametrize(("service", "asked", "paused", "resumed", "due"), PAUSED)
def test_a_pause_gives_the_office_back_its_time(service, asked, paused, resumed, due):
    start = wib(asked)
    policy = policy_for(JATENG, "request", "service", start, "dpmptsp", "opened", service)
    if policy.count == "working_days":
        units = working_days_between(JATENG, wib(paused), wib(resumed))
    else:
        units = int((wib(resumed) - wib(paused)).total_seconds())
    assert due_at(policy, JATENG, anchor_at=start, started_at=start, paused_units=units) == wib(due)


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
