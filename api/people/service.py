"""Users, sign-in and server-side sessions. Services never commit."""

from __future__ import annotations

import hashlib
import secrets
from dataclasses import dataclass
from datetime import timedelta
from functools import lru_cache
from uuid import UUID

from argon2 import PasswordHasher
from argon2.exceptions import InvalidHashError, VerificationError
from sqlalchemy import func, select, text
from sqlalchemy.orm import Session

from api.clock import now
from api.people.tables import AttemptRow, SignInRow, UserRow
from api.problems import NotSignedIn, TooMany
from api.store.kinds import STAFF_ROLES, Actor
from api.store.reading import Viewer

MIN_PASSWORD_LENGTH = 10
MAX_PASSWORD_LENGTH = 256
MAX_LOGIN_LENGTH = 60
# Failures that are let through in a window, before everybody waits: by name from one address (somebody guesses one
# password after another), from one address (one password on many names), by name from anywhere (many addresses). The
# last is high, so that a stranger cannot easily lock an officer out.
WINDOW = timedelta(minutes=15)
MAX_FAILURES_BY_LOGIN_AND_ADDRESS = 8
MAX_FAILURES_BY_ADDRESS = 40
MAX_FAILURES_BY_LOGIN = 80
_HASHER = PasswordHasher()


class PeopleError(ValueError):
    """A user cannot be made as asked; the sentence says why."""


class WrongCredentials(NotSignedIn):
    """Name or password is wrong; which of the two is not said."""

    code = "wrong-credentials"
    title = "Not signed in"

    def __init__(self) -> None:
        super().__init__("Name or password is wrong.")


@dataclass(frozen=True)
class User:
    """Who is signed in.

    Attributes:
        id: the user's id.
        login: the name typed at sign-in.
        name: shown to people.
        role: officer, supervisor, auditor, agency or admin.
        agency: the agency that the user belongs to; None: the whole jurisdiction.
        session_id: names this very sign-in (a hash, no secret); empty outside of one.
    """

    id: UUID
    login: str
    name: str
    role: str
    agency: str | None
    session_id: str = ""

    @property
    def actor(self) -> Actor:
        """The user as the author of events."""
        return Actor(id=str(self.id), name=self.name, role=self.role)

    @property
    def viewer(self) -> Viewer:
        """The user as the reader of cases."""
        return Viewer.staff(self.actor, self.agency)


@lru_cache(maxsize=1)
def _nobody_hash() -> str:
    # Compared with when the name is unknown, so that both answers take the same time.
    return _HASHER.hash(secrets.token_urlsafe(16))


def hash_password(password: str) -> str:
    """Argon2id with the library's present parameters.

    Raises:
        PeopleError: too short or too long.
    """
    if not MIN_PASSWORD_LENGTH <= len(password) <= MAX_PASSWORD_LENGTH:
        message = f"a password has {MIN_PASSWORD_LENGTH} to {MAX_PASSWORD_LENGTH} characters"
        raise PeopleError(message)
    return _HASHER.hash(password)


def add_user(
    session: Session,
    *,
    login: str,
    name: str,
    role: str,
    password: str,
    agency: str | None = None,
    password_hash: str | None = None,
    password_is_first: bool = False,
) -> User:
    """Make a user.

    Args:
        session: an open transaction.
        login: name typed at sign-in; case does not matter.
        name: shown to people.
        role: officer, supervisor, auditor, agency or admin.
        password: at least `MIN_PASSWORD_LENGTH` characters.
        agency: id of the agency; needed for the role `agency`.
        password_hash: a hash made before by `hash_password`, to make many users quickly.
        password_is_first: whether somebody else knows it: then it must be changed at the first sign-in.

    Raises:
        PeopleError: the name is taken or empty, the role unknown, the agency missing, or the password too short.
    """
    key = _login_key(login)
    if not key or not name.strip():
        message = "a user needs a sign-in name and a name"
        raise PeopleError(message)
    if len(login) > MAX_LOGIN_LENGTH or any(not character.isprintable() for character in login + name):
        message = f"a sign-in name has at most {MAX_LOGIN_LENGTH} printable characters"
        raise PeopleError(message)
    if role not in STAFF_ROLES:
        message = f"no role {role!r}: one of {', '.join(sorted(STAFF_ROLES))}"
        raise PeopleError(message)
    if role == "agency" and agency is None:
        message = "the role 'agency' needs the agency that the user belongs to"
        raise PeopleError(message)
    if session.scalar(select(UserRow.id).where(UserRow.login == key)) is not None:
        message = f"there is a user {key!r} already"
        raise PeopleError(message)
    row = UserRow(
        login=key,
        name=name.strip(),
        role=role,
        agency=agency,
        password_hash=password_hash or hash_password(password),
        password_is_first=password_is_first,
        created_at=now(session),
    )
    session.add(row)
    session.flush()
    return _user(row)


def find_user(session: Session, login: str) -> User | None:
    """The active user with this sign-in name."""
    row = session.scalar(select(UserRow).where(UserRow.login == _login_key(login), UserRow.active))
    return None if row is None else _user(row)


def withdraw(session: Session, login: str) -> int:
    """Take all rights from somebody, now: their next request is refused, and so is every sign-in.

    Returns:
        How many sign-ins were ended.

    Raises:
        PeopleError: there is no such user.
    """
    row = _row(session, login)
    row.active = False
    return end_sign_ins(session, login)


def change_role(session: Session, login: str, role: str, *, agency: str | None = None) -> User:
    """Give somebody another role; it holds from their next request on.

    Raises:
        PeopleError: there is no such user or role, or the agency is missing.
    """
    row = _row(session, login)
    if role not in STAFF_ROLES:
        message = f"no role {role!r}: one of {', '.join(sorted(STAFF_ROLES))}"
        raise PeopleError(message)
    if role == "agency" and (agency or row.agency) is None:
        message = "the role 'agency' needs the agency that the user belongs to"
        raise PeopleError(message)
    row.role, row.agency = role, agency or row.agency
    session.flush()
    return _user(row)


def end_sign_ins(session: Session, login: str) -> int:
    """End every sign-in of somebody, e.g. when a telephone was lost; they may sign in again.

    Raises:
        PeopleError: there is no such user.
    """
    row = _row(session, login)
    open_ones = select(SignInRow).where(SignInRow.user_id == row.id, SignInRow.ended_at.is_(None))
    ended = list(session.scalars(open_ones))
    for one in ended:
        one.ended_at = now(session)
    session.flush()
    return len(ended)


def _row(session: Session, login: str) -> UserRow:
    row = session.scalar(select(UserRow).where(UserRow.login == _login_key(login)))
    if row is None:
        message = f"there is no user {login!r}"
        raise PeopleError(message)
    return row


def count_attempt(session: Session, login: str, address: str) -> int:
    """Write down an attempt to sign in before the password is looked at; commit it before `sign_in`.

    Counting and writing happen under a lock for the name, so that a hundred attempts at once do not slip through.

    Returns:
        The attempt's number, for `sign_in`.

    Raises:
        TooMany: too many failures in the last `WINDOW`; see the limits above.
    """
    key, address = _login_key(login), address[:60]
    for lock in sorted((f"sign-in {key}", f"sign-in-from {address}")):
        session.execute(text("SELECT pg_advisory_xact_lock(hashtextextended(:key, 0))"), {"key": lock})
    moment = now(session)
    failures = select(func.count()).where(AttemptRow.at > moment - WINDOW, ~AttemptRow.succeeded)
    by_login = session.scalar(failures.where(AttemptRow.login == key)) or 0
    by_address = session.scalar(failures.where(AttemptRow.address == address)) or 0
    by_both = session.scalar(failures.where(AttemptRow.login == key, AttemptRow.address == address)) or 0
    if (
        by_both >= MAX_FAILURES_BY_LOGIN_AND_ADDRESS
        or by_address >= MAX_FAILURES_BY_ADDRESS
        or by_login >= MAX_FAILURES_BY_LOGIN
    ):
        minutes = int(WINDOW.total_seconds() // 60)
        raise TooMany(f"Too many attempts to sign in: wait {minutes} minutes.", retry_after_s=minutes * 60)
    row = AttemptRow(login=key, address=address, at=moment)
    session.add(row)
    session.flush()
    return row.id


def check_password(session: Session, login: str, password: str, *, attempt: int | None = None) -> UserRow:
    """Check name and password; takes the same time for an unknown name and a wrong password.

    Args:
        session: an open transaction.
        login: as typed.
        password: as typed.
        attempt: the number that `count_attempt` gave; marked as a success.

    Raises:
        WrongCredentials: unknown name, wrong password, or a user who left.
    """
    row = session.scalar(select(UserRow).where(UserRow.login == _login_key(login)))
    try:
        _HASHER.verify(row.password_hash if row is not None else _nobody_hash(), password[:MAX_PASSWORD_LENGTH])
    except (VerificationError, InvalidHashError) as error:
        raise WrongCredentials from error
    if row is None or not row.active:
        raise WrongCredentials
    if _HASHER.check_needs_rehash(row.password_hash):
        row.password_hash = _HASHER.hash(password)
    if attempt is not None:
        counted = session.get(AttemptRow, attempt)
        if counted is not None:
            counted.succeeded = True
    return row


def begin_session(session: Session, user: UserRow, *, lasts: timedelta) -> tuple[User, str]:
    """Begin a session for somebody who has shown all that is asked for.

    Returns:
        The user, and the token for the cookie (kept here as a hash only).
    """
    moment = now(session)
    token = secrets.token_urlsafe(32)
    session.add(SignInRow(token_sha256=_sha256(token), user_id=user.id, started_at=moment, expires_at=moment + lasts))
    session.flush()
    return _user(user, session_id=_sha256(token)), token


def sign_in(
    session: Session, login: str, password: str, *, lasts: timedelta = timedelta(hours=10), attempt: int | None = None
) -> tuple[User, str]:
    """Check name and password and begin a session, for programs: a person's second step is `api.people.steps`.

    Raises:
        WrongCredentials: unknown name, wrong password, or a user who left.
    """
    return begin_session(session, check_password(session, login, password, attempt=attempt), lasts=lasts)


def change_password(session: Session, user: UserRow, password: str) -> None:
    """Give somebody the password they chose; every other sign-in of theirs ends.

    Raises:
        PeopleError: too short, too long, the one they had, or their own name.
    """
    if _login_key(user.login) in password.casefold() or user.name.casefold() in password.casefold():
        message = "the password holds your own name: choose another"
        raise PeopleError(message)
    try:
        _HASHER.verify(user.password_hash, password[:MAX_PASSWORD_LENGTH])
    except (VerificationError, InvalidHashError):
        user.password_hash = hash_password(password)
        user.password_is_first = False
        end_sign_ins(session, user.login)
        return
    message = "this is the password that you have: choose another"
    raise PeopleError(message)


def user_of(session: Session, token: str) -> User | None:
    """Who is signed in with this token; None when it is unknown, has ended, or the user left."""
    found = session.execute(
        select(UserRow)
        .join(SignInRow, SignInRow.user_id == UserRow.id)
        .where(
            SignInRow.token_sha256 == _sha256(token),
            SignInRow.ended_at.is_(None),
            SignInRow.expires_at > now(session),
            UserRow.active,
        )
    ).scalar_one_or_none()
    return None if found is None else _user(found, session_id=_sha256(token))


def sign_out(session: Session, token: str) -> None:
    """End the sign-in with this token."""
    row = session.get(SignInRow, _sha256(token))
    if row is not None and row.ended_at is None:
        row.ended_at = now(session)
        session.flush()


def _login_key(login: str) -> str:
    return login.strip().casefold()[:MAX_LOGIN_LENGTH].replace("\x00", "")


def _sha256(token: str) -> str:
    return hashlib.sha256(token.encode("utf-8", "surrogatepass")).hexdigest()


def _user(row: UserRow, session_id: str = "") -> User:
    return User(id=row.id, login=row.login, name=row.name, role=row.role, agency=row.agency, session_id=session_id)
