"""The notice of a ticket: facts in, a letter as PDF out. Knows neither database nor request.

Two copies exist. The postal copy carries the owner's name and address, for the window of the envelope. The copy that
the portal serves carries
neither: whoever holds reference and plate learns nothing more about a person than the letter already told.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import asdict, dataclass
from datetime import date, datetime
from functools import lru_cache
from zoneinfo import ZoneInfo

from babel.dates import format_date

from api.letters.qr import qr_svg
from api.letters.typesetting import set_letter

LANGUAGES = ("id", "en")
PLACE_FALLBACK = {"id": "lihat bukti", "en": "see the evidence"}
# The three zones of Indonesia have names that everybody uses; an offset would be read by nobody.
ZONE_NAMES = {"Asia/Jakarta": "WIB", "Asia/Pontianak": "WIB", "Asia/Makassar": "WITA", "Asia/Jayapura": "WIT"}


@dataclass(frozen=True)
class Recipient:
    """Whom the postal copy goes to, from the vehicle register."""

    name: str
    address: str


@dataclass(frozen=True)
class Deadline:
    """One clock of the ticket as printed: name and way of computing in each language, end in UTC."""

    name: Mapping[str, str]
    due_at: datetime
    how: Mapping[str, str]


@dataclass(frozen=True)
class Notice:
    """All that a notice prints. Texts that differ by language are mappings from "id" and "en".

    `qr_url`: where the QR code leads, when that is not the ticket's address (a signed link). `message_code`: with it
    the page "is this message ours?" recognises this letter.
    """

    reference: str
    ticket_url: str
    portal_url: str
    complaint_url: str
    plate_display: str
    vehicle: Mapping[str, str]
    offence: Mapping[str, str]
    plain: Mapping[str, str]
    article: Mapping[str, str]
    fine_idr: int
    place: str
    occurred_at: datetime
    issued_at: datetime
    timezone: str
    agency: Mapping[str, str]
    region: Mapping[str, str]
    officer_name: str
    officer_number: str | None
    officer_role: Mapping[str, str]
    deadlines: tuple[Deadline, ...]
    camera_id: str
    package_sha256: str
    key_id: str
    recipient: Recipient | None = None
    qr_url: str | None = None
    message_code: str | None = None


def format_rupiah(amount_idr: int) -> str:
    """Write whole rupiah as Indonesians do.

    >>> format_rupiah(500000)
    'Rp500.000'
    """
    return "Rp" + f"{amount_idr:,}".replace(",", ".")


@lru_cache(maxsize=4096)
def _day(day: date, language: str) -> str:
    # Thousands of letters a batch name the same few days.
    return str(format_date(day, format="d MMMM y", locale=language))


def format_local_time(moment: datetime, timezone: str, language: str) -> str:
    """Write a UTC time as local date and clock with the zone's usual name, e.g. `24 November 2026, 17.05 WIB`.

    Args:
        moment: aware time.
        timezone: IANA name, e.g. `Asia/Jakarta`.
        language: "id" or "en"; Indonesian writes the clock with a full stop.
    """
    local = moment.astimezone(ZoneInfo(timezone))
    day = _day(local.date(), language)
    clock = local.strftime("%H.%M" if language == "id" else "%H:%M")
    return f"{day}, {clock} {ZONE_NAMES.get(timezone, local.strftime('UTC%z'))}"


def render_notice(notice: Notice) -> bytes:
    """Set the notice as PDF: Indonesian on the first page, English on the second.

    Args:
        notice: the facts; texts are printed as text, never read as markup.

    Returns:
        PDF bytes; the same notice gives the same bytes, so a copy can be compared by hash.

    Raises:
        ValueError: an address is no web address.
        LetterError: the letter could not be set.
    """
    return set_letter("notice", printed(notice), created_at=notice.issued_at)


def render_notices(notices: Sequence[Notice], *, title: str, created_at: datetime) -> bytes:
    """Set many notices as one PDF for the printing house, two sheets each; twice as quick as one by one.

    Args:
        notices: the letters, in the order in which they are printed.
        title: of the document.
        created_at: aware time written into the PDF.

    Raises:
        ValueError: an address is no web address.
        LetterError: the letters could not be set.
    """
    letters = [printed(notice) for notice in notices]
    return set_letter("notices", {"title": title, "letters": letters}, created_at=created_at)


def printed(notice: Notice) -> dict[str, object]:
    """What the template prints of a notice, as JSON values."""
    facts: dict[str, object] = {
        "reference": notice.reference,
        "message_code": notice.message_code,
        "url": notice.ticket_url,
        "portal": notice.portal_url,
        "complaint": notice.complaint_url,
        "qr_svg": qr_svg(notice.qr_url or notice.ticket_url),
        "plate": notice.plate_display,
        "fine": format_rupiah(notice.fine_idr),
        "officer": {"name": notice.officer_name, "number": notice.officer_number},
        "camera_id": notice.camera_id,
        "package_sha256": notice.package_sha256,
        "key_id": notice.key_id,
        "recipient": asdict(notice.recipient) if notice.recipient else None,
    }
    for language in LANGUAGES:
        facts[language] = {
            "agency": notice.agency[language],
            "region": notice.region[language],
            "plain": notice.plain[language],
            "vehicle": notice.vehicle[language],
            "offence": notice.offence[language],
            "article": notice.article[language],
            "place": notice.place or PLACE_FALLBACK[language],
            "occurred": format_local_time(notice.occurred_at, notice.timezone, language),
            "decided": format_local_time(notice.issued_at, notice.timezone, language),
            "officer_role": notice.officer_role[language],
            "deadlines": [
                {
                    "name": deadline.name[language],
                    "due": format_local_time(deadline.due_at, notice.timezone, language),
                    "how": deadline.how[language],
                }
                for deadline in notice.deadlines
            ],
        }
    return facts
