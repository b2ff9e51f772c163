"""A vehicle register over HTTP: `GET /vehicles/{plate}`, blocks by `PUT` and `DELETE /blocks/{plate}`.

Kept answers: what the register knows for 15 minutes, that it knows nothing for one; never longer, and never in place of
a register that does not answer: owners change, and a wrong ticket is worse than a late one.
"""

from __future__ import annotations

import random
import threading
import time
from collections import OrderedDict
from collections.abc import Callable
from typing import Annotated, Final

import httpx
from pydantic import BaseModel, ConfigDict, Field, ValidationError

from api.outbox.outside import RegisterSystem
from api.outbox.sending import Effect, SendingFailed, SendingRefused
from api.register.breaker import CircuitBreaker
from api.register.port import RegisterAway
from api.register.service import CLASSES, MAX_CELL_CHARACTERS, YEARS, Vehicle
from pipeline.evidence.plate_number import PlateNumber, PlateNumberError

KNOWN_FOR_S: Final = 900.0
UNKNOWN_FOR_S: Final = 60.0
KEPT: Final = 10_000
MAX_ANSWER_BYTES: Final = 64 * 1024
FIRST_PAUSE_S: Final = 0.1

_Text = Annotated[str, Field(max_length=MAX_CELL_CHARACTERS)]
_Needed = Annotated[str, Field(min_length=1, max_length=MAX_CELL_CHARACTERS)]


class _Answer(BaseModel):
    """What a register must say of a vehicle, or it is nonsense."""

    model_config = ConfigDict(frozen=True, extra="ignore")

    plate: _Needed
    vehicle_class: _Needed
    make: _Needed
    model: _Text = ""
    colour: _Text = ""
    year: Annotated[int, Field(ge=YEARS.start, lt=YEARS.stop)] | None = None
    owner_name: _Needed
    owner_address: _Needed
    owner_email: _Text = ""
    owner_phone: _Text = ""
    priority: _Text = ""
    engine_number: _Text = ""
    chassis_number: _Text = ""


class RemoteRegister:
    """Asks a register over HTTP, for any number of threads.

    Args:
        system: address, key, patience, tries.
        client: the HTTP client; by default one of its own.
        monotonic: seconds that only grow.
        sleep: waits between tries.
        breaker: leaves a register alone that fails again and again.
    """

    def __init__(
        self,
        system: RegisterSystem,
        *,
        client: httpx.Client | None = None,
        monotonic: Callable[[], float] = time.monotonic,
        sleep: Callable[[float], None] = time.sleep,
        breaker: CircuitBreaker | None = None,
    ) -> None:
        self._system = system
        self._client = client or httpx.Client(timeout=httpx.Timeout(system.timeout_s), follow_redirects=False)
        self._monotonic = monotonic
        self._sleep = sleep
        self._breaker = breaker or CircuitBreaker(monotonic)
        self._kept: OrderedDict[str, tuple[float, Vehicle | None]] = OrderedDict()
        self._lock = threading.Lock()

    def find(self, plate: str) -> Vehicle | None:
        """The vehicle with this plate; None when the register says that there is none, or the text is no plate.

        Raises:
            RegisterAway: it is down, slow, or talks nonsense.
        """
        try:
            wanted = PlateNumber.parse(plate).text
        except PlateNumberError:
            return None
        kept = self._recall(wanted)
        if kept is not None:
            return kept[0]
        answer = self._ask("GET", f"/vehicles/{wanted}")
        vehicle = None if answer.status_code == httpx.codes.NOT_FOUND else self._vehicle(answer, wanted)
        self._keep(wanted, vehicle)
        return vehicle

    def order(self, effect: Effect) -> str:
        """Block or unblock a vehicle (effects `register_block`, `register_unblock`); what it answers.

        Raises:
            SendingFailed: not now.
            SendingRefused: not at all.
        """
        plate = str(effect.body.get("plate") or "")
        method = "PUT" if effect.kind == "register_block" else "DELETE"
        try:
            answer = self._ask(
                method,
                f"/blocks/{plate}",
                headers={"Idempotency-Key": effect.key},
                params={
                    "ticket": str(effect.body.get("ticket") or ""),
                    # Of orders about one plate the register keeps the one with the highest number.
                    "sequence": str(effect.body.get("sequence") or 0),
                },
            )
        except RegisterAway as error:
            raise SendingFailed(f"{error.detail} ({error.told})") from error
        # A block that is not there is lifted already.
        if answer.is_success or (method == "DELETE" and answer.status_code == httpx.codes.NOT_FOUND):
            return f"{method} {answer.status_code}"
        raise SendingRefused(f"the register answers {answer.status_code} to {method} of {plate}")

    def _ask(
        self, method: str, path: str, *, headers: dict[str, str] | None = None, params: dict[str, str] | None = None
    ) -> httpx.Response:
        if not self._breaker.lets_through():
            raise RegisterAway("register.away", "it failed again and again; the next try is due soon")
        last = RegisterAway("register.away")
        for attempt in range(self._system.tries):
            if attempt:
                # Doubled each time, and never in step with the other processes.
                self._sleep(FIRST_PAUSE_S * 2 ** (attempt - 1) * random.uniform(0.5, 1.5))  # noqa: S311 - no secret
            try:
                answer = self._client.request(
                    method,
                    f"{self._system.url.rstrip('/')}{path}",
                    headers={"Authorization": f"Bearer {self._system.token}", **(headers or {})},
                    params=params,
                )
            except httpx.TimeoutException:
                last = RegisterAway("register.slow", f"no answer within {self._system.timeout_s:g} s")
                continue
            except httpx.HTTPError as error:
                last = RegisterAway("register.away", type(error).__name__)
                continue
            if answer.status_code >= 500 or answer.status_code == httpx.codes.TOO_MANY_REQUESTS:
                last = RegisterAway("register.away", f"it answers {answer.status_code}")
                continue
            self._breaker.succeeded()
            return answer
        self._breaker.failed()
        raise last

    def _vehicle(self, answer: httpx.Response, wanted: str) -> Vehicle:
        if not answer.is_success or len(answer.content) > MAX_ANSWER_BYTES:
            raise RegisterAway("register.nonsense", f"status {answer.status_code}, {len(answer.content)} bytes")
        try:
            told = _Answer.model_validate_json(answer.content)
            plate = PlateNumber.parse(told.plate).text
        except (ValidationError, PlateNumberError) as error:
            raise RegisterAway("register.nonsense", "its answer is not as agreed") from error
        texts = told.model_dump(exclude={"year"}).values()
        if plate != wanted or told.vehicle_class not in CLASSES or not all(text.isprintable() for text in texts):
            raise RegisterAway("register.nonsense", "it tells of another vehicle, or of a class that nobody knows")
        return Vehicle(**{**told.model_dump(), "plate": plate}, source=self._system.url)

    def _recall(self, plate: str) -> tuple[Vehicle | None] | None:
        with self._lock:
            until, vehicle = self._kept.get(plate, (0.0, None))
            return (vehicle,) if self._monotonic() < until else None

    def _keep(self, plate: str, vehicle: Vehicle | None) -> None:
        with self._lock:
            self._kept[plate] = (self._monotonic() + (UNKNOWN_FOR_S if vehicle is None else KNOWN_FOR_S), vehicle)
            self._kept.move_to_end(plate)
            while len(self._kept) > KEPT:
                self._kept.popitem(last=False)
