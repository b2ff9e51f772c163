"""Events in the shapes that cameras push: each is understood, and each kind of damage is told apart."""

from __future__ import annotations

import os
from datetime import UTC, datetime, timedelta, timezone
from pathlib import Path

import pytest

from pipeline.events.intake import read_event
from pipeline.events.reading import EventRefused

ZONE = timezone(timedelta(hours=7))
JPEG = b"\xff\xd8\xff\xe0 a picture \xff\xd9"


def alert(
    plate: str = "<licensePlate>H1234AB</licensePlate>",
    *,
    namespace: str = "http://www.hikvision.com/ver20/XMLSchema",
    when: str = "<dateTime>2026-03-02T07:15:00+07:00</dateTime>",
    confidence: str = "97",
    head: str = '<?xml version="1.0" encoding="UTF-8"?>\n',
) -> bytes:
    space = f' xmlns="{namespace}"' if namespace else ""
    return f"""{head}<EventNotificationAlert version="2.0"{space}>
  <macAddress>02:00:00:00:00:01</macAddress>{when}<eventType>ANPR</eventType><UUID>one</UUID>
  <ANPR>{plate}<direction>reverse</direction><confidenceLevel>{confidence}</confidenceLevel>
  <pictureInfoList><pictureInfo><plateRect><X>10</X><Y>20</Y><width>30</width><height>8</height></plateRect>
  </pictureInfo></pictureInfoList></ANPR></EventNotificationAlert>""".encode()


def multipart(*parts: tuple[str, bytes, int | None], mark: str = "MIME_boundary", close: bool = True) -> bytes:
    body = b""
    for media_type, data, length in parts:
        said = len(data) if length is None else length
        body += f"--{mark}\r\nContent-Disposition: form-data; name=x; filename=f.{media_type[-3:]}\r\n".encode()
        body += f"Content-Type: {media_type}\r\nContent-Length: {said}\r\n\r\n".encode() + data + b"\r\n"
    return body + (f"--{mark}--\r\n".encode() if close else b"")


@pytest.mark.parametrize(
    "namespace",
    ["http://www.hikvision.com/ver20/XMLSchema", "http://www.isapi.org/ver20/XMLSchema", "urn:psialliance-org", ""],
)
def test_hikvision_speaks_in_several_namespaces(namespace: str) -> None:
    event = read_event(alert(namespace=namespace), "application/xml", zone=ZONE)
    assert (event.vendor, event.plate, event.confidence) == ("hikvision", "H1234AB", 0.97)
    assert event.captured_at == datetime(2026, 3, 2, 0, 15, tzinfo=UTC)
    assert (event.direction, event.plate_box, event.event_id) == ("leaving", (10.0, 20.0, 40.0, 28.0), "one")


def test_no_declaration_no_plate_and_a_foreign_plate() -> None:
    assert read_event(alert(head=""), "", zone=ZONE).plate == "H1234AB"
    bare = read_event(alert("<licensePlate>unknown</licensePlate>"), "", zone=ZONE)
    assert bare.plate is None
    assert bare.doubts == ("the camera read no plate",)
    assert read_event(alert("<licensePlate>8กผ444</licensePlate>"), "", zone=ZONE).plate == "8กผ444"
    local = read_event(alert(when="<dateTime>2026-03-02T07:15:00</dateTime>"), "", zone=ZONE)
    assert local.captured_at == datetime(2026, 3, 2, 0, 15, tzinfo=UTC)
    assert not local.clock_has_zone


@pytest.mark.parametrize("mark", ["MIME_boundary", "boundary", "------7e13971310878"])
@pytest.mark.parametrize("length", [None, 3, 99_999])
def test_parts_are_read_by_their_boundaries_whatever_lengths_say(mark: str, length: int | None) -> None:
    body = multipart(("text/xml", alert(), length), ("image/jpeg", JPEG, None), mark=mark)
    event = read_event(body, f"multipart/form-data; boundary={mark}", zone=ZONE)
    assert event.plate == "H1234AB"
    assert [picture.data for picture in event.pictures] == [JPEG]
    assert ("lies" in " ".join(event.doubts)) == (length is not None)


def test_a_wrong_boundary_in_the_header_is_no_fault() -> None:
    body = multipart(("application/xml", alert(), None))
    assert read_event(body, "multipart/form-data; boundary=other", zone=ZONE).plate == "H1234AB"
    assert read_event(body, "multipart/form-data", zone=ZONE).plate == "H1234AB"


@pytest.mark.parametrize(
    ("body", "content_type", "damage"),
    [
        (b" \r\n", "", "empty"),
        (alert()[:300], "text/xml", "cut_off"),
        (b"<a><b></a>", "text/xml", "not_xml"),
        (b"<foo/>", "text/xml", "foreign"),
        (b"hello", "text/plain", "foreign"),
        (b'{"plate": "H1"', "application/json", "cut_off"),
        (b'{"plate": }', "application/json", "not_json"),
        (b'{"a": 1}', "application/json", "not_a_reading"),
        (b'{"plate": "H1"}', "application/json", "no_time"),
        (b'{"plate": "H1", "time": "yesterday"}', "application/json", "bad_time"),
        (b'{"Active": true, "DeviceID": "x"}', "application/json", "not_a_reading"),
        (alert(when=""), "text/xml", "no_time"),
        (alert(when="<dateTime>99</dateTime>"), "text/xml", "bad_time"),
        (alert(confidence="many"), "text/xml", "bad_value"),
        (alert(confidence="970"), "text/xml", "bad_value"),
        (alert().replace(b"ANPR>", b"VMD>"), "text/xml", "not_a_reading"),
        (b"no parts at all", "multipart/form-data; boundary=x", "not_multipart"),
        (multipart(("image/jpeg", JPEG, None)), "multipart/form-data", "no_event_part"),
        (b'<!DOCTYPE a [<!ENTITY b "c">]><a>&b;</a>', "text/xml", "forbidden_xml"),
    ],
)
def test_each_damage_is_told_apart(body: bytes, content_type: str, damage: str) -> None:
    with pytest.raises(EventRefused) as refused:
        read_event(body, content_type, zone=ZONE)
    assert refused.value.damage == damage
    assert "\n" not in str(refused.value)


def test_a_picture_that_is_cut_off_is_left_out_and_told() -> None:
    body = multipart(("text/xml", alert(), None), ("image/jpeg", JPEG[:-4], None), close=False)
    event = read_event(body, "multipart/form-data; boundary=MIME_boundary", zone=ZONE)
    assert event.pictures == ()
    assert "cut off" in event.doubts[0]
    assert "closing boundary" in event.doubts[1]


def test_dahua_onvif_and_plain_json() -> None:
    dahua = read_event(
        b'{"Picture": {"Plate": {"PlateNumber": "H 1234 AB", "Confidence": 90},'
        b'"SnapInfo": {"AccurateTime": "2026-02-10 09:30:45", "DeviceID": "cam", "Direction": "Obverse"}}}',
        "application/json",
        zone=ZONE,
    )
    assert (dahua.vendor, dahua.plate, dahua.confidence, dahua.direction) == ("dahua", "H1234AB", 0.9, "approaching")
    assert dahua.captured_at == datetime(2026, 2, 10, 2, 30, 45, tzinfo=UTC)
    junction = read_event(
        b'{"Code": "TrafficJunction", "Object": {"Confidence": 86, "Text": "H1AB"}, "Vehicle": {"Confidence": 94},'
        b'"TrafficCar": {"PlateNumber": "H1AB"}}',
        "application/json",
        zone=ZONE,
    )
    assert junction.confidence == 0.86
    assert "the camera told no time" in junction.doubts
    onvif = read_event(
        b'<tt:MetadataStream xmlns:tt="http://www.onvif.org/ver10/schema"><tt:VideoAnalytics>'
        b'<tt:Frame UtcTime="2026-03-02T00:15:00.5Z"><tt:Object ObjectId="7"><tt:Appearance><tt:LicensePlateInfo>'
        b"<tt:PlateNumber>H-1234-AB</tt:PlateNumber><tt:Likelihood>0.9</tt:Likelihood></tt:LicensePlateInfo>"
        b"</tt:Appearance></tt:Object></tt:Frame></tt:VideoAnalytics></tt:MetadataStream>",
        "application/xml",
        zone=ZONE,
    )
    assert (onvif.plate, onvif.confidence, onvif.event_id) == ("H1234AB", 0.9, "7")
    plain = read_event(b'{"plate": "H 1 AB", "time": "2026-03-02T07:15:00+07:00"}', "", zone=ZONE)
    assert plain.plate == "H1AB"


PAYLOADS = os.environ.get("TERTIB_EXTRA_DATA")


@pytest.mark.extra_data
@pytest.mark.skipif(not PAYLOADS, reason="set TERTIB_EXTRA_DATA to the folder of real footage and payloads")
def test_real_events_of_real_cameras_are_understood() -> None:
    folder = Path(PAYLOADS or "") / "payloads"
    expected = {
        "parkpow/parkpow/hikvision_lpr/assets/anpr.xml": ("PECT600", 0.97),
        "parkpow/parkpow/axis-lpr/assets/event.json": ("RLE11684", 0.719034),
        "index-excerpts/hik_DS-TCG406-E_thai.xml": ("8กผ444", 0.97),
        "index-excerpts/onvif_frame_likelihood.xml": ("ABC1234", 0.9),
        "index-excerpts/dahua_itsapi_tollgateinfo_reduced.json": ("ABC1234", 0.9),
        "index-excerpts/dahua_trafficjunction_real_push.json": ("9924\u0423\u0410\u041c", 0.86),
    }
    for name, (plate, confidence) in expected.items():
        event = read_event((folder / name).read_bytes(), "", zone=ZONE)
        assert (event.plate, event.confidence) == (plate, confidence), name
    others = [*folder.glob("hikvision_next/**/*.xml"), *folder.glob("index-excerpts/dahua_itsapi_[dk]*.json")]
    assert len(others) == 11
    for path in others:
        with pytest.raises(EventRefused) as refused:
            read_event(path.read_bytes(), "", zone=ZONE)
        assert refused.value.damage == "not_a_reading", path
