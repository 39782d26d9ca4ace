"""The command `pm`: parse, call, print; every error is one clear line."""

import sys


def main() -> None:
    """Run the command line and exit: 0 done, 1 refused or failed, 2 usage."""
    from workers.cli.app import run

    sys.exit(run(sys.argv[1:]))
