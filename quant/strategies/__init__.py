"""The strategies: one file each, its name is its key and a mandate's style."""

from typing import Final

from domain.registry import Registry
from quant.strategy import Strategy

STRATEGIES: Final[Registry[type[Strategy]]] = Registry("quant.strategies", "strategy")
