"""Requests by route and status, and how long they took: counted in this process, by the route's pattern alone."""

from __future__ import annotations

import threading
import time
from collections import defaultdict
from typing import Final

from opentelemetry import trace
from starlette.types import ASGIApp, Message, Receive, Scope, Send

# Does nothing until the operator installs an OpenTelemetry SDK and starts the office by `opentelemetry-instrument`.
_TRACER = trace.get_tracer("tertib.office")
BOUNDS_S: Final = (0.01, 0.025, 0.05, 0.1, 0.25, 0.5, 1.0, 2.5, 10.0)


class RequestCounts:
    """Counts of this process; what a request named (a reference, a plate) never becomes part of a label."""

    def __init__(self) -> None:
        self._lock = threading.Lock()
        self._answers: dict[tuple[str, str, str], int] = defaultdict(int)
        self._buckets: dict[str, list[int]] = defaultdict(lambda: [0] * (len(BOUNDS_S) + 1))
        self._seconds: dict[str, float] = defaultdict(float)

    def add(self, method: str, route: str, status: int, seconds: float) -> None:
        """Count one answer."""
        bucket = next((place for place, bound in enumerate(BOUNDS_S) if seconds <= bound), len(BOUNDS_S))
        with self._lock:
            self._answers[method, route, f"{status // 100}xx"] += 1
            self._buckets[route][bucket] += 1
            self._seconds[route] += seconds

    def lines(self) -> list[str]:
        """In Prometheus' text format."""
        with self._lock:
            answers, buckets = dict(self._answers), {route: list(one) for route, one in self._buckets.items()}
            seconds = dict(self._seconds)
        lines = ["# HELP tertib_requests_total Requests by route and answer.", "# TYPE tertib_requests_total counter"]
        lines += [
            f'tertib_requests_total{{method="{method}",route="{route}",status="{status}"}} {number}'
            for (method, route, status), number in sorted(answers.items())
        ]
        lines += ["# HELP tertib_request_seconds Time to the answer.", "# TYPE tertib_request_seconds histogram"]
        for route, counts in sorted(buckets.items()):
            total = 0
            for bound, number in zip((*map(str, BOUNDS_S), "+Inf"), counts, strict=True):
                total += number
                lines.append(f'tertib_request_seconds_bucket{{route="{route}",le="{bound}"}} {total}')
            lines.append(f'tertib_request_seconds_sum{{route="{route}"}} {seconds[route]:.6f}')
            lines.append(f'tertib_request_seconds_count{{route="{route}"}} {total}')
        return lines


class CountRequests:
    """ASGI middleware that counts each answer in `RequestCounts`, and is a span of it where traces are collected."""

    def __init__(self, app: ASGIApp, counts: RequestCounts) -> None:
        self._app = app
        self._counts = counts

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        """Pass on; count when the answer begins."""
        if scope["type"] != "http":
            await self._app(scope, receive, send)
            return
        method = scope["method"] if scope["method"] in {"GET", "HEAD", "POST"} else "other"
        began = time.perf_counter()
        status = 500

        async def noting(message: Message) -> None:
            nonlocal status
            if message["type"] == "http.response.start":
                status = int(message["status"])
            await send(message)

        with _TRACER.start_as_current_span(method, kind=trace.SpanKind.SERVER) as span:
            try:
                await self._app(scope, receive, noting)
            finally:
                pattern = getattr(scope.get("route"), "path", None)
                # Whatever matches no route is one label: a stranger cannot make as many as he likes.
                route = str(pattern) if pattern is not None else "none"
                span.update_name(f"{method} {route}")
                span.set_attributes({"http.route": route, "http.response.status_code": status})
                self._counts.add(method, route, status, time.perf_counter() - began)
