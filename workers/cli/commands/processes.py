"""`pm worker`, `pm beat`, `pm health`: the processes that share the work through Redis."""

from typing import Annotated

import typer

Port = Annotated[
    int | None,
    typer.Option("--metrics-port", metavar="PORT", min=1, max=65_535, help="Serve Prometheus figures at /metrics."),
]


def register(app: typer.Typer) -> None:
    """Add the commands."""

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
