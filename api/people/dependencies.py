"""Who asks: dependencies of routes."""

from __future__ import annotations

from collections.abc import Callable, Coroutine
from typing import Annotated

from fastapi import Depends, Request

from api.people.forms import SESSION_COOKIE, cookie_name
from api.people.service import User, user_of
from api.problems import Forbidden, NotSignedIn
from api.requests import DbSession, get_settings


def optional_user(request: Request, session: DbSession) -> User | None:
    """Who is signed in, or None. Templates find it as `viewer`."""
    token = request.cookies.get(cookie_name(get_settings(request), SESSION_COOKIE))
    user = None if token is None else user_of(session, token)
    request.state.viewer = user
    return user


OptionalUser = Annotated[User | None, Depends(optional_user)]


async def current_user(user: OptionalUser) -> User:
    """Who is signed in.

    Raises:
        NotSignedIn: nobody is; pages send the browser to the sign-in.
    """
    if user is None:
        raise NotSignedIn("Sign in to see this.")
    return user


CurrentUser = Annotated[User, Depends(current_user)]


def require_role(*roles: str) -> Callable[[User], Coroutine[object, object, User]]:
    """A dependency that lets only some roles in.

    Example:
        `officer: Annotated[User, Depends(require_role("officer", "supervisor"))]`
    """

    async def with_role(user: CurrentUser) -> User:
        if user.role not in roles:
            raise Forbidden(f"This is for the role {' or '.join(roles)}; you are signed in as {user.role}.")
        return user

    return with_role
