"""The sender: posts what the spool holds until the office has answered for each package.

A package leaves the spool only on the office's own word about it: 201 or 200 with its id, or a refusal with a reason.
Whatever else happens
(no network, a portal's login page with status 200, a proxy's error) means that it stays and is tried again.
"""

from __future__ import annotations

import base64
import contextlib
import json
import random as random_module
from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from datetime import UTC, datetime, timedelta
from email.utils import parsedate_to_datetime
from enum import Enum, auto
from threading import Event
from typing import Any, Final
from urllib.parse import urlsplit

import httpx

from pipeline.delivery.errors import DamagedPackage, SpoolError
from pipeline.delivery.spool import Spool
from pipeline.delivery.spooled import SpooledPackage
from pipeline.evidence.package import PACKAGE_MEDIA_TYPE

MIN_BACKOFF_S: Final = 1.0
MAX_BACKOFF_S: Final = 30.0
MAX_RETRY_AFTER_S: Final = 3600.0
"""What the office asks for is honoured up to an hour; a mistaken header must not silence a camera for days."""

IDLE_S: Final = 1.0
BATCH: Final = 20
MAX_ANSWER_BYTES: Final = 65_536
MAX_ANSWER_S: Final = 120.0
"""How long an answer may take to arrive; httpx limits each read, not their sum."""

MAX_REASON_CHARACTERS: Final = 500

_CREATED = 201
_DELIVERED = frozenset({200, _CREATED})
_REFUSED = frozenset({409, 413, 422})
_NOT_ALLOWED = frozenset({401, 403})
_NOT_AN_OFFICE = frozenset({404, 405, 410, 511})
_OFFICE_BUSY = frozenset({408, 429, 502, 503, 504, 507})


@dataclass(frozen=True)
class SendResult:
    """What one round did.

    Attributes:
        delivered: Packages that the office has acknowledged.
        opened: Those of them that were new to it (201); the others it had already, from a try whose answer was lost.
        refused: Packages that it will not take; their reasons are in the spool.
        waiting: Packages left in the spool.
        retry_in_s: When to try again; `None` when nothing failed.
        why: What failed, in a sentence.
        stop: What a technician must do before another try makes sense; `None` when nothing.
    """

    delivered: int = 0
    opened: int = 0
    refused: int = 0
    waiting: int = 0
    retry_in_s: float | None = None
    why: str | None = None
    stop: str | None = None


class _Kind(Enum):
    DELIVERED = auto()
    REFUSED = auto()
    OFFICE_LATER = auto()  # nobody is served now: end the round
    CAMERA_LATER = auto()  # perhaps only this package: keep its camera's order, go on with the others
    STOP = auto()


@dataclass(frozen=True)
class _Answer:
    kind: _Kind
    why: str = ""
    opened: bool = False
    retry_after_s: float | None = None


@dataclass
class _Round:
    delivered: int = 0
    opened: int = 0
    refused: int = 0
    held_cameras: set[str] = field(default_factory=set)
    why: str | None = None
    retry_after_s: float | None = None
    stop: str | None = None
    over: bool = False


class Sender:
    """Empties a spool into an office.

    Args:
        spool: Where packages wait.
        office_url: The office's address, `https://...`; packages go to `/v1/packages` below it.
        token: The token of the box, or that of each camera by its id. With one for each, a camera whose token is not
            accepted is held back and tried again later, and the others go on.
        client: An httpx client with its time limits set; made when absent.
        clock: The present, aware; for dates in `Retry-After`.
        sleep: Waits some seconds; by default the stop event's own wait, which a stop interrupts.
        random: Source of the jitter.

    Raises:
        ValueError: The address is not an http(s) URL, or the token cannot be one.
    """

    def __init__(
        self,
        spool: Spool,
        office_url: str,
        token: str | Mapping[str, str],
        *,
        client: httpx.Client | None = None,
        clock: Callable[[], datetime] = lambda: datetime.now(UTC),
        sleep: Callable[[float], object] | None = None,
        random: random_module.Random | None = None,
    ) -> None:
        parts = urlsplit(office_url)
        if parts.scheme not in {"http", "https"} or not parts.hostname:
            message = f"the office's address {office_url!r} is not an http or https URL"
            raise ValueError(message)
        self._spool = spool
        for one in [token] if isinstance(token, str) else token.values():
            if not (one and one.isascii() and one.isprintable() and " " not in one):
                message = "a token is empty or holds characters that no token has: copy it again from the office"
                raise ValueError(message)
        self._url = f"{office_url.rstrip('/')}/v1/packages"
        self._token = token
        self._client = client or httpx.Client(timeout=httpx.Timeout(30, connect=10, write=60))
        self._clock = clock
        self._sleep = sleep
        self._random = random or random_module.Random()  # noqa: S311 - spreads retries, protects nothing
        self._failures = 0
        self.office_clock_s: float | None = None
        """The office's clock minus the box's, from its last answer, in seconds; known to a second."""
        self.trouble = ""
        """What failed in the last round, in a sentence; empty when nothing did."""

    def run(self, stop: Event) -> SendResult:
        """Send until the event is set or a technician is needed; returns the last round's result.

        A package that is in flight when the event is set is finished first.
        """
        result = SendResult(waiting=self._spool.counts().pending)
        while not stop.is_set():
            result = self.run_once()
            if result.stop is not None:
                break
            if result.retry_in_s is not None:
                self._pause(stop, result.retry_in_s)
            elif result.waiting == 0:
                self._pause(stop, IDLE_S)
        return result

    def run_once(self) -> SendResult:
        """Try a batch of waiting packages once; a failure ends the round, or holds back the rest of its camera."""
        state = _Round()
        waiting = 0
        try:
            for package in self._spool.pending(BATCH):
                if package.camera_id not in state.held_cameras:
                    self._deliver(package, state)
                if state.over:
                    break
            waiting = self._spool.counts().pending
        except SpoolError as error:
            # The box's own disk: what the office has taken but could not be noted is sent again, and answered with 200.
            state.why = str(error)
        self.trouble = state.why or ""
        retry_in_s = None
        if state.why is not None and state.stop is None:
            self._failures = 0 if state.delivered or state.refused else self._failures
            retry_in_s = self._backoff_s(state.retry_after_s)
            self._failures += 1
        elif state.stop is None:
            self._failures = 0
        return SendResult(
            delivered=state.delivered,
            opened=state.opened,
            refused=state.refused,
            waiting=waiting,
            retry_in_s=retry_in_s,
            why=state.why,
            stop=state.stop,
        )

    def _deliver(self, package: SpooledPackage, state: _Round) -> None:
        try:
            data = package.read()
        except DamagedPackage as error:
            self._spool.refuse(package.package_id, str(error))
            state.refused += 1
            return
        answer = self._post(package, data)
        if answer.kind is _Kind.DELIVERED:
            self._spool.acknowledge(package.package_id)
            state.delivered += 1
            state.opened += answer.opened
        elif answer.kind is _Kind.REFUSED:
            self._spool.refuse(package.package_id, answer.why)
            state.refused += 1
        else:
            state.why = answer.why
            state.retry_after_s = answer.retry_after_s
            state.held_cameras.add(package.camera_id)
            state.over = answer.kind is not _Kind.CAMERA_LATER
            state.stop = answer.why if answer.kind is _Kind.STOP else None

    def _post(self, package: SpooledPackage, data: bytes) -> _Answer:
        token = self._token if isinstance(self._token, str) else self._token.get(package.camera_id)
        if token is None:
            return _Answer(
                _Kind.CAMERA_LATER, f"there is no token for camera {package.camera_id}: get one from the office"
            )
        digest = base64.b64encode(bytes.fromhex(package.data_sha256)).decode()
        headers = {
            "Content-Type": PACKAGE_MEDIA_TYPE,
            "Content-Digest": f"sha-256=:{digest}:",
            "Idempotency-Key": package.package_id,
            "Authorization": f"Bearer {token}",
            "Accept": "application/json, application/problem+json",
        }
        try:
            with self._client.stream("POST", self._url, content=data, headers=headers) as response:
                self._compare_clocks(response)
                body = self._read_bounded(response)
        except httpx.RequestError as error:
            return _Answer(
                _Kind.OFFICE_LATER, f"the office at {self._url} cannot be reached: {error or type(error).__name__}"
            )
        return self._judge(package, response, body)

    def _compare_clocks(self, response: httpx.Response) -> None:
        with contextlib.suppress(ValueError, TypeError, OverflowError):
            told = parsedate_to_datetime(response.headers.get("Date", ""))
            self.office_clock_s = (told - self._clock()).total_seconds()

    def _judge(self, package: SpooledPackage, response: httpx.Response, body: dict[str, Any]) -> _Answer:
        status = response.status_code
        reason = _reason(body)
        if status in _DELIVERED:
            if body.get("package_id") == package.package_id:
                return _Answer(_Kind.DELIVERED, opened=status == _CREATED)
            return _Answer(
                _Kind.OFFICE_LATER,
                f"{self._url} answered {status}, but not as an office does: is a login page in between?",
            )
        if status in _REFUSED:
            return _Answer(_Kind.REFUSED, f"the office refused it ({status}): {reason}")
        if status in _NOT_ALLOWED:
            whose = f"camera {package.camera_id}" if isinstance(self._token, Mapping) else "this box"
            why = f"the office does not accept the token of {whose} ({status}: {reason}): set a new one from the office"
            return _Answer(_Kind.STOP if isinstance(self._token, str) else _Kind.CAMERA_LATER, why)
        if status in _NOT_AN_OFFICE or response.is_redirect:
            why = f"{self._url} answered {status}, as no office does: check the office's address and what is in between"
            return _Answer(_Kind.OFFICE_LATER, why)
        kind = _Kind.OFFICE_LATER if status in _OFFICE_BUSY else _Kind.CAMERA_LATER
        return _Answer(kind, f"the office answered {status}: {reason}", retry_after_s=self._retry_after_s(response))

    def _read_bounded(self, response: httpx.Response) -> dict[str, Any]:
        """The answer's JSON object; empty when it is none, or too long to be one of an office's."""
        latest = self._clock() + timedelta(seconds=MAX_ANSWER_S)
        body = bytearray()
        for piece in response.iter_bytes():
            body += piece
            if len(body) > MAX_ANSWER_BYTES or self._clock() > latest:
                return {}
        try:
            value = json.loads(bytes(body))
        except (ValueError, RecursionError):
            return {}
        return value if isinstance(value, dict) else {}

    def _retry_after_s(self, response: httpx.Response) -> float | None:
        value = response.headers.get("Retry-After", "").strip()
        if not value:
            return None
        try:
            seconds = (
                float(value) if value.isdigit() else (parsedate_to_datetime(value) - self._clock()).total_seconds()
            )
        except (ValueError, TypeError, OverflowError):
            return None
        return min(max(seconds, MIN_BACKOFF_S), MAX_RETRY_AFTER_S)

    def _backoff_s(self, asked_s: float | None) -> float:
        """Twice as long after each failure, spread over its upper half so that boxes do not come back all at once."""
        longest = min(MAX_BACKOFF_S, MIN_BACKOFF_S * 2.0 ** min(self._failures + 1, 10))
        own = self._random.uniform(max(MIN_BACKOFF_S, longest / 2), longest)
        return max(own, asked_s) if asked_s is not None else own

    def _pause(self, stop: Event, seconds: float) -> None:
        if self._sleep is None:
            stop.wait(seconds)
        else:
            self._sleep(seconds)


def _reason(body: dict[str, Any]) -> str:
    """Step and sentence of problem details, on one line and bounded: the office's text is data."""
    parts = [str(body[key]) for key in ("step", "why") if body.get(key)] or [
        str(body.get("detail") or body.get("title") or "no reason given")
    ]
    text = " ".join(": ".join(parts).split())
    return "".join(c for c in text if c.isprintable())[:MAX_REASON_CHARACTERS]
