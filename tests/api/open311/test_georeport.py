"""A client that nobody here wrote (PyPI: georeport) over a real socket, and what the standard asks for."""

from __future__ import annotations

import json
import socket
import threading
import time
from datetime import timedelta

import psycopg
import pytest
import requests
import uvicorn
from defusedxml import ElementTree as Xml
from georeport import GeoReport
from sqlalchemy import select

from api.app import create_app
from api.attachments.tables import AttachmentRow
from api.channels.fetching import MediaFetcher, public_address
from api.complaints import handling
from api.complaints.service import Complaint, open_complaint
from api.complaints.tables import ComplainantRow
from api.database import OWNER_ROLE
from api.open311 import routes
from api.open311.filing import MAX_AN_HOUR, Throttle
from api.open311.reading import w3
from api.outbox.outside import Open311, load_outside
from api.outbox.sending import Effect, SendingRefused
from api.store.kinds import Audience
from api.store.service import append, clocks_of
from api.store.tables import CaseRow
from tests.api.attachments.photos import photo, tells_where

WHAT = {
    "service_code": "road_damage",
    "description": "Lubang besar, kata Pak Joko rumah nomor 7",
    "address_string": "Jl. Pemuda, Kota Semarang",
    "lat": "-6.9932",
    "long": "110.4203",
    "first_name": "Siti",
    "last_name": "Aminah",
    "email": "siti@example.org",
    "phone": "0812",
}


@pytest.fixture(autouse=True)
def _fresh_throttle(monkeypatch):
    monkeypatch.setattr(routes, "_THROTTLE", Throttle())


@pytest.fixture
def served(settings, database):
    """The office at a real port."""
    app = create_app(settings, database=database, sweeper=False)
    app.state.inbox._patience_s = 30  # a busy machine is no slow database
    listener = socket.create_server(("127.0.0.1", 0))
    server = uvicorn.Server(uvicorn.Config(app, log_level="error", lifespan="on"))
    thread = threading.Thread(target=server.run, kwargs={"sockets": [listener]}, daemon=True)
    thread.start()
    until = time.monotonic() + 20
    while not server.started and time.monotonic() < until:
        time.sleep(0.02)
    app.url = f"http://127.0.0.1:{listener.getsockname()[1]}/open311/v2"
    yield app
    server.should_exit = True
    thread.join(10)
    listener.close()


@pytest.mark.parametrize("form", ["json", "xml"])
def test_a_foreign_client_lists_files_with_a_picture_and_follows_to_the_answer(served, database, make_user, form):
    client = GeoReport(served.url, output_format=form)
    services = client.get_service_list()
    assert {"road_damage", "traffic"} <= {one["service_code"] for one in services}
    definition = client.get_service_definition("road_damage")
    attributes = definition["attributes"] if form == "json" else [definition["attributes"]["attribute"]]
    values = attributes[0]["values"] if form == "json" else attributes[0]["values"]["value"]
    assert {"key": "33.74", "name": "Kota Semarang"} in [dict(one) for one in values]

    # The package reads only; filing is one POST with the transport that it uses itself.
    filed = requests.post(
        f"{served.url}/requests.{form}", data=WHAT, files={"media": ("lubang.jpg", photo(), "image/jpeg")}, timeout=20
    )
    assert filed.status_code == 201, filed.text
    if form == "json":
        number = filed.json()[0]["service_request_id"]
    else:
        number = Xml.fromstring(filed.content).findtext("request/service_request_id")
    with database.session() as session:
        assert not tells_where(session.scalars(select(AttachmentRow.data)).one())
        case = session.scalars(select(CaseRow)).one()
        assert (case.reference, case.agency) == (number, "kota-semarang")
        assert session.scalars(select(ComplainantRow.contact)).one() == "siti@example.org"
        first = {clock.name: clock for clock in clocks_of(session, case.id)}["first_response"]

    told = client.get_service_request(number)
    assert (told["status"], told["expected_datetime"]) == ("open", w3(first.due_at))
    assert told["agency_responsible"] == "Pemerintah Kota Semarang"
    assert (float(told["lat"]), float(told["long"])) == (-6.9932, 110.4203)
    for hidden in ("Siti", "siti@", "0812", "Joko"):
        assert hidden not in json.dumps(told)

    officer = make_user("agency", agency=case.agency)
    with database.session() as session:
        handling.answer(session, case.id, text="Ditambal besok.", actor=officer.actor)
    told = client.get_service_request(number)
    assert (told["status"], told["status_notes"]) == ("open", "Ditambal besok.")
    assert told["expected_datetime"] not in (None, w3(first.due_at)), "now the resolution is promised"
    with database.session() as session:
        append(session, case.id, "closed", actor=officer.actor, body={}, audience=Audience.PUBLIC)
    assert client.get_service_request(number)["status"] == "closed"
    found = client.get_service_requests(service_code="road_damage", status="closed")
    assert [one["service_request_id"] for one in (found if form == "json" else [found])] == [number]
    if form == "json":
        assert client.get_service_requests(status="open") == []


def test_only_what_was_filed_for_everybody_is_listed(client, database, jurisdiction):
    with database.session() as session:
        silent = open_complaint(session, Complaint("traffic", "x" * 20, "Kudus"), jurisdiction=jurisdiction)
        secret = open_complaint(
            session, Complaint("bribery", "x" * 20, "Kudus", listed=True), jurisdiction=jurisdiction
        )
    assert client.get("/open311/v2/requests.json").json() == []
    by_number = client.get(f"/open311/v2/requests/{silent.reference}.json").json()
    assert by_number[0]["service_request_id"] == silent.reference
    assert client.get(f"/open311/v2/requests/{secret.reference}.json").status_code == 404
    both = client.get(
        "/open311/v2/requests.json", params={"service_request_id": f"{silent.reference},{secret.reference}"}
    )
    assert len(both.json()) == 1


def file(client, form: str = "json", files=None, **more):
    return client.post(f"/open311/v2/requests.{form}", data={**WHAT, **more}, files=files)


@pytest.mark.parametrize(
    ("wrong", "status"),
    [
        ({"service_code": ""}, 400),
        ({"service_code": "nonsense"}, 404),
        ({"lat": "north"}, 400),
        ({"lat": "95"}, 400),
        ({"long": ""}, 400),
        ({"lat": "", "long": "", "address_string": ""}, 400),
        ({"jurisdiction_id": "gotham"}, 404),
        ({"media_url": "http://example.org/a.jpg"}, 400),
        ({"attribute[regency]": "99.99"}, 400),
    ],
)
def test_an_error_is_told_as_the_standard_tells_it(client, database, wrong, status):
    told = file(client, **wrong)
    assert told.status_code == status
    assert [(one["code"], bool(one["description"])) for one in told.json()] == [(status, True)]
    read = Xml.fromstring(file(client, "xml", **wrong).content)
    assert (read.tag, read.findtext("error/code")) == ("errors", str(status))
    with database.session() as session:
        assert session.scalars(select(CaseRow)).all() == []


def test_reading_refuses_what_it_does_not_understand(client):
    for query in ({"status": "lost"}, {"start_date": "yesterday"}, {"page": "0"}):
        told = client.get("/open311/v2/requests.json", params=query)
        assert (told.status_code, told.json()[0]["code"]) == (400, 400), query
    far = {"start_date": "2026-01-01T00:00:00Z", "end_date": "2026-12-31T00:00:00Z"}
    assert client.get("/open311/v2/requests.json", params=far).status_code == 400
    assert client.get("/open311/v2/requests/A-NONE.xml").status_code == 404
    assert client.get("/open311/v2/services/nonsense.json").json()[0]["code"] == 404
    assert client.get("/open311/v2/discovery.json").json()["endpoints"][0]["url"].endswith("/open311/v2")


def test_a_key_is_asked_for_where_the_office_gave_keys(client):
    held = client.app.state.outside
    client.app.state.outside = held.model_copy(update={"open311": Open311(api_keys={"app": "k" * 20})})
    assert file(client).status_code == 403
    assert file(client, api_key="wrong").status_code == 403
    assert file(client, api_key="k" * 20).status_code == 201


def test_without_keys_one_client_files_so_many_an_hour():
    throttle = Throttle()
    assert [throttle.take(b"s", "a", at=float(n)) for n in range(MAX_AN_HOUR + 1)] == [True] * MAX_AN_HOUR + [False]
    assert throttle.take(b"s", "b", at=1.0)
    assert throttle.take(b"s", "a", at=3700.0)


def test_while_the_database_hangs_a_token_is_given_that_becomes_the_number(client, database, database_name, cluster):
    with psycopg.connect(cluster.url(database_name, OWNER_ROLE)) as holder:
        holder.execute("LOCK TABLE inbox IN ACCESS EXCLUSIVE MODE")
        told = file(client, files={"media": ("a.jpg", photo(), "image/jpeg")}).json()[0]
        assert "service_request_id" not in told
        path = f"/open311/v2/tokens/{told['token']}.json"
        assert client.get(path).json()[0]["service_request_id"] == ""
    client.app.state.inbox.drain()
    number = client.get(path).json()[0]["service_request_id"]
    assert client.get(f"/open311/v2/requests/{number}.json").status_code == 200


def test_a_photo_that_is_none_is_refused_before_anything_is_kept(client, database):
    assert file(client, files={"media": ("a.jpg", b"MZ" + bytes(99), "image/jpeg")}).status_code == 400
    with database.session() as session:
        assert session.scalars(select(CaseRow)).all() == []


@pytest.mark.parametrize("link", ["https://10.0.0.7/a.jpg", "https://localhost/a.jpg", "http://example.org/a.jpg"])
def test_a_link_reaches_nothing_of_our_own_network(database, settings, link):
    fetcher = MediaFetcher(database, load_outside(settings), lookup=public_address)
    with pytest.raises(SendingRefused):
        fetcher(Effect(None, "channel_media", "k", {"channel": "open311", "url": link, "case": "x"}, 1))


def test_a_client_that_sends_again_what_it_heard_no_answer_to_files_it_once(client, database, clock):
    first = file(client).json()[0]["service_request_id"]
    assert file(client).json()[0]["service_request_id"] == first
    assert file(client, description="Lubang lain, di seberang pasar").json()[0]["service_request_id"] != first
    clock.advance(timedelta(hours=2))
    assert file(client).json()[0]["service_request_id"] != first, "it is there again: somebody tells it anew"
    with database.session() as session:
        assert len(session.scalars(select(CaseRow)).all()) == 3
