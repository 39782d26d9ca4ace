"""Who answers the three questions; each analyst is one file, its name the key."""

from pathlib import Path
from typing import Protocol

from domain.ports import Analyst
from domain.registry import Registry
from domain.spending import Purse


class AnalystAdapter(Protocol):
    """One way to answer: it knows how to make itself, with settings of its own."""

    def connect(self, cache: Path, purse: Purse) -> Analyst:
        """Make the analyst; answers worth keeping go into the folder `cache`, what they cost out of `purse`."""

    def identity(self) -> str:
        """Say everything that an answer depends on but the question; read from its settings."""


ANALYSTS: Registry[AnalystAdapter] = Registry("agent.analysts", "analyst")
