"""Print how book and broker compare, and what changed holdings without an order of ours."""

from collections.abc import Sequence
from typing import Any

from domain.adjustment import Adjustment, CorporateAction
from domain.records import Mismatch
from workers.cli import output
from workers.wiring import Wired


def reconciled(wired: Wired, taken: Sequence[Adjustment], *, as_json: bool) -> None:
    """Print what differs from the broker, and what was accepted just now."""
    ctx = wired.ctx
    differences = ctx.ledger.mismatches(ctx.portfolio)
    open_orders = ctx.ledger.intents(ctx.portfolio, open_only=True)
    if as_json:
        output.json_line(
            {
                "portfolio": ctx.portfolio,
                "session": ctx.clock.session().isoformat(),
                "open_orders": len(open_orders),
                "differences": [difference_json(found) for found in differences],
                "accepted": [adjustment_json(one) for one in taken],
            }
        )
        return
    for one in taken:
        output.say(f"accepted: {sentence(one)}")
    output.say(f"{len(open_orders)} open orders; {len(differences) or 'no'} differences to the broker")
    for found in differences:
        output.say(f"  {difference_line(found)}")
    if differences:
        output.say(f'explain one: {output.program()} reconcile --accept {differences[0].symbol} --reason "..."')


def listed(wired: Wired, *, as_json: bool) -> None:
    """Print every adjustment, oldest first."""
    found = wired.ctx.ledger.adjustments(wired.ctx.portfolio)
    if as_json:
        output.json_line([adjustment_json(one) for one in found])
        return
    for one in found:
        output.say(f"{one.session}  {sentence(one)} ({one.by})")
    if not found:
        output.say("nothing has changed a holding without an order of ours")


def applied(wired: Wired, action: CorporateAction, done: Adjustment | None, *, as_json: bool) -> None:
    """Print what one corporate action did."""
    held = wired.ctx.ledger.holdings(wired.ctx.portfolio)
    if as_json:
        output.json_line({"applied": done is not None, "adjustment": adjustment_json(done) if done else None})
        return
    if done is None:
        output.say(f"{action.sentence}: that was applied before; nothing changed")
        return
    output.say(sentence(done))
    if not {action.symbol, action.new_symbol} & set(held):
        output.say(f"{action.symbol} was not held; orders and what waited were carried")


def sentence(one: Adjustment) -> str:
    """Say in a line what an adjustment did."""
    parts = [f"{one.quantity:+f} units"] if one.quantity else []
    parts += [f"{one.cash:+,.2f} dollars"] if one.cash else []
    return f"{one.kind.value} {one.symbol}: {one.reason}" + (f" [{', '.join(parts)}]" if parts else "")


def difference_line(found: Mismatch) -> str:
    """Say in a line what differs, and whether it blocks."""
    state = "blocks new exposure" if found.survived else "seen once, blocks if it stays"
    return f"{found.symbol}: {found.book:f} in the book, {found.broker:f} at the broker; {state}"


def difference_json(found: Mismatch) -> dict[str, Any]:
    """One difference as scripts see it."""
    return {
        "symbol": found.symbol,
        "book": float(found.book),
        "broker": float(found.broker),
        "first_seen": found.first_seen.isoformat(),
        "blocks": found.survived,
    }


def adjustment_json(one: Adjustment) -> dict[str, Any]:
    """One adjustment as scripts see it."""
    numbers = {"quantity": float(one.quantity), "cash": float(one.cash)}
    words = one.model_dump(mode="json", include={"key", "kind", "symbol", "new_symbol", "session", "by", "reason"})
    return {**words, **numbers, "price": float(one.price) if one.price is not None else None}
