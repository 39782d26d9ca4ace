"""`pm backtest`: replay a portfolio through history, by the same graphs, and print what came of it."""

from datetime import date
from pathlib import Path
from typing import Annotated

import typer

from domain.errors import BadInput
from workers.cli.commands.run_day import parse_date
from workers.cli.options import DEFAULT_PORTFOLIO, Json, Portfolio

BASELINE = "quant"
"""The analyst that every other is measured by."""

From = Annotated[str, typer.Option("--from", metavar="DATE", help="First day (YYYY-MM-DD); the data begin in 1991.")]
To = Annotated[str, typer.Option("--to", metavar="DATE", help="Last day (YYYY-MM-DD), included.")]
AnalystName = Annotated[
    str, typer.Option("--analyst", metavar="NAME", help="Who argues: quant, or openai (answers are kept and reused).")
]
Approvals = Annotated[
    str,
    typer.Option(
        "--approver",
        metavar="KIND",
        help="Who answers cards: never (no to all), always, half, or script (with --script).",
    ),
]
ScriptFile = Annotated[
    Path | None,
    typer.Option(
        "--script",
        metavar="FILE",
        help="TOML: otherwise, and [[line]] tables with say (approve, half, reject, none), symbol, rule, since, until.",
    ),
]
Blind = Annotated[
    bool, typer.Option("--blind", help="Mask tickers, company names and dates in all that the analyst is shown.")
]
Memory = Annotated[
    bool, typer.Option("--memory", help="Score outcomes and recall earlier decisions of the same replay.")
]
Out = Annotated[
    Path | None, typer.Option("--out", metavar="DIR", help="Where its ledger lives. Default: PM_HOME/backtests/....")
]
Fresh = Annotated[bool, typer.Option("--fresh", help="Throw away what there is of it, and start over.")]


def register(app: typer.Typer) -> None:
    """Add the command."""

    @app.command()
    def backtest(
        first: From,
        last: To,
        analyst: AnalystName = "quant",
        portfolio: Portfolio = DEFAULT_PORTFOLIO,
        approver: Approvals = "never",
        script: ScriptFile = None,
        blind: Blind = False,
        memory: Memory = False,
        out: Out = None,
        fresh: Fresh = False,
        as_json: Json = False,
    ) -> None:
        """Replay history through the same graphs.

        Decides every session from --from to --to on what was known that morning, with the simulated broker's costs. It
        keeps a ledger of its own and never touches your portfolio's. Killed, the same command goes on where it was;
        finished, it is shown again. A desk that its breakers stopped is resumed by a scripted operator after twenty
        sessions, and every resume is counted.
        """
        from evals.replay.approvers import approver_of
        from workers.backtest import Wish, run_backtest
        from workers.cli import output, show_backtest
        from workers.mandates import read_mandate
        from workers.settings import read_settings

        settings = read_settings()
        wish = Wish(
            mandate=read_mandate(portfolio or settings.portfolio),
            first=_day(first),
            last=_day(last),
            analyst=analyst,
            blind=blind,
            memory=memory,
        )
        if wish.last < wish.first:
            raise BadInput(f"--to {last} is before --from {first}", "give the earlier day first")
        said = approver_of(approver, script)
        with output.bar("replaying", quiet=as_json) as told:
            done = run_backtest(settings, wish, said, out=out, fresh=fresh, told=told)
        yardstick = None
        if wish.analyst != BASELINE:
            with output.bar("the quant baseline", quiet=as_json) as told:
                yardstick = run_backtest(settings, wish.model_copy(update={"analyst": BASELINE}), said, told=told)
        show_backtest.report(done, yardstick, as_json=as_json)


def _day(text: str) -> date:
    day = parse_date(text)
    assert day is not None
    return day
