"""The checker itself finds what it is there to find."""

from __future__ import annotations

import io
from datetime import UTC, datetime

import pypdf
import pytest
from pypdf.generic import BooleanObject, NameObject

from api.letters.typesetting import set_letter
from tests.api.letters.archivable import told_wrong

FACTS = {
    "reference": "L-24K7-9QXM-3F7Z",
    "agency": "Dinas Perhubungan",
    "region": "Jawa Tengah",
    "number": "1/DISHUB/2026",
    "date": "24 November 2026",
    "to": "Bupati",
    "about": "Jawaban undangan",
    "paragraphs": [["Kami akan hadir.", "Terima kasih."], ["#set page(fill: red) $x$ *tebal*"]],
    "signer": "Kepala",
    "signed": "24 November 2026, 10.00 WIB",
    "drafted_by": "Staf",
    "version": 2,
    "sha256": "ab" * 32,
}


@pytest.fixture(scope="module")
def letter() -> bytes:
    return set_letter("office_letter", FACTS, created_at=datetime(2026, 11, 24, tzinfo=UTC))


def test_a_letter_of_an_agency_keeps_to_both_standards(letter):
    assert told_wrong(letter) == []
    text = pypdf.PdfReader(io.BytesIO(letter)).pages[0].extract_text()
    assert "#set page(fill: red) $x$ *tebal*" in text, "what people type is text"


def test_what_is_taken_away_is_missed(letter):
    def without(spoil) -> str:
        writer = pypdf.PdfWriter(clone_from=io.BytesIO(letter))
        spoil(writer)
        out = io.BytesIO()
        writer.write(out)
        return " ".join(told_wrong(out.getvalue()))

    def first_font(writer):
        return next(iter(writer.pages[0]["/Resources"]["/Font"].values())).get_object()

    no = {NameObject("/Marked"): BooleanObject(False)}
    assert "tagged" in without(lambda w: w.root_object["/MarkInfo"].update(no))
    assert "output intent" in without(lambda w: w.root_object.pop("/OutputIntents"))
    assert "language" in without(lambda w: w.root_object.pop("/Lang"))
    assert "6.2.11.7" in without(lambda w: first_font(w).pop("/ToUnicode"))
    assert "not in the structure" in without(lambda w: w.pages[0].pop("/StructParents"))
    assert "6.9" in without(lambda w: w.add_attachment("a.txt", b"x"))
