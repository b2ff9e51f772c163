"""References that people can read out, type and not guess: Crockford's base 32 with a check character."""

from __future__ import annotations

import secrets

from api.store.kinds import CaseKind

# Crockford's alphabet: no I, L, O, U.
ALPHABET = "0123456789ABCDEFGHJKMNPQRSTVWXYZ"
_LOOK_ALIKES = str.maketrans({"O": "0", "I": "1", "L": "1"})
RANDOM_SYMBOLS = 11  # 55 bits
# Sanggah, Aduan, Koreksi, Permohonan, Naskah.
PREFIXES = {
    CaseKind.VIOLATION: "V",
    CaseKind.TICKET: "T",
    CaseKind.CONTEST: "S",
    CaseKind.COMPLAINT: "A",
    CaseKind.CORRECTION: "K",
    CaseKind.REQUEST: "P",
    CaseKind.LETTER: "N",
}
MAX_TYPED_LENGTH = 40


def _check_symbol(symbols: str) -> str:
    # Luhn's algorithm modulo 32: finds every single wrong symbol and nearly all swapped neighbours.
    factor, total = 2, 0
    for symbol in reversed(symbols):
        addend = factor * ALPHABET.index(symbol)
        total += addend // len(ALPHABET) + addend % len(ALPHABET)
        factor = 3 - factor
    return ALPHABET[-total % len(ALPHABET)]


def new_reference(kind: CaseKind) -> str:
    """A fresh reference, e.g. `T-24K7-9QXM-3F7Z`: kind, 11 random symbols (55 bits), a check symbol."""
    drawn = secrets.randbits(5 * RANDOM_SYMBOLS)
    symbols = "".join(ALPHABET[drawn >> 5 * place & 31] for place in range(RANDOM_SYMBOLS))
    symbols += _check_symbol(symbols)
    return "-".join((PREFIXES[kind], symbols[:4], symbols[4:8], symbols[8:]))


def parse_reference(typed: str) -> str | None:
    """The reference that somebody typed, in its one spelling; None when it cannot be one (a slip of the finger)."""
    if len(typed) > MAX_TYPED_LENGTH:
        return None
    plain = "".join(character for character in typed.upper() if character not in " -.")
    if len(plain) != RANDOM_SYMBOLS + 2 or plain[0] not in PREFIXES.values():
        return None
    symbols = plain[1:].translate(_LOOK_ALIKES)
    if any(symbol not in ALPHABET for symbol in symbols) or _check_symbol(symbols[:-1]) != symbols[-1]:
        return None
    return "-".join((plain[0], symbols[:4], symbols[4:8], symbols[8:]))
