"""`pm serve`, `pm jobs`: let the desk run by itself, and see what it does."""

from typing import Annotated

import typer

from workers.cli.options import DEFAULT_PORTFOLIO, Json, Portfolio

Until = Annotated[
    str, typer.Option("--until", metavar="DATE", help="Replay only: stop after this session (PM_REPLAY_UNTIL).")
]
Pace = Annotated[
    float | None,
    typer.Option("--pace", metavar="SECONDS", min=0.0, help="Replay only: wait so long between two sessions."),
]
Port = Annotated[
    int | None,
    typer.Option("--metrics-port", metavar="PORT", min=1, max=65_535, help="Serve Prometheus figures at /metrics."),
]


def register(app: typer.Typer) -> None:
    """Add the commands."""

    @app.command()
    def serve(until: Until = "", pace: Pace = None, metrics_port: Port = None) -> None:
        """Run the desk by itself in one process, no Redis.

        Research, rebalancing, exits, expiry, reports, as the mandates of PM_PORTFOLIOS (default: all in portfolios/)
        schedule them. Recorded prices are replayed session by session, a few seconds each (--pace). Stop it with
        Ctrl-C or SIGTERM: what runs comes to its end; what is killed goes on with the next start.
        """
        from workers.cli import output
        from workers.cli.commands.run_day import parse_date
        from workers.serve import serve as run
        from workers.settings import read_settings

        chosen = {"replay_until": parse_date(until or None), "replay_pace_seconds": pace, "metrics_port": metrics_port}
        settings = read_settings().model_copy(update={key: value for key, value in chosen.items() if value is not None})
        run(settings, output.say_now)

    @app.command()
    def jobs(
        retry: Annotated[
            str, typer.Option("--retry", metavar="NAME", help="Take a parked job up again, attempts at zero.")
        ] = "",
        portfolio: Portfolio = DEFAULT_PORTFOLIO,
        as_json: Json = False,
    ) -> None:
        """Show what the desk did by itself, and what it parked.

        Scheduled slots of the last ten days, what is done again and again with its last good end, and everything that
        was parked because it failed or died too often.
        """
        from workers.cli import output, show_jobs
        from workers.till import open_till

        with open_till(portfolio) as till:
            if retry:
                job = till.ledger.retry_job(till.portfolio, retry)
                output.json_line(job.model_dump(mode="json")) if as_json else output.say(
                    f"{job.name} is taken up again"
                )
                return
            show_jobs.jobs(till.ledger, till.portfolio, as_json=as_json)
