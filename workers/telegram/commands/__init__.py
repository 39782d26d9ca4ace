"""The commands of the bot: one table, read by the bot, by /help and by Telegram's own menu."""

from collections.abc import Callable
from typing import NamedTuple

from workers.telegram.desk import Visit
from workers.telegram.response import Response
from workers.telegram.staff import Role


class Command(NamedTuple):
    """Who may say it, what it does in a few words, and the function that does it."""

    role: Role
    help: str
    run: Callable[[Visit], Response]


def commands() -> dict[str, Command]:
    """All commands by name, in the order in which /help lists them."""
    from workers.telegram.commands import admin, approver, book, records, risk  # noqa: PLC0415 - they use the table

    return {**book.COMMANDS, **risk.COMMANDS, **records.COMMANDS, **approver.COMMANDS, **admin.COMMANDS}
