"""The shape of a jurisdiction file: everything that law and custom decide, nothing of it a constant in code."""

from __future__ import annotations

from datetime import date, datetime
from functools import cached_property
from typing import Annotated, Literal, Self
from zoneinfo import ZoneInfo, ZoneInfoNotFoundError

from pydantic import BaseModel, ConfigDict, Field, model_validator

from api.jurisdiction.calendar import WorkCalendar
from api.store.kinds import CaseKind
from pipeline.evidence.offence import OffenceCode

Slug = Annotated[str, Field(pattern=r"^[a-z0-9][a-z0-9_.()-]{0,59}$")]
LANGUAGES = ("id", "en")


class Part(BaseModel):
    """A part of the file: unknown keys are refused."""

    model_config = ConfigDict(frozen=True, extra="forbid")


class Names(Part):
    """A text in the languages of the office."""

    id: str = Field(title="Indonesian", min_length=1, max_length=600)
    en: str = Field(title="English", min_length=1, max_length=600)

    def text(self, language: str) -> str:
        """The text in a language; Indonesian when the language is not known."""
        return self.en if language == "en" else self.id


class Valid(Part):
    """Something that is law from one day to another."""

    valid_from: date = Field(title="First day", description="First local day on which this holds.")
    valid_to: date | None = Field(None, title="Last day", description="Last local day; empty while it still holds.")

    @model_validator(mode="after")
    def _in_order(self) -> Self:
        if self.valid_to is not None and self.valid_to < self.valid_from:
            message = f"valid_to {self.valid_to} is before valid_from {self.valid_from}"
            raise ValueError(message)
        return self

    def holds_on(self, day: date) -> bool:
        """Whether this holds on a local day."""
        return self.valid_from <= day and (self.valid_to is None or day <= self.valid_to)


class Confinement(Part):
    """Imprisonment beside a fine; only with a last day, since the criminal code of 2026 turns it into fines."""

    months: int = Field(ge=1, le=60)
    valid_to: date
    source: str = Field(min_length=1)


class Article(Valid):
    """One row of the fines: an article, its version, and the most it allows."""

    id: Slug
    version: int = Field(ge=1)
    law: str = Field(min_length=1, max_length=120, description="The law's short name, e.g. `UU 22/2009`.")
    article: str = Field(min_length=1, max_length=40, description="Article and paragraph, e.g. `287(1)`.")
    names: Names
    maximum_fine_rupiah: int = Field(ge=0, le=100_000_000, title="Maximum fine", description="Whole rupiah.")
    vehicle_classes: tuple[str, ...] | None = Field(None, description="Empty: every class.")
    confinement: Confinement | None = None
    source: str = Field(min_length=1, max_length=300)
    remark: Names | None = None

    def covers(self, vehicle_class: str | None) -> bool:
        """Whether the article is meant for a vehicle class (unknown classes are covered by general articles only)."""
        return self.vehicle_classes is None or vehicle_class in self.vehicle_classes


class Offence(Part):
    """An offence code of the cameras and the articles that it falls under, the most fitting first."""

    code: OffenceCode
    names: Names
    articles: tuple[Slug, ...] = Field(min_length=1)


class Rung(Part):
    """One step of the ladder that a missed deadline climbs."""

    after_hours: int = Field(ge=0, le=8760, title="After", description="Hours of wall time after the deadline.")
    to: Slug = Field(description="Who is told: a role or an office.")
    names: Names


class ClockPolicy(Valid):
    """How a deadline is counted. A change is a new version with its own first day; results of the past stay."""

    id: Slug
    version: int = Field(ge=1)
    name: Slug = Field(description="Name of the clock: `first_response`, `review`, ...")
    kinds: tuple[CaseKind, ...] = Field(min_length=1)
    names: Names
    starts_on: tuple[str, ...] = Field(("opened",), description="Event types that start the clock.")
    stops_on: tuple[str, ...] = Field(min_length=1, description="Event types that end it.")
    staff_only: bool = Field(False, description="Only a human of the office ends it: no automatic message does.")
    drops_on: tuple[str, ...] = Field(
        (),
        description="Event types that end it in time without a result (withdrawn); late stays late.",
    )
    restarts_on: tuple[str, ...] = Field(
        (), description="Event types that count it anew, once: the letter has left, the owner's days begin."
    )
    pauses_on: tuple[str, ...] = Field((), description="Event types that hold it still; empty: it never pauses.")
    resumes_on: tuple[str, ...] = Field((), description="Event types that let it run on.")
    then: tuple[str, ...] = Field(
        (), description="Events that the office itself appends when it is missed, each where the case's state takes it."
    )
    services: tuple[Slug, ...] | None = Field(
        None, description="Only requests for these services; it then replaces the general policies of the same name."
    )
    count: Literal["hours", "days", "years", "working_days"]
    amount: int = Field(ge=1, le=3660)
    anchor: Literal["event", "occurred_at"] = Field(
        "event", description="Counted from the starting event, or from the offence (`occurred_at` of the case)."
    )
    at_least_days: int | None = Field(
        None, ge=1, description="Never sooner than so many days after the starting event."
    )
    agencies: tuple[Slug, ...] | None = Field(
        None, description="Only cases of these agencies; it then replaces the general policies of the same name."
    )
    ladder: tuple[Rung, ...] = Field((), description="Who is told when it is missed, the first rung first.")
    source: str = Field(min_length=1, max_length=300)

    @property
    def is_special(self) -> bool:
        """Whether it holds for some agencies or services only."""
        return self.agencies is not None or self.services is not None

    @model_validator(mode="after")
    def _climbs(self) -> Self:
        hours = [rung.after_hours for rung in self.ladder]
        if hours != sorted(set(hours)):
            message = f"the ladder of {self.id} does not climb: each rung must come later than the one before"
            raise ValueError(message)
        if bool(self.pauses_on) != bool(self.resumes_on):
            message = f"{self.id} pauses and never resumes, or resumes and never pauses: give both or neither"
            raise ValueError(message)
        return self


class UndoWindow(Valid):
    """How long whoever decided can take it back, as if nothing had been said; nothing leaves before."""

    id: Slug
    version: int = Field(ge=1)
    kind: CaseKind
    events: tuple[str, ...] = Field(min_length=1, description="Event types that are not final at once.")
    seconds: int = Field(ge=0, le=3600)
    source: str = Field(min_length=1, max_length=300)


class Retention(Valid):
    """How long a case that has ended can still be read in full; afterwards its key is destroyed."""

    id: Slug
    version: int = Field(ge=1)
    kind: CaseKind
    states: tuple[str, ...] = Field(min_length=1, description="States in which such a case has ended.")
    after_days: int = Field(ge=1, le=36_500, title="Kept", description="Days since its last event.")
    source: str = Field(min_length=1, max_length=300)


class ReviewPolicy(Valid):
    """How decisions are checked: what is read again, by somebody who does not know, and how fast is too fast."""

    id: Slug
    version: int = Field(ge=1)
    second_reading_of_approvals: float = Field(ge=0, le=1, description="Share of the approvals, 0..1, drawn by lot.")
    second_reading_of_rejections: float = Field(ge=0, le=1, description="Share of the rejections, 0..1, drawn by lot.")
    known_answer_readers: int = Field(ge=1, le=20, description="So many officers read a case whose answer is known.")
    pace_cases_an_hour: int = Field(ge=1, le=3600, description="More decisions than this in an hour raise an alarm.")
    pace_quick_s: int = Field(
        ge=1, le=600, description="A decision within so many seconds of taking the case is quick."
    )
    pace_quick_in_a_row: int = Field(ge=2, le=100, description="So many quick ones in a row raise an alarm.")
    source: str = Field(min_length=1, max_length=300)


class Agency(Part):
    """A service of the province (OPD) or the traffic police that answers."""

    id: Slug
    names: Names
    short: str = Field(min_length=1, max_length=40)
    oversight: bool = Field(
        False, description="It stands outside the units: only such an agency answers confidential complaints."
    )


class Regency(Part):
    """A regency (kabupaten) or city (kota), with the local government that answers for it."""

    id: Slug
    code: str = Field(pattern=r"^[0-9]{2}\.[0-9]{2}$", description="Code of the interior ministry, e.g. `33.74`.")
    kind: Literal["regency", "city"]
    name: str = Field(min_length=1, max_length=60, description="Without the word for its kind.")
    agency: Slug
    also: tuple[str, ...] = Field((), description="Other names that people write.")

    @property
    def names(self) -> Names:
        """Its whole name."""
        city = self.kind == "city"
        return Names(
            id=f"{'Kota' if city else 'Kabupaten'} {self.name}", en=f"{self.name} {'City' if city else 'Regency'}"
        )


class RejectReason(Part):
    """One of the closed list of reasons why an officer does not accept what a camera saw."""

    id: Slug
    names: Names
    key: str | None = Field(None, pattern=r"^[a-z0-9]$", description="The key that chooses it in the officers' view.")


class ContestGround(Part):
    """One ground on which an owner may contest a ticket (sanggah)."""

    id: Slug
    names: Names
    evidence: Names | None = Field(None, description="What helps to prove it.")


class ComplaintCategory(Part):
    """What a complaint is about, and who must answer it."""

    id: Slug
    names: Names
    agency: Slug
    confidential: bool = Field(
        False,
        description="It goes past the unit that it is about: its agency (of oversight) reads it, and auditors.",
    )
    local: bool = Field(
        False,
        description="It lies with the regency or city that it names; without one, with the agency of the province.",
    )
    words: tuple[str, ...] = Field((), description="Words of a message that is about this, in lower case.")


class ChecklistItem(Part):
    """One thing that an applicant must bring."""

    id: Slug
    names: Names
    required: bool = True


class Service(Part):
    """One thing that a counter of a service mall does: who answers, and what must be brought."""

    id: Slug
    names: Names
    agency: Slug
    checklist: tuple[ChecklistItem, ...] = ()
    source: str = Field(min_length=1, max_length=300)


class MallCounters(Part):
    """The counters of one agency in a mall, and the letter of the numbers that wait for them."""

    agency: Slug
    letter: str = Field(pattern=r"^[A-Z]$")


class Mall(Part):
    """A service mall: the house where several agencies keep counters."""

    id: Slug
    names: Names
    regency: Slug | None = None
    counters: tuple[MallCounters, ...] = Field(min_length=1)
    source: str = Field(min_length=1, max_length=300)

    @model_validator(mode="after")
    def _each_once(self) -> Self:
        for what, held in (
            ("letter", [c.letter for c in self.counters]),
            ("agency", [c.agency for c in self.counters]),
        ):
            if len(set(held)) < len(held):
                message = f"malls.{self.id}: two of its counters have the same {what}"
                raise ValueError(message)
        return self

    def letter_of(self, agency: str) -> str | None:
        """The letter of an agency's numbers; None when it has no counter here."""
        return next((one.letter for one in self.counters if one.agency == agency), None)


class Holiday(Part):
    """A day that is not worked."""

    day: date
    name: str = Field(min_length=1)
    kind: Literal["national", "joint_leave"]


class Jurisdiction(Valid):
    """A jurisdiction as its file holds it."""

    schema_version: Literal["tertib.jurisdiction/1"] = Field(alias="schema")
    id: Slug
    version: int = Field(ge=1)
    names: Names
    timezone: str
    languages: tuple[Literal["id", "en"], ...] = Field(min_length=1)
    agencies: tuple[Agency, ...] = Field(min_length=1)
    enforcement_agency: Slug = Field(description="The agency that decides on violations and contests.")
    regencies: tuple[Regency, ...] = ()
    articles: tuple[Article, ...] = Field(min_length=1)
    offences: tuple[Offence, ...] = Field(min_length=1)
    clocks: tuple[ClockPolicy, ...] = Field(min_length=1)
    undo_windows: tuple[UndoWindow, ...] = ()
    review_policies: tuple[ReviewPolicy, ...] = ()
    retention: tuple[Retention, ...] = Field((), description="A case and all that belong to it must be past theirs.")
    services: tuple[Service, ...] = ()
    malls: tuple[Mall, ...] = ()
    integrity_agency: Slug | None = Field(
        None, description="Where 'an officer asked for money' goes, whatever else it is about; an agency of oversight."
    )
    reject_reasons: tuple[RejectReason, ...] = Field(min_length=1)
    contest_grounds: tuple[ContestGround, ...] = Field(min_length=1)
    complaint_categories: tuple[ComplaintCategory, ...] = Field(min_length=1)
    holiday_years: tuple[int, ...] = Field(description="Years whose holidays are published in full.")
    holidays: tuple[Holiday, ...]

    @model_validator(mode="after")
    def _fits_together(self) -> Self:
        try:
            ZoneInfo(self.timezone)
        except (ZoneInfoNotFoundError, ValueError) as error:
            message = f"timezone {self.timezone!r} does not exist"
            raise ValueError(message) from error
        agencies = {agency.id for agency in self.agencies}
        overseers = {agency.id for agency in self.agencies if agency.oversight}
        articles = {article.id for article in self.articles}
        for what, name, known in (
            ("enforcement_agency", self.enforcement_agency, agencies),
            *(("complaint_categories", category.agency, agencies) for category in self.complaint_categories),
            *(("services", service.agency, agencies) for service in self.services),
            *(("regencies", regency.agency, agencies) for regency in self.regencies),
            *((f"malls.{m.id}", one.agency, agencies) for m in self.malls for one in m.counters),
            *((f"malls.{m.id}", m.regency, {r.id for r in self.regencies}) for m in self.malls if m.regency),
            *(("clocks.services", s, {one.id for one in self.services}) for c in self.clocks for s in c.services or ()),
            *(
                ("confidential categories (agency with oversight)", c.agency, overseers)
                for c in self.complaint_categories
                if c.confidential
            ),
            *((("integrity_agency", self.integrity_agency, overseers),) if self.integrity_agency else ()),
            *((f"clocks.{c.id}.agencies", agency, agencies) for c in self.clocks for agency in c.agencies or ()),
            *((f"offences.{o.code}", article, articles) for o in self.offences for article in o.articles),
        ):
            if name not in known:
                message = f"{what}: {name!r} is not in the file (known: {', '.join(sorted(known))})"
                raise ValueError(message)
        listed: tuple[tuple[str, list[object]], ...] = (
            ("articles", [(a.id, a.version) for a in self.articles]),
            ("clocks", [(c.id, c.version) for c in self.clocks]),
            ("services", [s.id for s in self.services]),
            ("malls", [m.id for m in self.malls]),
            ("undo_windows", [(w.id, w.version) for w in self.undo_windows]),
            ("retention", [(r.id, r.version) for r in self.retention]),
            ("review_policies", [p.version for p in self.review_policies]),
            ("offences", [o.code for o in self.offences]),
            ("agencies", [a.id for a in self.agencies]),
            ("regencies", [r.id for r in self.regencies]),
            ("codes of regencies", [r.code for r in self.regencies]),
            ("reject_reasons", [r.id for r in self.reject_reasons]),
            ("contest_grounds", [g.id for g in self.contest_grounds]),
            ("complaint_categories", [c.id for c in self.complaint_categories]),
            ("holidays", [h.day for h in self.holidays]),
        )
        for label, keys in listed:
            twice = sorted({str(key) for key in keys if keys.count(key) > 1})
            if twice:
                message = f"{label}: {', '.join(twice)} stands there twice"
                raise ValueError(message)
        return self

    @cached_property
    def zone(self) -> ZoneInfo:
        """Local time."""
        return ZoneInfo(self.timezone)

    @cached_property
    def calendar(self) -> WorkCalendar:
        """Working days."""
        return WorkCalendar({h.day: h.name for h in self.holidays}, frozenset(self.holiday_years), self.zone)

    def local_day(self, moment: datetime) -> date:
        """The local day of a moment."""
        return moment.astimezone(self.zone).date()

    def agency_named(self, agency_id: str) -> Agency | None:
        """The agency with this id."""
        return next((agency for agency in self.agencies if agency.id == agency_id), None)

    def regency_named(self, regency_id: str) -> Regency | None:
        """The regency or city with this id or code."""
        return next((one for one in self.regencies if regency_id in {one.id, one.code}), None)

    def offence_named(self, code: str) -> Offence | None:
        """The offence with this code."""
        return next((offence for offence in self.offences if offence.code == code), None)

    def reject_reason(self, reason_id: str) -> RejectReason | None:
        """A reason of the closed list."""
        return next((reason for reason in self.reject_reasons if reason.id == reason_id), None)

    def contest_ground(self, ground_id: str) -> ContestGround | None:
        """A ground of the closed list."""
        return next((ground for ground in self.contest_grounds if ground.id == ground_id), None)

    def complaint_category(self, category_id: str) -> ComplaintCategory | None:
        """A category of the closed list."""
        return next((category for category in self.complaint_categories if category.id == category_id), None)

    def service(self, service_id: str) -> Service | None:
        """A service of the malls."""
        return next((service for service in self.services if service.id == service_id), None)

    def mall_named(self, mall_id: str) -> Mall | None:
        """The service mall with this id."""
        return next((mall for mall in self.malls if mall.id == mall_id), None)

    def policies_at(
        self, kind: CaseKind, moment: datetime, agency: str | None = None, service: str | None = None
    ) -> tuple[ClockPolicy, ...]:
        """The policies for a kind of case that hold at a moment: of each id the highest version.

        Where an agency or a service has its own policy of some name, the general ones do not hold for it.
        """
        day = self.local_day(moment)
        best: dict[str, ClockPolicy] = {}
        for policy in self.clocks:
            meant = (policy.agencies is None or agency in policy.agencies) and (
                policy.services is None or service in policy.services
            )
            if kind in policy.kinds and policy.holds_on(day) and meant:
                held = best.get(policy.id)
                if held is None or policy.version > held.version:
                    best[policy.id] = policy
        own = {policy.name for policy in best.values() if policy.is_special}
        return tuple(one for one in best.values() if one.is_special or one.name not in own)

    def undo_window_s(self, kind: CaseKind, event_type: str, moment: datetime) -> int:
        """For how many seconds a decision can be undone; 0: it is final at once."""
        day = self.local_day(moment)
        held = [w for w in self.undo_windows if w.kind is kind and event_type in w.events and w.holds_on(day)]
        return max(held, key=lambda window: window.version).seconds if held else 0

    def review_policy(self, moment: datetime) -> ReviewPolicy | None:
        """How decisions are checked at a moment; None: they are not."""
        held = [policy for policy in self.review_policies if policy.holds_on(self.local_day(moment))]
        return max(held, key=lambda policy: policy.version, default=None)

    def policy(self, policy_id: str, version: int) -> ClockPolicy | None:
        """One version of a policy."""
        return next((p for p in self.clocks if p.id == policy_id and p.version == version), None)
