"""Run as a process by `test_database`: opens a case in a home folder's office and prints how many there are."""

from __future__ import annotations

import sys
from pathlib import Path

from sqlalchemy import func, select

from api.database import connect
from api.settings import Settings
from api.store.kinds import Actor, Audience, CaseKind
from api.store.service import open_case
from api.store.tables import CaseRow

database = connect(Settings(home=Path(sys.argv[1])))
with database.session() as session:
    # One after the other, so that the two counts differ.
    session.connection().exec_driver_sql("SELECT pg_advisory_xact_lock(1)")
    open_case(
        session,
        CaseKind.COMPLAINT,
        jurisdiction=database.jurisdictions.first,
        actor=Actor(id="c", name="Warga", role="citizen"),
        body={},
        audience=Audience.PUBLIC,
        agency="dishub",
    )
    cases = session.scalar(select(func.count()).select_from(CaseRow))
database.close()
sys.stdout.write(f"{cases}\n")
