"""Which channels are set up, and what each of them is told."""

from dataclasses import dataclass
from datetime import datetime

from domain.errors import BadInput
from domain.notices import Notice, NoticeKind
from tools.notifiers import NOTIFIERS
from workers.mandates import read_mandate
from workers.quiet import QuietHours, read_quiet_hours
from workers.settings import Settings

TERMINAL = "terminal"
"""No channel: people look for themselves, with `pm pending`."""
CARDS = "telegram"
"""The channel that has buttons."""
ALL = "all"


@dataclass(frozen=True)
class Channels:
    """The channels of one portfolio; `asks` where a bot hears the answers to cards, not only the news."""

    names: tuple[str, ...]
    kinds: frozenset[NoticeKind]
    quiet: QuietHours | None
    asks: bool = False

    def wants(self, notice: Notice) -> bool:
        """Whether people want to hear of this kind of thing."""
        return notice.kind in self.kinds

    def when(self, notice: Notice, at: datetime) -> datetime:
        """Tell when a notice may be told."""
        return at if self.quiet is None or notice.kind.is_urgent else self.quiet.release(at)


def read_channels(settings: Settings, portfolio: str) -> Channels:
    """Read what is set up: what PM_NOTIFIER names, and every channel whose own settings are there.

    A bot serves one portfolio, that of PM_PORTFOLIO: the news of the others go out, their cards do not.

    Raises:
        BadInput: PM_ALERTS or PM_QUIET_HOURS can't be read.
        UnknownPlugin: PM_NOTIFIER names a channel that there is none of.
    """
    named = [name for name in settings.notifier_names if name != TERMINAL]
    there = [name for name in NOTIFIERS.names() if name not in named and name != CARDS and NOTIFIERS[name].configured()]
    for name in named:
        NOTIFIERS[name]
    asks = CARDS in named and portfolio == read_mandate(settings.portfolio).name
    return Channels((*named, *there), _kinds(settings.alerts), read_quiet_hours(settings.quiet_hours), asks)


def topic(channel: str) -> str:
    """Name the outbox topic of a channel."""
    return f"notify:{channel}"


def _kinds(text: str) -> frozenset[NoticeKind]:
    named = [part.strip().lower() for part in text.split(",") if part.strip()]
    if ALL in named or not named:
        return frozenset(NoticeKind)
    try:
        return frozenset(NoticeKind(name) for name in named)
    except ValueError as error:
        known = ", ".join(kind.value for kind in NoticeKind)
        raise BadInput(f"PM_ALERTS: {error}", f"choose of: {ALL}, {known}") from None
