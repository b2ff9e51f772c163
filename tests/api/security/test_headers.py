"""The headers of every answer."""

from __future__ import annotations

import pytest
from fastapi.testclient import TestClient

from api.app import create_app
from api.web.security import HEADERS


@pytest.mark.parametrize("path", ["/", "/sign-in", "/v1/health", "/nothing", "/static/css/tertib.css"])
def test_every_answer_carries_them(client, path):
    answer = client.get(path, headers={"accept": "text/html"})
    for name in HEADERS:
        assert name in answer.headers, name
    policy = answer.headers["content-security-policy"]
    for part in ("default-src 'none'", "object-src 'none'", "base-uri 'none'", "frame-ancestors 'none'"):
        assert part in policy
    assert "unsafe" not in policy
    assert answer.headers["x-content-type-options"] == "nosniff"


def test_over_https_browsers_are_told_to_stay_with_it(settings, database, client):
    assert "strict-transport-security" not in client.get("/").headers
    secure = settings.model_copy(update={"public_url": "https://tertib.example"})
    with TestClient(create_app(secure, database=database, sweeper=False)) as made:
        told = made.get("/v1/health").headers["strict-transport-security"]
    assert int(told.partition("max-age=")[2].partition(";")[0]) >= 365 * 86400
    assert "includeSubDomains" in told
