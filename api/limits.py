"""How large a request may be: checked before anything of it is parsed."""

from __future__ import annotations

import json

from starlette.types import ASGIApp, Message, Receive, Scope, Send

from api.attachments.cleaning import MAX_BYTES, MAX_FILES
from api.problems import PROBLEM_MEDIA_TYPE, TooLarge
from api.settings import Settings

PACKAGES_PATH = "/v1/packages"
# A contest may carry as many files as its form says, each as large as one may be, and its words.
CONTEST_BYTES = MAX_FILES * MAX_BYTES + 1024 * 1024


class BodyTooLarge(Exception):  # noqa: N818 - reads as what happened
    """More bytes arrive than the office accepts."""


class BodyLimit:
    """ASGI middleware: refuses a body that is announced, or turns out, to be larger than the office accepts."""

    def __init__(self, app: ASGIApp, settings: Settings) -> None:
        self._app = app
        self._settings = settings

    def limit_for(self, path: str) -> int:
        """Largest body for a path, bytes."""
        if path == PACKAGES_PATH:
            return self._settings.max_package_bytes
        if path.startswith("/t/") and path.endswith("/contest"):
            return max(CONTEST_BYTES, self._settings.max_body_bytes)
        return self._settings.max_body_bytes

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        """Count the bytes on their way in."""
        if scope["type"] != "http":
            await self._app(scope, receive, send)
            return
        limit = self.limit_for(scope["path"])
        announced = next((value for name, value in scope["headers"] if name == b"content-length"), b"0")
        if not announced.isdigit() or int(announced[:20]) > limit:
            await _refuse(send, limit)
            return
        got = 0
        refused = False

        async def counted() -> Message:
            nonlocal got
            message = await receive()
            got += len(message.get("body", b""))
            if got > limit:
                raise BodyTooLarge
            return message

        async def answered(message: Message) -> None:
            nonlocal refused
            # The framework turns the exception into an answer of its own: this one says what was wrong.
            if got > limit and not refused and message["type"] == "http.response.start":
                refused = True
                await _refuse(send, limit)
            elif not refused:
                await send(message)

        try:
            await self._app(scope, counted, answered)
        except BodyTooLarge:
            if not refused:
                await _refuse(send, limit)


async def _refuse(send: Send, limit: int) -> None:
    problem = TooLarge(f"More than {limit} bytes are not accepted here.")
    body = json.dumps(problem.document()).encode()
    headers = [
        (b"content-type", PROBLEM_MEDIA_TYPE.encode()),
        (b"content-length", str(len(body)).encode()),
        (b"connection", b"close"),
    ]
    await send({"type": "http.response.start", "status": problem.status, "headers": headers})
    await send({"type": "http.response.body", "body": body})
