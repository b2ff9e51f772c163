"""Over a real socket: whatever the network and the office do, no package is lost and none is doubled."""

from __future__ import annotations

import random
import socket
import threading
from datetime import UTC, datetime

import httpx
import pytest

from pipeline.delivery.errors import SpoolFull
from pipeline.delivery.sender import Sender
from pipeline.delivery.spool import Spool
from tests.pipeline.delivery.office import running_office
from tests.pipeline.delivery.test_spool import fill, next_package

BUSY_DETAIL = b'{"title": "Busy", "detail": "come back later"}'


@pytest.fixture
def spool(tmp_path):
    with Spool(tmp_path / "spool") as opened:
        yield opened


@pytest.fixture
def office():
    with running_office() as running:
        yield running


@pytest.fixture(scope="module")
def client():
    with httpx.Client(timeout=httpx.Timeout(5, read=0.5), trust_env=False) as opened:
        yield opened


@pytest.fixture
def send(spool, office, client):
    chance = random.Random(1)  # noqa: S311 - jitter of a test
    return Sender(spool, office.url, "token-1", client=client, random=chance)


def test_a_package_is_posted_as_the_contract_says(spool, office, send):
    (package,) = fill(spool, 1)
    result = send.run_once()
    assert (result.delivered, result.refused, result.waiting, result.retry_in_s, result.why) == (1, 0, 0, None, None)
    (request,) = office.requests
    assert request["path"] == "/v1/packages"
    assert request["Content-Type"] == "application/vnd.tertib.package"
    assert request["Idempotency-Key"] == package.package_id
    assert request["Authorization"] == "Bearer token-1"
    assert request["Content-Digest"].startswith("sha-256=:")
    assert spool.counts().acknowledged == 1


def test_order_is_kept_within_each_camera(spool, office, send):
    fill(spool, 4, "smg-01")
    fill(spool, 3, "smg-02")
    while send.run_once().waiting:
        pass
    for camera_id in ("smg-01", "smg-02"):
        places = [sequence for camera, sequence in office.order if camera == camera_id]
        assert places == sorted(places)
    assert spool.counts().acknowledged == 7


@pytest.mark.parametrize("act", ["drop before", "drop after", "silent", "portal"])
def test_what_breaks_off_is_sent_again_and_stored_once(spool, office, send, act):
    fill(spool, 2)
    office.script.append(act)
    result = send.run_once()
    assert (result.delivered, result.waiting) == (0, 2)
    assert result.retry_in_s is not None
    assert 1 <= result.retry_in_s <= 30
    assert result.why
    assert len(office.requests) == 1, "a later package does not overtake"
    assert send.run_once().delivered == 2
    assert office.order == [("smg-01", 1), ("smg-01", 2)]


@pytest.mark.parametrize("status", [408, 429, 500, 502, 503, 504, 507, 400, 404, 302])
def test_a_passing_fault_of_the_office_is_tried_again(spool, office, send, status):
    fill(spool, 1)
    office.script.append((status, {"Location": "/login"}, BUSY_DETAIL))
    result = send.run_once()
    assert (result.delivered, result.refused, result.waiting, result.stop) == (0, 0, 1, None)
    assert str(status) in result.why
    assert send.run_once().delivered == 1


def test_an_office_that_is_not_there_is_told_in_a_sentence(spool, client):
    fill(spool, 1)
    with socket.socket() as reserved:
        reserved.bind(("127.0.0.1", 0))
        url = f"http://127.0.0.1:{reserved.getsockname()[1]}"
        result = Sender(spool, url, "t", client=client).run_once()
    assert result.waiting == 1
    assert "cannot be reached" in result.why
    assert spool.counts().pending == 1


@pytest.mark.parametrize(
    ("asked", "seconds"),
    [("7", 7), ("0", None), ("Mon, 02 Mar 2026 01:20:00 GMT", 120), ("999999", 3600), ("soon", None), ("-5", None)],
)
def test_the_office_says_when_to_come_back(spool, office, client, asked, seconds):
    fill(spool, 1)
    office.script.append((503, {"Retry-After": asked}, b""))
    now = datetime(2026, 3, 2, 1, 18, tzinfo=UTC)
    result = Sender(spool, office.url, "t", client=client, clock=lambda: now).run_once()
    if seconds is None:
        assert 1 <= result.retry_in_s <= 2
    else:
        assert result.retry_in_s == seconds


def test_each_failure_waits_longer_and_a_success_starts_over(spool, office, send):
    fill(spool, 1)
    office.script.extend([(503, {}, b"")] * 8)
    waits = [send.run_once().retry_in_s for _ in range(8)]
    for number, wait in enumerate(waits, start=1):
        assert max(1, min(30, 2**number) / 2) <= wait <= min(30, 2**number)
    assert send.run_once().retry_in_s is None
    fill(spool, 1)
    office.script.append((503, {}, b""))
    assert send.run_once().retry_in_s <= 2


@pytest.mark.parametrize("status", [409, 413, 422])
def test_a_refused_package_is_kept_with_the_reason_and_the_next_goes_on(spool, office, send, status):
    first, _ = fill(spool, 2)
    body = b'{"title": "Unprocessable", "step": "signature", "why": "the key\\nis unknown\\u001b[31m"}'
    office.script.append((status, {"Content-Type": "application/problem+json"}, body))
    result = send.run_once()
    assert (result.delivered, result.refused, result.waiting) == (1, 1, 0)
    reason = f"the office refused it ({status}): signature: the key is unknown[31m"
    assert spool.refusals() == [(first.package_id, reason)]
    assert (spool.folder / "refused" / first.file_name).read_bytes() == first.data


@pytest.mark.parametrize("status", [401, 403])
def test_a_wrong_token_stops_with_a_sentence_for_the_technician(spool, office, send, status):
    fill(spool, 2)
    office.script.append((status, {}, b'{"detail": "unknown token"}'))
    result = send.run(threading.Event())
    assert "set a new one from the office" in result.stop
    assert "unknown token" in result.stop
    assert (result.waiting, len(office.requests)) == (2, 1)


def test_each_camera_can_have_its_own_token(spool, office, client):
    fill(spool, 1, "smg-01")
    fill(spool, 1, "smg-02")
    sender = Sender(spool, office.url, {"smg-01": "one", "smg-02": "two"}, client=client)
    assert sender.run_once().opened == 2
    assert [request["Authorization"] for request in office.requests] == ["Bearer one", "Bearer two"]


@pytest.mark.parametrize("tokens", [{"smg-02": "two"}, {"smg-01": "wrong", "smg-02": "two"}])
def test_a_camera_without_a_good_token_is_named_and_the_others_go_on(spool, office, client, tokens):
    fill(spool, 2, "smg-01")
    fill(spool, 2, "smg-02")
    if "smg-01" in tokens:
        office.script.append((401, {}, b'{"detail": "unknown token"}'))
    result = Sender(spool, office.url, tokens, client=client).run_once()
    assert (result.delivered, result.waiting, result.stop) == (2, 2, None)
    assert "camera smg-01" in result.why
    assert result.retry_in_s is not None


def test_what_the_office_had_already_is_delivered_but_not_opened(spool, office, send):
    fill(spool, 1)
    office.script.append("drop after")
    assert send.run_once().opened == 0
    result = send.run_once()
    assert (result.delivered, result.opened) == (1, 0)


def test_a_fault_with_one_package_does_not_hold_up_other_cameras(spool, office, send):
    fill(spool, 2, "smg-01")
    fill(spool, 2, "smg-02")
    office.script.append((500, {}, b""))
    result = send.run_once()
    assert (result.delivered, result.waiting) == (2, 2)
    assert [camera for camera, _ in office.order] == ["smg-02", "smg-02"]


def test_a_package_damaged_on_the_boxs_disk_is_set_aside(spool, office, send):
    first, second = fill(spool, 2)
    (spool.folder / "packages" / first.file_name).write_bytes(b"PK")
    result = send.run_once()
    assert (result.delivered, result.refused) == (1, 1)
    assert list(office.stored) == [second.package_id]
    assert "damaged on this box's disk" in spool.refusals()[0][1]


def test_an_answer_without_end_is_not_read(spool, office, send):
    fill(spool, 1)
    office.script.append((201, {}, b"[" * 3_000_000))
    assert send.run_once().waiting == 1
    office.script.append((201, {}, b"[" * 60_000))
    assert send.run_once().waiting == 1


def test_an_answer_about_another_package_is_no_receipt(spool, office, send):
    fill(spool, 1)
    office.script.append((201, {}, b'{"package_id": "another"}'))
    result = send.run_once()
    assert (result.delivered, result.waiting) == (0, 1)
    assert "not as an office does" in result.why


def test_what_cannot_be_noted_is_sent_again_and_known(spool, office, send, monkeypatch):
    fill(spool, 1)

    def full(package_id):
        message = "the disk is full"
        raise SpoolFull(message)

    with monkeypatch.context() as patched:
        patched.setattr(spool, "acknowledge", full)
        result = send.run_once()
    assert result.why == "the disk is full"
    assert result.retry_in_s is not None
    assert send.run_once().delivered == 1
    assert office.order == [("smg-01", 1)]


@pytest.mark.parametrize("url", ["", "office", "ftp://office", "http://"])
def test_an_address_that_is_none_is_told(spool, client, url):
    with pytest.raises(ValueError, match="not an http or https URL"):
        Sender(spool, url, "t", client=client)


@pytest.mark.parametrize("token", ["", "a b", "a\nb", "t\u00f6ken"])
def test_a_token_that_is_none_is_told(spool, client, token):
    with pytest.raises(ValueError, match="copy it again from the office"):
        Sender(spool, "http://office", token, client=client)


@pytest.mark.parametrize("seed", range(3))
def test_nothing_is_lost_or_doubled_whatever_happens(spool, office, client, seed):
    """Three cameras seal while the network and the office fail at random, and the sender runs in its own thread."""
    chance = random.Random(seed)  # noqa: S311 - faults of a test
    faults = ["drop before", "drop after", "portal", (503, {}, b""), (500, {}, b""), (429, {"Retry-After": "1"}, b"")]
    office.script.extend(chance.choice(["ok", *faults]) for _ in range(60))
    stop = threading.Event()
    cameras = ["smg-01", "smg-02", "smg-03"]
    total = 24
    sender = Sender(spool, office.url, "t", client=client, sleep=lambda _: stop.wait(0.001), random=chance)
    thread = threading.Thread(target=sender.run, args=(stop,))
    thread.start()
    sealed = []
    for number in range(total):
        sealed.append(next_package(spool, cameras[number % 3]))
        spool.accept(sealed[-1])
    for _ in range(2000):
        if spool.counts().acknowledged == total:
            break
        stop.wait(0.01)
    stop.set()
    thread.join()
    assert spool.counts().acknowledged == total
    assert set(office.stored) == {package.package_id for package in sealed}
    assert sorted(office.order) == [(camera, place) for camera in cameras for place in range(1, total // 3 + 1)]
    for camera_id in cameras:
        places = [place for camera, place in office.order if camera == camera_id]
        assert places == sorted(places)


def test_a_stop_ends_the_sender_while_it_waits(spool, office, client):
    fill(spool, 1)
    office.script.append((503, {"Retry-After": "600"}, b""))
    stop = threading.Event()
    thread = threading.Thread(target=Sender(spool, office.url, "t", client=client).run, args=(stop,))
    thread.start()
    while not office.requests:
        stop.wait(0.005)
    stop.set()
    thread.join(timeout=10)
    assert not thread.is_alive()
    assert spool.counts().pending == 1
