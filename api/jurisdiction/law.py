"""Which article an offence falls under, on its day and for its vehicle class."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import datetime

from api.jurisdiction.model import Article, Jurisdiction, Names


class LawUnknown(ValueError):  # noqa: N818 - reads as what happened
    """The jurisdiction's file has no article for this offence on this day."""


@dataclass(frozen=True)
class Law:
    """The article that was law when the offence happened.

    Attributes:
        offence: offence code.
        offence_names: the offence in words.
        article: the row of the fines, with its version.
    """

    offence: str
    offence_names: Names
    article: Article

    @property
    def maximum_fine_rupiah(self) -> int:
        """The most that the article allows, whole rupiah."""
        return self.article.maximum_fine_rupiah

    @property
    def citation(self) -> str:
        """Short form, e.g. `UU 22/2009 Pasal 287 ayat (1)`."""
        number, _, paragraph = self.article.article.partition("(")
        suffix = f" ayat ({paragraph}" if paragraph else ""
        return f"{self.article.law} Pasal {number}{suffix}"

    @property
    def confinement_months(self) -> int | None:
        """Months of confinement while that was law; None since."""
        return None if self.article.confinement is None else self.article.confinement.months


def law_for(jurisdiction: Jurisdiction, offence: str, at: datetime, vehicle_class: str | None = None) -> Law:
    """The article for an offence.

    Args:
        jurisdiction: whose law.
        offence: offence code.
        at: when it happened, timezone-aware.
        vehicle_class: as the camera saw it; None when unknown.

    Raises:
        LawUnknown: no article for this offence held on that day.
    """
    entry = jurisdiction.offence_named(offence)
    if entry is None:
        message = f"{jurisdiction.id}: the offence {offence!r} has no articles in the jurisdiction's file"
        raise LawUnknown(message)
    day = jurisdiction.local_day(at)
    for wanted in entry.articles:
        rows = [a for a in jurisdiction.articles if a.id == wanted and a.holds_on(day) and a.covers(vehicle_class)]
        if rows:
            return Law(offence, entry.names, max(rows, key=lambda row: row.version))
    message = f"{jurisdiction.id}: no article for {offence!r} and vehicle class {vehicle_class!r} holds on {day}"
    raise LawUnknown(message)
