"""Letters over HTTP: numbered without gaps, passed down with deadlines, signed by whom the draft names, kept."""

from __future__ import annotations

import io
from concurrent.futures import ThreadPoolExecutor
from datetime import timedelta

import pypdf
import pytest

from api.eoffice import service
from api.store.service import events_of, verify_chain
from api.store.tables import CaseRow
from tests.api.letters.archivable import told_wrong
from tests.api.public_pages import follow, get, picture, send


@pytest.fixture
def head(make_user):
    return make_user("agency", agency="dishub", login="kepala")


@pytest.fixture
def staff(make_user):
    return make_user("agency", agency="dishub", login="staf")


@pytest.fixture
def enter(client, sign_in):
    def do(user):
        client.cookies.clear()
        return sign_in(user)

    return do


def arrived(client, about="Undangan rapat keselamatan jalan"):
    form = get(client, "/agency/letters/new").form("/agency/letters/new")
    return send(client, form, files={"scan": ("surat.jpg", picture(), "image/jpeg")}, sender="Bupati", about=about)


def test_a_letter_comes_goes_down_the_chain_is_answered_and_kept(enter, head, staff, database, clock):
    client = enter(head)
    answer = arrived(client)
    assert answer.status_code == 303
    path = answer.headers["location"].partition("?")[0]
    page = get(client, path)
    assert "1/DISHUB/" in page.text
    assert "surat.jpg" in page.text
    form = page.form(f"{path}/disposition")
    assert send(client, form, to_id=str(head.id), instruction="x", days="3").status_code == 422
    assert send(client, form, to_id=str(staff.id), instruction="Siapkan jawaban", days="0").status_code == 422
    assert send(client, form, to_id=str(staff.id), instruction="Siapkan jawaban", days="2").status_code == 303
    early = send(client, get(client, path).form(f"{path}/end"), step="file", way="lemari 1")
    assert early.status_code == 422, "a letter that somebody has not reported on is not put away"

    client = enter(staff)
    page = get(client, path)
    assert "Siapkan jawaban" in page.text
    assert send(client, page.form(f"{path}/report"), report="Konsep jawaban sudah dibuat.").status_code == 303
    draft = {"to": "Bupati", "about": "Jawaban", "body": "Kami akan hadir pada hari Rabu.", "signer": str(head.id)}
    assert send(client, get(client, path).form(f"{path}/draft"), **draft).status_code == 303
    assert not any(form.fields.get("step") == "sign" for form in get(client, path).forms)

    client = enter(head)
    page = get(client, path)
    assert client.get(f"{path}/letter.pdf").status_code == 409, "what nobody signed does not go out"
    sign = next(form for form in page.forms if form.fields.get("step") == "sign")
    stale = send(client, sign, sha256="0" * 64)
    assert stale.status_code == 422, "what is signed is what was read"
    assert send(client, sign).status_code == 303
    assert f"{path}/letter.pdf" in get(client, path).links
    paper = client.get(f"{path}/letter.pdf")
    assert paper.headers["content-type"] == "application/pdf"
    assert told_wrong(paper.content) == []
    words = " ".join(" ".join(one.extract_text() for one in pypdf.PdfReader(io.BytesIO(paper.content)).pages).split())
    for told in ("Kepada Yth. Bupati", "Kami akan hadir pada hari Rabu.", head.name, "1/DISHUB/"):
        assert told in words, told
    assert send(client, get(client, path).form(f"{path}/end"), step="send", way="pos").status_code == 303
    assert send(client, get(client, path).form(f"{path}/end"), step="file", way="lemari 1").status_code == 303
    with database.session() as session:
        row = session.get_one(CaseRow, path.rpartition("/")[2])
        assert row.state == "archived"
        assert service.numbers_of(session, row.id) == {
            "in": f"1/DISHUB/{row.opened_at.year}",
            "out": f"1/DISHUB/{row.opened_at.year}",
        }
        signed = next(event for event in events_of(session, row.id) if event.type == "signed")
        assert (signed.actor_name, len(signed.data["sha256"])) == (head.name, 64)
        verify_chain(session, row.id)


def test_nobody_signs_alone_nor_for_another(enter, head, staff, database):
    client = enter(staff)
    form = get(client, "/agency/letters/new?direction=out").form("/agency/letters/draft")
    text = {"to": "Gubernur", "about": "Laporan bulanan", "body": "Laporan bulan ini terlampir."}
    path = send(client, form, **text, signer=str(staff.id)).headers["location"].partition("?")[0]
    own = next(form for form in get(client, path).forms if form.fields.get("step") == "sign")
    alone = send(client, own)
    assert alone.status_code == 409, "who drafted does not sign"
    path = send(client, form, **text, signer=str(head.id)).headers["location"].partition("?")[0]
    token = get(client, path).forms[0].fields["csrf_token"]
    with database.session() as session:
        sha256 = service.draft_of(session, path.rpartition("/")[2]).sha256
    foreign = client.post(f"{path}/signature", data={"csrf_token": token, "step": "sign", "sha256": sha256})
    assert foreign.status_code == 409
    assert "Laporan bulan ini terlampir." in foreign.text


def test_numbers_of_a_year_have_no_gaps_though_many_are_entered_at_once(database, jurisdiction, head):
    def one(n: int) -> None:
        with database.session() as session:
            service.receive(
                session,
                jurisdiction=jurisdiction,
                agency="dishub",
                sender="Warga",
                about=f"Surat {n}",
                actor=head.actor,
            )

    with ThreadPoolExecutor(4) as pool:
        list(pool.map(one, range(12)))
    with database.session() as session:
        numbers = {service.numbers_of(session, row.id)["in"] for row in session.query(CaseRow)}
    assert sorted(int(number.partition("/")[0]) for number in numbers) == list(range(1, 13))


def test_a_disposition_that_is_late_climbs_on_the_desk(enter, head, staff, database, clock):
    client = enter(head)
    path = arrived(client).headers["location"].partition("?")[0]
    form = get(client, path).form(f"{path}/disposition")
    send(client, form, to_id=str(staff.id), instruction="Periksa lampu", days="1")
    clock.advance(timedelta(days=9))
    client = enter(head)
    page = follow(client, client.get("/agency/letters"))
    assert path in page.links
    assert "terlambat" in get(client, path).text.casefold() or "lewat" in get(client, path).text.casefold()


def test_another_agency_does_not_read_it(enter, head, make_user):
    path = arrived(enter(head)).headers["location"].partition("?")[0]
    assert enter(make_user("agency", agency="dinkes")).get(path).status_code == 404


def test_a_scan_that_is_none_is_told_and_what_was_typed_stays(enter, head):
    client = enter(head)
    form = get(client, "/agency/letters/new").form("/agency/letters/new")
    answer = send(client, form, files={"scan": ("x.exe", b"MZ" * 90, "image/jpeg")}, sender="Bupati", about="Undangan")
    assert answer.status_code == 422
    assert "Bupati" in answer.text
