"""`pm memory`: search, rebuild or thin out what the desk remembers."""

from collections.abc import Iterator
from typing import TYPE_CHECKING, Annotated

import typer

from domain.errors import NotFound, OperatorNeeded
from workers.cli.options import DEFAULT_PORTFOLIO, Json, Portfolio

if TYPE_CHECKING:
    from domain.episodes import Episode, EpisodeIndex
    from graph.context import Context

memory = typer.Typer(no_args_is_help=True, help="Search or rebuild what is remembered.")

Limit = Annotated[int, typer.Option("--limit", min=1, max=100, help="How many, most similar first.")]
Symbol = Annotated[str | None, typer.Option("--symbol", metavar="SYMBOL", help="Only decisions about this symbol.")]


def register(app: typer.Typer) -> None:
    """Add the commands."""
    app.add_typer(memory, name="memory")


@memory.command()
def search(
    text: Annotated[str, typer.Argument(help="What to look for: words, a symbol, a situation.")],
    symbol: Symbol = None,
    limit: Limit = 5,
    portfolio: Portfolio = DEFAULT_PORTFOLIO,
    as_json: Json = False,
) -> None:
    """Find earlier decisions like a description."""
    from graph.recall import index_new
    from workers.cli import output, show_quality
    from workers.wiring import wire

    with wire(portfolio) as wired:
        ctx, index = wired.ctx, _index(wired.ctx)
        index_new(ctx)
        before = ctx.clock.session()
        ids = index.similar(text, ctx.portfolio, before, symbol=symbol, limit=limit)
        found = [one for name in ids if (one := ctx.ledger.episode(name, known_before=before))]
    if as_json:
        output.json_line([one.model_dump(mode="json") for one in found])
    else:
        show_quality.episodes(found)


@memory.command()
def rebuild(portfolio: Portfolio = DEFAULT_PORTFOLIO, as_json: Json = False) -> None:
    """Empty the index and fill it again from the ledger.

    Needed after a change of PM_MEMORY or PM_EMBEDDER; never loses anything, since the ledger holds all of it.
    """
    from workers.cli import output
    from workers.wiring import wire

    with wire(portfolio) as wired, output.bar("indexing episodes", quiet=as_json) as tell:
        index, kept = _index(wired.ctx), wired.ctx.ledger.judged(wired.ctx.portfolio)

        def told() -> Iterator["Episode"]:
            for number, one in enumerate(kept, start=1):
                yield one.episode
                tell(number, len(kept))

        count = index.rebuild(wired.ctx.portfolio, told())
    if as_json:
        output.json_line({"indexed": count})
    else:
        output.say(f"{count} episodes are indexed")


@memory.command()
def forget(
    episode: Annotated[str, typer.Argument(help="Id of the episode, as `pm memory search` shows it.")],
    portfolio: Portfolio = DEFAULT_PORTFOLIO,
    as_json: Json = False,
) -> None:
    """Never recall one decision again.

    The ledger keeps it; `pm memory rebuild` brings it back.
    """
    from workers.cli import output
    from workers.wiring import wire

    with wire(portfolio) as wired:
        ctx, name = wired.ctx, episode.upper().removeprefix("E-")
        if not _index(ctx).forget(ctx.portfolio, name):
            raise NotFound(f"the index has no episode {episode!r}", "`pm memory search` shows ids")
        ctx.ledger.audit(ctx.portfolio, "memory_forgotten", f"E-{name}", {}, "local")
    if as_json:
        output.json_line({"forgotten": name})
    else:
        output.say(f"E-{name} is not recalled any more")


def _index(ctx: "Context") -> "EpisodeIndex":
    if ctx.recall is None:
        raise OperatorNeeded("PM_MEMORY is off", "set PM_MEMORY=embedded or pgvector")
    return ctx.recall
