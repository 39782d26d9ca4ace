"""`python -m tests.chaos`: the storm with its full figures, printed; --help lists what can be turned down."""

import argparse
import sys
import tempfile
import time
from pathlib import Path

from tests.chaos.storm import Storm, Weather
from tests.standins.postgres import started
from tests.standins.redis import started_redis

DURABLE = {"synchronous_commit": "on", "full_page_writes": "on"}
"""fsync stays off: a killed server loses nothing that the kernel has, and only the kernel is left running here."""


def main() -> int:
    parser = argparse.ArgumentParser(prog="python -m tests.chaos", description=__doc__)
    for name, value in vars(Weather()).items():
        parser.add_argument(f"--{name}", type=type(value), default=value)
    weather = Weather(**vars(parser.parse_args()))
    begun = time.monotonic()
    with tempfile.TemporaryDirectory() as folder, started(**DURABLE) as postgres, started_redis() as redis:
        found = Storm(weather, Path(folder), postgres, redis).run()
    sys.stdout.write(f"{found}\n")
    sys.stdout.write(f"{weather}, {time.monotonic() - begun:.0f} s\n")
    return 0 if found.clean else 1


if __name__ == "__main__":
    sys.exit(main())
