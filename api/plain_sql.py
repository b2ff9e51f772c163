"""Plain SQL in a session's transaction, for what is asked so often that putting it together costs more than its answer.

Everything else is asked by SQLAlchemy. What the database refuses is raised as SQLAlchemy raises it.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Any, Final

import psycopg
from sqlalchemy import Executable
from sqlalchemy.dialects.postgresql import psycopg as dialect
from sqlalchemy.exc import DBAPIError
from sqlalchemy.orm import Session

_DIALECT: Final = dialect.dialect()  # type: ignore[no-untyped-call] # SQLAlchemy does not say


@dataclass(frozen=True)
class Plain:
    """A statement as text, with the values that stand in it already; the others are named when it is asked."""

    sql: str
    values: Mapping[str, Any]

    @classmethod
    def of(cls, statement: Executable) -> Plain:
        """The text of a statement, put together once."""
        compiled = statement.compile(dialect=_DIALECT)  # type: ignore[attr-defined] # every statement has it
        return cls(str(compiled), dict(compiled.params))


def ask(session: Session, statement: str | Plain, values: Mapping[str, Any] | Sequence[Any] = ()) -> list[Any]:
    """The rows that answer a statement.

    Args:
        session: an open transaction; what it holds back is not written first.
        statement: with `%s` or `%(name)s` where values go.
        values: what goes there.

    Raises:
        DBAPIError: the database refuses, of the same class as SQLAlchemy raises.
    """
    connection = session.connection()
    held: psycopg.Connection[Any] = connection.connection.driver_connection  # type: ignore[assignment] # the only driver
    if isinstance(statement, Plain):
        sql, values = statement.sql, {**statement.values, **dict(values)}
    else:
        sql = statement
    try:
        cursor = held.execute(sql, values)
        return cursor.fetchall() if cursor.description is not None else []
    except psycopg.Error as error:
        if held.closed:
            connection.invalidate(error)
        raise DBAPIError.instance(sql, None, error, psycopg.Error, dialect=connection.dialect) from error
