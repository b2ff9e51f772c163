"""Facebook and Instagram: private where it must be, public where it may be."""

from __future__ import annotations

import json

from api.complaints import handling
from tests.api.channels.outside_world import COMMENT, STORY, TOKEN, complaints, post


def test_a_comment_gets_its_number_privately_and_the_answer_beside_it(office, database, graph, make_user):
    assert post(office, "/v1/meta/webhook", COMMENT).status_code == 200
    office.work()
    (case,) = complaints(database)
    path, told = graph.got[0]
    assert (path, told["recipient"]) == ("/v23.0/page1/messages", {"comment_id": "c1"})
    assert case.reference in told["message"]["text"]
    with database.session() as session:
        handling.answer(session, case.id, text="Sudah.", actor=make_user("agency", agency=case.agency).actor)
    office.work()
    assert (graph.got[1][0], "Sudah." in graph.got[1][1]["message"]) == ("/v23.0/c1/comments", True)


def test_who_names_a_bribe_in_public_is_never_answered_in_public(office, database, graph, make_user):
    document = json.loads(json.dumps(COMMENT))
    document["entry"][0]["changes"][0]["value"]["message"] = "Tadi polisi minta uang damai 100 ribu di tempat"
    post(office, "/v1/meta/webhook", document)
    (case,) = complaints(database)
    assert (case.agency, case.confidential) == ("bidpropam-jateng", True)
    with database.session() as session:
        handling.answer(session, case.id, text="Diperiksa.", actor=make_user("agency", agency=case.agency).actor)
    office.work()
    assert [path for path, _ in graph.got] == ["/v23.0/page1/messages"]


def test_private_messages_of_instagram_and_our_own_echoes(office, database):
    event = {"sender": {"id": "u9"}, "message": {"mid": "m1", "text": STORY}}
    echo = {"sender": {"id": "ig1"}, "message": {"mid": "m2", "text": STORY, "is_echo": True}}
    document = {"object": "instagram", "entry": [{"id": "ig1", "messaging": [event, echo]}]}
    post(office, "/v1/meta/webhook", document)
    assert len(complaints(database)) == 1


def test_meta_registers_its_webhook(office):
    asked = {"hub.mode": "subscribe", "hub.verify_token": TOKEN, "hub.challenge": "1158"}
    assert office.get("/v1/meta/webhook", params=asked).text == "1158"
