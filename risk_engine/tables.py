"""Building one rule from a table, and tightening it by another; every mistake is named."""

from collections.abc import Iterable, Mapping
from typing import Any, TypeVar

from pydantic import BaseModel, ValidationError

from domain.errors import BadPolicy
from domain.proposal import describe
from risk_engine.limits import Tighter
from risk_engine.rule import Rule
from risk_engine.size_policy import SizePolicy

R = TypeVar("R", Rule, SizePolicy)


def build(kind: type[R], values: Mapping[str, Any], where: str) -> R:
    """Make a rule of `values`; an unknown, missing or wrong one raises BadPolicy and names it."""
    try:
        rule = kind.model_validate(values)
    except ValidationError as error:
        first = error.errors()[0]
        key = ".".join(str(part) for part in first["loc"])
        if first["type"] == "extra_forbidden":
            raise BadPolicy(f"{where} unknown key {key!r}", _choose(kind.model_fields)) from None
        if first["type"] == "missing":
            raise BadPolicy(f"{where} key {key!r} is missing", "add it; no limit has a default in code") from None
        raise BadPolicy(f"{where} {describe(error)}", "correct this value") from None
    _in_order(rule, where)
    return rule


def tightened(rule: R, wanted: Mapping[str, Any], *, enabled: bool) -> tuple[R, bool]:
    """Apply a mandate's values to a rule, and tell whether it is on; loosening raises BadPolicy."""
    where = f"the mandate's limits.{rule.name}"
    if wanted.get("enabled", True) is not True:
        raise BadPolicy(f"{where}: enabled = {wanted['enabled']!r}", "a mandate can't turn a rule off; remove the key")
    values = {key: value for key, value in wanted.items() if key != "enabled"}
    fields = type(rule).model_fields
    only(values, tuple(fields), f"{where}: unknown key")
    before = rule.model_dump()
    for key, value in values.items():
        if isinstance(before[key], dict):
            part = table_of(value, f"{where}.{key}")
            only(part, tuple(before[key]), f"{where}.{key}: unknown key")
            values[key] = {**before[key], **part}
    after = build(type(rule), {**before, **values}, where)
    for key in values:
        direction = next(mark for mark in fields[key].metadata if isinstance(mark, Tighter))
        _no_looser(direction, before[key], getattr(after, key), f"{where}.{key}")
    return after, enabled or bool(wanted.get("enabled", False))


def table_of(value: Any, where: str) -> Mapping[str, Any]:
    """Return `value` if it is a table; anything else raises BadPolicy."""
    if not isinstance(value, Mapping):
        raise BadPolicy(f"{where} is {value!r}, not a table", "write a table of keys and values")
    return value


def only(found: Mapping[str, Any], known: tuple[str, ...], where: str) -> None:
    """Raise BadPolicy at the first key that is not known."""
    for key in found:
        if key not in known:
            raise BadPolicy(f"{where} {key!r}", _choose(known))


def _in_order(rule: BaseModel, where: str) -> None:
    fields = type(rule).model_fields
    if not {"soft", "hard"} <= set(fields):
        return
    soft, hard = getattr(rule, "soft"), getattr(rule, "hard")  # noqa: B009 - not every rule has them
    lower = Tighter.LOWER in fields["soft"].metadata
    if (soft > hard) if lower else (soft < hard):
        side = "above" if lower else "below"
        raise BadPolicy(f"{where} soft = {soft} is {side} hard = {hard}", "the soft limit must bind first")


def _no_looser(direction: Tighter, before: Any, after: Any, where: str) -> None:
    if isinstance(before, dict):
        for key in before:
            _no_looser(direction, before[key], after[key], f"{where}.{key}")
    elif not direction.allows(before, after):
        raise BadPolicy(f"{where} = {after} would loosen the policy's {before}", f"tighter is: {direction.value}")


def _choose(known: Iterable[str]) -> str:
    return f"choose one of: {', '.join(sorted(known))}"
