"""Plain SQL in a session's transaction, for what is asked so often that putting it together costs more than its answer.

Everything else is asked by SQLAlchemy. What the database refuses is raised as SQLAlchemy raises it.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Any, Final

import psycopg
from sqlalchemy import Engine, Executable
from sqlalchemy.dialects.postgresql import psycopg as dialect
from sqlalchemy.exc import DBAPIError
from sqlalchemy.orm import Session

_DIALECT: Final = dialect.dialect()  # type: ignore[no-untyped-call] # SQLAlchemy does not say


@dataclass(frozen=True)
class Plain:
    """A statement as text, with the values that stand in it already; the others are named when it is asked.

    Attributes:
        sql: with `%(name)s` where values go.
        values: those that are known.
    """

    sql: str
    values: Mapping[str, Any]

    @classmethod
    def of(cls, statement: Executable) -> Plain:
        """The text of a statement (without lists: no `in_`), put together once."""
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
    sql, given = _with_values(statement, values)
    try:
        return _rows(held, sql, given)
    except psycopg.Error as error:
        if held.closed:
            connection.invalidate(error)
        raise DBAPIError.instance(sql, None, error, psycopg.Error, dialect=connection.dialect) from error


def ask_alone(engine: Engine, statement: Plain, values: Mapping[str, Any]) -> list[Any]:
    """The rows that answer one question that only reads, outside of any transaction: nothing begins, nothing ends.

    Args:
        engine: whose connections are used.
        statement: reads, and is true by itself: no other question belongs to it.
        values: what goes where names stand in it.

    Raises:
        DBAPIError: the database refuses, of the same class as SQLAlchemy raises.
    """
    lent = engine.raw_connection()
    held: psycopg.Connection[Any] = lent.driver_connection  # type: ignore[assignment] # the only driver
    sql, given = _with_values(statement, values)
    try:
        held.autocommit = True
        rows = _rows(held, sql, given)
        held.autocommit = False
    except psycopg.Error as error:
        # Rare: whatever state it is in, nobody else gets it.
        lent.invalidate(error)
        raise DBAPIError.instance(sql, None, error, psycopg.Error, dialect=engine.dialect) from error
    finally:
        lent.close()
    return rows


def _with_values(statement: str | Plain, values: Mapping[str, Any] | Sequence[Any]) -> tuple[str, Any]:
    if isinstance(statement, Plain):
        return statement.sql, {**statement.values, **dict(values)}
    return statement, values


def _rows(held: psycopg.Connection[Any], sql: str, values: Any) -> list[Any]:  # noqa: ANN401 - what psycopg takes
    cursor = held.execute(sql, values)
    return cursor.fetchall() if cursor.description is not None else []
