"""What the load test loads is a true store: every chain, state, deadline and count."""

from __future__ import annotations

import json
import re
from datetime import UTC, datetime
from pathlib import Path

import pytest
from sqlalchemy import func, select

from api.audit.verifying import Audit, steady
from api.database import Database
from api.jurisdiction.model import Jurisdiction
from api.review import queue
from api.store import rollups
from api.store.kinds import Actor
from api.store.reading import Viewer
from api.store.tables import CaseRow, EventRow
from scripts.commands._bench_cases import Generator, load
from scripts.commands._bench_load import percentile_ms
from scripts.tertib import run
from tests.api.conftest import Cluster

REPOSITORY = Path(__file__).resolve().parents[2]
ADMIN = Viewer.staff(Actor("a", "Admin", "admin"))


def test_a_loaded_store_is_found_true_by_the_audit_and_counted_right(
    cluster: Cluster, database_name: str, database: Database, jurisdiction: Jurisdiction
) -> None:
    load(cluster.url(database_name), Generator(jurisdiction, seed=3, now=datetime.now(UTC)), 400)
    with database.session() as session:
        steady(session)
        audit = Audit(session)
        assert [(finding.what, finding.why) for finding in audit.findings()] == []
        assert audit.cases == session.scalar(select(func.count()).select_from(CaseRow)) >= 400
        assert 8 <= session.scalar(select(func.count()).select_from(EventRow)) / audit.cases <= 12
        assert sum(one.n for one in rollups.cases_by_state(session, ADMIN)) == audit.cases
        waiting = select(func.count()).where(CaseRow.state.in_(("awaiting_review", "open")))
        counts = queue.counts(session, ADMIN)
        assert counts.violations + counts.answers == session.scalar(waiting)


def test_the_quantile_is_the_nearest_rank() -> None:
    assert percentile_ms([n / 1000 for n in range(1, 101)]) == 96.0
    assert percentile_ms([0.5]) == 500.0


@pytest.mark.parametrize("arguments", [["--cases", "many"], ["--cases", "1e9"]])
def test_a_size_that_makes_no_sense_is_refused_in_a_sentence(
    arguments: list[str], capsys: pytest.CaptureFixture[str]
) -> None:
    assert run(["bench", "store", *arguments]) == 2
    assert capsys.readouterr().err.startswith("error: --cases ")


def test_the_page_of_figures_says_what_was_measured() -> None:
    """docs/store-figures.md names commands that exist and repeats the committed figures."""
    page = (REPOSITORY / "docs" / "store-figures.md").read_text("utf-8")
    assert "tertib bench store" in page
    found = json.loads((REPOSITORY / "api" / "figures" / "store.json").read_text("utf-8"))
    for row in found["rows"]:
        line = next((line for line in page.splitlines() if line.startswith(f"| {row['what']} |")), None)
        assert line is not None, row["what"]
        cells = [cell.strip() for cell in line.split("|")]
        assert re.sub(r"[^0-9.]", "", cells[2]) == str(row["ours"]), row["what"]
