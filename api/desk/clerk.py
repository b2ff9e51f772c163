"""Who works at a desk: the person, the language, the cases that they may read, and how a refusal is told."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from typing import Annotated, Any, Final

from fastapi import Depends, Request, Response
from fastapi.responses import RedirectResponse

from api.clock import now
from api.jurisdiction.loading import jurisdictions_of
from api.jurisdiction.model import Jurisdiction
from api.people.dependencies import require_role
from api.people.service import User
from api.problems import Forbidden, OfficeError
from api.requests import DbSession
from api.store.errors import CaseNotFound
from api.store.kinds import CaseKind
from api.store.reading import case_for
from api.store.tables import CaseRow
from api.web.language import language_of
from api.web.messages import catalogue
from api.web.rendering import render

# Auditors and admins read; these act.
ACTING: Final = frozenset({"agency", "officer", "supervisor"})
# What a step may leave in the address, told on the next page: codes of ours only.
_DONE: Final = "desk.done."


@dataclass(frozen=True)
class Tried:
    """What somebody tried on a page that holds several forms.

    Attributes:
        form: which of them; empty: none yet.
        typed: what stood in its fields.
        errors: by field, why it was refused.
        refusal: why the whole was refused.
        status: HTTP status.
    """

    form: str = ""
    typed: Mapping[str, str] = field(default_factory=dict)
    errors: Mapping[str, str] = field(default_factory=dict)
    refusal: str | None = None
    status: int = 200


NOTHING: Final = Tried()


@dataclass(frozen=True)
class Clerk:
    """One request of somebody at a desk."""

    request: Request
    session: DbSession
    user: User
    language: str

    @property
    def may_act(self) -> bool:
        """Whether this person does more than read."""
        return self.user.role in ACTING

    @property
    def jurisdiction(self) -> Jurisdiction:
        """The office's first jurisdiction: whose agencies and services the lists name."""
        return jurisdictions_of(self.session).first

    def say(self, key: str, **values: object) -> str:
        """A sentence in the reader's language."""
        return catalogue().text(self.language, key, **values)

    def refusal(self, error: OfficeError) -> str:
        """Why something was refused, in the reader's language where the catalogue has it."""
        key = f"desk.refused.{error.code}"
        return self.say(key) if catalogue().has(key) else error.detail

    def case(self, name: str, *kinds: CaseKind, purpose: str) -> CaseRow:
        """A case of these kinds, by reference or id; the look is logged.

        Raises:
            CaseNotFound: absent, of another kind, or not for this person.
        """
        row = case_for(self.session, self.user.viewer, name, purpose=purpose)
        if row.kind not in {kind.value for kind in kinds}:
            raise CaseNotFound
        return row

    def agency_name(self, agency_id: str) -> str:
        """An agency in the reader's language; its id when it is not known any more."""
        agency = self.jurisdiction.agency_named(agency_id)
        return agency_id if agency is None else agency.names.text(self.language)

    def page(self, template: str, context: dict[str, Any], *, status: int = 200) -> Response:
        """A page of the desk."""
        done = f"{_DONE}{self.request.query_params.get('done', '')}"
        own = {
            "viewer": self.user,
            "now": now(self.session),
            "may_act": self.may_act,
            "done": self.say(done) if catalogue().has(done) else None,
            "refusal": None,
            "errors": {},
            "typed": {},
            **context,
        }
        return render(self.request, template, own, status_code=status)

    def forms_page(self, template: str, context: dict[str, Any], tried: Tried) -> Response:
        """A page that holds several forms, with what was tried on one of them."""
        own = {"form": tried.form, "typed": tried.typed, "errors": tried.errors, "refusal": tried.refusal}
        return self.page(template, {**own, **context}, status=tried.status)

    def acts(self, do: Callable[[], object], *, to: str, done: str, again: Callable[[str, int], Response]) -> Response:
        """Do something; then to another page, or the same one again with what was typed and why it was refused.

        Args:
            do: the step; it raises an `OfficeError` where it is refused.
            to: the address afterwards.
            done: code of what is told there.
            again: shows the form once more, given the refusal and the HTTP status.

        Raises:
            Forbidden: this person reads only.
        """
        if not self.may_act:
            raise Forbidden(f"You are signed in as {self.user.role}, which reads and does not act.")
        try:
            with self.session.begin_nested():
                do()
        except OfficeError as error:
            if error.status >= 500 or error.status in {401, 404}:
                raise
            return again(self.refusal(error), error.status)
        return RedirectResponse(f"{to}?done={done}", status_code=303)


@dataclass(frozen=True)
class CasePage:
    """The page of one case, where its steps are taken.

    Attributes:
        clerk: who is there.
        path: the page's address.
        shown: the page, with what was tried on it.
    """

    clerk: Clerk
    path: str
    shown: Callable[[Tried], Response]

    def act(
        self, do: Callable[[], object], *, done: str, form: str, typed: Mapping[str, str], to: str = ""
    ) -> Response:
        """Take a step; then this page (or `to`) again, or the form once more with why it was refused."""

        def again(refusal: str, status: int) -> Response:
            return self.shown(Tried(form, typed, refusal=refusal, status=status))

        return self.clerk.acts(do, to=to or self.path, done=done, again=again)


Staff = Annotated[User, Depends(require_role("agency", "officer", "supervisor", "auditor", "admin"))]


def clerk(request: Request, session: DbSession, user: Staff) -> Clerk:
    """Who asks; nobody without a sign-in."""
    return Clerk(request, session, user, language_of(request))


TheClerk = Annotated[Clerk, Depends(clerk, scope="function")]
