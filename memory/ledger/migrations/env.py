"""What Alembic runs: on the connection it is given, in the transaction that is open there."""

from alembic import context

from memory.ledger.tables import METADATA

context.configure(
    connection=context.config.attributes["connection"],
    target_metadata=METADATA,
    render_as_batch=True,
    compare_type=True,
)
context.run_migrations()
