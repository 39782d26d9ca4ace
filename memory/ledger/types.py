"""Column types: money as integer micro-units, enums as checked strings, values as JSON.

What is booked (cash, quantities, fill prices, flows) is `Micro`; prices and risks that rules only look at stay floats.
"""

from decimal import ROUND_HALF_EVEN, Decimal
from enum import StrEnum
from typing import Any

from sqlalchemy import JSON, BigInteger, Column, Dialect, Enum
from sqlalchemy.dialects.postgresql import JSONB
from sqlalchemy.types import TypeDecorator
from sqlmodel import Field

MICRO = Decimal("0.000001")
PER_UNIT = 1_000_000


def to_micro(value: Decimal | float) -> Decimal:
    """Round to the nearest millionth; floats by their shortest decimal form."""
    exact = value if isinstance(value, Decimal) else Decimal(repr(float(value)))
    return exact.quantize(MICRO, rounding=ROUND_HALF_EVEN)


class Micro(TypeDecorator[Decimal]):
    """A Decimal stored as an integer of millionths, because SQLite would make a float of it."""

    impl = BigInteger
    cache_ok = True

    def process_bind_param(self, value: Decimal | float | None, dialect: Dialect) -> int | None:  # noqa: ARG002 - SQLAlchemy's signature
        """Turn units into millionths."""
        return None if value is None else int(to_micro(value).scaleb(6))

    def process_result_value(self, value: int | None, dialect: Dialect) -> Decimal | None:  # noqa: ARG002 - SQLAlchemy's signature
        """Turn millionths into units, whole numbers without decimals."""
        if value is None:
            return None
        whole, rest = divmod(value, PER_UNIT)
        return Decimal(whole) if rest == 0 else Decimal(value).scaleb(-6).normalize()


def micro(*, nullable: bool = False) -> Any:
    """Declare a column of money or units."""
    return Field(default=None if nullable else ..., sa_column=Column(Micro, nullable=nullable))


def json(*, nullable: bool = False) -> Any:
    """Declare a column of JSON: binary where the database has it. Reassign its value, never mutate it."""
    kind = JSON(none_as_null=True).with_variant(JSONB(none_as_null=True), "postgresql")
    return Field(default=None if nullable else ..., sa_column=Column(kind, nullable=nullable))


def one_of(members: type[StrEnum], name: str, *, nullable: bool = False, primary_key: bool = False) -> Any:
    """Declare a column that holds a member's value, checked by the database as well."""
    kind = Enum(
        members,
        native_enum=False,
        create_constraint=True,
        length=16,
        name=name,
        values_callable=lambda kinds: [member.value for member in kinds],
    )
    column: Column[Any] = Column(kind, nullable=nullable, primary_key=primary_key)
    return Field(default=None if nullable else ..., sa_column=column)
