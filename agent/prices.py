"""What a model's tokens cost, read from the table beside this file."""

import re
import tomllib
from functools import cache
from importlib.resources import files

from pydantic import Field, TypeAdapter, ValidationError

from domain.errors import BadInput
from domain.proposal import describe
from domain.value import Value

MILLION = 1_000_000
DATE = re.compile(r"-\d{4}-\d{2}-\d{2}$")


class Price(Value):
    """US dollars per million tokens."""

    prompt: float = Field(ge=0.0)
    completion: float = Field(ge=0.0)

    def cost(self, prompt_tokens: int, completion_tokens: int) -> float:
        """Price a call, in US dollars."""
        return (self.prompt * prompt_tokens + self.completion * completion_tokens) / MILLION


def price_of(model: str) -> Price | None:
    """Find the price of a model by its name, with or without a date at its end; None when it is not listed.

    Raises:
        BadInput: the table can't be read; names the entry.
    """
    table = _table()
    return table.get(model) or table.get(DATE.sub("", model))


@cache
def _table() -> dict[str, Price]:
    text = files("agent").joinpath("prices.toml").read_text(encoding="utf-8")
    try:
        return TypeAdapter(dict[str, Price]).validate_python(tomllib.loads(text))
    except tomllib.TOMLDecodeError as error:
        raise BadInput(f"agent/prices.toml: not valid TOML: {error}", "correct the file") from None
    except ValidationError as error:
        raise BadInput(f"agent/prices.toml: {describe(error)}", "correct this entry") from None
