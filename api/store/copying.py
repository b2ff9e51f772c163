"""The frozen tables of the code, copied into the database when the office starts: its trigger checks by them."""

from __future__ import annotations

from sqlalchemy import Connection, Table, delete, insert, select

from api.store import persons, transitions
from api.store.tables import SecondPersonRuleRow, TransitionRow


def copy_rules(connection: Connection) -> None:
    """Bring transitions, roles and second persons in the database up to date; as the owner, within a transaction."""
    transition_columns = ("kind", "from_state", "event_type", "to_state", "roles", "second_person")
    _copy(connection, _table(TransitionRow), transition_columns, sorted(transitions.rows()))
    rule_columns = ("kind", "event_type", "first_type", "whose", "needed", "since_type")
    _copy(connection, _table(SecondPersonRuleRow), rule_columns, sorted(persons.rows()))


def _table(model: type[TransitionRow | SecondPersonRuleRow]) -> Table:
    table = model.__table__
    if not isinstance(table, Table):
        raise TypeError(model)
    return table


def _copy(connection: Connection, table: Table, columns: tuple[str, ...], wanted: list[tuple[object, ...]]) -> None:
    held = connection.execute(select(*(table.c[column] for column in columns)))
    if sorted(tuple(row) for row in held) == wanted:
        return
    connection.execute(delete(table))
    connection.execute(insert(table), [dict(zip(columns, row, strict=True)) for row in wanted])
