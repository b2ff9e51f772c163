"""An office with every channel, over real sockets."""

from __future__ import annotations

import pytest
from fastapi.testclient import TestClient

from api.app import create_app
from api.channels.mail_door import MailDoor
from api.connections import worker_of
from api.outbox.inbox import Spool
from api.outbox.outside import MailSystem, MetaSystem, Outside, RelaySystem, WhatsAppSystem
from tests.api.channels.outside_world import OURS, SECRET, TOKEN, Graph, Mailbox, controller


@pytest.fixture
def graph():
    made = Graph()
    yield made
    made.server.shutdown()
    made.server.server_close()


@pytest.fixture
def mailbox():
    made = Mailbox()
    listening = controller(made)
    made.port = listening.port
    yield made
    listening.stop()


@pytest.fixture
def outside_changes() -> dict:
    """What a test wants otherwise in outside.yaml."""
    return {}


@pytest.fixture
def office(settings, database, graph, mailbox, monkeypatch, outside_changes):
    """An office with every channel, and `office.work()` to let its worker do what is due."""
    outside = Outside(
        bank={"hmac_secret": "x" * 40},
        letters=settings.home / "post",
        mail=MailSystem(host="127.0.0.1", port=mailbox.port, tls=False, sender=OURS),
        whatsapp=WhatsAppSystem(
            url=graph.url, phone_number_id="42", display_number="+62", token="t", app_secret=SECRET, verify_token=TOKEN
        ),
        meta=MetaSystem(url=graph.url, token="t", app_secret=SECRET, verify_token=TOKEN),
        relays={"lapor": RelaySystem(secret=SECRET, answers_url=f"{graph.url}/relay")},
        **outside_changes,
    )
    monkeypatch.setattr("api.app.load_outside", lambda _: outside)
    monkeypatch.setattr("api.connections.load_outside", lambda _: outside)
    app = create_app(settings, database=database, sweeper=False)
    app.state.inbox._patience_s = 30  # a busy machine is no slow database

    def work() -> None:
        app.state.inbox.drain()
        worker_of(database, settings, outside, app.state.inbox).run(until_idle=True)

    with TestClient(app) as client:
        client.work = work
        yield client


@pytest.fixture
def door(settings):
    made = controller(MailDoor(Spool(settings.home / "inbox"), frozenset({OURS})))
    yield made
    made.stop()
