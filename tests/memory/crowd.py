"""Real processes that all begin at once: forked from one that has its imports behind it, held back by a pipe."""

import subprocess
import sys
from pathlib import Path

REPOSITORY = Path(__file__).parents[2]
FRAME = """
import os, sys, traceback
from pathlib import Path
{imports}
def work(home, number):
{work}
gate, release = os.pipe()
crowd = []
for number in range(int(sys.argv[2])):
    child = os.fork()
    if child == 0:
        os.close(release)
        os.read(gate, 1)
        try:
            work(Path(sys.argv[1]), number)
            os._exit(0)
        except BaseException:
            traceback.print_exc()
            os._exit(1)
    crowd.append(child)
os.close(release)
sys.exit(sum(os.waitstatus_to_exitcode(os.waitpid(child, 0)[1]) != 0 for child in crowd))
"""


def at_once(home: Path | str, count: int, imports: str, work: str) -> str:
    """Run `work` (the body of a function of `home` and `number`) in `count` processes; return what went wrong."""
    body = "".join(f"    {line}\n" for line in work.strip().splitlines())
    script = FRAME.format(imports=imports, work=body)
    ran = subprocess.run(
        [sys.executable, "-c", script, str(home), str(count)],
        cwd=REPOSITORY,
        capture_output=True,
        check=False,
        timeout=120,
    )
    return ran.stderr.decode() if ran.returncode else ""
