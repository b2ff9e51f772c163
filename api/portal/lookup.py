"""Does this reference belong to this plate? One answer for every "no": absent, another's, another kind, mistyped."""

from __future__ import annotations

import hmac
from typing import Final
from uuid import UUID

from sqlalchemy import select
from sqlalchemy.orm import Session

from api.store.kinds import CaseKind
from api.store.references import parse_reference
from api.store.tables import CaseRow
from pipeline.evidence.plate_number import PlateNumber

# Never given out as a ticket: a mistyped reference costs the database the same question as a good one.
NEVER_GIVEN: Final = "-"
# Read in the place of a plate where there is none: reading takes the same time.
_NOBODYS: Final = "H9999ZZ"
MAX_REFERENCE_CHARACTERS: Final = 40
MAX_PLATE_CHARACTERS: Final = 20


def plain_reference(typed: str) -> str:
    """The reference in its one spelling, or what was typed without blanks: the key under which failures are counted."""
    return parse_reference(typed) or "".join(typed.upper().split())[:MAX_REFERENCE_CHARACTERS]


def _plain_plate(typed: str) -> str:
    try:
        return PlateNumber.parse(typed).text
    except ValueError:
        return ""


def find_ticket(session: Session, *, reference: str, plate: str) -> UUID | None:
    """The ticket that carries both; None for every other pair, after the same work.

    Args:
        session: an open session.
        reference: as typed.
        plate: as typed; blanks, dots and dashes do not matter.
    """
    wanted = parse_reference(reference) or NEVER_GIVEN
    # Not through the one door: this question is what makes somebody a party.
    row = session.execute(
        select(CaseRow.id, CaseRow.subject).where(CaseRow.reference == wanted, CaseRow.kind == CaseKind.TICKET.value)
    ).one_or_none()
    plate_held = str(row.subject.get("plate") or "") if row is not None else ""
    held = plate_held or _NOBODYS
    typed = _plain_plate(plate)
    same = hmac.compare_digest(_plain_plate(held).encode(), typed.encode()) and bool(typed)
    return row.id if row is not None and plate_held and same else None
