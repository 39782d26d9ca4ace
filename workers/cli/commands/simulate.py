"""`pm simulate`: seeded fault simulation of the production code, in virtual time."""

from typing import TYPE_CHECKING, Annotated, Any

import typer

from domain.errors import BadInput
from workers.cli.options import Json

if TYPE_CHECKING:
    from workers.simulation.campaign import Campaign
    from workers.simulation.seed import Result

MOST_SEEDS = 1_000_000

Seeds = Annotated[int, typer.Option("--seeds", metavar="N", help="How many seeds.")]
FromSeed = Annotated[int, typer.Option("--from-seed", metavar="M", help="The first of them.")]
OneSeed = Annotated[int | None, typer.Option("--seed", metavar="S", help="This seed only.", show_default=False)]
Trace = Annotated[bool, typer.Option("--trace", help="Print all that happens in it, line by line (with --seed).")]
Mutant = Annotated[
    str | None,
    typer.Option("--mutant", metavar="NAME", help="Plant a bug and stop at the seed that finds it; `list` names them."),
]
Jobs = Annotated[int, typer.Option("--jobs", "-j", metavar="K", help="Processes side by side.")]


def register(app: typer.Typer) -> None:
    """Add the command."""

    @app.command()
    def simulate(
        seeds: Seeds = 60,
        from_seed: FromSeed = 1,
        seed: OneSeed = None,
        trace: Trace = False,
        mutant: Mutant = None,
        jobs: Jobs = 1,
        as_json: Json = False,
    ) -> None:
        """Break everything and look for a broken promise.

        Each seed is a day of the production gate, approvals, execution, reconcile and kill switch between simulated
        edges: a database, a broker, a bus and people that fail, lag, repeat and contradict each other, and processes
        that crash at any call. After every event the ledger is held against the truth at the broker. The same seed is
        always the same day. Exit code 1: a promise was broken; the command that shows it again is printed.
        docs/simulation.md tells how to read a trace.
        """
        from workers.cli import output
        from workers.simulation.campaign import run_campaign
        from workers.simulation.mutants import MUTANTS

        if mutant == "list":
            output.say("\n".join(MUTANTS))
            return
        if trace and seed is None:
            raise BadInput("--trace needs --seed", "name the seed, like --seed 17 --trace")
        if seed is None and not 1 <= seeds <= MOST_SEEDS:
            raise BadInput(f"--seeds {seeds} is not between 1 and {MOST_SEEDS:,}", "choose another number")
        if trace and seed is not None:
            _trace(seed, mutant)
            return
        chosen = range(from_seed, from_seed + seeds) if seed is None else (seed,)
        with output.bar("seeds", quiet=as_json) as told:
            done = run_campaign(chosen, mutant=mutant, jobs=jobs, keep_going=mutant is None, told=told)
        output.json_line(_as_json(done, mutant)) if as_json else _show(done, mutant)
        if done.failed:
            raise typer.Exit(1)


def _trace(seed: int, mutant: str | None) -> None:
    from workers.cli import output
    from workers.simulation.mutants import planted
    from workers.simulation.seed import run_seed

    with planted(mutant):
        result = run_seed(seed, keep_trace=True)
    for line in result.trace:
        output.say(line)
    output.say(f"seed {seed}: trace {result.trace_hash[:16]}, {len(result.violations)} violations")
    if result.violations:
        raise typer.Exit(1)


def _show(done: "Campaign", mutant: str | None) -> None:
    from workers.cli import output
    from workers.wiring import code_version

    for result in done.failed[:10]:
        output.say(f"seed {result.seed} of commit {code_version()}: {result.violations[0]}")
        output.say(f"    {output.program()} {_again(result, mutant)}")
    table = output.table("counted", "times", right=("times",))
    for name, times in sorted(done.counted.items()):
        table.add_row(name, f"{times:,}")
    output.console().print(table)
    stopped = " (interrupted)" if done.interrupted else ""
    per_seed = done.cpu_seconds / done.seeds if done.seeds else 0.0
    output.say(
        f"{done.seeds:,} seeds from {done.first}{stopped}: {len(done.failed)} with violations; {done.seconds:.0f} s, "
        f"{per_seed:.2f} s of computing a seed; commit {code_version()}"
    )


def _again(result: "Result", mutant: str | None) -> str:
    return f"simulate --seed {result.seed} --trace" + (f" --mutant {mutant}" if mutant else "")


def _as_json(done: "Campaign", mutant: str | None) -> dict[str, Any]:
    from workers.wiring import code_version

    violations = [
        {
            "seed": result.seed,
            "invariant": found.invariant,
            "at": found.at,
            "told": found.told,
            "replay": f"pm {_again(result, mutant)}",
        }
        for result in done.failed
        for found in result.violations
    ]
    return {
        "from_seed": done.first,
        "seeds": done.seeds,
        "interrupted": done.interrupted,
        "mutant": mutant,
        "violations": violations,
        "counted": dict(sorted(done.counted.items())),
        "seconds": round(done.seconds, 1),
        "cpu_seconds": round(done.cpu_seconds, 1),
        "commit": code_version(),
    }
