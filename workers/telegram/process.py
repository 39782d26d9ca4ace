"""`pm bot`: check the settings, run the bot, end it on a signal."""

import asyncio
import signal
import sys

from domain.errors import BadInput
from tools.notifiers.telegram import TelegramSettings
from workers.channels import CARDS
from workers.mandates import read_mandate
from workers.settings import read_settings
from workers.telegram.bot import Bot
from workers.telegram.staff import read_staff


def run_bot(portfolio: str) -> None:
    """Run the bot of a portfolio until SIGINT or SIGTERM.

    Raises:
        BadInput: a setting is missing or wrong; an empty PM_APPROVERS refuses to start.
    """
    settings = TelegramSettings.read()
    staff = read_staff(settings.pm_approvers)
    mine = read_settings()
    served = read_mandate(mine.portfolio).name
    if portfolio and read_mandate(portfolio).name != served:
        raise BadInput(
            f"PM_PORTFOLIO is {served!r}: other processes would send no cards of {portfolio!r}",
            f"set PM_PORTFOLIO={portfolio}; a bot serves one portfolio",
        )
    if CARDS not in mine.notifier_names:
        raise BadInput("PM_NOTIFIER does not name telegram, so no card would be sent", "set PM_NOTIFIER=telegram")
    asyncio.run(_run(Bot(portfolio, settings, staff, _say)))


async def _run(bot: Bot) -> None:
    loop = asyncio.get_running_loop()
    for number in (signal.SIGINT, signal.SIGTERM):
        loop.add_signal_handler(number, bot.stop)
    await bot.run()


def _say(line: str) -> None:
    sys.stdout.write(line + "\n")
    sys.stdout.flush()
