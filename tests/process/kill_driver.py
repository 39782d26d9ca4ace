"""Run `pm` and die by SIGKILL at the N-th crossing: before and after every write of ledger, broker and checkpoints.

Usage: kill_driver.py N COUNT_FILE COMMAND...; with N = 0 nothing dies, and the crossings are written to COUNT_FILE.
"""

import functools
import os
import signal
import sys
import threading
from pathlib import Path

REPOSITORY = Path(__file__).resolve().parents[2]
sys.path.insert(0, str(REPOSITORY))

LEDGER = (
    *("open_portfolio", "enter_session", "record_equity", "begin_run", "note_inputs", "end_run"),
    *("save_snapshot", "save_scan", "save_note", "save_thesis", "save_calls"),
    *("add_batch", "ask", "decide", "expire", "finish", "open_episode"),
    *("commit_intent", "claim_intent", "mark_intent", "book_order"),
)
BROKER = ("submit", "find", "fills")
SAVER = ("put", "put_writes")


class Executioner:
    """Counts crossings and kills the process at the chosen one."""

    def __init__(self, fatal: int) -> None:
        self.fatal, self.crossed, self.names, self._lock = fatal, 0, [], threading.Lock()

    def cross(self, name: str) -> None:
        with self._lock:
            self.crossed += 1
            self.names.append(name)
            if self.crossed == self.fatal:
                os.kill(os.getpid(), signal.SIGKILL)

    def watch(self, owner: type, names) -> None:
        for name in names:
            setattr(owner, name, self._around(getattr(owner, name), f"{owner.__name__}.{name}"))

    def _around(self, method, label):
        @functools.wraps(method)
        def wrapped(*args, **kwargs):
            self.cross(f"before {label}")
            result = method(*args, **kwargs)
            self.cross(f"after {label}")
            return result

        return wrapped


def main() -> int:
    fatal, count_file, argv = int(sys.argv[1]), Path(sys.argv[2]), sys.argv[3:]
    from langgraph.checkpoint.sqlite import SqliteSaver

    from memory.ledger.store import SqlLedger
    from tools.brokers.simulated import SimulatedBroker
    from workers.cli.app import run

    executioner = Executioner(fatal)
    executioner.watch(SqlLedger, LEDGER)
    executioner.watch(SimulatedBroker, BROKER)
    executioner.watch(SqliteSaver, SAVER)
    code = run(argv)
    count_file.write_text("\n".join(executioner.names))
    return code


if __name__ == "__main__":
    sys.exit(main())
