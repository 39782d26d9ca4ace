"""`pm bot`, `pm settle`, `pm tell`: the processes that stand between people and the desk."""

from typing import Annotated

import typer

from workers.cli.options import DEFAULT_PORTFOLIO, Json, Portfolio

Watch = Annotated[
    float | None, typer.Option("--watch", metavar="SECONDS", min=1.0, help="Go on, looking this often, until Ctrl-C.")
]


def register(app: typer.Typer) -> None:
    """Add the commands."""

    @app.command()
    def bot(portfolio: Portfolio = DEFAULT_PORTFOLIO) -> None:
        """Run the Telegram bot of one portfolio, until Ctrl-C.

        It sends cards and notices, and writes what people tap into the ledger; orders leave through `pm settle` or
        `pm serve`. Set TELEGRAM_BOT_TOKEN, PM_TELEGRAM_CHAT_ID, PM_APPROVERS and PM_NOTIFIER=telegram.
        """
        from workers.telegram.process import run_bot

        run_bot(portfolio)

    @app.command()
    def settle(portfolio: Portfolio = DEFAULT_PORTFOLIO, watch: Watch = None, as_json: Json = False) -> None:
        """Move on everything that people have answered.

        Carries out answers and requests from Telegram, sends and reconciles orders, then tells people what is new.
        """
        from workers.cli import output
        from workers.settling_loop import settle_once, settle_until_stopped

        if watch is not None:
            settle_until_stopped(portfolio, watch, output.say)
            return
        settled = settle_once(portfolio)
        if as_json:
            output.json_line(settled._asdict())
        else:
            output.say(f"{settled.done} requests carried out, {settled.refused} refused or put off")
            output.say(f"{settled.waiting} proposals wait for an answer")
