"""Tables of the one squashed migration that do not fit into its file, each a function it calls."""

from alembic import op

from memory.ledger.migrations.columns import index, json, moment, primary, text, whole


def outbox() -> None:
    """Create the messages to the outside."""
    op.create_table(
        "outbox",
        *text("key portfolio topic problem"),
        *json("payload"),
        *whole("attempts"),
        *moment("created_at"),
        *moment("due_at done_at", null=True),
        primary("outbox", "key"),
    )
    index("outbox", "topic", "due_at")
