"""What SQLite's planner is told of the tables: sizes assumed once, so that its plans are the same on every machine.

Without numbers it takes an index that gives the wanted order for as good as one that finds the few rows wanted, and
reads a portfolio's whole history at every step. PostgreSQL counts for itself.
"""

from sqlalchemy import Connection, text

TABLE = "sqlite_stat1"
ROWS = 100_000
EACH_COLUMN = 1_000
"""A column of an index divides what the columns before it leave by so much."""
PORTFOLIOS = 10
"""What a portfolio's name divides by, where more follows: it has a long history of its own."""


def assume_sizes(connection: Connection) -> None:
    """Write down, in the open transaction, how many rows an index finds by its first columns; read at the next open."""
    connection.execute(text("ANALYZE"))
    connection.execute(text(f"DELETE FROM {TABLE}"))  # noqa: S608 - our own constant
    for (table,) in connection.execute(text("SELECT name FROM sqlite_master WHERE type = 'table'")).all():
        for _, index, unique, *_ in connection.execute(text(f'PRAGMA index_list("{table}")')).all():
            columns = [row[2] for row in connection.execute(text(f'PRAGMA index_info("{index}")'))]
            told = " ".join(map(str, (ROWS, *_rows(columns, unique=bool(unique)))))
            connection.execute(
                text(f"INSERT INTO {TABLE} (tbl, idx, stat) VALUES (:tbl, :idx, :stat)"),  # noqa: S608 - as above
                {"tbl": table, "idx": index, "stat": told},
            )


def _rows(columns: list[str], *, unique: bool) -> list[int]:
    left, found = ROWS, []
    for name in columns:
        long = name == "portfolio" and len(columns) > 1
        left = max(1, left // (PORTFOLIOS if long else EACH_COLUMN))
        found.append(left)
    return [*found[:-1], 1] if unique else found
