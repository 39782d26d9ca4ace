"""Tables of the one squashed migration that do not fit into its file, each a function it calls."""

import sqlalchemy as sa
from alembic import op

from memory.ledger.migrations.columns import (
    choice,
    day,
    flag,
    foreign,
    index,
    json,
    large,
    moment,
    money,
    number,
    primary,
    text,
    whole,
)


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


def people() -> None:
    """Create what came in from people, their cards, their confirmations, and how far they were told."""
    op.create_table(
        "telegram_update",
        *text("portfolio"),
        *large("update_id"),
        *json("body"),
        *moment("received_at"),
        *moment("done_at", null=True),
        primary("telegram_update", "portfolio", "update_id"),
    )
    index("telegram_update", "portfolio", "done_at")
    op.create_table(
        "card",
        *text("portfolio subject detail shown"),
        *large("chat message person"),
        *choice("card", "kind", "proposal digest confirm prompt control"),
        *whole("version"),
        *moment("sent_at"),
        *moment("until", null=True),
        *flag("open"),
        primary("card", "portfolio", "chat", "message"),
    )
    index("card", "portfolio", "open")
    op.create_table(
        "consent",
        *text("portfolio subject person"),
        *whole("version"),
        *number("quantity"),
        *moment("at"),
        primary("consent", "portfolio", "subject", "version", "person"),
    )
    op.create_table(
        "told",
        *text("portfolio"),
        *whole("sequence"),
        primary("told", "portfolio"),
    )


def episodes() -> None:
    """Create the episodes and what came of them."""
    op.create_table(
        "episode",
        *text("id portfolio symbol"),
        *text("proposal_id", null=True),
        *day("session"),
        *whole("spans_left"),
        *json("body"),
        primary("episode", "id"),
        foreign("episode", "proposal_id", "proposal.id"),
    )
    index("episode", "portfolio", "session")
    index("episode", "portfolio", "spans_left")
    op.create_table(
        "outcome",
        *text("episode_id span portfolio"),
        *day("until"),
        *json("body"),
        primary("outcome", "episode_id", "span"),
        foreign("outcome", "episode_id", "episode.id"),
    )
    index("outcome", "portfolio", "until")


def jobs() -> None:
    """Create what the desk does by itself, who does it, and where replays stand on the calendar."""
    op.create_table(
        "job",
        *text("portfolio name kind problem"),
        *choice("job", "status", "open done skipped parked"),
        *day("session", null=True),
        *whole("attempts"),
        *moment("due_at started_at finished_at", null=True),
        primary("job", "portfolio", "name"),
    )
    index("job", "portfolio", "session")
    index("job", "portfolio", "kind")
    op.create_table(
        "process",
        *text("name kind note"),
        *moment("started_at seen_at"),
        primary("process", "name"),
    )
    op.create_table(
        "replay_position",
        *text("portfolio"),
        *moment("now moved_at"),
        primary("replay_position", "portfolio"),
    )


def mismatches() -> None:
    """Create the differences to the broker."""
    op.create_table(
        "mismatch",
        *text("portfolio symbol"),
        *money("book broker"),
        *moment("first_seen last_seen"),
        *whole("sightings"),
        *flag("survived"),
        primary("mismatch", "portfolio", "symbol"),
        foreign("mismatch", "portfolio", "portfolio.name"),
    )


def adjustments() -> None:
    """Create what changed holdings without an order of ours."""
    op.create_table(
        "adjustment",
        *text("portfolio key symbol by reason"),
        *whole("number new_units old_units"),
        *choice("adjustment", "kind", "split rename external accepted plan"),
        *text("new_symbol proposal_id", null=True),
        *json("plan", null=True),
        *money("quantity cash carried cost"),
        *money("price", null=True),
        *day("session"),
        *day("opened", null=True),
        *moment("at"),
        primary("adjustment", "portfolio", "number"),
        foreign("adjustment", "portfolio", "portfolio.name"),
        sa.UniqueConstraint("portfolio", "key", name="uq_adjustment_portfolio_key"),
    )
    index("adjustment", "portfolio", "symbol")


def calibrations() -> None:
    """Create what stated confidences have turned out to be worth."""
    op.create_table(
        "calibration",
        *text("portfolio"),
        *choice("calibration", "origin", "model quant person alert monitor flatten"),
        *json("body"),
        *moment("at"),
        primary("calibration", "portfolio", "origin"),
        foreign("calibration", "portfolio", "portfolio.name"),
    )


def external_orders() -> None:
    """Create the broker's open orders that are not ours."""
    op.create_table(
        "external_order",
        *text("portfolio broker_order_id symbol"),
        *choice("external_order", "side", "BUY SELL"),
        *money("quantity"),
        *moment("first_seen"),
        primary("external_order", "portfolio", "broker_order_id"),
        foreign("external_order", "portfolio", "portfolio.name"),
    )
