"""Navigation as data: what stands in the head of a page, for whom. Each entry names a message key and an address."""

from __future__ import annotations

from dataclasses import dataclass


@dataclass(frozen=True)
class Entry:
    """One link of a page's head. `roles` empty: everybody who sees this face."""

    message: str
    href: str
    roles: frozenset[str] = frozenset()


# The public portal's links (the ticket, contest and complaint slices add theirs here).
PUBLIC: tuple[Entry, ...] = (
    Entry("nav.home", "/"),
    Entry("public.nav.ticket", "/lookup"),
    Entry("public.nav.complain", "/complaints/new"),
    Entry("public.nav.follow", "/follow"),
    Entry("board.title", "/board"),
)

# The links of people who sign in.
OFFICE: tuple[Entry, ...] = (
    Entry("nav.review", "/review"),
    Entry("nav.desk", "/agency"),
    Entry("statistics.title", "/statistics", frozenset({"supervisor", "auditor", "admin"})),
    Entry("cameras.title", "/cameras", frozenset({"supervisor", "admin"})),
    Entry("audit.title", "/audit", frozenset({"supervisor", "auditor", "admin"})),
)


def entries(role: str | None) -> tuple[Entry, ...]:
    """The links for a signed-in `role`, or the public's when nobody is signed in."""
    if role is None:
        return PUBLIC
    return tuple(entry for entry in OFFICE if not entry.roles or role in entry.roles)
