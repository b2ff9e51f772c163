"""What gets through the one door for files: what is seen, and nothing else."""

from __future__ import annotations

import hashlib
import io
import struct
import subprocess
import sys
import zlib

import pytest
from PIL import Image

from api.attachments import cleaning
from api.attachments.cleaning import MAX_SIDE_PX, AttachmentUnreadableError, accept_attachment
from api.attachments.service import attach, attachments_of
from api.complaints.service import CITIZEN, Complaint, open_complaint
from api.store.service import events_of
from tests.api.attachments.photos import SIXTH, archive, pdf, photo, tells_where


@pytest.mark.parametrize("kind", ["JPEG", "PNG", "WEBP"])
def test_a_photo_arrives_without_its_position_and_owner(kind):
    sent = photo(kind)
    assert tells_where(sent)
    kept = accept_attachment("IMG 0001.heic", sent)
    assert (kept.name, kept.media_type) == ("IMG-0001.jpg", "image/jpeg")
    assert not tells_where(kept.data)
    assert kept.original_sha256 == hashlib.sha256(sent).hexdigest()
    with Image.open(io.BytesIO(kept.data)) as seen:
        assert seen.size == (64, 40)
        assert seen.info.keys() <= {"jfif", "jfif_version", "jfif_unit", "jfif_density"}


def test_a_photo_taken_with_the_telephone_turned_stands_upright():
    kept = accept_attachment("a.jpg", photo(orientation=SIXTH))
    with Image.open(io.BytesIO(kept.data)) as seen:
        assert seen.size == (40, 64)
        red, _, blue = seen.getpixel((20, 10))
        assert (red > 180, blue < 80) == (True, True), "what was left is above"
        assert min(seen.getpixel((20, 55))) > 200


def test_a_large_photo_is_made_smaller_and_what_is_clear_becomes_paper():
    made = Image.new("RGBA", (MAX_SIDE_PX + 400, 20), (0, 0, 0, 0))
    out = io.BytesIO()
    made.save(out, "PNG")
    with Image.open(io.BytesIO(accept_attachment("a.png", out.getvalue()).data)) as seen:
        assert seen.width == MAX_SIDE_PX
        assert min(seen.getpixel((5, 5))) > 250


SECOND_NATURES = {
    "an archive behind it": lambda sent: sent + archive(),
    "a page in its comment": lambda sent: sent[:2] + b"\xff\xfe\x00\x20<script>alert(1)</script>....." + sent[2:],
    "a document behind it": lambda sent: sent + pdf(),
}


@pytest.mark.parametrize("second", SECOND_NATURES.values(), ids=SECOND_NATURES.keys())
def test_a_picture_that_is_something_else_too_is_refused(second):
    with pytest.raises(AttachmentUnreadableError, match="something else"):
        accept_attachment("a.jpg", second(photo()))


def _bomb() -> bytes:
    """A PNG of 30,000 x 30,000 points in a few kilobytes."""

    def chunk(kind: bytes, body: bytes) -> bytes:
        return struct.pack(">I", len(body)) + kind + body + struct.pack(">I", zlib.crc32(kind + body))

    header = struct.pack(">IIBBBBB", 30_000, 30_000, 8, 2, 0, 0, 0)
    body = zlib.compress(bytes(90_001) * 30, 9)
    return b"\x89PNG\r\n\x1a\n" + chunk(b"IHDR", header) + chunk(b"IDAT", body) + chunk(b"IEND", b"")


REFUSED = {
    "no picture": b"GIF89a" + bytes(40),
    "a program": b"MZ" + bytes(100),
    "a page": b"<html><script>1</script>",
    "a picture cut short": photo()[:200],
    "a bomb": _bomb(),
    "a PDF that starts a program": pdf(b"/Launch"),
    "a PDF with a script": pdf(b"/OpenAction << /S /JavaScript /JS (app.alert) >>"),
    "a PDF with an archive behind it": pdf() + archive(),
    "a PDF that does not end": b"%PDF-1.7\n",
    "nothing": b"",
}


@pytest.mark.parametrize("sent", REFUSED.values(), ids=REFUSED.keys())
def test_what_is_no_photo_and_no_harmless_document_is_refused(sent):
    with pytest.raises(AttachmentUnreadableError):
        accept_attachment("a.jpg", sent)


def test_a_pdf_is_kept_whole_but_for_the_position_of_its_photos():
    plain = pdf()
    assert accept_attachment("surat.pdf", plain).data == plain
    scanned = pdf(photo())
    kept = accept_attachment("surat.pdf", scanned)
    assert tells_where(scanned)
    assert not tells_where(kept.data)
    assert len(kept.data) == len(scanned), "every offset in it still holds"
    with pytest.raises(AttachmentUnreadableError, match="signed"):
        accept_attachment("surat.pdf", pdf(b"/ByteRange [0 1 2 3]" + photo()))


def test_a_decoder_that_is_tricked_breaks_nothing_else_and_may_write_no_file(monkeypatch, tmp_path):
    trick = tmp_path / "redraw.py"
    trick.write_text("import os\nos.kill(os.getpid(), 11)\n")
    monkeypatch.setattr(cleaning, "_REDRAW", trick)
    with pytest.raises(AttachmentUnreadableError, match="decoder broke"):
        accept_attachment("a.jpg", photo())
    monkeypatch.undo()
    write = f"from pathlib import Path\nPath({str(tmp_path / 'x')!r}).write_text('x' * 10)\n"
    code = f"from api.attachments.redraw import confine\nconfine()\n{write}"
    done = subprocess.run([sys.executable, "-c", code], capture_output=True, check=False)
    assert done.returncode != 0
    assert (tmp_path / "x").stat().st_size == 0


def test_the_same_file_twice_is_held_once(session, jurisdiction):
    case = open_complaint(session, Complaint("road_damage", "Lubang besar"), jurisdiction=jurisdiction)
    kept = accept_attachment("a.jpg", photo())
    assert attach(session, case, kept, actor=CITIZEN).id == attach(session, case, kept, actor=CITIZEN).id
    assert len(attachments_of(session, case)) == 1
    assert [event.type for event in events_of(session, case.id)].count("attached") == 1
