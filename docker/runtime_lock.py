"""Print requirements.lock without what only the checks need: `runtime_lock.py requirements.in requirements.lock`.

What is listed below the line `# checks` in requirements.in goes, and so does everything that only it needs.
"""

import re
import sys
from pathlib import Path

REQUIREMENT = re.compile(r"^([A-Za-z0-9][A-Za-z0-9._-]*)")
DIRECT = "-r requirements.in"


def runtime_lock(listed: str, locked: str) -> str:
    """Keep the blocks of `locked` that what stands above `# checks` in `listed` needs, directly or not."""
    wanted = {_name(line) for line in listed.partition("\n# checks")[0].splitlines() if REQUIREMENT.match(line)}
    blocks = {_name(block): block for block in re.split(r"\n(?=[A-Za-z0-9])", locked)}
    needed_by = {
        name: set(re.findall(r"#\s+(?:via\s+)?(\S.*)$", block, re.MULTILINE)) for name, block in blocks.items()
    }
    kept = {name for name in blocks if name in wanted}
    while True:
        more = {name for name, by in needed_by.items() if name not in kept and {_name(one) for one in by} & kept}
        if not more:
            return "\n".join(block for name, block in blocks.items() if name in kept) + "\n"
        kept |= more


def _name(line: str) -> str:
    found = REQUIREMENT.match(line)
    return re.sub(r"[._]+", "-", found.group(1)).lower() if found else ""


if __name__ == "__main__":
    sys.stdout.write(
        runtime_lock(Path(sys.argv[1]).read_text(encoding="utf-8"), Path(sys.argv[2]).read_text(encoding="utf-8"))
    )
