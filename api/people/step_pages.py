"""The second step of a sign-in, and what somebody changes about their own: password and hardware keys."""

from __future__ import annotations

import hashlib
import hmac
from datetime import timedelta
from typing import Annotated, Final

from fastapi import APIRouter, Form, Request, Response
from fastapi.responses import RedirectResponse
from webauthn.helpers import base64url_to_bytes, bytes_to_base64url

from api.people.dependencies import CurrentUser
from api.people.forms import SESSION_COOKIE, cookie_name
from api.people.pages import DEFAULT_TARGET, safe_target, with_session
from api.people.service import (
    MAX_PASSWORD_LENGTH,
    MIN_PASSWORD_LENGTH,
    PeopleError,
    User,
    WrongCredentials,
    begin_session,
    change_password,
    check_password,
    count_attempt,
)
from api.people.steps import (
    MAX_KEY_NAME,
    KeyNotAccepted,
    Party,
    add_key,
    ask_for_key,
    check_key,
    go_on,
    keys_of,
    offer_key,
    remove_keys,
    waiting_of,
)
from api.people.tables import UserRow
from api.problems import Forbidden
from api.requests import ClientAddress, DbSession, TheSettings, get_database
from api.settings import Settings
from api.web.rendering import render

router = APIRouter(include_in_schema=False)
NEXT: Final = "/sign-in/next"
_MAX_ANSWER: Final = 20_000
Password = Annotated[str, Form(max_length=MAX_PASSWORD_LENGTH)]


@router.get(NEXT)
def next_step(
    request: Request,
    settings: TheSettings,
    session: DbSession,
    next: str = DEFAULT_TARGET,  # noqa: A002 - the address's own word
    error: str | None = None,
) -> Response:
    """What is owed after the password: a key, or a password of one's own."""
    waiting = waiting_of(session, request.cookies.get(cookie_name(settings, SESSION_COOKIE)))
    if waiting is None:
        return RedirectResponse("/sign-in", status_code=303)
    options = ask_for_key(session, waiting, Party.of(settings.public_url)) if waiting.step == "key" else ""
    context = {
        "step": waiting.step,
        "options": options,
        "next": safe_target(next),
        "error": "people.key.refused" if error == "key" else None,
        "least": MIN_PASSWORD_LENGTH,
        "csrf_token": request.state.form_token,
    }
    return render(request, "sign_in_next.html", context)


@router.post(NEXT)
def next_step_sent(
    request: Request,
    settings: TheSettings,
    session: DbSession,
    answer: Annotated[str, Form(max_length=_MAX_ANSWER)] = "",
    password: Password = "",
    again: Password = "",
    next: Annotated[str, Form(max_length=500)] = DEFAULT_TARGET,  # noqa: A002 - the form's own word
) -> Response:
    """A key's answer, or the new password."""
    target = safe_target(next)
    waiting = waiting_of(session, request.cookies.get(cookie_name(settings, SESSION_COOKIE)))
    if waiting is None:
        return RedirectResponse("/sign-in", status_code=303)
    try:
        if waiting.step == "key":
            check_key(session, waiting, answer, Party.of(settings.public_url))
        else:
            _change(session, waiting.user, password, again)
    except KeyNotAccepted:
        return RedirectResponse(f"{NEXT}?error=key", status_code=303)
    except PeopleError as error:
        context = {
            "step": "password",
            "options": "",
            "next": target,
            "error": str(error),
            "least": MIN_PASSWORD_LENGTH,
            "csrf_token": request.state.form_token,
        }
        return render(request, "sign_in_next.html", context, status_code=422)
    done = go_on(session, waiting, lasts=timedelta(hours=settings.session_hours))
    if done is None:
        return RedirectResponse(NEXT, status_code=303)
    return with_session(RedirectResponse(target, status_code=303), settings, done[1])


@router.get("/account")
def account(request: Request, settings: TheSettings, session: DbSession, user: CurrentUser) -> Response:
    """One's own password and keys."""
    return _account(request, settings, session, user)


@router.post("/account/password")
def password_sent(
    request: Request,
    settings: TheSettings,
    session: DbSession,
    user: CurrentUser,
    address: ClientAddress,
    current: Password,
    password: Password,
    again: Password,
) -> Response:
    """A new password; the present one is asked for, and guessing it is counted as at the sign-in."""
    with get_database(request).session() as counting:
        attempt = count_attempt(counting, user.login, address)
    try:
        row = check_password(session, user.login, current, attempt=attempt)
        _change(session, row, password, again)
    except WrongCredentials:
        return _account(request, settings, session, user, error="people.password.wrong", status=422)
    except PeopleError as error:
        return _account(request, settings, session, user, error=str(error), status=422)
    # Every sign-in ended with the old password; this browser goes on with a new one.
    _, token = begin_session(session, row, lasts=timedelta(hours=settings.session_hours))
    return with_session(RedirectResponse("/account", status_code=303), settings, token)


@router.post("/account/keys")
def key_sent(
    request: Request,
    settings: TheSettings,
    session: DbSession,
    user: CurrentUser,
    answer: Annotated[str, Form(max_length=_MAX_ANSWER)],
    challenge: Annotated[str, Form(max_length=200)],
    seal: Annotated[str, Form(max_length=64)],
    name: Annotated[str, Form(max_length=MAX_KEY_NAME)] = "",
) -> Response:
    """A new hardware key; from now on each sign-in asks for one."""
    if not hmac.compare_digest(seal.encode(), _seal(settings, user, challenge).encode()):
        raise Forbidden("This form is not of this sign-in: load the page again.")
    try:
        row = session.get_one(UserRow, user.id)
        add_key(session, row, name, answer, base64url_to_bytes(challenge), Party.of(settings.public_url))
    except KeyNotAccepted as error:
        return _account(request, settings, session, user, error=str(error), status=422)
    return RedirectResponse("/account", status_code=303)


@router.post("/account/keys/remove")
def keys_removed(
    request: Request, settings: TheSettings, session: DbSession, user: CurrentUser, current: Password
) -> Response:
    """Take one's keys off; the password is asked for once more."""
    try:
        remove_keys(session, check_password(session, user.login, current))
    except WrongCredentials:
        return _account(request, settings, session, user, error="people.password.wrong", status=422)
    return RedirectResponse("/account", status_code=303)


def _change(session: DbSession, user: UserRow, password: str, again: str) -> None:
    if password != again:
        message = "people.password.differs"
        raise PeopleError(message)
    change_password(session, user, password)


def _account(
    request: Request, settings: Settings, session: DbSession, user: User, *, error: str | None = None, status: int = 200
) -> Response:
    options, challenge = offer_key(session, session.get_one(UserRow, user.id), Party.of(settings.public_url))
    text = bytes_to_base64url(challenge)
    context = {
        "keys": keys_of(session, user.id),
        "options": options,
        "challenge": text,
        "seal": _seal(settings, user, text),
        "error": error,
        "least": MIN_PASSWORD_LENGTH,
        "csrf_token": request.state.form_token,
    }
    return render(request, "account.html", context, status_code=status)


def _seal(settings: Settings, user: User, challenge: str) -> str:
    """Binds a challenge to the sign-in that it was made for."""
    return hmac.new(
        settings.secret, f"new-key\x00{user.session_id}\x00{challenge}".encode(), hashlib.sha256
    ).hexdigest()
