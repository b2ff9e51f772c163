"""A day's file: every planted difference is found, and nothing else; the codes and pictures that people pay with."""

from __future__ import annotations

import io
from datetime import UTC, date, datetime, timedelta
from itertools import pairwise
from zoneinfo import ZoneInfo

import pytest
import zxingcpp
from hypothesis import given
from hypothesis import strategies as st
from PIL import Image
from sqlalchemy import select

from api.payments import qris
from api.payments.booking import Notice, record
from api.payments.codes import new_code, parse_code
from api.payments.reconciliation import FileRefused, reconcile
from api.payments.tables import ReconciliationRow
from api.store.kinds import SYSTEM

DAY = date(2026, 11, 24)
ZONE = ZoneInfo("Asia/Jakarta")
NOON = datetime(2026, 11, 24, 5, 0, tzinfo=UTC)
HEAD = "kind,payment_id,virtual_account,amount_rupiah,paid_at"


def line(number: str, amount: int = 500_000, *, kind: str = "payment", code: str = "0", at: datetime = NOON) -> str:
    return f"{kind},{number},{code},{amount},{at.isoformat()}"


def file(*lines: str, total: str | None = None) -> str:
    amounts = [int(one.split(",")[3]) * (1 if one.startswith("payment") else -1) for one in lines]
    return "\n".join((HEAD, *lines, total or f"TOTAL,{len(lines)},,{sum(amounts)},")) + "\n"


@pytest.fixture
def check(session):
    def do(text: str):
        return [(d.sort, d.payment_id) for d in _reconcile(session, text).differences]

    return do


def _reconcile(session, text: str):
    return reconcile(session, text, day=DAY, zone=ZONE, actor=SYSTEM)


@pytest.fixture
def booked(session, jurisdiction):
    """Five payments of the day, one taken back, and one just after midnight, local time."""
    code = new_code("88810")
    for n in range(5):
        record(session, Notice("payment", f"p{n}", code, 500_000, NOON + timedelta(minutes=n), "atm"))
    record(session, Notice("reversal", "p4", code, 500_000, NOON + timedelta(hours=1), "atm"))
    record(session, Notice("payment", "tomorrow", code, 1, datetime(2026, 11, 24, 17, 0, tzinfo=UTC), "atm"))
    lines = [line(f"p{n}", code=code) for n in range(5)]
    return code, [*lines, line("p4", kind="reversal", code=code)]


def test_a_file_that_fits_has_no_difference(booked, check, session):
    _, lines = booked
    assert check(file(*lines)) == []
    assert check(file(*lines)) == []
    assert len(session.scalars(select(ReconciliationRow)).all()) == 1, "the same file is kept once"


def test_every_planted_difference_is_found_and_nothing_else(booked, check):
    code, _ = booked
    planted = [
        line("p0", code=code),
        line("p1", 499_999, code=code),
        line("p2", code=new_code("88810")),
        # p3 is not in the bank's file
        line("p4", code=code),
        line("p4", code=code),
        # nor is the reversal of p4
        line("p9", code=code),
        line("tomorrow", 1, code=code, at=datetime(2026, 11, 24, 17, 0, tzinfo=UTC)),
        line("p8", 7, kind="reversal", code=code),
    ]
    found = check(file(*planted, "payment,p7,0,5,yesterday", total="TOTAL,7,,1,"))
    assert found == [
        ("unreadable", ""),
        ("amount", "p1"),
        ("account", "p2"),
        ("twice", "p4"),
        ("missing_here", "p9"),
        ("other_day", "tomorrow"),
        ("missing_here", "p8"),
        ("missing_there", "p3"),
        ("missing_there", "p4"),
        ("trailer_count", ""),
        ("trailer_sum", ""),
    ]


def test_a_file_that_was_cut_off_is_noticed(booked, check):
    _, lines = booked
    cut = file(*lines).rsplit("TOTAL", 1)[0]
    assert check(cut) == [("no_trailer", "")]


@pytest.mark.parametrize("text", ["", "a,b,c\n", "PK\x03\x04"])
def test_what_is_no_such_file_is_refused(session, text):
    with pytest.raises(FileRefused, match="columns"):
        _reconcile(session, text)


@given(st.integers(0, 14), st.integers(1, 9), st.integers(0, 13))
def test_a_slip_of_the_finger_is_no_code(at, change, swap):
    code = new_code("88810")
    assert parse_code(f" {code[:5]} {code[5:10]} {code[10:]} ") == code
    wrong = code[:at] + str((int(code[at]) + change) % 10) + code[at + 1 :]
    assert parse_code(wrong) is None
    swapped = code[:swap] + code[swap + 1] + code[swap] + code[swap + 2 :]
    assert swapped == code or parse_code(swapped) is None


def test_qris_is_read_by_a_decoder_and_its_fields_are_those_of_the_bill():
    text = qris.payload(
        merchant_id="ID1020026112401",
        merchant_name="TERTIB TITIPAN DENDA",
        merchant_city="SEMARANG",
        postal_code="50243",
        category="9222",
        amount_rupiah=499_750,
        bill_number="888104127736905",
    )
    read = zxingcpp.read_barcodes(Image.open(io.BytesIO(qris.picture(text))))
    assert [one.text for one in read] == [text]
    fields = qris.parse(read[0].text)
    assert list(fields) == sorted(fields), "EMVCo: 00 first, 63 last"
    assert (fields["54"], fields["53"], fields["58"]) == ("499750", "360", "ID")
    assert qris.fields(fields["62"]) == {"01": "888104127736905"}
    assert qris.fields(fields["51"])["00"] == "ID.CO.QRIS.WWW"
    assert qris.crc16("123456789") == "29B1", "the check value of CRC-16/CCITT-FALSE"


@given(st.integers(0, 400), st.characters(min_codepoint=33, max_codepoint=126))
def test_a_changed_payload_is_noticed(at, character):
    text = qris.payload(
        merchant_id="ID1020026112401",
        merchant_name="A",
        merchant_city="B",
        postal_code="50243",
        category="9222",
        amount_rupiah=1,
        bill_number="1",
    )
    at %= len(text)
    changed = text[:at] + character + text[at + 1 :]
    if changed != text and changed.upper() != text:
        with pytest.raises(qris.QrisError):
            qris.parse(changed)
    assert all(len(a) == 2 for a, _ in pairwise(qris.parse(text)))


@pytest.mark.parametrize("changes", [{"amount_rupiah": 0}, {"merchant_city": "é"}, {"bill_number": ""}])
def test_a_payload_that_no_app_would_read_is_not_made(changes):
    values = {
        "merchant_id": "ID1020026112401",
        "merchant_name": "A",
        "merchant_city": "B",
        "postal_code": "50243",
        "category": "9222",
        "amount_rupiah": 1,
        "bill_number": "1",
    }
    with pytest.raises(qris.QrisError):
        qris.payload(**{**values, **changes})
