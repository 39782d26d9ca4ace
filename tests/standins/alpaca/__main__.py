"""Run the stand-in by itself: `python -m tests.standins.alpaca --port 8099 [--now 2022-11-22T15:00:00+00:00]`."""

import argparse
import sys
import threading
from datetime import datetime, timedelta

from tests.standins.alpaca import START, AlpacaStandIn

parser = argparse.ArgumentParser(description=__doc__)
parser.add_argument("--port", type=int, default=8099, help="HTTP; the stream is on the next one")
parser.add_argument("--now", type=datetime.fromisoformat, default=START, help="what time it is there, with a zone")
parser.add_argument("--cash", type=int, default=100_000)
parser.add_argument("--ticking", action="store_true", help="let time run on by itself, second by second")
given = parser.parse_args()

with AlpacaStandIn(given.now, cash=given.cash, port=given.port) as standin:
    sys.stdout.write("A stand-in for Alpaca, for tests and rehearsals. Set:\n")
    sys.stdout.writelines(f"  {name}={value}\n" for name, value in standin.environment.items())
    sys.stdout.flush()
    stop = threading.Event()
    try:
        while not stop.wait(1.0):
            if given.ticking:
                standin.set_now(standin.account.now + timedelta(seconds=1))
    except KeyboardInterrupt:
        pass
