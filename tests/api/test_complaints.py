"""Anybody complains, follows the 24-hour clock by a number, and stays as unknown as they wish."""

from __future__ import annotations

from datetime import timedelta

import pytest
from sqlalchemy import select

from api.attachments.tables import AttachmentRow
from api.complaints.service import CategoryUnknown, Complaint, complainant_of, open_complaint
from api.complaints.tables import ComplainantRow
from api.portal.page import Texts
from api.store.kinds import SYSTEM, Audience, CaseKind
from api.store.references import new_reference
from api.store.service import append, clocks_of, events_of
from api.store.tables import CaseRow
from tests.api.attachments.photos import photo, tells_where
from tests.api.public_pages import Page, follow, get, send

TYPED = {
    "category": "road_damage",
    "text": "Lubang besar di depan pasar.\nSudah dua orang jatuh.",
    "place": "Jl. Pemuda, Semarang",
    "name": "Siti Aminah",
    "contact": "0812-3456-7890",
}


def complain(client, **typed):
    form = get(client, "/complaints/new").form("/complaints/new")
    return send(client, form, **{**TYPED, **typed})


def only(session):
    return session.scalars(select(CaseRow)).one()


def test_a_complaint_goes_to_its_agency_with_a_24_hour_clock(client, database):
    page = follow(client, complain(client))
    with database.session() as session:
        case = only(session)
        assert (case.kind, case.state, case.agency) == ("complaint", "open", "dpubmck")
        first = {clock.name: clock for clock in clocks_of(session, case.id)}["first_response"]
        assert first.due_at == case.opened_at + timedelta(hours=24)
        person = complainant_of(session, case)
        assert person is not None
        assert (person.name, person.contact) == ("Siti Aminah", "0812-3456-7890")
    for told in (
        "Aduan diterima",
        case.reference,
        f"/a/{case.reference}",
        "Jalan rusak",
        "Dinas Pekerjaan Umum",
        "Jl. Pemuda, Semarang",
        "23 jam 59 mnt",
        "Lubang besar di depan pasar.",
    ):
        assert told in page.text, told


def test_whoever_has_the_number_sees_the_steps_but_no_person(client, database):
    complain(client)
    with database.session() as session:
        case = only(session)
        for event in events_of(session, case.id):
            assert "Siti" not in event.body
            assert "3456" not in event.body
    client.cookies.clear()
    page = get(client, f"/a/{case.reference.lower()}")
    assert page.status == 200
    for hidden in ("Siti", "3456", "Lubang"):
        assert hidden not in page.text
    assert "Jalan rusak" in page.text
    assert "23 jam 59 mnt" in page.text


def test_a_complaint_may_be_anonymous_and_without_a_place(client, database):
    assert complain(client, name="", contact="", place="").status_code == 303
    with database.session() as session:
        assert session.scalars(select(ComplainantRow)).all() == []


def test_only_a_persons_answer_stops_the_clock_and_everybody_with_the_number_reads_it(
    client, database, clock, make_user
):
    complain(client)
    with database.session() as session:
        case = only(session)
        append(session, case.id, "acknowledged", actor=SYSTEM, body={}, audience=Audience.PUBLIC)
    client.cookies.clear()
    clock.advance(timedelta(hours=26))
    assert "terlambat 2 jam" in get(client, f"/a/{case.reference}").text
    who = make_user("agency", agency="dpubmck")
    with database.session() as session:
        body = {"text": "Lubang <u>ditutup</u> hari ini."}
        append(session, case.id, "answered", actor=who.actor, body=body, audience=Audience.PUBLIC)
    page = get(client, f"/a/{case.reference}")
    assert "Lubang <u>ditutup</u> hari ini." in page.text
    assert who.name in page.text
    assert "terlambat 2 jam" in page.text
    assert "Dijawab" in page.text


FAULTS = [
    ({"category": ""}, "Pilih tentang apa"),
    ({"category": "nonsense"}, "Pilih tentang apa"),
    ({"text": "pendek"}, "(sekarang 6)"),
    ({"text": "y" * 4001}, "(sekarang 4001)"),
    ({"place": "p" * 201}, "200 huruf"),
    ({"name": "n" * 101}, "100 huruf"),
    ({"contact": "call me"}, "nomor telepon atau alamat surel"),
    ({"contact": "a@" + "b" * 150 + ".id"}, "nomor telepon atau alamat surel"),
]


def test_a_fault_keeps_what_was_typed_and_opens_nothing(client, database):
    for typed, why in FAULTS:
        page = Page(complain(client, **typed))
        assert page.status == 422
        assert page.alerts == 1
        assert why in page.text
        kept = page.form("/complaints/new").fields
        for name, value in {**TYPED, **typed}.items():
            if name != "category":
                assert kept[name] == value, name
        with database.session() as session:
            assert session.scalars(select(CaseRow)).all() == []


def test_a_script_is_text_and_a_complaint_sent_twice_is_one(client, database):
    script = "<script>alert(1)</script> {{ 7 * 7 }} '; DROP TABLE events; --"
    form = get(client, "/complaints/new").form("/complaints/new")
    answers = [send(client, form, **{**TYPED, "text": script, "place": script}) for _ in range(3)]
    assert len({answer.headers["location"] for answer in answers}) == 1
    page = follow(client, answers[0])
    assert page.text.count(script) >= 2
    assert page.scripts == 1, "the office's own, which follows the case"
    with database.session() as session:
        assert only(session).kind == "complaint"


@pytest.mark.parametrize("token", ["form_token", "csrf_token"])
def test_a_form_without_its_token_is_shown_again_with_everything_in_it(client, database, token):
    form = get(client, "/complaints/new").form("/complaints/new")
    form.fields[token] = "made up"
    page = Page(send(client, form, **TYPED))
    assert page.status == 422
    assert "kirim sekali lagi" in page.text
    kept = page.form("/complaints/new").fields
    assert kept["text"] == TYPED["text"]
    assert kept["category"] == "road_damage"
    assert kept[token] != "made up"
    with database.session() as session:
        assert session.scalars(select(CaseRow)).all() == []


def test_a_number_that_does_not_exist_is_told_like_another_kinds(client, database, jurisdiction):
    complain(client)
    absent = new_reference(CaseKind.COMPLAINT)
    page = get(client, f"/a/{absent}")
    assert page.status == 404
    assert "Tidak ada aduan dengan nomor itu" in page.text
    for other in (new_reference(CaseKind.TICKET), "nonsense", "A-0000-0000-0000"):
        assert get(client, f"/a/{other}").text.replace(other, absent) == page.text


def test_the_number_leads_to_the_page(client, database):
    complain(client)
    with database.session() as session:
        reference = only(session).reference
    typed = reference.lower().replace("-", " ")
    assert client.get("/follow", params={"number": typed}).headers["location"] == f"/a/{reference}"
    wrong = Page(client.get("/follow", params={"number": "A-1"}, headers={"accept": "text/html"}))
    assert wrong.status == 404
    assert wrong.form("/follow").fields["number"] == "A-1"


def test_a_bribe_goes_past_the_unit_it_is_about(client, database):
    complain(client, category="bribery")
    with database.session() as session:
        assert only(session).agency == "inspektorat"


def test_a_category_outside_the_list_is_refused(database, jurisdiction):
    with database.session() as session, pytest.raises(CategoryUnknown):
        open_complaint(session, Complaint("nonsense", "x" * 20), jurisdiction=jurisdiction)


def test_every_text_has_both_languages():
    class Asked:
        query_params: dict[str, str] = {"lang": "en"}  # noqa: RUF012 - a stand-in of a request
        cookies: dict[str, str] = {}  # noqa: RUF012 - a stand-in of a request

    texts = Texts(Asked())  # type: ignore[arg-type]
    assert texts.either({"id": "satu", "en": "one"}) == "one"
    assert texts.either({"id": "satu"}) == "satu"


def test_a_photo_comes_along_without_its_position_and_the_regency_chooses_the_agency(client, database):
    files = [("file", ("lubang.jpg", photo(), "image/jpeg"))]
    form = get(client, "/complaints/new").form("/complaints/new")
    values = {"category": "road_damage", "text": "Lubang besar di depan pasar", "regency": "kota-semarang"}
    wrong = send(client, form, files=[("file", ("surat.apk", b"PK\x03\x04", "image/jpeg"))], **values)
    assert wrong.status_code == 422
    page = Page(wrong)
    assert page.form("/complaints/new").fields["regency"] == "kota-semarang", "nothing typed is lost"
    assert send(client, page.form("/complaints/new"), files=files).status_code == 303
    with database.session() as session:
        case = session.scalars(select(CaseRow)).one()
        assert (case.agency, case.subject["regency"]) == ("kota-semarang", "kota-semarang")
        assert not tells_where(session.scalars(select(AttachmentRow.data)).one())
