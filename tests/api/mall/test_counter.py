"""Counters over HTTP: a number, a call, a checklist, a document; and the visitor follows it all by one link."""

from __future__ import annotations

from concurrent.futures import ThreadPoolExecutor

import pytest

from api.mall import service
from api.store.service import clocks_of
from tests.api.public_pages import get, send

HALL = "mpp-banyumas"


@pytest.fixture
def clerk(make_user, sign_in):
    return sign_in(make_user("agency", agency="dukcapil"))


def number(clerk, what="kia"):
    form = get(clerk, f"/agency/counter?hall={HALL}").form("/agency/counter/number")
    answer = send(clerk, form, service_id=what)
    assert answer.status_code == 303, answer.text
    return answer.headers["location"].removesuffix("/paper")


def call(clerk, counter="3"):
    form = get(clerk, f"/agency/counter?hall={HALL}").form("/agency/counter/call")
    return send(clerk, form, counter=counter)


def step(clerk, path, what, **more):
    token = get(clerk, path).forms[0].fields["csrf_token"]
    return clerk.post(f"{path}/step", data={"csrf_token": token, "step": what, **more})


def test_a_visitor_is_called_served_and_follows_the_file_without_an_account(clerk, client, database):
    first, second = number(clerk), number(clerk)
    paper = get(clerk, f"{first}/paper")
    assert "A-001" in paper.text
    assert "A-002" in get(clerk, f"{second}/paper").text
    assert get(clerk, f"{second}/paper").text.count("1 orang sebelum Anda") == 1
    link = next(one for one in get(clerk, first).links if one.startswith("/m/"))
    assert clerk.get(f"{first}/qr.svg").headers["content-type"].startswith("image/svg")
    answer = call(clerk)
    assert answer.headers["location"].startswith(first)

    cookies = dict(client.cookies)
    client.cookies.clear()
    public = get(client, link)
    assert (public.status, public.scripts) == (200, 0)
    assert "Silakan ke loket 3" in public.text
    assert "Cara menghitung" in public.text, "why this deadline"
    assert client.get(link[:-1] + ("0" if link[-1] != "0" else "1")).status_code == 404
    client.cookies.update(cookies)

    assert step(clerk, first, "accept").status_code == 409, "the checklist is not complete"
    assert step(clerk, first, "incomplete").status_code == 303
    with database.session() as session:
        held = [row for row in clocks_of(session, first.rpartition("/")[2]) if row.paused_at is not None]
        assert [row.name for row in held] == ["service"], "the agency's clock stands still"
    token = get(clerk, first).forms[0].fields["csrf_token"]
    for item in ("birth", "kk"):
        assert clerk.post(f"{first}/item", data={"csrf_token": token, "item": item}).status_code == 303
    for what, more in (("accept", {}), ("grant", {}), ("hand_over", {"to_name": "Ibu Sari (rekaan)"})):
        assert step(clerk, first, what, **more).status_code == 303, what
    public = get(client, link + "?lang=en")
    assert "Handed over" in public.text
    assert "closed" in public.text


def test_who_does_not_come_is_passed_over_and_nobody_waiting_is_told(clerk):
    first = number(clerk)
    assert call(clerk).status_code == 303
    assert step(clerk, first, "missed").status_code == 303
    nobody = call(clerk)
    assert nobody.status_code == 409
    assert "Tidak ada yang menunggu" in nobody.text


def test_two_counters_never_call_the_same_visitor(database, jurisdiction, make_user):
    actor = make_user("agency", agency="dukcapil").actor
    with database.session() as session:
        for _ in range(8):
            service.take_number(session, "ktp", hall=HALL, jurisdiction=jurisdiction, actor=actor)

    def one(counter: int) -> str:
        with database.session() as session:
            row = service.call_next(
                session, hall=HALL, counter=str(counter), agency="dukcapil", jurisdiction=jurisdiction, actor=actor
            )
            return row.shown

    with ThreadPoolExecutor(4) as pool:
        called = list(pool.map(one, range(8)))
    assert len(set(called)) == 8


def test_each_agency_has_its_letter_and_sees_its_own_queue(clerk, client, database, jurisdiction, make_user):
    actor = make_user("officer").actor
    with database.session() as session:
        _, permit = service.take_number(session, "building_permit", hall=HALL, jurisdiction=jurisdiction, actor=actor)
        assert permit.shown == "B-001"
    assert "B-001" not in get(clerk, f"/agency/counter?hall={HALL}").text


def test_a_refusal_at_the_counter_needs_its_reason(clerk):
    path = number(clerk)
    assert step(clerk, path, "refuse", reason="no").status_code == 422
    assert step(clerk, path, "refuse", reason="Alamat pemohon di luar provinsi ini.").status_code == 303


def test_the_halls_are_those_of_the_jurisdiction(clerk, database, jurisdiction, officer):
    page = get(clerk, "/agency/counter")
    assert "Mal Pelayanan Publik Kabupaten Banyumas" in page.text
    form = page.form("/agency/counter/number")
    assert send(clerk, form, service_id="kia", hall="mpp-atlantis").status_code == 422
    only_permits = jurisdiction.malls[0].model_copy(update={"counters": (jurisdiction.malls[0].counters[1],)})
    law = jurisdiction.model_copy(update={"malls": (only_permits,)})
    assert [one for one, _ in service.services_of(law, only_permits, "id")] == ["building_permit", "business_permit"]
    with database.session() as session, pytest.raises(service.HallUnknown, match="no counter"):
        service.take_number(session, "kia", hall=only_permits.id, jurisdiction=law, actor=officer.actor)


def test_a_letter_stands_for_one_agency(jurisdiction):
    first, second, *_ = jurisdiction.malls[0].counters
    both = [first.model_dump(), {**second.model_dump(), "letter": first.letter}]
    with pytest.raises(ValueError, match="same letter"):
        type(jurisdiction.malls[0]).model_validate({**jurisdiction.malls[0].model_dump(), "counters": both})
