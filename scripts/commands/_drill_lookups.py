"""The look-up drill: can somebody tell by the time or the words of an answer whether a reference exists?"""

from __future__ import annotations

import hashlib
import random
import re
import statistics
import time
from collections.abc import Callable
from dataclasses import asdict, dataclass
from pathlib import Path
from typing import Final

import httpx
from sqlalchemy import delete, select

from api.database import Database
from api.portal.tables import LookupRow
from api.store.kinds import SYSTEM, Audience, CaseKind
from api.store.references import new_reference
from api.store.service import open_case
from api.store.tables import CaseRow
from scripts.commands._drill_office import Office, drill_office

MAX_DIFFERENCE_MS: Final = 2.0
_TOKEN: Final = re.compile(r'name="csrf_token" value="([^"]*)"')
_FORGET_EVERY: Final = 8  # fewer than a client may fail, so that what is measured is never the closed door


@dataclass(frozen=True)
class Lookups:
    """What the drill found.

    Attributes:
        lookups: of each sort.
        wrong_ms: median for a reference that does not exist.
        right_ms: median for a ticket's reference with another plate.
        difference_ms: between the two, without sign: must be below `MAX_DIFFERENCE_MS`.
        bodies: different bodies (tokens and what was typed left out): must be 1.
        closed: status once too many have failed: must be 429.
    """

    lookups: int
    wrong_ms: float
    right_ms: float
    difference_ms: float
    bodies: int
    closed: int

    @property
    def holds(self) -> bool:
        """Whether an answer tells nothing."""
        return self.difference_ms < MAX_DIFFERENCE_MS and self.bodies == 1 and self.closed == 429

    def told(self) -> dict[str, object]:
        """As JSON values."""
        return {**asdict(self), "holds": self.holds}


def drill_lookups(home: Path, *, lookups: int, told: Callable[[str], None] = lambda _: None) -> Lookups:
    """Ask for what exists and for what does not, in turns.

    Args:
        home: a folder where no office is.
        lookups: of both sorts together.
        told: called with a sentence now and then.
    """
    with drill_office(home, 1) as (office, _):
        tickets = _open_tickets(office.database)
        office.serve()
        times: dict[bool, list[float]] = {True: [], False: []}
        bodies: set[str] = set()
        with httpx.Client(base_url=office.url, headers={"accept": "text/html"}, timeout=30) as client:
            token = _token(client)
            _ask(client, token, new_reference(CaseKind.TICKET))  # the first is slower for whoever comes first
            chance = random.Random(7)  # noqa: S311 - no secret: the order of questions
            order: list[bool] = []
            for number in range(lookups):
                if number % _FORGET_EVERY == 0:
                    _forget(office)
                    # What comes right after is slower; and no sort may always come first.
                    _ask(client, token, new_reference(CaseKind.TICKET))
                    order = chance.sample([True, False] * (_FORGET_EVERY // 2), _FORGET_EVERY)
                exists = order.pop()
                name = tickets[number % len(tickets)] if exists else new_reference(CaseKind.TICKET)
                began = time.perf_counter()
                answer = _ask(client, token, name)
                times[exists].append(1000 * (time.perf_counter() - began))
                bodies.add(f"{answer.status_code} {_plain(answer.text, name)}")
                if number and number % 2000 == 0:
                    told(f"{number} look-ups")
            for _ in range(60):
                closed = _ask(client, token, new_reference(CaseKind.TICKET)).status_code
                if closed == 429:
                    break
    wrong, right = statistics.median(times[False]), statistics.median(times[True])
    return Lookups(lookups // 2, round(wrong, 2), round(right, 2), round(abs(wrong - right), 2), len(bodies), closed)


def _open_tickets(database: Database) -> list[str]:
    with database.session() as session:
        parent = open_case(
            session,
            CaseKind.TICKET,
            jurisdiction=database.jurisdictions.first,
            actor=SYSTEM,
            body={"drill": True},
            audience=Audience.PARTY,
            agency=database.jurisdictions.first.enforcement_agency,
            subject={"plate": "H9999ZZ", "offence": "bus_lane"},
        )
        session.flush()
        return [str(session.scalar(select(CaseRow.reference).where(CaseRow.id == parent.id)))]


def _forget(office: Office) -> None:
    with office.database.session() as session:
        session.execute(delete(LookupRow))


def _token(client: httpx.Client) -> str:
    found = _TOKEN.search(client.get("/lookup").text)
    return found[1] if found else ""


def _ask(client: httpx.Client, token: str, reference: str) -> httpx.Response:
    return client.post("/lookup", data={"reference": reference, "plate": "H 1234 AB", "csrf_token": token})


def _plain(text: str, reference: str) -> str:
    without = re.sub(r"\d\d[.:]\d\d", "", _TOKEN.sub("", text).replace(reference, ""))
    return hashlib.sha256(without.encode()).hexdigest()
