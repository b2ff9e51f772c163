"""QR codes for paper and page: an address in, an SVG out."""

from __future__ import annotations

import io

import segno

# Level Q survives a quarter of the code being creased or stained: a letter is folded right through it.
ERROR_CORRECTION = "q"
MAX_ADDRESS_CHARACTERS = 300
# Every decoder reads every mask; trying all eight to find the prettiest one costs five times as much.
MASK = 2


def qr_svg(address: str) -> str:
    """Draw an address as a QR code.

    Args:
        address: an absolute http(s) URL of at most 300 characters.

    Returns:
        SVG markup, 4 modules of quiet zone, black on white, one unit a module.

    Raises:
        ValueError: the address is not an http(s) URL or too long to be scanned from paper.
    """
    if not address.startswith(("https://", "http://")):
        raise ValueError(f"a QR code of a letter must hold a web address, not {address[:40]!r}")
    if len(address) > MAX_ADDRESS_CHARACTERS:
        raise ValueError(
            f"the address has {len(address)} characters; a letter's QR code holds at most {MAX_ADDRESS_CHARACTERS}"
        )
    out = io.BytesIO()
    # micro=False: phones do not read Micro QR.
    segno.make(address, error=ERROR_CORRECTION, micro=False, mask=MASK).save(
        out, kind="svg", border=4, light="#ffffff", xmldecl=False
    )
    return out.getvalue().decode("utf-8")
