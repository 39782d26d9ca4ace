"""How often Python looks for cycles of objects that nobody uses."""

import gc
from collections.abc import Iterator
from contextlib import contextmanager

RARELY = (100_000, 50, 100)
"""Objects made between two looks at the youngest, and so many of those between looks at the older ones."""


def collect_rarely() -> None:
    """Look rarely from here on: importing makes hundreds of thousands of objects, and none of them is garbage.

    It takes a tenth off the time of a short command, and `pm kill` is one.
    """
    gc.set_threshold(*RARELY)


@contextmanager
def rare_collections() -> Iterator[None]:
    """Look rarely while the block runs: a long calculation that leaves few cycles spends its time elsewhere.

    What is there already, the imported modules above all, is not looked at again.
    """
    before = gc.get_threshold()
    gc.freeze()
    gc.set_threshold(*RARELY)
    try:
        yield
    finally:
        gc.set_threshold(*before)
        gc.unfreeze()
