"""Working days of a jurisdiction, and the refusal to count beyond the years whose holidays are published."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from datetime import date, datetime, time, timedelta
from zoneinfo import ZoneInfo

SATURDAY = 5


class CalendarNotPublished(ValueError):  # noqa: N818 - reads as what happened
    """A working day of a year was asked for whose holidays are not in the jurisdiction's file."""


@dataclass(frozen=True)
class WorkCalendar:
    """Which days are worked.

    Attributes:
        holidays: day -> name, national holidays and joint leave.
        years: years whose holidays are published; no other year is counted in.
        timezone: local time of the jurisdiction.
    """

    holidays: Mapping[date, str]
    years: frozenset[int]
    timezone: ZoneInfo

    def is_working_day(self, day: date) -> bool:
        """Monday to Friday and no holiday.

        Raises:
            CalendarNotPublished: the year's holidays are not published.
        """
        if day.year not in self.years:
            known = ", ".join(str(year) for year in sorted(self.years))
            message = (
                f"the holidays of {day.year} are not published in the jurisdiction's file (known: {known}): add them"
            )
            raise CalendarNotPublished(message)
        return day.weekday() < SATURDAY and day not in self.holidays

    def add_working_days(self, start: datetime, days: int) -> datetime:
        """End of the last of `days` working days, counted from the day after `start`, in local time.

        Args:
            start: timezone-aware.
            days: 1 or more.

        Returns:
            Midnight at the end of that day, in the timezone of the jurisdiction.

        Raises:
            CalendarNotPublished: the count reaches a year that is not published.
        """
        day = start.astimezone(self.timezone).date()
        left = days
        while left:
            day += timedelta(days=1)
            if self.is_working_day(day):
                left -= 1
        return datetime.combine(day + timedelta(days=1), time(), tzinfo=self.timezone)
