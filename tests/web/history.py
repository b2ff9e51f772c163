"""Half a year of complaints for the pictures: answered in time, late, and not at all, all over the province."""

from __future__ import annotations

import random
from datetime import timedelta

from api.board.regencies import places_of
from api.clock import DatabaseClock, now
from api.complaints.handling import answer
from api.complaints.service import Complaint, open_complaint
from api.database import Database
from api.people.service import User
from api.store.sweeping import sweep_due

WEEKS = 24
A_WEEK = 9


def build_history(database: Database, clock: DatabaseClock, users: dict[str, User]) -> None:
    """Walk through the weeks with the office's clock; it stands at the present again afterwards.

    Args:
        database: a fresh office.
        clock: of that office.
        users: who answers, by agency.
    """
    luck = random.Random(8)  # noqa: S311 - pictures that can be taken again
    law = database.jurisdictions.first
    places = list(places_of(law))
    present = clock.offset
    clock.offset = present - timedelta(weeks=WEEKS)
    for _ in range(WEEKS):
        opened = []
        for _ in range(A_WEEK):
            place = luck.choice(places[:12] if luck.random() < 0.8 else places)
            with database.session() as session:
                latitude, longitude = place.tile.at
                told = Complaint(category="traffic", text="Lampu mati.", latitude=latitude, longitude=longitude)
                opened.append(open_complaint(session, told, jurisdiction=law))
        for hours, share in ((5, 0.6), (16, 0.5), (30, 0.5)):
            clock.advance(timedelta(hours=hours))
            answered = [one for one in opened if luck.random() < share and one.agency in users]
            for one in answered:
                with database.session() as session:
                    words = "Sudah diperbaiki oleh regu kami pagi ini."
                    answer(session, one.id, text=words, actor=users[one.agency].actor)
                opened.remove(one)
            with database.session() as session:
                while sweep_due(session, now(session)):
                    pass
        clock.advance(timedelta(weeks=1) - timedelta(hours=51))
    clock.offset = present
