"""Whether a mail comes from whom it names, by what the office's own mail server found out (SPF, DKIM, DMARC).

The door stands behind a mail server that checks and says so in `Authentication-Results` (RFC 8601, RFC 7489). Only the
server that is named in outside.yaml is believed: anybody can write such a header.
"""

from __future__ import annotations

from collections.abc import Iterable
from typing import Final

import authres  # type: ignore[import-untyped]  # it carries no types; what we take is made text here

NAME: Final = "Authentication-Results"
_FALSE: Final = frozenset({"fail", "permerror", "policy"})


def why_doubted(results: Iterable[str], authority: str) -> str:
    """Why the sender of a mail is not believed; empty when nothing speaks against them.

    Args:
        results: the values of the message's `Authentication-Results`.
        authority: name of the server that is believed; empty: nobody checks, and nobody is doubted.
    """
    if not authority:
        return ""
    found = _found(results, authority)
    if found is None:
        return f"{authority} does not say who sent it: it came by another way"
    dmarc, spf, dkim = (found.get(method, set()) for method in ("dmarc", "spf", "dkim"))
    unsigned = "pass" not in dkim
    # A domain without a policy (DMARC): what it does publish must at least not be broken.
    lacks = "pass" not in dmarc
    signs = (
        (dmarc & _FALSE, "DMARC: the sender's domain does not know of this mail"),
        (lacks and unsigned and "fail" in spf, "SPF: the sender's domain names other servers"),
        (lacks and unsigned and dkim & _FALSE, "DKIM: the mail was changed, or is not from there"),
    )
    return next((why for holds, why in signs if holds), "")


def _found(results: Iterable[str], authority: str) -> dict[str, set[str]] | None:
    """The believed server's results by method; None when it says nothing."""
    found: dict[str, set[str]] | None = None
    for value in results:
        try:
            read = authres.AuthenticationResultsHeader.parse(f"{NAME}: {' '.join(value.split())}")
        except authres.AuthResError:
            continue
        if str(read.authserv_id).lower() == authority.lower():
            found = {} if found is None else found
            for one in read.results:
                found.setdefault(str(one.method).lower(), set()).add(str(one.result).lower())
    return found
