"""What decisions keep getting wrong: one habit a file, its name is its key."""

from typing import Final

from domain.registry import Registry
from evals.history import Judge

BEHAVIOUR: Final[Registry[Judge]] = Registry("evals.behaviour", "habit")
