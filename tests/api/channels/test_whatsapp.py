"""WhatsApp: heard once, on the 24-hour clock, answered there."""

from __future__ import annotations

from datetime import timedelta

from api.complaints import handling
from api.store.service import clocks_of, events_of
from tests.api.attachments.photos import tells_where
from tests.api.channels.outside_world import STORY, complaints, kept_files, post, text, whatsapp


def test_a_whatsapp_message_is_a_case_on_the_clock_and_is_answered_there(office, database, graph, make_user):
    assert post(office, "/v1/whatsapp/webhook", text(f"{STORY} di Kota Semarang")).json() == {"state": "done"}
    # The same message in another delivery, with another report beside it: the channel's own id tells.
    again = text(f"{STORY} di Kota Semarang")
    again["entry"][0]["id"] = "another delivery"
    assert post(office, "/v1/whatsapp/webhook", again).status_code == 200
    (case,) = complaints(database)
    assert (case.agency, case.subject["category"]) == ("kota-semarang", "road_damage")
    with database.session() as session:
        first = {clock.name: clock for clock in clocks_of(session, case.id)}["first_response"]
        assert first.due_at == case.opened_at + timedelta(hours=24)
        assert first.stopped_at is None, "an acknowledgement is no answer"
    office.work()
    ((path, told),) = graph.got
    assert (path, told["to"]) == ("/v23.0/42/messages", "628111")
    assert case.reference in told["text"]["body"]
    assert told["context"] == {"message_id": "wamid.1"}
    officer = make_user("agency", agency="kota-semarang")
    with database.session() as session:
        handling.answer(session, case.id, text="Sudah kami tambal.", actor=officer.actor)
    office.work()
    assert "Sudah kami tambal." in graph.got[1][1]["text"]["body"]
    # What is written back belongs to the same case, and to an answer that did not help a clock runs again.
    post(office, "/v1/whatsapp/webhook", text("terima kasih banyak pak", "wamid.2"))
    assert complaints(database)[0].state == "answered"
    post(office, "/v1/whatsapp/webhook", text("Belum, masih berlubang sampai sekarang", "wamid.3"))
    (case,) = complaints(database)
    assert case.state == "open"
    with database.session() as session:
        said = [event.data["text"] for event in events_of(session, case.id) if event.type == "message"]
    assert len(said) == 3


def test_a_photo_by_whatsapp_arrives_without_its_position(office, database, graph):
    image = {"id": "media-1", "caption": STORY, "mime_type": "image/jpeg"}
    post(office, "/v1/whatsapp/webhook", whatsapp(type="image", image=image))
    office.work()
    assert tells_where(graph.media)
    (kept,) = kept_files(database)
    assert not tells_where(kept)


def test_a_greeting_is_asked_for_more_and_opens_nothing(office, database, graph):
    post(office, "/v1/whatsapp/webhook", text("halo"))
    office.work()
    assert complaints(database) == []
    assert "Tulis aduan" in graph.got[0][1]["text"]["body"]
