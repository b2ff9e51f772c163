"""What an officer's request brings along: who it is, from which sign-in, in which language, with keys on or off."""

from __future__ import annotations

import hashlib
from dataclasses import dataclass
from datetime import datetime
from typing import Annotated, Final
from uuid import UUID

from fastapi import Depends, Request
from fastapi.responses import RedirectResponse

from api.clock import now
from api.people.dependencies import CurrentUser
from api.people.forms import SESSION_COOKIE, cookie_name
from api.people.service import User
from api.requests import DbSession, TheSettings
from api.review import queue
from api.review.decision import Judge, undo_until
from api.review.leases import release, take
from api.review.pace import latest_of
from api.store.errors import CaseNotFound
from api.store.reading import readable_by
from api.store.references import parse_reference
from api.store.tables import CaseRow
from api.web.language import language_of
from api.web.messages import catalogue

KEYS_COOKIE: Final = "tertib_keys"
HELP_KEYS: Final = (
    ("a", "review.help.approve"),
    ("r", "review.help.reject"),
    ("s", "review.help.skip"),
    ("u", "review.help.undo"),
    ("n", "review.help.next"),
    ("v b o d", "review.help.exhibits"),
    ("1 2 m", "review.help.more_exhibits"),
    ("g", "review.help.lines"),
    ("[ ]", "review.help.brightness"),
    ("p", "review.help.plate"),
    ("␣", "review.help.play"),
    (", .", "review.help.step"),
    ("0", "review.help.offence"),
    ("-", "review.help.speed"),
    ("l", "review.help.loop"),
    ("z", "review.help.zoom"),
    ("?", "review.help.help"),
)
_DONE_TONES: Final = {
    "approved": "good",
    "approved_pending": "good",
    "rejected": "info",
    "rejected_pending": "info",
    "skipped": "info",
    "undone": "info",
    "answered": "good",
    "empty": "info",
}


@dataclass(frozen=True)
class Done:
    """What was done a moment ago, told on the next page; `undo`: the case whose decision can still be taken back."""

    sentence: str
    tone: str
    undo: UUID | None = None
    undo_until: datetime | None = None


@dataclass(frozen=True)
class Desk:
    """One officer's request."""

    request: Request
    session: DbSession
    user: User
    session_id: str
    language: str

    @property
    def judge(self) -> Judge:
        """The officer as somebody who decides."""
        return Judge(self.user.actor, self.user.viewer, self.session_id)

    @property
    def is_prefetch(self) -> bool:
        """Whether a browser fetches ahead without showing: that takes no case and counts as no look."""
        purpose = self.request.headers.get("sec-purpose", "") + self.request.headers.get("purpose", "")
        return "prefetch" in purpose

    def say(self, key: str, **values: object) -> str:
        """A sentence in the officer's language."""
        return catalogue().text(self.language, key, **values)

    def context(self, **own: object) -> dict[str, object]:
        """What every page of the review shows."""
        return {
            "viewer": self.user,
            "now": now(self.session),
            "keys_on": self.request.cookies.get(KEYS_COOKIE) != "off",
            "help_keys": HELP_KEYS,
            "done": self._done(),
            "pace": self._pace(),
            "lease_until": None,
            "refusal": None,
            **own,
        }

    def _done(self) -> Done | None:
        # Codes of ours and a checked reference only: an address cannot put words on the page.
        what = self.request.query_params.get("done", "")
        if what not in _DONE_TONES:
            return None
        reference = parse_reference(self.request.query_params.get("of", ""))
        if reference is None and what != "empty":
            return None
        ticket = parse_reference(self.request.query_params.get("ticket", "")) or ""
        sentence = self.say(f"review.done.{what}", reference=reference or "", ticket=ticket)
        undo, until = self._undo(reference) if what.partition("_")[0] in {"approved", "rejected"} else (None, None)
        return Done(sentence, _DONE_TONES[what], undo, until)

    def _undo(self, reference: str | None) -> tuple[UUID | None, datetime | None]:
        mine = readable_by(self.user.viewer).where(CaseRow.reference == reference)
        case = self.session.scalars(mine).one_or_none()
        until = None if case is None else undo_until(self.session, self.judge, case)
        return (None, None) if case is None or until is None else (case.id, until)

    def _pace(self) -> str | None:
        """What an officer who decides too fast is told."""
        alarm = latest_of(self.session, self.user.actor, now(self.session))
        if alarm is None:
            return None
        return self.say(f"review.pace.{alarm.sort}", n=alarm.cases, seconds=alarm.seconds)

    def go_on(self, *, done: str, of: CaseRow, ticket: CaseRow | None = None, ahead: str = "") -> RedirectResponse:
        """To the next case, or to the queue when nothing waits; told on that page what was done.

        Args:
            done: what was done, a code of the page.
            of: the case that it was done to.
            ticket: what came of it.
            ahead: the case that was fetched ahead while this one was looked at, if it can still be had.
        """
        following = self.kept_ahead(ahead, of) or queue.take_next(
            self.session, self.user.viewer, self.user.actor, after=of
        )
        told = f"?done={done}&of={of.reference}" + ("" if ticket is None else f"&ticket={ticket.reference}")
        where = "/review" if following is None else f"/review/{following}"
        return RedirectResponse(where + told, status_code=303)

    def case(self, name: str) -> CaseRow:
        """A case that the officer may read, where the look itself is written down by what follows.

        Raises:
            CaseNotFound: absent, or not for this officer.
        """
        try:
            wanted = UUID(name)
        except ValueError as error:
            raise CaseNotFound from error
        row = self.session.scalars(readable_by(self.user.viewer).where(CaseRow.id == wanted)).one_or_none()
        if row is None:
            raise CaseNotFound
        return row

    def kept_ahead(self, ahead: str, after: CaseRow | None) -> UUID | None:
        """The case that was fetched ahead, when it still waits for this officer; None: choose another."""
        try:
            wanted = UUID(ahead)
        except ValueError:
            return None
        if after is not None and wanted == after.id:
            return None
        mine = readable_by(self.user.viewer).where(CaseRow.id == wanted)
        if self.session.scalars(mine).one_or_none() is None or take(self.session, wanted, self.user.actor) is None:
            return None
        return wanted

    def put_down(self, case: CaseRow) -> None:
        """Clear the desk of a case."""
        release(self.session, case.id, self.user.actor)


async def desk(request: Request, session: DbSession, settings: TheSettings, user: CurrentUser) -> Desk:
    """Who asks; nobody without a sign-in."""
    token = request.cookies.get(cookie_name(settings, SESSION_COOKIE), "")
    # The token itself is nowhere stored; its hash names the sign-in.
    session_id = hashlib.sha256(token.encode("utf-8", "surrogatepass")).hexdigest()
    return Desk(request, session, user, session_id, language_of(request))


TheDesk = Annotated[Desk, Depends(desk, scope="function")]
