"""An owner contests a ticket: one at a time, with a clock that only a person's answer stops."""

from __future__ import annotations

import io
from concurrent.futures import ThreadPoolExecutor
from datetime import timedelta

import pytest
from PIL import Image
from sqlalchemy import select

from api.attachments.cleaning import (
    MAX_BYTES,
    AttachmentTooLargeError,
    AttachmentUnreadableError,
    accept_attachment,
)
from api.attachments.tables import AttachmentRow
from api.contests.service import GroundUnknown, open_contest
from api.store.errors import IllegalTransition
from api.store.kinds import SYSTEM, Audience
from api.store.service import append, clocks_of, events_of, verify_chain
from api.store.tables import CaseRow
from tests.api.public_pages import (
    Page,
    follow,
    get,
    look_up,
    make_ticket,
    owner,  # noqa: F401 - a fixture
    picture,
    send,
    ticket,  # noqa: F401 - a fixture
)

STORY = "Mobil saya ada di bengkel pada hari itu.\nLihat lampiran."


def contests(session):
    return session.scalars(select(CaseRow).where(CaseRow.kind == "contest")).all()


def contest(client, ticket, files=None, **typed):  # noqa: F811
    path = f"/t/{ticket.reference}/contest"
    return send(client, get(client, path).form(path), files=files, **{"ground": "sold", "text": STORY, **typed})


def test_a_contest_runs_its_24_hours_and_holds_the_payment(owner, ticket, database):  # noqa: F811
    page = follow(owner, contest(owner, ticket))
    for told in ("Sanggahan diterima", "Sedang disanggah", "Kendaraan sudah dijual", "23 jam 59 mnt", "Ditahan selama"):
        assert told in page.text, told
    assert "STNK tidak diblokir" in page.text
    with database.session() as session:
        (opened,) = contests(session)
        (clock,) = clocks_of(session, opened.id)
        assert clock.name == "first_response"
        assert clock.due_at == opened.opened_at + timedelta(hours=24)
        assert opened.parent_id == ticket.id
        assert opened.agency == "ditlantas-jateng"
        assert opened.subject["plate"] == "H1234AB"
        payment = {row.name: row for row in clocks_of(session, ticket.id)}["payment"]
        assert payment.stopped_at is not None
        assert session.get_one(CaseRow, ticket.id).state == "contested"
        verify_chain(session, opened.id)


def test_only_a_persons_answer_stops_the_clock(owner, ticket, database, clock, make_user):  # noqa: F811
    contest(owner, ticket)
    with database.session() as session:
        opened = contests(session)[0]
        append(session, opened.id, "acknowledged", actor=SYSTEM, body={}, audience=Audience.PARTY)
        append(session, opened.id, "message", actor=SYSTEM, body={"text": "robot"}, audience=Audience.PARTY)
        assert clocks_of(session, opened.id)[0].stopped_at is None
    clock.advance(timedelta(hours=25))
    late = get(owner, f"/t/{ticket.reference}")
    assert "terlambat 1 jam" in late.text
    judge = make_user("supervisor")
    with database.session() as session:
        append(session, ticket.id, "upheld", actor=judge.actor, body={"text": "no"}, audience=Audience.PARTY)
        body = {"text": "Bukti jual tidak ada. <i>Tilang berlaku.</i>"}
        append(session, opened.id, "answered", actor=judge.actor, body=body, audience=Audience.PARTY)
        assert clocks_of(session, opened.id)[0].result == "late"
    page = get(owner, f"/t/{ticket.reference}")
    assert "Bukti jual tidak ada. <i>Tilang berlaku.</i>" in page.text
    assert judge.name in page.text
    assert "Sanggahan ditolak, tilang berlaku" in page.text
    # The payment runs again, a week at least; and whoever is told "no" may contest no second time.
    assert "Ditahan selama" not in page.text
    assert "tidak dapat disanggah sekarang" in get(owner, f"/t/{ticket.reference}/contest").text


def test_one_contest_at_a_time(owner, ticket, database):  # noqa: F811
    path = f"/t/{ticket.reference}/contest"
    one, two = get(owner, path).form(path), get(owner, path).form(path)
    assert send(owner, one, ground="sold", text=STORY).status_code == 303
    second = Page(send(owner, two, ground="other", text=STORY))
    assert second.status == 409
    assert "Sedang disanggah" in second.text
    with database.session() as session:
        assert len(contests(session)) == 1


def test_a_double_tap_makes_one_contest(owner, ticket, database):  # noqa: F811
    path = f"/t/{ticket.reference}/contest"
    form = get(owner, path).form(path)
    with ThreadPoolExecutor(3) as pool:
        answers = list(pool.map(lambda _: send(owner, form, ground="sold", text=STORY), range(3)))
    assert {answer.status_code for answer in answers} == {303}
    with database.session() as session:
        assert len(contests(session)) == 1


def test_two_contests_at_once_leave_one(ticket, database):  # noqa: F811
    def try_to(_: int) -> str:
        try:
            with database.session() as session:
                open_contest(session, ticket=session.get_one(CaseRow, ticket.id), ground="sold", text=STORY)
        except IllegalTransition:
            return "refused"
        return "opened"

    with ThreadPoolExecutor(4) as pool:
        assert sorted(pool.map(try_to, range(4))) == ["opened", "refused", "refused", "refused"]


FAULTS = [
    ({"ground": ""}, "Pilih satu alasan"),
    ({"ground": "because"}, "Pilih satu alasan"),
    ({"text": "pendek"}, "(sekarang 6)"),
    ({"text": "\x00\u202e" * 20 + "x"}, "(sekarang 1)"),
    ({"text": "x" * 4001}, "(sekarang 4001)"),
]


def test_a_fault_keeps_what_was_typed_and_opens_nothing(owner, ticket, database):  # noqa: F811
    for typed, why in FAULTS:
        answer = contest(owner, ticket, **typed)
        page = Page(answer)
        assert page.status == 422
        assert why in page.text
        kept = page.form(f"/t/{ticket.reference}/contest").fields
        assert kept["text"].strip("\x00") or "text" in typed
        if "text" not in typed:
            assert kept["text"] == STORY
        with database.session() as session:
            assert contests(session) == []


def test_a_script_is_text(owner, ticket):  # noqa: F811
    script = "<script>alert('x')</script> & </textarea><img src=x onerror=alert(1)>"
    wrong = contest(owner, ticket, text=script, ground="")
    assert Page(wrong).form(f"/t/{ticket.reference}/contest").fields["text"] == script
    page = follow(owner, contest(owner, ticket, text=script))
    assert script in page.text
    assert page.scripts == 1, "the office's own, which follows the case"
    assert not [image for image in page.images if image.get("src") == "x"]


def test_a_photo_is_kept_without_what_it_tells_unasked(owner, ticket, database):  # noqa: F811
    exif = Image.Exif()
    exif[0x010F] = "Secret Phone"
    exif[0x0112] = 6  # lies on its side
    out = io.BytesIO()
    Image.new("RGB", (80, 40), (200, 10, 10)).save(out, "JPEG", exif=exif)
    files = {"file": ("../../surat jual<b>.jpg", out.getvalue(), "text/html")}
    page = follow(owner, contest(owner, ticket, files=files))
    (link,) = [link for link in page.links if "/attachments/" in link]
    kept = owner.get(link)
    assert kept.headers["content-type"] == "image/jpeg"
    assert kept.headers["content-disposition"] == 'attachment; filename="surat-jual-b.jpg"'
    assert kept.headers["content-security-policy"].startswith("sandbox")
    assert kept.headers["x-content-type-options"] == "nosniff"
    assert b"Secret Phone" not in kept.content
    picture_kept = Image.open(io.BytesIO(kept.content))
    assert picture_kept.size == (40, 80)
    with database.session() as session:
        opened = contests(session)[0]
        event = next(event for event in events_of(session, opened.id) if event.type == "attached")
        row = session.scalars(select(AttachmentRow)).one()
        assert event.data["sha256"] == row.sha256


def test_an_attachment_is_for_the_parties_of_its_ticket(owner, ticket, database, settings, officer, sign_in):  # noqa: F811
    page = follow(owner, contest(owner, ticket, files={"file": ("a.png", picture(media_type="PNG"), "image/png")}))
    (link,) = [link for link in page.links if "/attachments/" in link]
    other = make_ticket(database, settings, officer, 3)
    assert look_up(owner, other.reference).status_code == 303
    assert owner.get(link.replace(ticket.reference, other.reference)).status_code == 404
    owner.cookies.clear()
    assert owner.get(link).status_code == 404
    sign_in(officer)
    assert owner.get(link).status_code == 200


def test_several_files_are_kept_and_one_bad_among_them_is_named(owner, ticket):  # noqa: F811
    good = [("file", (f"{n}.png", picture(40 + n, 40, media_type="PNG"), "image/png")) for n in range(5)]
    page = Page(contest(owner, ticket, files=[*good[:2], ("file", ("surat.exe", b"MZ", "image/png"))]))
    assert (page.status, "surat.exe bukan foto JPEG" in page.text) == (422, True)
    page = Page(contest(owner, ticket, files=[*good, ("file", ("6.png", picture(), "image/png"))]))
    assert (page.status, "Paling banyak 5 lampiran" in page.text) == (422, True)
    page = follow(owner, contest(owner, ticket, files=good))
    assert len({link for link in page.links if "/attachments/" in link}) == 5


BAD_FILES = [
    ("a.jpg", b"\xff\xd8\xff" + b"0" * MAX_BYTES, "lebih besar dari 5 MB"),
    ("a.jpg", b"\xff\xd8\xff no picture", "bukan foto JPEG"),
    ("a.pdf", b"%PDF-1.7 cut off", "bukan foto JPEG"),
    ("a.svg", b"<svg onload='alert(1)'/>", "bukan foto JPEG"),
    ("a.exe", b"MZ\x90", "bukan foto JPEG"),
    ("empty.jpg", b"", "bukan foto JPEG"),
]


def test_a_file_that_cannot_be_kept_is_told_and_nothing_is_lost(owner, ticket):  # noqa: F811
    for name, data, why in BAD_FILES:
        page = Page(contest(owner, ticket, files={"file": (name, data, "image/jpeg")}))
        assert page.status == 422
        assert why in page.text
        assert page.form(f"/t/{ticket.reference}/contest").fields["text"] == STORY


def test_files_are_judged_by_their_bytes():
    pdf = b"%PDF-1.7\n1 0 obj\n%%EOF\n"
    assert accept_attachment("x.exe", pdf).media_type == "application/pdf"
    assert accept_attachment("x.exe", pdf).data == pdf
    assert accept_attachment("C:\\a\\b.png", picture(media_type="PNG")).name == "b.jpg"
    assert accept_attachment("....", picture()).name == "attachment.jpg"
    large = accept_attachment("big.jpg", picture(4000, 1000))
    assert Image.open(io.BytesIO(large.data)).size == (2560, 640)
    with pytest.raises(AttachmentTooLargeError):
        accept_attachment("a.pdf", b"%PDF-" + b"0" * MAX_BYTES)
    with pytest.raises(AttachmentUnreadableError):
        accept_attachment("a.gif", b"GIF89a")


def test_a_ground_outside_the_list_is_refused(ticket, database):  # noqa: F811
    with database.session() as session, pytest.raises(GroundUnknown):
        open_contest(session, ticket=session.get_one(CaseRow, ticket.id), ground="because", text=STORY)


def test_a_cancelled_ticket_asks_nothing_more(owner, ticket, database, make_user):  # noqa: F811
    judge = make_user("supervisor")
    with database.session() as session:
        append(session, ticket.id, "cancelled", actor=judge.actor, body={"text": "x"}, audience=Audience.PARTY)
    page = get(owner, f"/t/{ticket.reference}")
    assert "Anda tidak perlu melakukan apa pun" in page.text
    assert f"/t/{ticket.reference}/contest" not in page.links
    assert "tidak dapat disanggah sekarang" in get(owner, f"/t/{ticket.reference}/contest").text


def test_a_contests_own_page_is_for_its_party(owner, ticket, database):  # noqa: F811
    contest(owner, ticket)
    with database.session() as session:
        reference = contests(session)[0].reference
    assert "Kendaraan sudah dijual" in get(owner, f"/a/{reference}").text
    owner.cookies.clear()
    assert get(owner, f"/a/{reference}").status == 404


def test_a_contest_written_for_too_long_is_not_lost(owner, ticket, database):  # noqa: F811
    path = f"/t/{ticket.reference}/contest"
    form = get(owner, path).form(path)
    owner.cookies.delete("tertib_party", domain="testserver.local", path=f"/t/{ticket.reference}")
    page = Page(send(owner, form, ground="sold", text=STORY))
    assert page.form("/lookup").fields["reference"] == ticket.reference
    assert "Mobil saya ada di bengkel" in page.text
    with database.session() as session:
        assert contests(session) == []


def test_a_contest_from_a_browser_that_was_closed_is_shown_again(owner, ticket, database):  # noqa: F811
    path = f"/t/{ticket.reference}/contest"
    form = get(owner, path).form(path)
    form.fields["csrf_token"] = "0" * 64
    page = Page(send(owner, form, files={"file": ("a.jpg", picture(), "image/jpeg")}, ground="sold", text=STORY))
    assert page.status == 422
    assert "kirim sekali lagi" in page.text
    again = page.form(path)
    assert (again.fields["text"], again.fields["ground"]) == (STORY, "sold")
    assert follow(owner, send(owner, again)).status == 200
    with database.session() as session:
        assert len(contests(session)) == 1
