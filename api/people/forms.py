"""Protection of forms: no other site can send one in a visitor's name.

Each page's forms carry `csrf_token` (from `request.state.form_token`). The token is bound by the office's secret to a
cookie: the sign-in's cookie, or for the public a random signed one. Every POST, PUT, PATCH and DELETE that a browser
could send across sites needs it; nothing has to be remembered route by route.
"""

from __future__ import annotations

import hashlib
import hmac
import secrets

from fastapi import Request
from starlette.datastructures import MutableHeaders
from starlette.requests import HTTPConnection
from starlette.types import ASGIApp, Message, Receive, Scope, Send

from api.problems import Forbidden
from api.settings import Settings

SESSION_COOKIE = "tertib_session"
FORM_COOKIE = "tertib_form"
FIELD = "csrf_token"
HEADER = "x-csrf-token"
SAFE_METHODS = frozenset({"GET", "HEAD", "OPTIONS", "TRACE"})
# A browser asks first (CORS preflight, which the office refuses) before it sends these across sites.
# Addresses of programs, which look at no cookie: another site gains nothing by sending a form there.
NO_COOKIES = "/open311/"
NOT_SIMPLE = frozenset({"application/json", "application/problem+json", "application/vnd.tertib.package"})


class FormRefused(Forbidden):
    """The form's token is absent or not this browser's."""

    code = "form-refused"
    title = "The form is too old"

    def __init__(self) -> None:
        super().__init__("This form was opened too long ago or in another browser: load the page again and send it.")


def cookie_name(settings: Settings, name: str) -> str:
    """The cookie's name; over https with the prefix that binds it to this host."""
    return f"__Host-{name}" if settings.secure else name


def _mac(secret: bytes, purpose: str, value: str) -> str:
    return hmac.new(secret, f"{purpose}\x00{value}".encode("utf-8", "surrogatepass"), hashlib.sha256).hexdigest()


def _signed_nonce(secret: bytes) -> str:
    nonce = secrets.token_urlsafe(18)
    return f"{nonce}.{_mac(secret, 'form-cookie', nonce)[:32]}"


def _is_ours(secret: bytes, cookie: str) -> bool:
    nonce, _, signature = cookie.partition(".")
    return hmac.compare_digest(signature.encode(), _mac(secret, "form-cookie", nonce)[:32].encode())


def form_token(secret: bytes, cookie: str) -> str:
    """The token that belongs to a cookie."""
    return _mac(secret, "form-token", cookie)


class FormTokens:
    """ASGI middleware: puts `form_token` into the request's state, and gives the public its signed cookie."""

    def __init__(self, app: ASGIApp, settings: Settings) -> None:
        self._app = app
        self._settings = settings

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        """Find or make the cookie that the forms of this answer are bound to."""
        if scope["type"] != "http":
            await self._app(scope, receive, send)
            return
        secret = self._settings.secret
        cookies = HTTPConnection(scope).cookies
        bound = cookies.get(cookie_name(self._settings, SESSION_COOKIE))
        fresh: str | None = None
        if bound is None:
            bound = cookies.get(cookie_name(self._settings, FORM_COOKIE))
            if bound is None or not _is_ours(secret, bound):
                bound = fresh = _signed_nonce(secret)
        scope.setdefault("state", {})["form_token"] = form_token(secret, bound)

        async def with_cookie(message: Message) -> None:
            if message["type"] == "http.response.start" and fresh is not None:
                headers = MutableHeaders(scope=message)
                if headers.get("content-type", "").startswith("text/html"):
                    secure = "; Secure" if self._settings.secure else ""
                    name = cookie_name(self._settings, FORM_COOKIE)
                    headers.append("set-cookie", f"{name}={fresh}; Path=/; HttpOnly; SameSite=Lax{secure}")
            await send(message)

        await self._app(scope, receive, with_cookie)


async def protect_forms(request: Request) -> None:
    """Dependency of the whole application: a form without its token is refused.

    Raises:
        FormRefused: sent from another site, or the token is absent or wrong.
    """
    if request.method in SAFE_METHODS:
        return
    if request.url.path.startswith(NO_COOKIES):
        return
    media_type = request.headers.get("content-type", "").partition(";")[0].strip().lower()
    if media_type in NOT_SIMPLE:
        return
    if request.headers.get("sec-fetch-site", "same-origin") not in {"same-origin", "none"}:
        raise FormRefused
    sent: object = request.headers.get(HEADER)
    if sent is None and media_type in {"application/x-www-form-urlencoded", "multipart/form-data"}:
        sent = (await request.form()).get(FIELD)
    expected: str = request.state.form_token
    if not isinstance(sent, str) or not hmac.compare_digest(sent.encode(), expected.encode()):
        raise FormRefused
