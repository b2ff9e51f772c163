"""Pages from templates: one environment, autoescaped, with the reader's language bound to every filter.

`render(request, "review/queue.html", {...})` is all that a page needs. The context always holds: `request`, `language`,
`t` (message by key), `viewer` (who is signed in, or None), `csrf_token`, `navigation`, `now`, figures (`moment`,
`day`, `duration`, `number`, `percent`, `rupiah`); a page's own context comes on top.
"""

from __future__ import annotations

import hashlib
from collections.abc import Mapping
from datetime import UTC, datetime
from functools import lru_cache, partial
from pathlib import Path
from typing import Any, Final

from fastapi import Request
from fastapi.responses import HTMLResponse
from jinja2 import Environment, FileSystemLoader, StrictUndefined, select_autoescape

from api.web import figures, language, navigation
from api.web.messages import catalogue

TEMPLATE_FOLDER: Final = Path(__file__).parent / "templates"
STATIC_FOLDER: Final = Path(__file__).parent / "static"


@lru_cache(maxsize=256)
def static_url(path: str) -> str:
    """Address of a static file with its content's fingerprint, so that browsers keep it until it changes."""
    digest = hashlib.sha256((STATIC_FOLDER / path).read_bytes()).hexdigest()[:12]
    return f"/static/{path}?v={digest}"


@lru_cache(maxsize=1)
def environment() -> Environment:
    """The Jinja environment: everything escaped, undefined names are errors."""
    made = Environment(
        loader=FileSystemLoader(TEMPLATE_FOLDER),
        autoescape=select_autoescape(default=True, default_for_string=True),
        undefined=StrictUndefined,
        trim_blocks=True,
        lstrip_blocks=True,
    )
    made.globals.update(static_url=static_url, rupiah=figures.rupiah)
    return made


def page_context(request: Request, own: Mapping[str, Any]) -> dict[str, Any]:
    """What every template may use, with the page's `own` values on top."""
    spoken = language.language_of(request)
    viewer = own.get("viewer", getattr(request.state, "viewer", None))
    context: dict[str, Any] = {
        "request": request,
        "language": spoken,
        "languages": language.links(request),
        "t": partial(catalogue().text, spoken),
        "has_message": catalogue().has,
        "moment": partial(figures.moment, language=spoken),
        "time_of_day": partial(figures.time_of_day, language=spoken),
        "day": partial(figures.day, language=spoken),
        "duration": partial(figures.duration, language=spoken),
        "number": partial(figures.number, language=spoken),
        "percent": partial(figures.percent, language=spoken),
        "now": datetime.now(UTC),
        "viewer": viewer,
        "csrf_token": getattr(request.state, "form_token", ""),
        "navigation": navigation.entries(getattr(viewer, "role", None)),
    }
    return context | dict(own)


def render(
    request: Request, template: str, own: Mapping[str, Any] | None = None, *, status_code: int = 200
) -> HTMLResponse:
    """One page. Pages about cases are never kept by caches."""
    html = environment().get_template(template).render(page_context(request, own or {}))
    response = HTMLResponse(html, status_code=status_code, headers={"Cache-Control": "no-store", "Vary": "Cookie"})
    language.remember(request, response)
    return response
