"""The Typer application, and how its errors reach a person or a script."""

import json
import sys
import traceback
from collections.abc import Sequence

import click
import typer

from domain.errors import DeskError
from workers.cli.commands import answers, audit, propose, reading, run_day, upkeep

app = typer.Typer(
    name="pm",
    help=(
        "Run a paper portfolio the way a disciplined desk does.\n\n"
        "Start with `pm run`: it decides one session on recorded real prices and prints what it did and why. "
        "Then `pm pending` shows what waits for you, `pm approve ID` or `pm reject ID` answers it, "
        "and `pm why ID` explains every rule. State lives under PM_HOME (default: var)."
    ),
    no_args_is_help=True,
    add_completion=False,
    pretty_exceptions_enable=False,
    rich_markup_mode=None,
)
for module in (run_day, answers, reading, propose, audit, upkeep):
    module.register(app)


def run(argv: Sequence[str]) -> int:
    """Carry out one command line; return the exit code."""
    as_json = "--json" in argv
    try:
        code = app(args=list(argv), prog_name="pm", standalone_mode=False)
    except click.ClickException as error:
        return _usage(error, as_json=as_json)
    except DeskError as error:
        return _fail(error.message, error.remedy, as_json=as_json)
    except (click.exceptions.Abort, KeyboardInterrupt):
        return _fail("interrupted", "run the same command again: nothing is lost", as_json=as_json)
    except Exception as error:  # noqa: BLE001 - the last line of defence: one line for the user, the rest in a file
        return _fail(*_unexpected(error), as_json=as_json)
    return code if isinstance(code, int) else 0


def _usage(error: click.ClickException, *, as_json: bool) -> int:
    context = getattr(error, "ctx", None)
    command = context.command_path if context else "pm"
    return _fail(error.format_message(), f"see `{command} --help`", as_json=as_json, code=2)


def _fail(message: str, remedy: str, *, as_json: bool, code: int = 1) -> int:
    if as_json:
        sys.stdout.write(json.dumps({"error": message, "remedy": remedy}) + "\n")
    else:
        sys.stderr.write(f"pm: {message}\n" + (f"    {remedy}\n" if remedy else ""))
    return code


def _unexpected(error: Exception) -> tuple[str, str]:
    from workers.settings import read_settings

    name = f"{type(error).__name__}: {str(error).splitlines()[0] if str(error) else 'no message'}"
    try:
        home = read_settings().home_path
        home.mkdir(parents=True, exist_ok=True)
        with (home / "errors.log").open("a", encoding="utf-8") as log:
            log.write("".join(traceback.format_exception(error)) + "\n")
        where = f"the details are in {home / 'errors.log'}"
    except (OSError, DeskError):
        where = "and its details could not be written to PM_HOME"
    return f"unexpected {name}", f"{where}; `pm doctor` checks the parts"
