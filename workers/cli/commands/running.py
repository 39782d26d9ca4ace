"""`pm serve`, `pm jobs`: let the desk run by itself, and see what it does."""

import signal
from typing import Annotated

import typer

from domain.errors import BadInput
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
        from workers.desks import Desks
        from workers.logs import log_to
        from workers.serve import Server
        from workers.settings import read_settings

        chosen = {"replay_until": parse_date(until or None), "replay_pace_seconds": pace, "metrics_port": metrics_port}
        settings = read_settings().model_copy(update={key: value for key, value in chosen.items() if value is not None})
        log_to(settings.home_path)
        with Desks(settings) as desks:
            if not desks.portfolios:
                raise BadInput("there is no portfolio to run", "write a mandate into portfolios/, or set PM_PORTFOLIOS")
            server = Server(desks, output.say_now)
            for number in (signal.SIGTERM, signal.SIGINT):
                signal.signal(number, server.stop)
            output.say_now(
                f"serving {', '.join(desks.portfolios)}; {settings.market_data} prices, {settings.broker} broker, "
                f"ledger {settings.postgres or settings.home_path}"
            )
            server.run()
        output.say_now("stopped")

    @app.command()
    def worker(
        concurrency: Annotated[int, typer.Option("--concurrency", "-c", min=1, max=64, help="Processes.")] = 2,
        queues: Annotated[
            str, typer.Option("--queues", "-q", help="desk (exits, orders, answers), runs (research), or both.")
        ] = "desk,runs",
        metrics_port: Port = None,
    ) -> None:
        """Carry out jobs from Redis, with others.

        Any number of workers on any number of machines share PM_DATABASE_URL and PM_REDIS_URL. One that serves the
        queue desk only keeps exits from waiting behind research. A worker that dies is replaced by any other: what it
        did is read from the ledger.
        """
        from workers.fleet import run_worker

        raise typer.Exit(run_worker(concurrency, queues, metrics_port))

    @app.command()
    def beat() -> None:
        """Ask for what is due, every few seconds.

        Start two, on two machines: one leads, the other takes over. What is due is read from mandates and ledger, so
        nothing is lost when Redis forgets.
        """
        from workers.fleet import run_beat

        raise typer.Exit(run_beat())

    @app.command()
    def health(
        kind: Annotated[str, typer.Argument(metavar="KIND", help="worker (of this machine), beat, serve, or bot.")],
    ) -> None:
        """Say whether a process lives; exits with 1 when not.

        Reads the signs of life in the ledger; for health checks of containers.
        """
        from workers.cli import output
        from workers.health import sign_of_life

        output.say(sign_of_life(kind))

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
