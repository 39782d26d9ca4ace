"""Which faults a seed has, and how often: each is drawn at none, low or high (swarm testing)."""

from random import Random

LEVELS = ("none", "low", "high")

RATES: dict[str, tuple[float, float]] = {
    "crash": (0.0008, 0.004),  # a crossing of a port
    "db_failed": (0.001, 0.006),  # a transaction that is not begun
    "db_unknown": (0.001, 0.006),  # a transaction that commits, and nobody is told
    "timeout_before": (0.05, 0.2),  # a submission that never arrives
    "timeout_after": (0.05, 0.2),  # a submission that is accepted, without an answer
    "late_accept": (0.08, 0.3),  # a submission that is accepted 5 to 700 s later
    "rate_limited": (0.05, 0.25),
    "server_error": (0.05, 0.2),  # accepted or not, nobody knows
    "refused": (0.02, 0.1),
    "lookup_failed": (0.03, 0.15),  # a question without an answer
    "hidden": (0.1, 0.4),  # an order that can't be seen for up to 20 s
    "partial": (0.2, 0.6),  # an order that fills in pieces
    "shuffled": (0.1, 0.5),  # news told twice, late, in another order
    "hint_lost": (0.1, 0.5),  # an event of the stream that never comes
    "task_lost": (0.05, 0.2),
    "task_doubled": (0.05, 0.25),
    "task_delayed": (0.1, 0.3),
    "flush": (0.5, 1.0),  # Redis forgets everything, so many times an hour and more
    "garbage": (0.05, 0.15),  # an answer of the model that is none
    "stale_quotes": (0.5, 1.0),  # a feed that freezes, a seed
    "feed_failed": (0.01, 0.05),
    "skew": (0.5, 1.0),  # a clock that is wrong, a seed
    "external_trade": (0.3, 0.7),  # an order by hand at the broker, a seed
    "wild_prices": (0.5, 1.0),  # prices that run out of collars, a seed
}


class Swarm:
    """The levels of one seed; after `end`, nothing goes wrong any more."""

    def __init__(self, chance: Random) -> None:
        self.levels = {name: chance.choice(LEVELS) for name in RATES}
        self._rates = {name: self._rate(name) for name in RATES}
        self.over = False

    def rate(self, name: str) -> float:
        """How often a fault happens: a probability, zero once the faults are over."""
        return 0.0 if self.over else self._rates[name]

    def end(self) -> None:
        """Let nothing go wrong from here on."""
        self.over = True

    def spoken(self) -> str:
        """Name the faults that this seed has."""
        return " ".join(f"{name}={level}" for name, level in self.levels.items() if level != "none")

    def _rate(self, name: str) -> float:
        level = LEVELS.index(self.levels[name])
        return RATES[name][level - 1] if level else 0.0
