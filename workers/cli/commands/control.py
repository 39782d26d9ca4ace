"""`pm kill`, `pause`, `resume`, `flatten`, `deposit`, `withdraw`: the desk as a whole."""

from decimal import Decimal, InvalidOperation
from typing import TYPE_CHECKING, Annotated, Any

import typer

from domain.errors import BadInput
from workers.cli.options import DEFAULT_PORTFOLIO, Json, Portfolio

if TYPE_CHECKING:
    from domain.records import Control, Flow
    from graph.control import Resumed, Stopped
    from graph.two_people import Agreement

Reason = Annotated[str, typer.Option("--reason", metavar="TEXT", help="Why; kept in the audit chain.")]
Confirm = Annotated[str, typer.Option("--confirm", metavar="PHRASE", help="The phrase that says you mean it.")]
Amount = Annotated[str, typer.Argument(metavar="AMOUNT", help="Dollars, like 2500 or 99.50.")]
Key = Annotated[
    str | None,
    typer.Option("--key", metavar="NAME", help="Name of this transfer; the same name again moves nothing."),
]
BY = "local"
LONGEST_REASON = 300
MOST_MONEY = Decimal(10) ** 12


def register(app: typer.Typer) -> None:
    """Add the commands."""

    @app.command()
    def kill(
        reason: Reason = "killed by a person", portfolio: Portfolio = DEFAULT_PORTFOLIO, as_json: Json = False
    ) -> None:
        """Stop the desk at once: no new order, entries cancelled.

        The state becomes HALTED. Stops and other exits at the broker stay; after that only `pm flatten` and stops
        approved with their entry may still sell. Works without model and feed of the graph. `pm resume` ends it.
        """
        _kill(portfolio, reason_text(reason), as_json=as_json)

    @app.command()
    def pause(
        reason: Reason = "paused by a person", portfolio: Portfolio = DEFAULT_PORTFOLIO, as_json: Json = False
    ) -> None:
        """Let the desk only sell: REDUCING until `pm resume`.

        Nothing opens or adds; entries that rest at the broker are cancelled; exits go on.
        """
        from graph.control import pause as carry_out
        from workers.till import open_till

        with open_till(portfolio) as till:
            _show_stopped(carry_out(till, BY, reason_text(reason)), as_json=as_json)

    @app.command()
    def resume(
        confirm: Confirm = "",
        by: Annotated[str, typer.Option("--by", metavar="NAME", help="Which approver you are.")] = BY,
        reason: Reason = "resumed by a person",
        portfolio: Portfolio = DEFAULT_PORTFOLIO,
        as_json: Json = False,
    ) -> None:
        """Take the desk back to ACTIVE, with a confirmation.

        From REDUCING: `--confirm "resume NAME"` with the portfolio's name. From HALTED twice: the first call asks, the
        second, 60 seconds later and within 15 minutes, confirms; where the mandate lists several approvers, another of
        them confirms. After HALTED or a drawdown, losses are measured from today on. A drawdown keeps the desk REDUCING
        for 20 sessions.
        """
        from graph.control import resume as carry_out
        from workers.wiring import wire

        with wire(portfolio) as wired:
            _show_resumed(carry_out(wired.ctx, by, confirm, reason_text(reason)), as_json=as_json)

    @app.command()
    def flatten(
        confirm: Confirm = "",
        by: Annotated[str, typer.Option("--by", metavar="NAME", help="Which approver you are.")] = BY,
        portfolio: Portfolio = DEFAULT_PORTFOLIO,
        as_json: Json = False,
    ) -> None:
        """Sell everything, through the gate; also when HALTED.

        Say `--confirm "flatten NAME"` with the portfolio's name, twice: the first call asks, the second, 60 seconds
        later and within 15 minutes, sells; where the mandate lists several approvers, another of them confirms. The
        desk keeps its state: `pm kill` or `pm pause` first, if it should not buy again.
        """
        from graph.control import agree_to_flatten
        from graph.control import flatten as carry_out
        from workers.cli import as_json as js
        from workers.cli import output, show_proposals
        from workers.wiring import wire

        with wire(portfolio) as wired:
            agreed = agree_to_flatten(wired.ctx, by, confirm)
            if not agreed.done:
                _show_asked(agreed, confirm, as_json=as_json)
                return
            records = carry_out(wired.runner, by, confirm, agreed.how)
            if as_json:
                output.json_line([js.proposal_json(record) for record in records])
            elif records:
                show_proposals.judged(wired, records)
            else:
                output.say("nothing is held that is not on its way out already")

    @app.command()
    def deposit(
        amount: Amount, key: Key = None, portfolio: Portfolio = DEFAULT_PORTFOLIO, as_json: Json = False
    ) -> None:
        """Put money into the paper account.

        It buys units at today's value, so that no return, drawdown or breaker takes it for a gain.
        """
        from graph.control import deposit as carry_out
        from workers.wiring import wire

        with wire(portfolio) as wired:
            _show_flow(carry_out(wired.ctx, _money(amount), BY, key), as_json=as_json)

    @app.command()
    def withdraw(
        amount: Amount, key: Key = None, portfolio: Portfolio = DEFAULT_PORTFOLIO, as_json: Json = False
    ) -> None:
        """Take free cash out of the paper account.

        It gives back units at today's value, so that no return, drawdown or breaker takes it for a loss.
        """
        from graph.control import withdraw as carry_out
        from workers.wiring import wire

        with wire(portfolio) as wired:
            _show_flow(carry_out(wired.ctx, _money(amount), BY, key), as_json=as_json)


def _kill(portfolio: str, reason: str, *, as_json: bool) -> None:
    from graph.halt import halt
    from workers.till import open_till

    with open_till(portfolio) as till:
        control = halt(till, BY, reason)
        from graph.control import cancel_entries  # takes a moment to load, and the row is in a hurry

        _show_stopped(cancel_entries(till, control), as_json=as_json)


def control_json(control: "Control") -> dict[str, Any]:
    """The control state as scripts see it."""
    return {
        "control": control.state.value,
        "epoch": control.epoch,
        "cause": control.cause.value,
        "reason": control.reason,
        "by": control.by,
        "since": control.session.isoformat() if control.session else None,
    }


def _show_stopped(stopped: "Stopped", *, as_json: bool) -> None:
    from workers.cli import output

    control = stopped.control
    if as_json:
        told = {"cancelled": list(stopped.cancelled), "not_cancelled": dict(stopped.failed)}
        output.json_line({**control_json(control), **told})
        return
    output.say(f"{control.state.value} since {control.session}: {control.reason} ({control.by})")
    output.say(f"entries cancelled: {', '.join(stopped.cancelled) or 'none were open'}")
    for order, why in stopped.failed.items():
        output.say(f"NOT cancelled: {order}: {why}; cancel it at the broker, or wait for the next run to do it")
    output.say(f"`{output.program()} resume` ends it; `{output.program()} flatten` sells everything")


def _show_resumed(resumed: "Resumed", *, as_json: bool) -> None:
    from workers.cli import output

    control, operator = resumed.control, "single operator" if resumed.single_operator else "two people"
    if as_json:
        moments = {"not_before": resumed.not_before, "until": resumed.until}
        told = {key: at.isoformat() if at else None for key, at in moments.items()}
        output.json_line(
            {**control_json(control), "done": resumed.done, "phrase": resumed.phrase, "operator": operator, **told}
        )
        return
    if resumed.done:
        output.say(f"{control.state.value} since {control.session}: {control.reason}")
        return
    output.say(f"{control.state.value}: {control.reason} ({control.by}, since {control.session})")
    who = "confirm" if resumed.single_operator else "let another approver confirm (--by NAME)"
    output.say(f"asked to resume; {who} from {resumed.not_before:%H:%M:%S} until {resumed.until:%H:%M:%S} UTC with")
    output.say(f'    {output.program()} resume --confirm "{resumed.phrase}"')


def _show_asked(agreed: "Agreement", phrase: str, *, as_json: bool) -> None:
    from workers.cli import output

    if as_json:
        operator = "single operator" if agreed.single_operator else "two people"
        moments = {"not_before": agreed.not_before.isoformat(), "until": agreed.until.isoformat()}
        output.json_line({"done": False, "phrase": phrase, "operator": operator, **moments})
        return
    who = "confirm" if agreed.single_operator else "let another approver confirm (--by NAME)"
    output.say(f"asked to flatten; {who} from {agreed.not_before:%H:%M:%S} until {agreed.until:%H:%M:%S} UTC with")
    output.say(f'    {output.program()} flatten --confirm "{phrase}"')


def _show_flow(flow: "Flow", *, as_json: bool) -> None:
    from workers.cli import output

    if as_json:
        output.json_line(
            {
                "kind": flow.kind.value,
                "amount": float(flow.amount),
                "units": float(flow.units),
                "session": flow.session.isoformat(),
                "key": flow.key,
            }
        )
        return
    output.say(f"{flow.kind.value} of ${abs(flow.amount):,.2f}: {flow.units:+,.6f} units; the unit value is unchanged")


def _money(text: str) -> Decimal:
    try:
        amount = Decimal(text.replace("_", ""))
    except InvalidOperation:
        amount = Decimal("NaN")
    if not amount.is_finite() or not 0 < amount <= MOST_MONEY or amount != round(amount, 2):
        raise BadInput(f"{text!r} is not an amount of money", "give dollars above zero, like 2500 or 99.50")
    return amount


def reason_text(reason: str) -> str:
    """Check the words of a person that are kept: raises BadInput for empty, long or unprintable ones."""
    if not reason.strip() or len(reason) > LONGEST_REASON or not reason.isprintable():
        raise BadInput(f"reason {reason!r} can't be kept", f"use up to {LONGEST_REASON} printable characters")
    return reason.strip()
