"""How errors are told: problem details (RFC 9457) to programs, a page to people."""

from __future__ import annotations

import logging
from html import escape
from urllib.parse import quote, urlsplit

from fastapi import FastAPI, Request
from fastapi.exceptions import RequestValidationError
from fastapi.responses import HTMLResponse, JSONResponse, RedirectResponse, Response
from sqlalchemy.exc import DataError, IntegrityError, OperationalError
from sqlalchemy.exc import TimeoutError as PoolExhausted
from starlette.exceptions import HTTPException

from api.people.forms import FormRefused
from api.problems import PROBLEM_MEDIA_TYPE, Conflict, NotSignedIn, OfficeError, TooMany, Unavailable, Unprocessable
from api.web.rendering import TEMPLATE_FOLDER, render

_LOG = logging.getLogger("tertib.office")
_TEMPLATE = "problem.html"
# Pages behind a sign-in: their forms are found again after it.
SIGNED_IN = ("/review", "/agency", "/audit", "/cameras", "/statistics", "/account")


def wants_page(request: Request) -> bool:
    """Whether a person with a browser asks (a program that asks for anything gets problem details)."""
    return "text/html" in request.headers.get("accept", "") and not request.url.path.startswith("/v1/")


def tell(request: Request, document: dict[str, object], headers: dict[str, str] | None = None) -> Response:
    """An error as the asker can read it."""
    status = int(str(document["status"]))
    if not wants_page(request):
        return JSONResponse(document, status_code=status, media_type=PROBLEM_MEDIA_TYPE, headers=headers)
    if (TEMPLATE_FOLDER / _TEMPLATE).exists():
        response: Response = render(request, _TEMPLATE, {"problem": document}, status_code=status)
    else:
        body = f"<h1>{escape(str(document['title']))}</h1><p>{escape(str(document.get('detail', '')))}</p>"
        page = f"<!doctype html><html lang='en'><title>Tertib</title><main>{body}</main></html>"
        response = HTMLResponse(page, status_code=status)
    response.headers.update(headers or {})
    return response


def _office_error(request: Request, error: Exception) -> Response:
    if not isinstance(error, OfficeError):
        raise error
    if isinstance(error, NotSignedIn) and wants_page(request):
        here = request.url.path + (f"?{request.url.query}" if request.url.query else "")
        target = here if request.method == "GET" else _form_behind(request) or "/review"
        return RedirectResponse(f"/sign-in?next={quote(target, safe='')}", status_code=303)
    if isinstance(error, FormRefused) and wants_page(request):
        # Mostly a sign-in that ended or was made anew in another tab: back to the form, which holds what was typed.
        form = _form_behind(request)
        if form is not None:
            return RedirectResponse(form, status_code=303)
    headers: dict[str, str] = {}
    if isinstance(error, (TooMany, Unavailable)):
        headers["Retry-After"] = str(error.extra.get("retry_after_s", 30))
    if isinstance(error, NotSignedIn):
        headers["WWW-Authenticate"] = "Bearer"
    return tell(request, error.document(), headers)


def _form_behind(request: Request) -> str | None:
    """The office's own page from which a form was sent, marked as one whose form was not taken; None: not known."""
    referer = urlsplit(request.headers.get("referer", ""))
    ours = referer.netloc == request.url.netloc and referer.path.startswith(SIGNED_IN)
    if not ours or request.headers.get("sec-fetch-site", "same-origin") != "same-origin":
        return None
    kept = [pair for pair in referer.query.split("&") if pair and not pair.startswith(("unsent=", "done="))]
    return f"{referer.path}?{'&'.join([*kept, 'unsent=1'])}"[:500]


def _invalid(request: Request, error: Exception) -> Response:
    if not isinstance(error, RequestValidationError):
        raise error
    # What was sent is not repeated: it may be a password.
    errors = [
        {"where": ".".join(str(part) for part in one["loc"]), "what": str(one["msg"])} for one in error.errors()[:20]
    ]
    detail = "; ".join(f"{one['where']}: {one['what']}" for one in errors[:3])
    document = {
        "type": "urn:tertib:problem:invalid-request",
        "title": "The request is not as described",
        "status": 422,
        "detail": detail,
        "errors": errors,
    }
    return tell(request, document)


def _http(request: Request, error: Exception) -> Response:
    if not isinstance(error, HTTPException):
        raise error
    document = {
        "type": "about:blank",
        "title": str(error.detail),
        "status": error.status_code,
        "detail": "There is nothing at this address." if error.status_code == 404 else str(error.detail),
    }
    return tell(request, document, dict(error.headers or {}))


def _database_away(request: Request, error: Exception) -> Response:
    _LOG.error("the database does not answer: %s", error)
    return tell(
        request,
        Unavailable("The database does not answer now: try again in a minute.").document(),
        {"Retry-After": "30"},
    )


def _at_the_same_time(request: Request, error: Exception) -> Response:
    # Two at once: the constraint let one through. The database's own words may hold data and are not repeated.
    _LOG.warning("refused by the database at %s %s: %s", request.method, request.url.path, type(error).__name__)
    return tell(request, Conflict("Somebody did this at the same moment: load the page again and look.").document())


def _cannot_be_kept(request: Request, error: Exception) -> Response:
    # A character that no text may hold, a number beyond its column: what is sent, not what was thought of.
    _LOG.warning("cannot be stored, at %s %s: %s", request.method, request.url.path, type(error).__name__)
    told = "Something in what was sent cannot be stored: a hidden character, or a number that is too large."
    return tell(request, Unprocessable(told).document())


def _unexpected(request: Request, error: Exception) -> Response:
    _LOG.exception("unexpected error at %s %s", request.method, request.url.path, exc_info=error)
    return tell(request, OfficeError("Something went wrong here; it was written down. Try again.").document())


def install(app: FastAPI) -> None:
    """Tell every error of an application in this way."""
    app.add_exception_handler(OfficeError, _office_error)
    app.add_exception_handler(RequestValidationError, _invalid)
    app.add_exception_handler(HTTPException, _http)
    app.add_exception_handler(OperationalError, _database_away)
    app.add_exception_handler(PoolExhausted, _database_away)
    app.add_exception_handler(IntegrityError, _at_the_same_time)
    app.add_exception_handler(DataError, _cannot_be_kept)
    app.add_exception_handler(Exception, _unexpected)
