"""The Typer application, and how its errors reach a person or a script."""

import json
import os
import sys
import traceback
from collections.abc import Sequence

import typer
from typer._click.exceptions import ClickException, NoArgsIsHelpError

from domain.errors import DeskError
from workers.cli.commands import (
    adjust,
    answers,
    audit,
    backtest,
    control,
    cost,
    evaluate,
    limits,
    memory,
    people,
    processes,
    propose,
    quality,
    reading,
    run_day,
    running,
    simulate,
    upkeep,
)

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
for module in (
    run_day,
    answers,
    reading,
    propose,
    control,
    audit,
    upkeep,
    limits,
    cost,
    running,
    backtest,
    adjust,
    memory,
    quality,
    evaluate,
    people,
    processes,
    simulate,
):
    module.register(app)


def run(argv: Sequence[str]) -> int:
    """Carry out one command line; return the exit code."""
    try:
        code = _carry_out(argv)
        sys.stdout.flush()
    except BrokenPipeError:
        return _nobody_reads()
    return code


def _carry_out(argv: Sequence[str]) -> int:
    as_json = "--json" in argv
    try:
        code = app(args=list(argv), prog_name="pm", standalone_mode=False)
    except ClickException as error:
        return _usage(error, as_json=as_json)
    except DeskError as error:
        return _fail(error.message, error.remedy, as_json=as_json)
    except (typer.Abort, KeyboardInterrupt):
        return _fail("interrupted", "run the same command again: nothing is lost", as_json=as_json)
    except BrokenPipeError:
        raise
    except Exception as error:  # noqa: BLE001 - the last line of defence: one line for the user, the rest in a file
        return _fail(*_unexpected(error), as_json=as_json)
    return code if isinstance(code, int) else 0


def _usage(error: ClickException, *, as_json: bool) -> int:
    if isinstance(error, NoArgsIsHelpError):
        return _no_command(error, as_json=as_json)
    context = getattr(error, "ctx", None)
    command = context.command_path if context else "pm"
    return _fail(error.format_message().rstrip("."), f"see `{command} --help`", as_json=as_json, code=2)


def _no_command(error: NoArgsIsHelpError, *, as_json: bool) -> int:
    if as_json:
        return _fail("a command is missing", f"see `{error.ctx.command_path} --help`", as_json=True, code=2)
    sys.stdout.write(error.ctx.get_help() + "\n")
    return 2


def _fail(message: str, remedy: str, *, as_json: bool, code: int = 1) -> int:
    if as_json:
        sys.stdout.write(json.dumps({"error": message, "remedy": remedy}) + "\n")
    else:
        sys.stderr.write(f"pm: {message}\n" + (f"    {remedy}\n" if remedy else ""))
    return code


def _nobody_reads() -> int:
    # `pm report | head`: what was to be done is done, and the interpreter must not complain when it flushes at exit.
    os.dup2(os.open(os.devnull, os.O_WRONLY), sys.stdout.fileno())
    return 0


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
