"""Runs the migrations on the connection, and in the transaction, that schema.py hands over."""

from alembic import context

from digest.store.rows import Row
from digest.store.schema import VERSION_TABLE

connection = context.config.attributes["connection"]
context.configure(connection=connection, target_metadata=Row.metadata, version_table=VERSION_TABLE)
context.run_migrations()
