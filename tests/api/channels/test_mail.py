"""Mail in and out over real SMTP: threads, photos, robots."""

from __future__ import annotations

import smtplib
from email import message_from_bytes, policy

import pytest
from sqlalchemy import select

from api.channels.mail_door import MailDoor
from api.complaints import handling
from api.outbox.inbox import Spool
from api.outbox.tables import InboxRow
from api.store.service import events_of
from tests.api.attachments.photos import archive, photo, tells_where
from tests.api.channels.outside_world import OURS, complaints, controller, kept_files, letter, send


def test_a_mail_with_photos_is_a_case_and_its_thread_goes_both_ways(office, database, door, mailbox, make_user):
    first = letter()
    first.add_attachment(photo(), maintype="image", subtype="jpeg", filename="IMG_1.JPG")
    first.add_attachment(photo() + archive(), maintype="image", subtype="jpeg", filename="trick.jpg")
    send(door, first)
    send(door, first)
    office.work()
    (case,) = complaints(database)
    (kept,) = kept_files(database)
    assert not tells_where(kept)
    with database.session() as session:
        raw = session.scalars(select(InboxRow.raw)).one()
        notes = [event.data["text"] for event in events_of(session, case.id) if event.type == "note"]
    held = message_from_bytes(raw, policy=policy.default)
    assert [
        tells_where(part.get_content()) for part in held.iter_attachments() if part.get_content_type() == "image/jpeg"
    ] == [False], "no position lies in the inbox either"
    assert any("something else" in note for note in notes)
    (told,) = mailbox.got
    assert (told["To"], told["In-Reply-To"]) == ("Siti <siti@example.org>", first["Message-ID"])
    assert told["Auto-Submitted"] == "auto-replied"
    assert case.reference in told["Subject"]
    with database.session() as session:
        handling.answer(session, case.id, text="Sudah ditambal.", actor=make_user("agency", agency=case.agency).actor)
    office.work()
    answer = mailbox.got[1]
    assert "Sudah ditambal." in answer.get_content()
    assert answer["Auto-Submitted"] is None, "a person's answer"
    reply = "Masih berlubang di sebelahnya.\n\nPada Senin, kami menulis:\n> Sudah ditambal."
    send(door, letter(reply, subject="Re: x", In_Reply_To=str(answer["Message-ID"])))
    # Somebody else who knows the number adds nothing to another's case.
    send(door, letter("Saya tambahkan sesuatu " + case.reference, sender="eve@example.org"), "eve@example.org")
    office.work()
    assert [one.state for one in complaints(database)] == ["open", "open"]
    with database.session() as session:
        said = [event.data["text"] for event in events_of(session, case.id) if event.type == "message"]
    assert said[1:] == ["Masih berlubang di sebelahnya."]


ROBOTS = {
    "an absence note": ({"Auto_Submitted": "auto-replied"}, "siti@example.org"),
    "a bounce": ({}, ""),
    "a list": ({"List_Id": "<x.example>"}, "siti@example.org"),
    "a newsletter": ({"Precedence": "bulk"}, "siti@example.org"),
    "ourselves": ({"sender": OURS}, OURS),
    "a robot": ({"sender": "no-reply@shop.example"}, "no-reply@shop.example"),
}


def test_robots_get_no_answer_and_open_no_case(office, database, door, mailbox):
    for number, (headers, envelope) in enumerate(ROBOTS.values()):
        send(door, letter(subject=f"Nomor {number}", **headers), envelope)
    office.work()
    assert complaints(database) == []
    assert mailbox.got == []
    with database.session() as session:
        results = session.scalars(select(InboxRow.result)).all()
    assert len(results) == len(ROBOTS), "kept, all of them"
    assert all(result.startswith("left alone") for result in results)


def test_two_robots_that_hide_it_stop_answering_each_other(office, database, door, mailbox):
    for number in range(13):
        send(door, letter(subject=f"Nomor {number}"))
    office.work()
    assert len(complaints(database)) == 13
    assert len(mailbox.got) == 10


def test_the_mail_door_relays_for_nobody_and_says_later_when_it_cannot_keep(settings):
    listening = controller(MailDoor(Spool(settings.home / "inbox"), frozenset({OURS})))
    try:
        with smtplib.SMTP("127.0.0.1", listening.port) as server:
            with pytest.raises(smtplib.SMTPRecipientsRefused):
                server.sendmail("a@b.example", ["elsewhere@example.org"], b"x")
            settings.home.mkdir(parents=True, exist_ok=True)
            (settings.home / "inbox").write_text("in the way")
            with pytest.raises(smtplib.SMTPDataError) as told:
                server.sendmail("a@b.example", [OURS], b"Subject: x\r\n\r\ny")
            assert told.value.smtp_code == 451
    finally:
        listening.stop()
