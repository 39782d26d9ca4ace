"""How good the decisions were: one question a file, its name is its key."""

from typing import Final

from domain.registry import Registry
from evals.history import Judge

QUALITY: Final[Registry[Judge]] = Registry("evals.quality", "measure of quality")
