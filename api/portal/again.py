"""A form that came too late is shown again with everything that was typed, under a fresh token.

The office refuses a form whose token does not fit (`api.people.forms`). For a visitor that mostly means that the
browser was closed in between; a page of refusal would lose what may have taken an hour to write. A form that another
site sent is refused all the same.
"""

from __future__ import annotations

from collections.abc import Callable, Coroutine, Mapping
from typing import Any, Final, TypeVar

from fastapi import Request, Response
from fastapi.concurrency import run_in_threadpool
from fastapi.routing import APIRoute
from sqlalchemy.orm import Session

from api.people.forms import FormRefused
from api.requests import get_database

ShowAgain = Callable[[Request, Session, Mapping[str, str]], Response]
"""Shows a form again: the request, an open session, and the texts that were typed, by field."""

Endpoint = TypeVar("Endpoint", bound=Callable[..., Any])
_ATTRIBUTE: Final = "tertib_show_again"
_FROM_HERE: Final = frozenset({"same-origin", "none"})
MAX_FIELD_CHARACTERS: Final = 20_000


def shown_again_by(show: ShowAgain) -> Callable[[Endpoint], Endpoint]:
    """Mark a page function that takes a form with the function that shows the form again."""

    def mark(endpoint: Endpoint) -> Endpoint:
        setattr(endpoint, _ATTRIBUTE, show)
        return endpoint

    return mark


class KeepingRoute(APIRoute):
    """A route whose form is shown again when its token does not fit."""

    def get_route_handler(self) -> Callable[[Request], Coroutine[Any, Any, Response]]:
        """The handler, with the refusal of a form caught."""
        handle = super().get_route_handler()
        show: ShowAgain | None = getattr(self.endpoint, _ATTRIBUTE, None)

        async def keeping(request: Request) -> Response:
            try:
                return await handle(request)
            except FormRefused:
                if show is None or request.headers.get("sec-fetch-site", "same-origin") not in _FROM_HERE:
                    raise
                form = await request.form()
                typed = {name: value[:MAX_FIELD_CHARACTERS] for name, value in form.items() if isinstance(value, str)}

                def with_session() -> Response:
                    with get_database(request).session() as session:
                        return show(request, session, typed)

                return await run_in_threadpool(with_session)

        return keeping
