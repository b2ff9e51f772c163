"""The agency's desk over HTTP: by clock, answered in parts, refused by name, passed on, joined, put right."""

from __future__ import annotations

from datetime import timedelta

import pytest

from api.complaints.service import CITIZEN, Complaint, open_complaint
from api.corrections.service import Wish, open_correction
from api.store.kinds import Audience
from api.store.service import append, clocks_of, events_of
from api.store.tables import CaseRow
from tests.api.public_pages import get, send

PARTS = {
    "looked_at": "Petugas kami melihat lampu di Jl. Pemuda kemarin pagi.",
    "found": "Lampu arah selatan mati karena kabelnya putus.",
    "next_step": "Kabel diganti Dishub paling lambat 27 November 2026.",
}


def complain(database, jurisdiction, text="Lampu lalu lintas mati sejak kemarin.", **more):
    category = next(one.id for one in jurisdiction.complaint_categories if one.agency == "dishub")
    with database.session() as session:
        made = Complaint(category, text, "Jl. Pemuda", **more)
        return open_complaint(session, made, jurisdiction=jurisdiction).id


@pytest.fixture
def clerk(make_user, sign_in):
    return sign_in(make_user("agency", agency="dishub"))


def state(database, case_id):
    with database.session() as session:
        return session.get_one(CaseRow, case_id).state


def test_the_most_urgent_stands_on_top_and_another_agencys_is_not_there(
    make_user, sign_in, database, jurisdiction, clock
):
    first = complain(database, jurisdiction)
    clock.advance(timedelta(hours=25))
    second = complain(database, jurisdiction)
    clerk = sign_in(make_user("agency", agency="dishub"))
    page = get(clerk, "/agency")
    assert page.status == 200
    assert [link for link in page.links if link.startswith("/agency/cases/")] == [
        f"/agency/cases/{first}",
        f"/agency/cases/{second}",
    ]
    assert "terlambat" in page.text.casefold() or "lewat" in page.text.casefold()
    other = next(one.id for one in jurisdiction.complaint_categories if one.agency != "dishub")
    with database.session() as session:
        foreign = open_complaint(session, Complaint(other, "Sesuatu yang lain sekali."), jurisdiction=jurisdiction).id
    assert str(foreign) not in get(clerk, "/agency").links
    assert clerk.get(f"/agency/cases/{foreign}").status_code == 404


def test_an_answer_has_every_part_and_nothing_typed_is_lost(clerk, database, jurisdiction):
    case_id = complain(database, jurisdiction)
    path = f"/agency/cases/{case_id}"
    form = get(clerk, path).form(f"{path}/answer")
    for lacking in ({"found": ""}, {"next_step": "Akan ditindaklanjuti."}):
        answer = send(clerk, form, **{**PARTS, **lacking})
        assert answer.status_code == 422
        assert PARTS["looked_at"] in answer.text
        assert state(database, case_id) == "open"
    assert send(clerk, form, **PARTS).status_code == 303
    with database.session() as session:
        said = [event for event in events_of(session, case_id) if event.type == "answered"]
        assert all(part in said[0].data["text"] for part in PARTS.values())
        assert said[0].audience == "public"
        clocks = {row.name: row.result for row in clocks_of(session, case_id)}
        assert clocks["first_response"] == "on_time"


def test_a_refusal_says_who_and_why_and_one_without_a_reason_is_none(clerk, database, jurisdiction):
    case_id = complain(database, jurisdiction)
    path = f"/agency/cases/{case_id}"
    form = get(clerk, path).form(f"{path}/refuse")
    assert send(clerk, form, reason="tidak").status_code == 422
    assert send(clerk, form, reason="Tempat ini bukan jalan provinsi, melainkan jalan desa.").status_code == 303
    with database.session() as session:
        case = session.get_one(CaseRow, case_id)
        refused = events_of(session, case_id)[-1]
        assert (case.state, refused.actor_name, refused.audience) == ("refused", "Test agency", "public")
    public = get(clerk, f"/a/{case.reference}")
    assert "ditolak" in public.text.casefold()


def test_it_is_passed_on_and_its_clock_runs_on(clerk, database, jurisdiction):
    case_id = complain(database, jurisdiction)
    path = f"/agency/cases/{case_id}"
    form = get(clerk, path).form(f"{path}/pass-on")
    assert send(clerk, form, agency="nirgendwo", reason="Jalan ini urusan instansi lain.").status_code == 422
    assert send(clerk, form, agency="dpubmck", reason="Jalan ini urusan pekerjaan umum.").status_code == 303
    with database.session() as session:
        assert session.get_one(CaseRow, case_id).agency == "dpubmck"
        running = [row.name for row in clocks_of(session, case_id) if row.stopped_at is None]
        assert "first_response" in running
    assert clerk.get(path).status_code == 404, "it lies with the other agency now"


def test_two_that_tell_the_same_are_joined_and_answered_together(clerk, database, jurisdiction):
    first = complain(database, jurisdiction, latitude=-6.98, longitude=110.41)
    second = complain(database, jurisdiction, latitude=-6.9801, longitude=110.41)
    path = f"/agency/cases/{second}"
    page = get(clerk, path)
    with database.session() as session:
        reference = session.get_one(CaseRow, first).reference
    assert reference in page.text
    assert send(clerk, page.form(f"{path}/join"), into=reference).status_code == 303
    assert state(database, second) == "merged"
    main = f"/agency/cases/{first}"
    assert send(clerk, get(clerk, main).form(f"{main}/answer"), **PARTS).status_code == 303
    with database.session() as session:
        assert events_of(session, second)[-1].data["by_way_of"] == reference
    assert send(clerk, get(clerk, path).form(f"{path}/separate"), reason="Ternyata lampu yang lain.").status_code == 303
    assert state(database, second) == "open"


def test_data_are_put_right_only_after_the_identity_was_checked(clerk, database, jurisdiction):
    with database.session() as session:
        wish = Wish(what="alamat", held="Jl. Lama 1", right="Jl. Baru 2")
        case_id = open_correction(session, wish, jurisdiction=jurisdiction, agency="dishub").id
    path = f"/agency/cases/{case_id}"
    assert "Jl. Baru 2" in get(clerk, path).text
    form = get(clerk, path).form(f"{path}/correct")
    done = "Alamat di data kendaraan diganti menjadi Jl. Baru 2."
    assert send(clerk, form, done=done, identity="").status_code == 422
    assert send(clerk, form, done=done, identity="yes").status_code == 303
    with database.session() as session:
        assert [event.type for event in events_of(session, case_id)][-2:] == ["identity_checked", "corrected"]


def test_auditors_read_and_do_not_act(client, make_user, sign_in, database, jurisdiction):
    case_id = complain(database, jurisdiction)
    client = sign_in(make_user("auditor"))
    path = f"/agency/cases/{case_id}"
    page = get(client, path)
    assert page.status == 200
    assert not any(form.action.startswith(path) for form in page.forms)
    token = page.forms[0].fields["csrf_token"]
    answer = client.post(f"{path}/refuse", data={"csrf_token": token, "reason": "Saya tidak mau menjawab."})
    assert (answer.status_code, state(database, case_id)) == (403, "open")


def test_a_reopened_one_comes_back_to_the_desk(clerk, database, jurisdiction):
    case_id = complain(database, jurisdiction)
    path = f"/agency/cases/{case_id}"
    send(clerk, get(clerk, path).form(f"{path}/answer"), **PARTS)
    assert path not in get(clerk, "/agency").links
    with database.session() as session:
        append(session, case_id, "reopened", actor=CITIZEN, body={"text": "belum"}, audience=Audience.PUBLIC)
    assert path in get(clerk, "/agency").links
