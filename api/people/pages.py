"""Sign in and out."""

from __future__ import annotations

from datetime import timedelta
from html import escape
from typing import Annotated
from urllib.parse import urlencode

from fastapi import APIRouter, Form, Request, Response
from fastapi.responses import HTMLResponse, RedirectResponse

from api.people.dependencies import OptionalUser
from api.people.forms import SESSION_COOKIE, cookie_name
from api.people.service import (
    MAX_LOGIN_LENGTH,
    MAX_PASSWORD_LENGTH,
    WrongCredentials,
    begin_session,
    check_password,
    count_attempt,
    sign_out,
)
from api.people.steps import owes, wait
from api.problems import TooMany
from api.requests import ClientAddress, DbSession, TheSettings, get_database
from api.settings import Settings
from api.web.rendering import TEMPLATE_FOLDER, render

router = APIRouter(include_in_schema=False)
TEMPLATE = "sign_in.html"
DEFAULT_TARGET = "/review"


def safe_target(target: str) -> str:
    """A path of this office to go on to after the sign-in; nothing that leads to another host."""
    if not target.startswith("/") or target.startswith(("//", "/\\")) or any(ord(c) <= 0x20 for c in target):
        return DEFAULT_TARGET
    return target[:500]


def _page(request: Request, *, target: str, login: str = "", error: str | None = None, status: int = 200) -> Response:
    if (TEMPLATE_FOLDER / TEMPLATE).exists():
        context = {"next": target, "login": login, "error": error, "csrf_token": request.state.form_token}
        return render(request, TEMPLATE, context, status_code=status)
    told = f'<p role="alert">{escape(error)}</p>' if error else ""
    return HTMLResponse(
        '<!doctype html><html lang="id"><title>Masuk - Tertib</title><main><h1>Masuk</h1>'
        f'{told}<form method="post" action="/sign-in">'
        f'<input type="hidden" name="csrf_token" value="{escape(request.state.form_token)}">'
        f'<input type="hidden" name="next" value="{escape(target)}">'
        f'<p><label>Nama <input name="login" autocomplete="username" required value="{escape(login)}"></label></p>'
        '<p><label>Kata sandi <input name="password" type="password" required></label></p>'
        '<p><button type="submit">Masuk</button></p></form></main></html>',
        status_code=status,
        headers={"Cache-Control": "no-store"},
    )


@router.get("/sign-in")
def sign_in_page(request: Request, user: OptionalUser, next: str = DEFAULT_TARGET) -> Response:  # noqa: A002 - the address's own word
    """The form."""
    if user is not None:
        return RedirectResponse(safe_target(next), status_code=303)
    return _page(request, target=safe_target(next))


@router.post("/sign-in")
def sign_in_sent(
    request: Request,
    settings: TheSettings,
    address: ClientAddress,
    login: Annotated[str, Form(max_length=MAX_LOGIN_LENGTH)],
    password: Annotated[str, Form(max_length=MAX_PASSWORD_LENGTH)],
    next: Annotated[str, Form(max_length=500)] = DEFAULT_TARGET,  # noqa: A002 - the form's own word
) -> Response:
    """Name and password were sent. The attempt is stored before the password is looked at, so that the limit holds."""
    target = safe_target(next)
    database = get_database(request)
    try:
        with database.session() as session:
            attempt = count_attempt(session, login, address)
        with database.session() as session:
            old = request.cookies.get(cookie_name(settings, SESSION_COOKIE))
            if old is not None:
                sign_out(session, old)
            user = check_password(session, login, password, attempt=attempt)
            if owes(session, user, with_key=False) is not None:
                response = RedirectResponse(f"/sign-in/next?{urlencode({'next': target})}", status_code=303)
                return with_session(response, settings, wait(session, user))
            _, token = begin_session(session, user, lasts=timedelta(hours=settings.session_hours))
    except (WrongCredentials, TooMany) as error:
        return _page(request, target=target, login=login, error=error.detail, status=error.status)
    return with_session(RedirectResponse(target, status_code=303), settings, token)


def with_session(response: Response, settings: Settings, token: str) -> Response:
    """An answer that gives the browser its cookie."""
    lasts = timedelta(hours=settings.session_hours)
    response.set_cookie(
        cookie_name(settings, SESSION_COOKIE),
        token,
        max_age=int(lasts.total_seconds()),
        path="/",
        httponly=True,
        samesite="lax",
        secure=settings.secure,
    )
    return response


@router.post("/sign-out")
def sign_out_sent(request: Request, settings: TheSettings, session: DbSession) -> Response:
    """End the sign-in here and now."""
    name = cookie_name(settings, SESSION_COOKIE)
    token = request.cookies.get(name)
    if token is not None:
        sign_out(session, token)
    response = RedirectResponse("/", status_code=303)
    response.delete_cookie(name, path="/", httponly=True, samesite="lax", secure=settings.secure)
    return response
