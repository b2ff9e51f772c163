"""Another system hands complaints on, and gets the answers."""

from __future__ import annotations

from tests.api.channels.outside_world import STORY, complaints, post


def test_another_system_hands_a_complaint_on_and_gets_the_answer_signed(office, database, graph):
    document = {"id": "L-1", "from": "+6281", "text": STORY, "category": "traffic"}
    assert post(office, "/v1/relays/lapor", document, header="x-tertib-signature").json() == {"state": "done"}
    office.work()
    (case,) = complaints(database)
    assert case.subject["category"] == "traffic"
    assert (graph.got[0][0], case.reference in graph.got[0][1]["text"]) == ("/v23.0/relay", True)
    assert post(office, "/v1/relays/nobody", document).status_code == 404
