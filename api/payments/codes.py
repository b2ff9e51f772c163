"""Virtual account codes as bank counters take them (BRIVA): company code, nine digits, a check digit.

Damm's check digit finds every single wrong digit and every swap of neighbours (H. M. Damm, 2004); Luhn's misses 09/90.
"""

from __future__ import annotations

import secrets
from typing import Final

from stdnum import damm

DIGITS: Final = 15
COMPANY_DIGITS: Final = 5
_RANDOM_DIGITS: Final = DIGITS - COMPANY_DIGITS - 1


def new_code(company: str) -> str:
    """A fresh code, e.g. `888104127736905`; that it is free is for the database to say.

    Args:
        company: the company code that the bank gave, five digits.

    Raises:
        ValueError: the company code has not five digits.
    """
    if len(company) != COMPANY_DIGITS or not company.isascii() or not company.isdigit():
        message = f"a company code has {COMPANY_DIGITS} digits, not {company[:20]!r}"
        raise ValueError(message)
    digits = company + "".join(secrets.choice("0123456789") for _ in range(_RANDOM_DIGITS))
    return digits + str(damm.calc_check_digit(digits))


def parse_code(typed: str) -> str | None:
    """The code that somebody typed, without spaces; None when it cannot be one (a slip of the finger)."""
    digits = "".join(typed[:40].split()).replace("-", "")
    if len(digits) != DIGITS or not digits.isascii() or not digits.isdigit() or not damm.is_valid(digits):
        return None
    return digits


def shown(code: str) -> str:
    """The code in groups that people can read out.

    >>> shown("888104127736905")
    '88810 41277 36905'
    """
    return " ".join(code[at : at + 5] for at in range(0, len(code), 5))
