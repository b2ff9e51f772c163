"""A register over a real socket: retries, patience, a breaker, what is kept; and that nonsense is never believed."""

from __future__ import annotations

import json
from collections.abc import Iterator
from uuid import uuid4

import pytest

from api.outbox.outside import RegisterSystem
from api.outbox.sending import Effect, SendingFailed, SendingRefused
from api.register.breaker import CircuitBreaker
from api.register.port import RegisterAway
from api.register.remote import KNOWN_FOR_S, UNKNOWN_FOR_S, RemoteRegister
from tests.api.register.reference_server import RECORD, TOKEN, ReferenceRegister


class Time:
    def __init__(self) -> None:
        self.now = 100.0

    def __call__(self) -> float:
        return self.now


@pytest.fixture
def server() -> Iterator[ReferenceRegister]:
    with ReferenceRegister().serving() as made:
        yield made


@pytest.fixture
def clock() -> Time:
    return Time()


@pytest.fixture
def remote(server: ReferenceRegister, clock: Time) -> RemoteRegister:
    system = RegisterSystem(url=server.url, token=TOKEN, timeout_s=0.5, tries=3)
    return RemoteRegister(system, monotonic=clock, sleep=lambda _: None)


def test_it_finds_a_vehicle_by_its_plate_and_asks_once_while_the_answer_holds(remote, server, clock):
    found = remote.find("h 1234 ab")
    assert (found.plate, found.owner_name, found.owner_email) == ("H1234AB", "Budi (rekaan)", "budi@example.org")
    assert remote.find("H1234AB") == found
    assert server.asked == [("GET", "/vehicles/H1234AB", f"Bearer {TOKEN}")]
    server.vehicles["H1234AB"] = RECORD | {"owner_name": "Siti (rekaan)"}
    clock.now += KNOWN_FOR_S
    assert remote.find("H1234AB").owner_name == "Siti (rekaan)"


def test_an_unknown_plate_is_none_and_is_asked_again_soon(remote, server, clock):
    assert remote.find("H9ZZ") is None
    assert remote.find("no plate") is None
    server.vehicles["H9ZZ"] = RECORD | {"plate": "H 9 ZZ"}
    assert remote.find("H9ZZ") is None
    clock.now += UNKNOWN_FOR_S
    assert remote.find("H9ZZ") is not None
    assert len(server.asked) == 2


def test_a_hiccup_is_tried_again(remote, server):
    server.next.extend([503, 429])
    assert remote.find("H1234AB") is not None
    assert len(server.asked) == 3


@pytest.mark.parametrize(
    ("behaviour", "message"),
    [([500] * 3, "register.away"), ([0.9] * 3, "register.slow")],
    ids=["down", "slow"],
)
def test_down_and_slow_are_told_and_never_taken_for_an_unknown_plate(remote, server, behaviour, message):
    server.next.extend(behaviour)
    with pytest.raises(RegisterAway) as told:
        remote.find("H1234AB")
    assert told.value.message == message
    assert told.value.status == 503


@pytest.mark.parametrize(
    "nonsense",
    [
        b"<html>Welcome</html>",
        b"[]",
        b"{}",
        json.dumps(RECORD | {"plate": "B1XX"}).encode(),
        json.dumps(RECORD | {"vehicle_class": "boat"}).encode(),
        json.dumps(RECORD | {"owner_name": ""}).encode(),
        json.dumps(RECORD | {"owner_name": "a\u202eb"}).encode(),
        json.dumps(RECORD | {"year": 12}).encode(),
        b" " * 70_000,
    ],
)
def test_nonsense_is_told_and_not_believed_nor_kept(remote, server, nonsense):
    server.next.append(nonsense)
    with pytest.raises(RegisterAway) as told:
        remote.find("H1234AB")
    assert told.value.message == "register.nonsense"
    assert remote.find("H1234AB").owner_name == "Budi (rekaan)"


@pytest.mark.parametrize("status", [301, 400, 401, 403, 418])
def test_an_answer_that_was_not_agreed_is_no_unknown_plate(remote, server, status):
    server.next.append(status)
    with pytest.raises(RegisterAway):
        remote.find("H1234AB")


def test_what_fails_again_and_again_is_left_alone_and_tried_by_one_after_a_rest(server, clock):
    system = RegisterSystem(url=server.url, token=TOKEN, timeout_s=0.5, tries=1)
    breaker = CircuitBreaker(clock, failures=2, rest_s=30)
    remote = RemoteRegister(system, monotonic=clock, sleep=lambda _: None, breaker=breaker)
    server.next.extend([500, 500, 500])
    for _ in range(5):
        with pytest.raises(RegisterAway):
            remote.find("H1234AB")
    assert len(server.asked) == 2, "nobody waits for what is known to be down"
    clock.now += 30
    with pytest.raises(RegisterAway):
        remote.find("H1234AB")
    assert len(server.asked) == 3
    clock.now += 30
    assert remote.find("H1234AB") is not None


def test_only_one_caller_tries_a_register_that_rested(clock):
    breaker = CircuitBreaker(clock, failures=1, rest_s=10)
    breaker.failed()
    clock.now += 10
    assert [breaker.lets_through() for _ in range(3)] == [True, False, False]
    breaker.succeeded()
    assert breaker.lets_through()


def test_nobody_there_is_told():
    system = RegisterSystem(url="http://127.0.0.1:1", token=TOKEN, timeout_s=0.5, tries=2)
    with pytest.raises(RegisterAway) as told:
        RemoteRegister(system, sleep=lambda _: None).find("H1234AB")
    assert told.value.message == "register.away"


def order(kind: str, plate: str = "H1234AB") -> Effect:
    return Effect(uuid4(), kind, f"{kind}:1", {"plate": plate, "ticket": "T-1"}, 1)


def test_blocks_are_ordered_and_lifted_with_a_key_and_lifting_twice_is_no_fault(remote, server):
    assert remote.order(order("register_block")) == "PUT 200"
    assert server.blocks == {"H1234AB": "register_block:1"}
    assert remote.order(order("register_unblock")) == "DELETE 200"
    assert remote.order(order("register_unblock")) == "DELETE 404"
    assert server.blocks == {}
    server.next.extend([500] * 3)
    with pytest.raises(SendingFailed):
        remote.order(order("register_unblock"))
    server.next.append(403)
    with pytest.raises(SendingRefused):
        remote.order(order("register_block"))
