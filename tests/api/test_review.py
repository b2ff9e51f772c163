"""What officers can do with a case, and what the office refuses them."""

from __future__ import annotations

import re
from collections.abc import Callable
from datetime import timedelta
from uuid import UUID

import pytest
from fastapi.testclient import TestClient
from sqlalchemy import text
from sqlalchemy.exc import ProgrammingError

from api.complaints.service import Complaint, open_complaint
from api.people.service import User
from api.register.service import load_register
from api.review import queue
from api.store.service import clocks_of, events_of
from api.store.tables import CaseRow
from api.tickets.service import TicketRefused
from pipeline.evidence.manifest import Condition
from tests.api.conftest import PASSWORD, form_token
from tests.api.review_office import PAGE, PICTURES, Office, text_of, vehicle
from tests.pipeline.evidence.builder import sealed_chain

pytest_plugins = ["tests.api.review_fixtures"]


def test_nobody_sees_the_queue_without_signing_in(office: Office) -> None:
    answer = office.client.get("/review", headers=PAGE)
    assert answer.status_code == 303
    assert answer.headers["location"].startswith("/sign-in?next=")


def test_an_officer_approves_and_the_ticket_names_them(signed_in: Office) -> None:
    case_id = signed_in.deliver()
    signed_in.look(case_id)
    answer = signed_in.approve(case_id)
    assert answer.status_code == 303, text_of(answer.text)
    told = text_of(signed_in.page(answer.headers["location"]))
    assert re.search(r"V-[0-9A-Z-]{14} disetujui: surat tilang T-[0-9A-Z-]{14} diterbitkan", told)
    assert signed_in.events(case_id) == ["opened", "approved", "ticket_opened"]
    with signed_in.database.session() as session:
        approved = events_of(session, UUID(case_id))[1]
        assert approved.actor_name == "Test officer"
        assert set(approved.data["seen"]) == {"page", "clip", "plate"}
        assert approved.data["dwell_s"] >= 3
        assert [clock.result for clock in clocks_of(session, UUID(case_id))] == ["on_time"]
        ticket = session.query(CaseRow).filter_by(kind="ticket").one()
        assert ticket.parent_id == UUID(case_id)
        assert events_of(session, ticket.id)[0].data["officer"]["name"] == "Test officer"


def test_an_officer_rejects_with_a_reason_of_the_closed_list(signed_in: Office) -> None:
    case_id = signed_in.deliver()
    signed_in.look(case_id)
    assert signed_in.reject(case_id, "because").status_code == 422
    assert signed_in.case(case_id).state == "awaiting_review"
    assert signed_in.reject(case_id, "wrong_vehicle").status_code == 303
    with signed_in.database.session() as session:
        assert events_of(session, UUID(case_id))[-1].data["reason"]["id"] == "wrong_vehicle"


@pytest.mark.parametrize(
    ("members", "for_s", "sentence"),
    [
        ((), 60, "belum tampil"),
        (("plate.png",), 60, "Klip atau gambar pelanggaran belum tampil"),
        (("overview.jpg", "offence_drawn.jpg", "plate.png"), 60, "Klip atau gambar pelanggaran belum tampil"),
        (("clip.mp4",), 60, "Potongan gambar pelat belum tampil"),
        (("clip.mp4", "plate.png"), 1, "detik lagi"),
    ],
)
@pytest.mark.parametrize("decision", ["approve", "reject"])
def test_evidence_that_was_not_shown_is_not_decided(
    signed_in: Office, members: tuple[str, ...], for_s: float, sentence: str, decision: str
) -> None:
    case_id = signed_in.deliver()
    signed_in.page(f"/review/{case_id}")
    for member in members:
        signed_in.client.get(f"/review/{case_id}/evidence/{member}")
    signed_in.clock.advance(timedelta(seconds=for_s))
    answer = signed_in.approve(case_id) if decision == "approve" else signed_in.reject(case_id)
    assert answer.status_code == 409
    assert sentence in text_of(answer.text)
    assert signed_in.events(case_id) == ["opened"]


def test_what_another_session_of_the_same_officer_saw_does_not_count(signed_in: Office, officer: User) -> None:
    case_id = signed_in.deliver()
    signed_in.look(case_id, for_s=60)
    signed_in.send("/sign-out")
    token = form_token(signed_in.client, "/sign-in")
    fields = {"login": officer.login, "password": PASSWORD, "csrf_token": token}
    assert signed_in.client.post("/sign-in", data=fields).status_code == 303
    assert signed_in.approve(case_id).status_code == 409
    assert signed_in.events(case_id) == ["opened"]


def test_a_prefetch_takes_no_case_and_counts_as_no_look(signed_in: Office) -> None:
    case_id = signed_in.deliver()
    ahead = {"sec-purpose": "prefetch", **PAGE}
    signed_in.client.get(f"/review/{case_id}", headers=ahead)
    for member in PICTURES:
        signed_in.client.get(f"/review/{case_id}/evidence/{member}", headers=ahead)
    signed_in.clock.advance(timedelta(seconds=60))
    assert signed_in.approve(case_id).status_code == 409


def test_the_page_says_when_the_evidence_has_been_shown(signed_in: Office) -> None:
    case_id = signed_in.deliver()
    assert re.search(r'data-act="approve"[^>]* disabled', signed_in.page(f"/review/{case_id}"))
    for member in PICTURES:
        signed_in.client.get(f"/review/{case_id}/evidence/{member}")
    told = signed_in.client.get(f"/review/{case_id}/readiness").json()
    assert told["ready"] is False
    signed_in.clock.advance(timedelta(seconds=4))
    assert signed_in.client.get(f"/review/{case_id}/readiness").json()["ready"] is True
    assert not re.search(r'data-act="approve"[^>]* disabled', signed_in.page(f"/review/{case_id}"))


@pytest.mark.parametrize(
    ("changes", "sentence"),
    [
        ({"plate": None}, "Tanpa pelat yang terbaca tidak ada surat tilang"),
        ({"plate": "H9999ZZ"}, "Pelat ini tidak ada dalam registrasi"),
        (
            {"conditions": (Condition(name="It was driving, not parked", met=False),)},
            "Satu syarat aturan tidak terpenuhi",
        ),
        ({"doubts": ("grave: two vehicles overlap",)}, "Buktinya sendiri melemahkan dugaan ini"),
    ],
)
def test_no_ticket_without_a_plate_or_an_owner(signed_in: Office, changes: dict[str, object], sentence: str) -> None:
    case_id = signed_in.deliver(**changes)
    signed_in.look(case_id)
    assert sentence in text_of(signed_in.page(f"/review/{case_id}"))
    answer = signed_in.approve(case_id)
    assert answer.status_code == 409
    assert sentence in text_of(answer.text)
    assert signed_in.events(case_id) == ["opened"]
    assert signed_in.reject(case_id, "plate_unreadable").status_code == 303


def test_an_approval_without_its_ticket_does_not_stay(signed_in: Office, monkeypatch: pytest.MonkeyPatch) -> None:
    def refuse(*args: object, **kwargs: object) -> None:
        raise TicketRefused("no_evidence")

    monkeypatch.setattr("api.review.pages.issue_ticket", refuse)
    case_id = signed_in.deliver()
    signed_in.look(case_id)
    answer = signed_in.approve(case_id)
    assert answer.status_code == 409
    assert "tidak punya paket bukti" in text_of(answer.text)
    assert signed_in.events(case_id) == ["opened"]


def test_mismatches_with_the_register_are_marked(signed_in: Office) -> None:
    page = text_of(signed_in.page(f"/review/{signed_in.deliver(plate='H5678CD')}"))
    assert "Kamera melihat mobil, registrasi mencatat sepeda motor" in page
    assert "tidak cocok" in page


def test_without_javascript_a_page_repeats_what_would_happen(signed_in: Office) -> None:
    case_id = signed_in.deliver()
    signed_in.look(case_id)
    answer = signed_in.send(f"/review/{case_id}/decision", decision="approve")
    assert answer.status_code == 200
    told = text_of(answer.text)
    for fact in ("H 1234 AB", "UU 22/2009 Pasal 287 ayat (1)", "Rp 500.000", "Test officer"):
        assert fact in told
    assert signed_in.events(case_id) == ["opened"]


def test_the_same_decision_sent_twice_happens_once(signed_in: Office) -> None:
    case_id = signed_in.deliver()
    signed_in.look(case_id)
    answers = [signed_in.approve(case_id) for _ in range(2)]
    assert [answer.status_code for answer in answers] == [303, 303]
    assert answers[0].headers["location"] == answers[1].headers["location"]
    assert signed_in.events(case_id) == ["opened", "approved", "ticket_opened"]


def test_the_second_officer_is_told_who_decided(
    signed_in: Office, make_user: Callable[..., User], switch_to: Callable[[User], None]
) -> None:
    case_id = signed_in.deliver()
    signed_in.look(case_id)
    signed_in.reject(case_id)
    switch_to(make_user("officer", login="kedua"))
    answer = signed_in.approve(case_id)
    assert answer.status_code == 409
    assert "Sudah diputuskan: ditolak oleh Test officer" in text_of(answer.text)


def test_a_case_on_another_desk_can_be_seen_but_not_decided(
    signed_in: Office, make_user: Callable[..., User], switch_to: Callable[[User], None]
) -> None:
    case_id = signed_in.deliver()
    signed_in.look(case_id)
    switch_to(make_user("officer", login="kedua"))
    assert "sedang memeriksa perkara ini" in text_of(signed_in.page(f"/review/{case_id}"))
    signed_in.look(case_id)
    assert signed_in.reject(case_id).status_code == 409
    signed_in.clock.advance(timedelta(minutes=16))
    signed_in.look(case_id)
    assert signed_in.reject(case_id).status_code == 303


def test_two_officers_never_get_the_same_next_case(signed_in: Office, make_user: Callable[..., User]) -> None:
    for package in sealed_chain(3):
        signed_in.deliver_bytes(package.data)
    first, second = make_user("officer"), make_user("officer")
    with signed_in.database.session() as one, signed_in.database.session() as other:
        # The first transaction is still open when the second asks.
        mine = queue.take_next(one, first.viewer, first.actor)
        theirs = queue.take_next(other, second.viewer, second.actor)
        assert mine is not None
        assert theirs is not None
        assert mine != theirs


def test_a_skipped_case_goes_back_and_is_not_offered_again_at_once(signed_in: Office) -> None:
    first, second = (signed_in.deliver_bytes(package.data) for package in sealed_chain(2))
    signed_in.page(f"/review/{first}")
    answer = signed_in.send(f"/review/{first}/skip")
    assert answer.headers["location"].startswith(f"/review/{second}?done=skipped")
    assert signed_in.events(first) == ["opened", "skipped"]
    assert signed_in.send("/review/next", after=second).headers["location"] == "/review?done=empty"
    signed_in.clock.advance(timedelta(hours=1))
    assert signed_in.send("/review/next", after=second).headers["location"] == f"/review/{first}"


def test_the_queue_puts_the_oldest_clock_first_and_pages_by_key(signed_in: Office, officer: User) -> None:
    cases = [signed_in.deliver_bytes(package.data) for package in sealed_chain(5)]
    with signed_in.database.session() as session:
        complaint = open_complaint(
            session,
            Complaint(category="traffic", text="Lampu mati"),
            jurisdiction=signed_in.database.jurisdictions.first,
        )
        # Its clock of 24 hours runs out before the review's three days.
        expected = [str(complaint.id), *cases]
        seen: list[str] = []
        after = None
        while True:
            page = queue.page(session, officer.viewer, after=after, size=2)
            seen += [str(entry.case.id) for entry in page.entries]
            after = page.older
            if after is None:
                break
    assert seen == expected
    assert signed_in.client.get("/review?after=nonsense", headers=PAGE).status_code == 400


def test_overdue_is_marked_and_counted(signed_in: Office, officer: User, switch_to: Callable[[User], None]) -> None:
    signed_in.deliver()
    assert "terlambat" not in text_of(signed_in.page("/review"))
    signed_in.clock.advance(timedelta(days=4))
    switch_to(officer)  # the sign-in has run out meanwhile
    page = signed_in.page("/review")
    assert "1 terlambat" in text_of(page)
    assert 'class="is-overdue"' in page


def test_words_of_cameras_and_people_are_escaped(signed_in: Office) -> None:
    evil = "<script>alert(1)</script>\"'><img src=x onerror=alert(2)>"
    case_id = signed_in.deliver(doubts=(evil,), measured={"lane": evil})
    with signed_in.database.session() as session:
        load_register(session, [vehicle("H1234AB", "car", owner=evil)])
        complaint = open_complaint(
            session,
            Complaint(category="traffic", text=evil, place=evil, name=evil, contact=evil),
            jurisdiction=signed_in.database.jurisdictions.first,
        )
    for path in ("/review", f"/review/{case_id}", f"/review/{complaint.id}"):
        page = signed_in.page(path)
        assert "<script>alert" not in page
        assert "<img src=x" not in page
    assert "&lt;script&gt;alert(1)" in signed_in.page(f"/review/{case_id}")
    answer = signed_in.send(f"/review/{complaint.id}/answer", text="")
    assert answer.status_code == 422
    assert "<script>alert" not in answer.text


def test_a_foreign_case_is_like_one_that_does_not_exist(
    office: Office, make_user: Callable[..., User], sign_in: Callable[[User], TestClient]
) -> None:
    case_id = office.deliver()
    sign_in(make_user("agency", agency="dinkes"))
    absent = "00000000-0000-4000-8000-000000000000"
    for path in ("/review/{}", "/review/{}/readiness", "/review/{}/evidence/clip.mp4"):
        answers = [office.client.get(path.format(one), headers=PAGE) for one in (case_id, absent)]
        assert [answer.status_code for answer in answers] == [404, 404]
        assert answers[0].text.replace(case_id, absent) == answers[1].text
    answers = [office.send(f"/review/{one}/decision", decision="reject", confirmed="yes") for one in (case_id, absent)]
    assert [answer.status_code for answer in answers] == [404, 404]


@pytest.mark.parametrize("role", ["auditor", "agency"])
def test_who_reads_only_decides_nothing(
    office: Office, make_user: Callable[..., User], sign_in: Callable[[User], TestClient], role: str
) -> None:
    case_id = office.deliver()
    sign_in(make_user(role, agency="ditlantas-jateng"))
    office.look(case_id)
    assert "Peran Anda membaca perkara" in text_of(office.page(f"/review/{case_id}"))
    assert office.reject(case_id).status_code == 403
    assert office.events(case_id) == ["opened"]


def test_a_form_from_elsewhere_is_refused(signed_in: Office) -> None:
    case_id = signed_in.deliver()
    signed_in.look(case_id)
    fields = {"decision": "reject", "reason": "no_offence", "confirmed": "yes"}
    answer = signed_in.client.post(f"/review/{case_id}/decision", data=fields, headers=PAGE)
    assert answer.status_code == 403
    assert signed_in.events(case_id) == ["opened"]


def test_keys_are_switched_off_and_stay_off(signed_in: Office) -> None:
    assert 'data-keys="on"' in signed_in.page("/review")
    assert signed_in.send("/review/keys", keys="off", to="/review").headers["location"] == "/review"
    assert 'data-keys="off"' in signed_in.page("/review")
    assert signed_in.send("/review/keys", keys="on", to="https://elsewhere.example/").headers["location"] == "/review"


def test_a_clip_is_served_in_ranges(signed_in: Office) -> None:
    case_id = signed_in.deliver()
    answer = signed_in.client.get(f"/review/{case_id}/evidence/clip.mp4", headers={"range": "bytes=0-9"})
    assert answer.status_code == 206
    assert len(answer.content) == 10


def test_an_address_cannot_put_words_on_the_page(signed_in: Office) -> None:
    page = signed_in.page("/review?done=approved&of=%3Cb%3EYou+won%3C/b%3E")
    assert "You won" not in page
    assert signed_in.page("/review?done=nonsense")


def test_what_was_shown_is_never_changed_afterwards(signed_in: Office) -> None:
    signed_in.look(signed_in.deliver())
    for statement in ("UPDATE evidence_views SET what = 'clip'", "DELETE FROM evidence_views"):
        with pytest.raises(ProgrammingError, match="permission denied"), signed_in.database.session() as session:
            session.execute(text(statement))
