"""Short ways to declare columns in migrations; frozen once released, because old migrations use them."""

from typing import Any

import sqlalchemy as sa
from alembic import op
from sqlalchemy.dialects.postgresql import JSONB

Columns = list[sa.Column[Any]]


def columns(names: str, kind: Any, *, null: bool) -> Columns:
    """Declare several columns of one kind; `names` are separated by spaces."""
    return [sa.Column(name, kind, nullable=null) for name in names.split()]


def text(names: str, *, null: bool = False) -> Columns:
    """Text."""
    return columns(names, sa.String(), null=null)


def whole(names: str, *, null: bool = False) -> Columns:
    """Counts."""
    return columns(names, sa.Integer(), null=null)


def number(names: str, *, null: bool = False) -> Columns:
    """Laboratory numbers."""
    return columns(names, sa.Float(), null=null)


def money(names: str, *, null: bool = False) -> Columns:
    """Integer millionths of dollars or units."""
    return columns(names, sa.BigInteger(), null=null)


def large(names: str, *, null: bool = False) -> Columns:
    """Numbers that others give, of up to 64 bits."""
    return columns(names, sa.BigInteger(), null=null)


def day(names: str, *, null: bool = False) -> Columns:
    """Sessions."""
    return columns(names, sa.Date(), null=null)


def moment(names: str, *, null: bool = False) -> Columns:
    """Moments in UTC."""
    return columns(names, sa.DateTime(timezone=True), null=null)


def flag(names: str, *, null: bool = False) -> Columns:
    """Yes or no."""
    return columns(names, sa.Boolean(), null=null)


def blob(names: str, *, null: bool = False) -> Columns:
    """Bytes."""
    return columns(names, sa.LargeBinary(), null=null)


def json(names: str, *, null: bool = False) -> Columns:
    """JSON, binary where the database has it."""
    return columns(names, sa.JSON().with_variant(JSONB(), "postgresql"), null=null)


def choice(table: str, name: str, members: str, *, null: bool = False) -> list[sa.Column[Any] | sa.CheckConstraint]:
    """Declare a column that holds one of `members`."""
    listed = ", ".join(f"'{member}'" for member in members.split())
    check = sa.CheckConstraint(f"{name} IN ({listed})", name=op.f(f"ck_{table}_{name}"))
    return [sa.Column(name, sa.String(16), nullable=null), check]


def primary(table: str, *names: str) -> sa.PrimaryKeyConstraint:
    """Name the primary key."""
    return sa.PrimaryKeyConstraint(*names, name=op.f(f"pk_{table}"))


def foreign(table: str, name: str, target: str) -> sa.ForeignKeyConstraint:
    """Point to another table."""
    return sa.ForeignKeyConstraint([name], [target], name=op.f(f"fk_{table}_{name}"))


def index(table: str, *names: str) -> None:
    """Create an index."""
    op.create_index(op.f(f"ix_{table}_{'_'.join(names)}"), table, list(names))
