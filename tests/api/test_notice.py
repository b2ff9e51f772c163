"""The notice: what is printed, that it scans, that nothing in it runs, no more about a person than needed."""

from __future__ import annotations

import io
from dataclasses import replace
from datetime import UTC, datetime

import pypdf
import pytest
import typst
import zxingcpp
from PIL import Image

from api.letters.qr import qr_svg
from api.letters.typesetting import LetterError, set_letter
from api.tickets.notice import Deadline, Notice, Recipient, format_local_time, format_rupiah, render_notice


def _both(indonesian: str, english: str) -> dict[str, str]:
    return {"id": indonesian, "en": english}


NOTICE = Notice(
    reference="JT-24K7-9QXM-3F",
    ticket_url="https://etle.example/t/JT-24K7-9QXM-3F",
    portal_url="https://etle.example",
    complaint_url="https://etle.example/complaints/new",
    plate_display="H 1234 AB",
    vehicle=_both("mobil", "car"),
    offence=_both("Melawan arus", "Driving against the permitted direction"),
    plain=_both("Kamera merekam kendaraan Anda.", "A camera recorded your vehicle."),
    article=_both("Pasal 287 ayat (1) UU 22/2009", "Article 287(1), Law 22/2009"),
    fine_idr=500_000,
    place="Jalan Pemuda, Semarang",
    occurred_at=datetime(2026, 11, 24, 10, 5, tzinfo=UTC),
    issued_at=datetime(2026, 11, 24, 11, 5, tzinfo=UTC),
    timezone="Asia/Jakarta",
    agency=_both("Ditlantas Polda Jawa Tengah", "Traffic Directorate"),
    region=_both("Provinsi Jawa Tengah", "Province of Jawa Tengah"),
    officer_name="AKP Sri Wahyuni",
    officer_number="NRP 78010234",
    officer_role=_both("petugas", "officer"),
    deadlines=(
        Deadline(
            _both("Konfirmasi", "Confirmation"),
            datetime(2026, 12, 2, 10, 5, tzinfo=UTC),
            _both("8 hari kalender sejak kejadian", "8 calendar days from the offence"),
        ),
    ),
    camera_id="jt-smg-01",
    package_sha256="ab" * 32,
    key_id="cd" * 32,
)


def _pages(data: bytes) -> list[str]:
    return [" ".join(page.extract_text().split()) for page in pypdf.PdfReader(io.BytesIO(data)).pages]


def test_it_is_indonesian_first_and_english_second() -> None:
    indonesian, english = _pages(render_notice(NOTICE))
    for page in (indonesian, english):
        for printed in (
            "JT-24K7-9QXM-3F",
            "H 1234 AB",
            "Rp500.000",
            "Jalan Pemuda, Semarang",
            "AKP Sri Wahyuni",
            "NRP 78010234",
        ):
            assert printed in page
    assert "24 November 2026, 17.05 WIB" in indonesian
    assert "2 Desember 2026, 17.05 WIB" in indonesian
    assert "8 hari kalender sejak kejadian" in indonesian
    assert "Konfirmasi bukan pengakuan bersalah" in indonesian
    assert "Pasal 287 ayat (1)" in indonesian
    assert "Confirming is not admitting" in english
    assert "8 calendar days from the offence" in english


def test_it_can_be_archived_read_aloud_and_compared() -> None:
    data = render_notice(NOTICE)
    assert data == render_notice(NOTICE)
    metadata = pypdf.PdfReader(io.BytesIO(data)).xmp_metadata
    assert metadata is not None
    assert metadata.pdfaid_part == "2"
    assert b"pdfuaid" in data


def test_the_printed_code_opens_the_ticket() -> None:
    template = b'#set page(width: 60mm, height: 60mm)\n#image(bytes(sys.inputs.svg), format: "svg", width: 35mm)'
    png = typst.Compiler(template, sys_inputs={"svg": qr_svg(NOTICE.ticket_url)}).compile(format="png", ppi=150)
    found = zxingcpp.read_barcodes(Image.open(io.BytesIO(png)))
    assert [code.text for code in found] == [NOTICE.ticket_url]


def test_only_the_postal_copy_names_the_owner() -> None:
    assert "Budi" not in "".join(_pages(render_notice(NOTICE)))
    posted = _pages(render_notice(replace(NOTICE, recipient=Recipient("Budi Santoso", "Jalan Contoh 1"))))
    assert all("Budi Santoso Jalan Contoh 1" in page for page in posted)


def test_markup_in_a_text_is_printed_and_not_run() -> None:
    text = '#panic("x") *bold* <script>alert(1)</script> $x$'
    page = _pages(render_notice(replace(NOTICE, place=text, officer_name=text)))[0]
    assert page.count("#panic(") == 2
    assert "<script>alert(1)</script>" in page


def test_a_name_that_no_font_draws_still_gives_a_letter() -> None:
    assert len(_pages(render_notice(replace(NOTICE, recipient=Recipient("ᬩᬸᬤᬶ 山田", "Jalan Contoh 1"))))) == 2


@pytest.mark.parametrize("address", ["javascript:alert(1)", "etle.example/t/1", "https://x/" + "a" * 300])
def test_a_code_holds_only_a_web_address_that_scans(address: str) -> None:
    with pytest.raises(ValueError, match="address"):
        qr_svg(address)


def test_an_absent_template_is_named() -> None:
    with pytest.raises(LetterError, match="no letter template 'absent'"):
        set_letter("absent", {}, created_at=NOTICE.issued_at)


def test_money_and_time_as_people_write_them() -> None:
    assert format_rupiah(25_000_000) == "Rp25.000.000"
    assert format_local_time(NOTICE.occurred_at, "Asia/Makassar", "en") == "24 November 2026, 18:05 WITA"
