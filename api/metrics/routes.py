"""`GET /v1/metrics`: for Prometheus, with the bearer token of `metrics.key`; for everybody else it is not there."""

from __future__ import annotations

import hmac
from typing import Annotated

from fastapi import APIRouter, Header, Request
from fastapi.responses import PlainTextResponse

from api.metrics.gauges import Gauge, gauges
from api.metrics.requests import RequestCounts
from api.problems import NotFound
from api.requests import DbSession, TheSettings
from api.settings import kept_secret

router = APIRouter(include_in_schema=False)
KEY_FILE = "metrics.key"
MEDIA_TYPE = "text/plain; version=0.0.4; charset=utf-8"


@router.get("/v1/metrics")
def metrics(
    request: Request,
    settings: TheSettings,
    session: DbSession,
    authorization: Annotated[str | None, Header(max_length=300)] = None,
) -> PlainTextResponse:
    """Gauges of the office, and the requests of this process."""
    expected = f"Bearer {kept_secret(settings.home / KEY_FILE)}"
    if not hmac.compare_digest((authorization or "").encode(), expected.encode()):
        raise NotFound("There is nothing at this address.")
    counts: RequestCounts = request.app.state.request_counts
    lines = [line for gauge in gauges(session, settings.evidence) for line in _lines(gauge)]
    return PlainTextResponse("\n".join([*lines, *counts.lines(), ""]), media_type=MEDIA_TYPE)


def _lines(gauge: Gauge) -> list[str]:
    values = [
        f"{gauge.name} {value:.15g}" if gauge.label is None else f'{gauge.name}{{{gauge.label}="{name}"}} {value:.15g}'
        for name, value in sorted(gauge.values.items())
    ]
    return [f"# HELP {gauge.name} {gauge.help}", f"# TYPE {gauge.name} gauge", *values]
