"""Alembic's environment: migrations run on the connection that the program hands over."""

from __future__ import annotations

from alembic import context

from api.base import Base

connection = context.config.attributes["connection"]
context.configure(connection=connection, target_metadata=Base.metadata, transaction_per_migration=False)
with context.begin_transaction():
    context.run_migrations()
