"""A case for a court: one file that a browser alone opens and checks; what was changed in it shows."""

from __future__ import annotations

import io
import json
import re
import zipfile

import pytest
from sqlalchemy import select

from api.audit.publishing import publish
from api.clock import now
from api.court.contents import contents_of
from api.court.sealing import seal
from api.intake.evidence_store import EvidenceStore
from api.store.errors import CaseNotFound
from api.store.tables import ViewRow
from pipeline.evidence.keys import PublicKeyRing
from pipeline.evidence.verify import verify
from tests.api.public_pages import ticket  # noqa: F401 - a fixture
from tests.pipeline.evidence.builder import NOW


@pytest.fixture
def sealed(database, settings, ticket, make_user):  # noqa: F811
    auditor = make_user("auditor")
    with database.session() as session:
        publish(session, now(session))
    with database.session() as session:
        store = EvidenceStore(settings.evidence)
        return seal(contents_of(session, store, auditor.viewer, ticket.reference, purpose="PN Semarang 12/2026"))


def opened(browser, tmp_path, html):
    path = tmp_path / "index.html"
    path.write_text(html, encoding="utf-8")
    context = browser.new_context(offline=True)
    page = context.new_page()
    faults = []
    page.on("pageerror", lambda error: faults.append(str(error)))
    page.on("console", lambda message: faults.append(message.text) if message.type == "error" else None)
    page.goto(path.as_uri())
    page.wait_for_function("document.documentElement.dataset.checked")
    marks = page.eval_on_selector_all("#checks tr", "rows => rows.map(row => row.dataset.holds)")
    verdict = page.inner_text("#verdict")
    pictures = page.eval_on_selector_all("img", "all => all.map(one => one.naturalWidth)")
    page.screenshot(path=tmp_path / "court.png", full_page=True)
    context.close()
    return marks, verdict, pictures, faults


def index_of(sealed):
    return zipfile.ZipFile(io.BytesIO(sealed.data)).read("index.html").decode()


@pytest.mark.browser
def test_a_judge_opens_it_with_a_browser_alone(sealed, browser, tmp_path):
    marks, verdict, pictures, faults = opened(browser, tmp_path, index_of(sealed))
    assert (marks, faults) == (["true"] * 8, []), verdict
    assert "Semua yang dapat diperiksa benar (8)" in verdict
    assert len(pictures) == 3
    assert all(pictures)


@pytest.mark.browser
@pytest.mark.parametrize("what", ["event", "picture", "proof", "key"])
def test_what_was_changed_shows(what, sealed, browser, tmp_path):
    html = index_of(sealed)
    match = re.search(r'(<script type="application/json" id="held">)(.*?)(</script>)', html, re.DOTALL)
    held = json.loads(match[2])
    case = held["facts"]["cases"][0]
    if what == "event":
        case["events"][1]["actor"]["name"] = "Somebody else"
    elif what == "proof":
        case["proof"]["head"]["root_sha256"] = "0" * 64
    elif what == "key":
        held["keys"][0]["camera_id"] = "smg-09"
    else:
        place = len(held["package"]) // 2
        other = "A" if held["package"][place] != "A" else "B"
        held["package"] = held["package"][:place] + other + held["package"][place + 1 :]
    changed = html[: match.start(2)] + json.dumps(held).replace("<", "\\u003c") + html[match.end(2) :]
    marks, verdict, _, _ = opened(browser, tmp_path, changed)
    assert "false" in marks
    assert "GAGAL" in verdict


def test_the_package_inside_verifies_with_the_keys_inside(sealed):
    archive = zipfile.ZipFile(io.BytesIO(sealed.data))
    (name,) = [one for one in archive.namelist() if one.startswith("evidence/")]
    ring = PublicKeyRing.model_validate_json(archive.read("keys.json"))
    assert verify(archive.read(name), ring, now=NOW).manifest.camera.camera_id == "smg-01"
    case = json.loads(archive.read("case.json"))
    assert [one["kind"] for one in case["cases"]] == ["violation", "ticket"]
    assert set(sealed.files) | {"SHA256SUMS"} == set(archive.namelist())


def test_each_look_is_logged_and_strangers_get_nothing(sealed, database, settings, ticket, make_user):  # noqa: F811
    with database.session() as session:
        purposes = session.scalars(select(ViewRow.purpose).where(ViewRow.purpose.startswith("court: "))).all()
    assert purposes == ["court: PN Semarang 12/2026"] * 2
    stranger = make_user("supervisor", agency="dishub")
    with database.session() as session, pytest.raises(CaseNotFound):
        contents_of(session, EvidenceStore(settings.evidence), stranger.viewer, ticket.reference, purpose="none")
