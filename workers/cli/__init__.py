"""The command `pm`: parse, call, print; every error is one clear line."""

import gc
import sys

from workers.garbage import collect_rarely


def main() -> None:
    """Run the command line and exit: 0 done, 1 refused or failed, 2 usage."""
    collect_rarely()
    if sys.argv[1:2] == ["kill"]:
        gc.disable()  # whoever stops a desk counts tenths of a second, and the process is gone after one
    from workers.cli.app import run

    sys.exit(run(sys.argv[1:]))
