"""What every public page shares: the form's protection, the office's time, and pages that tell a robot nothing."""

from __future__ import annotations

from collections.abc import Mapping
from datetime import datetime
from functools import partial
from typing import Any, Final

from fastapi import Request
from fastapi.responses import HTMLResponse
from sqlalchemy.orm import Session

from api.clock import now
from api.web.language import language_of
from api.web.messages import catalogue
from api.web.rendering import render

NOBODY: Final[Mapping[str, str]] = {}


class Texts:
    """The messages of one request's language."""

    def __init__(self, request: Request) -> None:
        self.language = language_of(request)
        self.text = partial(catalogue().text, self.language)

    def either(self, names: Mapping[str, str]) -> str:
        """The text of a mapping from language to text, Indonesian when the language is missing."""
        return str(names.get(self.language) or names.get("id") or "")

    def has(self, key: str) -> bool:
        """Whether the catalogue holds `key`."""
        return catalogue().has(key)

    def known(self, key: str, otherwise: str) -> str:
        """The message of `key`, or `otherwise` when the catalogue has none."""
        return self.text(key) if catalogue().has(key) else otherwise


def public_page(
    request: Request, session: Session | datetime, template: str, context: Mapping[str, Any], *, status_code: int = 200
) -> HTMLResponse:
    """One page of the public face, with its form's token and the office's time.

    Args:
        request: as it came.
        session: gives the time of the office; or that time, where it is known already.
        template: a file below `templates/public`.
        context: the page's own values.
        status_code: of the answer.
    """
    own = {
        "csrf_token": request.state.form_token,
        "now": session if isinstance(session, datetime) else now(session),
        "viewer": None,
        "errors": NOBODY,
        "typed": NOBODY,
        "kept": "",
        **context,
    }
    response = render(request, f"public/{template}", own, status_code=status_code)
    response.headers["X-Robots-Tag"] = "noindex, nofollow"
    return response
