"""`pm worker`, `pm beat`, `pm health`, `pm backup`, `pm restore`: what the one who operates the desk types."""

from pathlib import Path
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

    @app.command()
    def backup(file: Annotated[str, typer.Argument(metavar="FILE", help="A .tar.gz that does not exist yet.")]) -> None:
        """Copy everything that must not be lost into one file.

        Ledger, checkpoints and the simulated broker's account, as of one moment, while the desk goes on. Model answers
        and indexes are left out: they are made again.
        """
        from workers.backup import back_up
        from workers.cli import output
        from workers.settings import read_settings

        made = back_up(read_settings(), Path(file).expanduser())
        output.say(f"{made.path}: {made.kind}, {made.size / 1e6:,.1f} MB")

    @app.command()
    def restore(file: Annotated[str, typer.Argument(metavar="FILE", help="What `pm backup` made.")]) -> None:
        """Put a backup into an empty PM_HOME or database.

        Checks the archive and its audit chain. Every portfolio is REDUCING afterwards: what was traded since the backup
        is known to the broker only. Compare with `pm reconcile`, then `pm resume`.
        """
        from workers.backup import restore as put_back
        from workers.cli import output
        from workers.settings import read_settings

        made = put_back(read_settings(), Path(file).expanduser())
        output.say(f"restored {made.kind} of {made.made_at:%Y-%m-%d %H:%M} UTC; {made.audit_rows} audit rows, unbroken")
        output.say(f"all portfolios are REDUCING: `{output.program()} reconcile`, then `{output.program()} resume`")
