"""Alembic's entry: runs the migrations on the connection that corpus/database.py hands over, in its transaction.

A new revision is written by hand beside the others and changes corpus/schema.py in the same commit; a test compares
what the migrations make with what the schema says. There are no downgrades: the way back is the copy made before.
"""

from __future__ import annotations

from alembic import context

from corpus import schema  # noqa: F401  (its tables are part of the metadata)
from corpus.columns import Base

context.configure(
    connection=context.config.attributes["connection"],
    target_metadata=Base.metadata,
    render_as_batch=True,  # SQLite cannot alter columns in place
)
with context.begin_transaction():
    context.run_migrations()
