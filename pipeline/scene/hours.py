"""When something binds: parts of the week, first and last days, and the holidays on which it may not."""

from __future__ import annotations

from collections.abc import Collection
from datetime import date, datetime, time, timedelta
from functools import cached_property
from typing import Literal, Self

from pydantic import Field, model_validator

from pipeline.scene.parts import Clock, Strict

Weekday = Literal["mon", "tue", "wed", "thu", "fri", "sat", "sun"]
WEEKDAYS: tuple[Weekday, ...] = ("mon", "tue", "wed", "thu", "fri", "sat", "sun")
OnHolidays = Literal["as_other_days", "off", "only"]


class Hours(Strict):
    """A part of the week, in the camera's local time. `from` after `to` runs past midnight."""

    days: tuple[Weekday, ...] = Field(WEEKDAYS, title="Days", description="mon to sun", min_length=1)
    start: Clock = Field(time(0), alias="from", title="From", description='Local time, quoted: "06:00"')
    end: Clock = Field(
        time(23, 59, 59, 999999), alias="to", title="To", description='Local time, quoted: "09:00"; "24:00" is midnight'
    )
    holidays: OnHolidays = Field(
        "as_other_days",
        title="Holidays",
        description="off: does not bind on holidays; only: binds on holidays only; both need the scene's `calendar`",
    )
    valid_from: date | None = Field(None, title="Valid from", description="First day, local; always, if left out")
    valid_to: date | None = Field(None, title="Valid to", description="Last day, local; for good, if left out")

    @model_validator(mode="after")
    def _ordered(self) -> Self:
        if self.valid_from and self.valid_to and self.valid_to < self.valid_from:
            raise ValueError(f"valid_to ({self.valid_to}) lies before valid_from ({self.valid_from}): exchange them")
        return self

    @cached_property
    def always(self) -> bool:
        """Whether they bind at any time: most signs do, and need not ask the calendar."""
        return self == Hours()

    def covers(self, moment: datetime, holidays: Collection[date] = ()) -> bool:
        """Whether `moment` falls into these hours.

        Args:
            moment: Local and aware.
            holidays: Days on which `holidays` of these hours counts.
        """
        today, clock = moment.date(), moment.timetz().replace(tzinfo=None)
        if self.start <= self.end:
            return self.start <= clock <= self.end and self._binds_on(today, holidays)
        if clock >= self.start:
            return self._binds_on(today, holidays)
        # After midnight the day counts on which these hours began.
        return clock <= self.end and self._binds_on(today - timedelta(days=1), holidays)

    def _binds_on(self, day: date, holidays: Collection[date]) -> bool:
        if (self.valid_from and day < self.valid_from) or (self.valid_to and day > self.valid_to):
            return False
        if WEEKDAYS[day.weekday()] not in self.days:
            return False
        return self.holidays == "as_other_days" or (day in holidays) == (self.holidays == "only")


class Calendar(Strict):
    """The holidays of the place, restated from the jurisdiction; decreed ones are added when they are known."""

    holidays: tuple[date, ...] = Field((), title="Holidays", description="Days, e.g. 2026-03-19")
    complete_to: date = Field(
        title="Complete to",
        description="Last day for which all holidays are known; later, what depends on holidays is no ticket",
    )

    @model_validator(mode="after")
    def _known(self) -> Self:
        late = [day for day in self.holidays if day > self.complete_to]
        if late:
            raise ValueError(f"lists {late[0]}, which is later than complete_to ({self.complete_to}): move complete_to")
        return self


class Directed(Strict):
    """A time in which police directed the traffic by hand: signs and signals did not bind (UU 22/2009 Art. 104)."""

    start: datetime = Field(alias="from", title="From", description="With UTC offset")
    end: datetime = Field(alias="to", title="To", description="With UTC offset")
    by: str = Field(title="By", description="Which unit said so", min_length=1, max_length=120)

    @model_validator(mode="after")
    def _ordered(self) -> Self:
        if self.start.tzinfo is None or self.end.tzinfo is None:
            raise ValueError("has no UTC offset: write for example 2026-03-02T07:15:00+07:00")
        if self.end <= self.start:
            raise ValueError("ends before it begins: exchange `from` and `to`")
        return self
