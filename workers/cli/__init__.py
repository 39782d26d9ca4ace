"""The command `pm`: parse, call, print; every error is one clear line."""

import sys

from workers.garbage import collect_rarely


def main() -> None:
    """Run the command line and exit: 0 done, 1 refused or failed, 2 usage."""
    collect_rarely()
    from workers.cli.app import run

    sys.exit(run(sys.argv[1:]))
