"""Cameras push over a real socket: events become packages, each damage is told apart, nobody else gets in."""

from __future__ import annotations

import base64
import io
import json
import socket
from collections.abc import Iterator
from datetime import UTC, datetime, timedelta
from pathlib import Path

import cv2
import httpx
import numpy as np
import pytest

from models.plates.reading import PlateReading
from pipeline.box.logs import box_log
from pipeline.delivery.spool import Spool
from pipeline.events.listener import Door, Listener
from pipeline.evidence.offence import OffenceCode
from pipeline.evidence.verify import verify
from pipeline.scene import load_scene
from scripts.commands._camera_listen import EventTaker
from tests.pipeline.events.test_events import PAYLOADS, ZONE, alert, multipart
from tests.pipeline.evidence.builder import camera_key, key_ring
from tests.scripts.test_camera_command import SCENE

CAMERA, SECRET = "smg-01", "s3cret"


def photograph(shade: int = 120, size: tuple[int, int] = (240, 320)) -> bytes:
    return cv2.imencode(".jpg", np.full((*size, 3), shade, np.uint8))[1].tobytes()


class SecondLook:
    """Our own reading: one plate, the same in every picture."""

    text: str | None = "H1234AB"

    def __call__(self, _: np.ndarray) -> list[tuple[tuple[float, float, float, float], PlateReading]]:
        said = ((self.text, 0.9),) if self.text else ()
        return [((10.0, 20.0, 60.0, 40.0), PlateReading(self.text, 0.9 if self.text else 0.0, None, (), said))]


class Gate:
    def __init__(self, folder: Path, offence: OffenceCode | None = OffenceCode.BUS_LANE) -> None:
        (folder / "scene.yaml").write_text(SCENE.format(id=CAMERA))
        self.spool = Spool(folder / "spool")
        self.look, self.log = SecondLook(), io.StringIO()
        scene = load_scene(folder / "scene.yaml")
        self.taker = EventTaker(
            {CAMERA: scene}, {CAMERA: camera_key(CAMERA)}, self.spool, offence, {CAMERA: self.look}, box_log(self.log)
        )
        doors = {CAMERA: Door(CAMERA, SECRET, ZONE)}
        self.listener = Listener(
            ("127.0.0.1", 0), doors, self.taker.take, self.taker.take_photograph, self.taker.refused, read_s=0.4
        )
        self.url = f"http://127.0.0.1:{self.listener.port}"

    def post(self, body: bytes, media_type: str = "application/xml", path: str = "", **more: object) -> httpx.Response:
        headers = {"Content-Type": media_type, **more.pop("headers", {})}  # type: ignore[dict-item]
        return httpx.post(f"{self.url}{path or f'/events/{CAMERA}/{SECRET}'}", content=body, headers=headers, **more)

    def packages(self) -> list:
        return [verify(p.read(), key_ring(CAMERA), now=datetime.now(UTC)).manifest for p in self.spool.pending()]


@pytest.fixture
def gate(tmp_path: Path) -> Iterator[Gate]:
    made = Gate(tmp_path)
    yield made
    made.listener.close()
    made.spool.close()


def now(off: timedelta = timedelta()) -> str:
    return f"<dateTime>{(datetime.now(UTC) + off).isoformat(timespec='milliseconds')}</dateTime>"


def pushed(off: timedelta = timedelta(), **how: object) -> bytes:
    return multipart(("text/xml", alert(when=now(off)), None), ("image/jpeg", photograph(), None), **how)


FORM = "multipart/form-data; boundary=MIME_boundary"


def test_an_event_becomes_one_signed_package_however_often_it_is_sent(gate: Gate) -> None:
    body = pushed()
    answers = [gate.post(body, FORM).json() for _ in range(3)]
    assert [answer["accepted"] for answer in answers] == [True, True, True]
    assert len({answer["package_id"] for answer in answers}) == 1
    (manifest,) = gate.packages()
    assert (manifest.offence, manifest.plate.text, manifest.stills_only) == ("bus_lane", "H1234AB", True)
    assert {member.role for member in manifest.members} == {"overview", "offence", "plate"}
    assert "the camera's own software (hikvision) reported it" in manifest.doubts[0]
    assert not any(doubt.startswith("grave:") for doubt in manifest.doubts)
    assert "H1234AB" not in gate.log.getvalue()


@pytest.mark.parametrize("ours", [None, "H1284AB"])
def test_a_plate_that_our_own_reading_does_not_confirm_is_no_plate(gate: Gate, ours: str | None) -> None:
    gate.look.text = ours
    gate.post(pushed(), FORM)
    (manifest,) = gate.packages()
    assert manifest.plate.text is None
    assert "do not agree" in (manifest.plate.reason or "")
    assert "H1234AB" in [candidate.text for candidate in manifest.plate.candidates]


@pytest.mark.parametrize(("off_s", "doubt"), [(-7200, "grave: "), (400 * 86400, "grave: "), (-60, "")])
def test_a_camera_whose_clock_is_off_is_told_and_over_two_minutes_held(gate: Gate, off_s: int, doubt: str) -> None:
    answer = gate.post(pushed(timedelta(seconds=off_s)), FORM)
    assert answer.status_code == 200
    (manifest,) = gate.packages()
    (told,) = [text for text in manifest.doubts if "the time in the event" in text]
    assert told == f"{doubt}the time in the event is {off_s:+d} s off that of the box"
    assert manifest.occurred_at <= datetime.now(UTC)


@pytest.mark.parametrize(
    ("body", "media_type", "status", "damage"),
    [
        (b"", "application/xml", 400, "empty"),
        (alert()[:200], "application/xml", 400, "cut_off"),
        (b"<html><body/></html>", "text/html", 400, "foreign"),
        (b"\x00\x01 no words", "application/xml", 400, "foreign"),
        (b"<!DOCTYPE x [<!ENTITY a 'b'>]><EventNotificationAlert/>", "application/xml", 400, "forbidden_xml"),
        (alert(when=""), "application/xml", 400, "no_time"),
        (alert(when="<dateTime>yesterday</dateTime>"), "application/xml", 400, "bad_time"),
        (alert(confidence="120"), "application/xml", 400, "bad_value"),
        (b'{"plate": "H1AB", "time": ', "application/json", 400, "cut_off"),
        (b"words", "multipart/form-data; boundary=x", 400, "not_multipart"),
        (multipart(("image/jpeg", photograph(), None)), FORM, 400, "no_event_part"),
        (b'{"DeviceName": "d", "Active": "keepAlive"}', "application/json", 200, "not_a_reading"),
    ],
)
def test_each_damage_is_told_apart(gate: Gate, body: bytes, media_type: str, status: int, damage: str) -> None:
    answer = gate.post(body, media_type)
    assert (answer.status_code, answer.json()["damage"]) == (status, damage)
    assert gate.spool.counts().pending == 0
    assert (damage in gate.log.getvalue()) == (status != 200)


def test_lengths_that_lie_and_bodies_in_chunks(gate: Gate) -> None:
    body = pushed()
    for length in (len(body) + 5000, None):
        with socket.create_connection(("127.0.0.1", gate.listener.port)) as line:
            head = f"POST /events/{CAMERA}/{SECRET} HTTP/1.1\r\nHost: x\r\nContent-Type: {FORM}\r\n"
            if length is None:
                line.sendall(f"{head}Transfer-Encoding: chunked\r\n\r\n".encode())
                line.sendall(f"{len(body):x}\r\n".encode() + body + b"\r\n0\r\n\r\n")
            else:
                line.sendall(f"{head}Content-Length: {length}\r\n\r\n".encode() + body)
            assert b"200 OK" in line.recv(4096)
    assert gate.spool.counts().pending == 1
    with socket.create_connection(("127.0.0.1", gate.listener.port)) as line:
        line.sendall(f"POST /events/{CAMERA}/{SECRET} HTTP/1.1\r\nContent-Length: 99999999\r\n\r\n".encode())
        assert b" 413 " in line.recv(4096)


def test_nobody_gets_in_without_the_camera_s_secret(gate: Gate) -> None:
    body = pushed()
    basic = base64.b64encode(f"camera:{SECRET}".encode()).decode()
    for path, headers, status in (
        (f"/events/{CAMERA}", {}, 401),
        (f"/events/{CAMERA}/wrong", {}, 401),
        (f"/events/other/{SECRET}", {}, 401),
        (f"/admin/{CAMERA}/{SECRET}", {}, 401),
        (f"/events/{CAMERA}", {"Authorization": "Basic !!"}, 401),
        (f"/events/{CAMERA}", {"Authorization": f"Bearer {SECRET}"}, 200),
        (f"/events/{CAMERA}", {"Authorization": f"Basic {basic}"}, 200),
    ):
        assert gate.post(body, FORM, path, headers=headers).status_code == status, (path, headers)
    assert gate.spool.counts().pending == 1


def test_without_a_picture_or_an_offence_it_is_told_but_not_packed(tmp_path: Path, gate: Gate) -> None:
    assert gate.post(alert(when=now())).json()["why"].startswith("the event has no picture")
    (tmp_path / "other").mkdir()
    other = Gate(tmp_path / "other", offence=None)
    assert "nobody said which offence" in other.post(pushed(), FORM).json()["why"]
    other.listener.close()
    assert (gate.spool.counts().pending, other.spool.counts().pending) == (0, 0)
    other.spool.close()


def test_an_officer_s_photograph_is_a_package_with_the_plate_as_written_only_where_the_picture_shows_it(
    gate: Gate,
) -> None:
    def send(**fields: str) -> httpx.Response:
        files = {"photo": ("p.jpg", photograph(77), "image/jpeg")}
        return httpx.post(f"{gate.url}/handheld/{CAMERA}/{SECRET}", data=fields, files=files)

    assert send(offence="no_helmet", plate="H 1234 AB").json()["accepted"]
    assert send(offence="no_helmet", plate="H 1234 AB").json()["why"] == "it was here already"
    assert send(offence="parking on the moon").json()["damage"] == "bad_value"
    (manifest,) = gate.packages()
    assert (manifest.offence, manifest.plate.text) == ("no_helmet", "H1234AB")
    assert "an officer's photograph" in manifest.doubts[0]


@pytest.mark.extra_data
@pytest.mark.skipif(not PAYLOADS, reason="set TERTIB_EXTRA_DATA to the folder of real footage and payloads")
def test_real_vendor_events_are_taken_over_the_socket(gate: Gate) -> None:
    folder = Path(PAYLOADS or "") / "payloads"
    for name in (
        "parkpow/parkpow/hikvision_lpr/assets/anpr.xml",
        "parkpow/parkpow/axis-lpr/assets/event.json",
        "index-excerpts/hik_DS-TCG406-E_thai.xml",
        "index-excerpts/onvif_frame_likelihood.xml",
        "index-excerpts/dahua_itsapi_tollgateinfo_reduced.json",
        "index-excerpts/dahua_trafficjunction_real_push.json",
    ):
        answer = gate.post((folder / name).read_bytes())
        assert (answer.status_code, json.loads(answer.text)["accepted"]) == (200, True), (name, answer.text)
