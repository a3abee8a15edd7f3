"""Alembic runs this for every upgrade, within the caller's connection and transaction."""

from alembic import context

from bot.storage.schema import metadata

context.configure(connection=context.config.attributes["connection"], target_metadata=metadata)
context.run_migrations()
