"""QRIS payloads: EMVCo's merchant-presented QR code (tag, length, value; CRC-16), as Bank Indonesia profiles it."""

from __future__ import annotations

import binascii
import io
from typing import Final

import segno

GUID: Final = "ID.CO.QRIS.WWW"
RUPIAH: Final = "360"  # ISO 4217
MAX_VALUE_CHARACTERS: Final = 99
_CRC_HEAD: Final = "6304"


class QrisError(ValueError):
    """A payload that is none; the sentence says why."""


def _field(tag: str, value: str) -> str:
    if not 0 < len(value) <= MAX_VALUE_CHARACTERS:
        message = f"tag {tag}: a value has 1 to {MAX_VALUE_CHARACTERS} characters"
        raise QrisError(message)
    if not value.isascii() or not value.isprintable():
        message = f"tag {tag}: only printable ASCII characters are allowed"
        raise QrisError(message)
    return f"{tag}{len(value):02d}{value}"


def crc16(text: str) -> str:
    """CRC-16/CCITT-FALSE (polynomial 0x1021, initial 0xFFFF) as four hexadecimal digits.

    >>> crc16("123456789")
    '29B1'
    """
    return f"{binascii.crc_hqx(text.encode('ascii'), 0xFFFF):04X}"


def payload(
    *,
    merchant_id: str,
    merchant_name: str,
    merchant_city: str,
    postal_code: str,
    category: str,
    amount_rupiah: int,
    bill_number: str,
) -> str:
    """The text of a dynamic QRIS code: one amount, one bill.

    Args:
        merchant_id: NMID of the collecting account.
        merchant_name: at most 25 characters.
        merchant_city: at most 15 characters.
        postal_code: five digits.
        category: ISO 18245 merchant category, four digits.
        amount_rupiah: whole rupiah, positive.
        bill_number: comes back with the payment; at most 25 characters.

    Raises:
        QrisError: a value does not fit.
    """
    if amount_rupiah <= 0:
        message = "an amount is positive"
        raise QrisError(message)
    account = _field("00", GUID) + _field("02", merchant_id) + _field("03", "UKE")
    text = "".join(
        (
            _field("00", "01"),
            _field("01", "12"),  # dynamic: for one payment
            _field("51", account),
            _field("52", category),
            _field("53", RUPIAH),
            _field("54", str(amount_rupiah)),
            _field("58", "ID"),
            _field("59", merchant_name[:25]),
            _field("60", merchant_city[:15]),
            _field("61", postal_code),
            _field("62", _field("01", bill_number)),
            _CRC_HEAD,
        )
    )
    return text + crc16(text)


def parse(text: str) -> dict[str, str]:
    """The fields of a payload by tag, its CRC checked; templates stay unparsed (see `fields`).

    Raises:
        QrisError: cut off, changed, or no payload.
    """
    if not text.isascii() or text[-8:-4] != _CRC_HEAD or crc16(text[:-4]) != text[-4:].upper():
        message = "the check sum is wrong: the code was changed or cut off"
        raise QrisError(message)
    return fields(text)


def fields(text: str) -> dict[str, str]:
    """Tag, length, value, one after the other.

    Raises:
        QrisError: a length does not fit, or a tag stands there twice.
    """
    found: dict[str, str] = {}
    at = 0
    while at < len(text):
        tag, length = text[at : at + 2], text[at + 2 : at + 4]
        if len(length) != 2 or not (tag + length).isdigit() or tag in found:
            message = f"no field at position {at}"
            raise QrisError(message)
        value = text[at + 4 : at + 4 + int(length)]
        if len(value) != int(length):
            message = f"tag {tag} is cut off"
            raise QrisError(message)
        found[tag] = value
        at += 4 + int(length)
    return found


def picture(text: str) -> bytes:
    """The code as PNG, 6 pixels a module, level M as banks print it."""
    out = io.BytesIO()
    segno.make(text, error="m", micro=False).save(out, kind="png", scale=6, border=4)
    return out.getvalue()
