"""What whoever watches the office is told: enough to raise an alarm, and nothing about anybody."""

from __future__ import annotations

import re
from pathlib import Path

import yaml

from api.metrics import routes
from api.settings import kept_secret
from tests.api.public_pages import OWNER, look_up, ticket  # noqa: F401 - a fixture
from tests.api.security.test_other_peoples_objects import form_token

ALERTS = Path(routes.__file__).parent / "alerts.yaml"


def read(client, settings):
    key = kept_secret(settings.home / routes.KEY_FILE)
    answer = client.get("/v1/metrics", headers={"authorization": f"Bearer {key}"})
    assert answer.status_code == 200, answer.text
    return answer.text


def test_counts_and_ages_and_nothing_about_anybody(client, settings, ticket, officer):  # noqa: F811
    assert look_up(client, ticket.reference).status_code == 303
    client.get(f"/t/{ticket.reference}", headers={"accept": "text/html"})
    client.get("/somebody/H1234AB")
    told = read(client, settings)
    assert 'tertib_cases{kind_state="ticket:' in told
    assert "tertib_evidence_disk_free_bytes" in told
    assert 'tertib_requests_total{method="GET",route="/t/{reference}",status="2xx"} 1' in told
    assert 'route="none",status="4xx"' in told
    for personal in (ticket.reference, str(ticket.id), "H1234AB", "H 1234", OWNER, officer.login, "testclient"):
        assert personal not in told, personal


def test_without_the_key_it_is_not_there(client, settings):
    read(client, settings)
    for header in ({}, {"authorization": "Bearer wrong"}, {"authorization": ""}):
        assert client.get("/v1/metrics", headers=header).status_code == 404


def test_every_alert_asks_for_what_is_told(client, settings, ticket):  # noqa: F811
    assert form_token(client, "/lookup")
    told = set(re.findall(r"^# TYPE (\S+)", read(client, settings), flags=re.MULTILINE))
    rules = yaml.safe_load(ALERTS.read_text())["groups"][0]["rules"]
    assert len(rules) >= 8
    for rule in rules:
        asked = set(re.findall(r"tertib_\w+", rule["expr"]))
        assert asked <= told, rule["alert"]
        assert {"summary", "do"} <= set(rule["annotations"])
