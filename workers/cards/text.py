"""Text that a messenger shows and never obeys: escaped, without links or commands, cut to size."""

import html
import re
from collections.abc import Sequence
from datetime import datetime
from zoneinfo import ZoneInfo

MOST_CHARACTERS = 3_500
MOST_UNITS = 4_096
"""Telegram counts a message in UTF-16 code units."""
QUOTED = 300
"""What somebody else wrote is cut to this many characters."""
NEW_YORK = ZoneInfo("America/New_York")
JOINER = "\u2060"
"""Invisible and without width: keeps a client from making a link of `a.com`, a command of `/a`, a mention of `@a`."""
STEERING = dict.fromkeys(
    [
        *range(9),
        *(11, 12),
        *range(14, 32),
        *range(127, 160),
        *range(0x200B, 0x2010),
        *range(0x2028, 0x202F),
        *range(0x2060, 0x2070),
        0xFEFF,
    ]
)
URL = re.compile(r"(?:\b[a-z][a-z0-9+.-]{1,20}:/*/|\bwww\.|\bt\.me/)\S+|\bmailto:\S+", re.IGNORECASE)
DOTTED = re.compile(r"(?<=\w)\.(?=\w)")
CALLED = re.compile(r"(?<!\w)([/@#$])(?=\w)")


def escape(text: str) -> str:
    """Make text of ours safe inside HTML."""
    return html.escape(text, quote=False)


def quoted(text: str, most: int = QUOTED) -> str:
    """Make HTML of what a model, a broker or a stranger wrote: one paragraph, no link, command or mention."""
    plain = defused(text)
    return escape(plain if len(plain) <= most else plain[: most - 1].rstrip() + "…")


def defused(text: str) -> str:
    """Take links, commands, mentions and invisible characters out of a text; leaves one line."""
    line = " ".join(text.translate(STEERING).encode("utf-8", "replace").decode("utf-8").split())
    without = URL.sub("[link]", line)
    return CALLED.sub(rf"\1{JOINER}", DOTTED.sub(lambda dot: _joined(without, dot), without))


def units_of(text: str) -> int:
    """Count UTF-16 code units."""
    return len(text.encode("utf-16-le")) // 2


def fits(text: str) -> bool:
    """Whether a messenger takes the text."""
    return len(text) <= MOST_CHARACTERS and units_of(text) <= MOST_UNITS


def joined(lines: Sequence[str], *, last: Sequence[str] = ()) -> str:
    """Join whole lines as long as they fit, `last` always among them; says so where some are left out."""
    kept = [line for line in lines if line]
    tail = [line for line in last if line]
    cut: list[str] = []
    while kept and not fits("\n".join([*kept, *cut, *tail])):
        kept.pop()
        cut = ["…"]
    return "\n".join([*kept, *cut, *tail])


def clock_time(at: datetime, *, seconds: bool = False) -> str:
    """Tell a moment as people on the exchange do."""
    return f"{at.astimezone(NEW_YORK):%H:%M:%S} ET" if seconds else f"{at.astimezone(NEW_YORK):%H:%M} ET"


def _joined(text: str, dot: re.Match[str]) -> str:
    digits = text[dot.start() - 1].isdigit() and text[dot.end()].isdigit()
    return "." if digits else f".{JOINER}"
