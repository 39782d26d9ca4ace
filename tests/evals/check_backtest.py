"""`python -m tests.evals.check_backtest FOLDER`: has a finished backtest broken a hard limit of the shipped policy?

Goes through its ledger with the bookkeeper that shares no code with the rules; prints how often each limit was checked,
how near it came, and every violation. Exits with 1 when there is one, with 2 when FOLDER holds no finished backtest.
"""

import json
import sqlite3
import sys
from contextlib import closing
from pathlib import Path

from tests.evals.finished import FinishedChecker, not_counted
from tests.hostile.checker import limits

SHOWN = 50
"""So many violations are printed."""


def check_folder(folder: Path) -> FinishedChecker:
    """Go through the backtest in `folder`, with the mandate that its plan names."""
    mandate = json.loads(json.loads((folder / "plan.json").read_text(encoding="utf-8"))["mandate"])
    sectors = {symbol: member["sector"] for symbol, member in mandate["universe"].items()}
    with closing(sqlite3.connect(f"file:{folder / 'ledger.sqlite'}?mode=ro", uri=True)) as connection:
        checker = FinishedChecker(
            lambda text, *given: connection.execute(text.replace("%s", "?"), given).fetchall(),
            mandate["name"],
            sectors,
            frozenset(mandate["restricted"]),
        )
        checker.go_through()
    return checker


def lines(checker: FinishedChecker) -> list[str]:
    """Tell for each rule of the policy how often it was checked and how near it came; then what was broken."""
    broken = dict.fromkeys(limits(), 0) | {violation.rule: 0 for violation in checker.violations}
    for violation in checker.violations:
        broken[violation.rule] += 1
    said = [f"{'':<22}{'checked':>9}{'violations':>12}{'nearest':>9}"]
    for rule, times in sorted(broken.items()):
        if rule in not_counted():
            said.append(f"{rule:<22}{'-':>9}{times:>12}           {not_counted()[rule]}")
        else:
            near = f"{checker.most[rule]:.0%}" if rule in checker.most else ""
            said.append(f"{rule:<22}{checker.counted[rule]:>9,}{times:>12}{near:>9}")
    said += [f"{one.session} {one.rule}: {one.what}" for one in checker.violations[:SHOWN]]
    count = len(checker.violations)
    entries, exits, orders = (checker.counted[name] for name in ("entries", "exits", "orders"))
    return [*said, f"{entries:,} entries, {exits:,} exits, {orders:,} orders: {count} violations of hard limits"]


def main() -> int:
    """Check the folder that is named."""
    folder = Path(sys.argv[1]) if len(sys.argv) == 2 else None
    if folder is None or not (folder / "finish.json").is_file():
        sys.stderr.write("give the folder of a finished backtest: python -m tests.evals.check_backtest FOLDER\n")
        return 2
    checker = check_folder(folder)
    sys.stdout.write("\n".join(lines(checker)) + "\n")
    return 1 if checker.violations else 0


if __name__ == "__main__":
    raise SystemExit(main())
