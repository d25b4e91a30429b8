"""Alembic's way in: the connection is handed over by `schema.migrate`."""

from alembic import context

from ordercore.adapters.sql.schema import options

connection = context.config.attributes["connection"]
context.configure(connection=connection, **options(connection))
with context.begin_transaction():
    context.run_migrations()
