"""`pm reconcile`, `pm corporate-action`: what changes holdings without an order of ours."""

from datetime import date
from decimal import Decimal, InvalidOperation
from typing import TYPE_CHECKING, Annotated

import typer

from domain.errors import BadInput
from workers.cli.options import DEFAULT_PORTFOLIO, Json, Portfolio

if TYPE_CHECKING:
    from domain.adjustment import CorporateAction

BY = "local"


def register(app: typer.Typer) -> None:
    """Add the commands."""

    @app.command()
    def reconcile(
        accept: Annotated[
            list[str] | None,
            typer.Option("--accept", metavar="SYMBOL", help="Take over what the broker says; CASH too. Repeatable."),
        ] = None,
        reason: Annotated[str, typer.Option("--reason", metavar="TEXT", help="Why it differs; kept for good.")] = "",
        flow: Annotated[bool, typer.Option("--flow", help="CASH came from or went outside: no gain, no loss.")] = False,
        by: Annotated[str, typer.Option("--by", metavar="NAME", help="Who you are.")] = BY,
        portfolio: Portfolio = DEFAULT_PORTFOLIO,
        as_json: Json = False,
    ) -> None:
        """Compare with the broker, and explain what differs.

        Orders are brought up to date and trades made by hand at the broker are adopted. A difference that is seen twice
        blocks new exposure until it is gone or accepted: `--accept AAPL --reason "bought by hand"` takes over the
        broker's quantity as external, without an exit plan. What moved cash differs in CASH as well.
        """
        from graph.adjust import accept as take_over
        from graph.execution import reconcile as compare
        from workers.cli import show_adjustments
        from workers.cli.commands.control import reason_text
        from workers.wiring import wire

        if accept and not reason:
            raise BadInput("what is accepted needs a reason", 'add --reason, like --reason "bought by hand"')
        with wire(portfolio, enters=True) as wired:
            compare(wired.ctx)
            symbols = [symbol.upper() for symbol in accept or ()]
            taken = take_over(wired.ctx, symbols, by, reason_text(reason), as_flow=flow) if symbols else ()
            show_adjustments.reconciled(wired, taken, as_json=as_json)

    @app.command("corporate-action")
    def corporate_action(
        symbol: Annotated[str | None, typer.Argument(metavar="SYMBOL", help="As it was called before.")] = None,
        split: Annotated[str, typer.Option("--split", metavar="NEW:OLD", help="Like 4:1, or 1:10 in reverse.")] = "",
        rename: Annotated[str, typer.Option("--rename", metavar="SYMBOL", help="What it is called now.")] = "",
        effective: Annotated[
            str, typer.Option("--effective", metavar="DATE", help="First session with it; default: this one.")
        ] = "",
        price: Annotated[
            str, typer.Option("--price", metavar="DOLLARS", help="What a share brings where a fraction is left.")
        ] = "",
        portfolio: Portfolio = DEFAULT_PORTFOLIO,
        as_json: Json = False,
    ) -> None:
        """Apply a split or a new symbol by hand, or list them.

        Feeds and brokers that know them apply them by themselves. Units are multiplied, stops and open orders carried,
        the cost stays; fractions are paid out in cash; what waits for an answer ends. The same one again does nothing.
        """
        from graph.adjust import carry_through
        from workers.cli import show_adjustments
        from workers.wiring import wire

        with wire(portfolio, enters=True) as wired:
            if symbol is None:
                show_adjustments.listed(wired, as_json=as_json)
                return
            day = _day(effective) if effective else wired.ctx.clock.session()
            action = _action(symbol.upper(), split, rename.upper(), day)
            done = carry_through(wired.ctx, action, BY, _price(price) if price else None)
            show_adjustments.applied(wired, action, done, as_json=as_json)


def _action(symbol: str, split: str, rename: str, effective: date) -> "CorporateAction":
    from domain.adjustment import AdjustmentKind, CorporateAction

    if bool(split) == bool(rename):
        raise BadInput("say what happened", "either --split NEW:OLD or --rename SYMBOL")
    if rename:
        if rename == symbol:
            raise BadInput(f"{symbol} is no new symbol for {symbol}", "say what it is called now")
        key = f"rename:{symbol}:{rename}:{effective}"
        kind = AdjustmentKind.RENAME
        return CorporateAction(key=key, kind=kind, symbol=symbol, new_symbol=rename, effective=effective)
    new, _, old = split.partition(":")
    if not (new.isdigit() and old.isdigit() and 0 < int(new) <= 10_000 and 0 < int(old) <= 10_000 and new != old):  # noqa: PLR2004 - no split is larger
        raise BadInput(f"split {split!r} is no ratio", "write new:old, like 4:1, or 1:10 for a reverse split")
    key = f"split:{symbol}:{int(new)}:{int(old)}:{effective}"
    return CorporateAction(
        key=key,
        kind=AdjustmentKind.SPLIT,
        symbol=symbol,
        new_units=int(new),
        old_units=int(old),
        effective=effective,
    )


def _day(text: str) -> date:
    try:
        return date.fromisoformat(text)
    except ValueError:
        raise BadInput(f"{text!r} is not a date", "write it like 2020-08-31") from None


def _price(text: str) -> Decimal:
    try:
        price = Decimal(text)
    except InvalidOperation:
        price = Decimal("NaN")
    if not price.is_finite() or price <= 0:
        raise BadInput(f"{text!r} is not a price", "give dollars above zero, like 99.50")
    return price
