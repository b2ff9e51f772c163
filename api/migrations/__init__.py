"""Database migrations (alembic), run by the program when it starts."""
