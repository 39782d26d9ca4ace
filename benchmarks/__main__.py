"""`python -m benchmarks [PART ...]`: our own figures beside their goals and beside something bare, all in one run.

A part is a file of this folder: market, model_path, overhead, recall, risk or start; all of them without one.
"""

import sys

import structlog

from benchmarks import market, model_path, overhead, recall, risk, start
from benchmarks.figure import NOISE, Figure

PARTS = {
    "The model path: 5 symbols, a server that answers after 0.5 s": model_path.measure,
    "Our own overhead: 5 symbols, the quant analyst": overhead.measure,
    "The command line": start.measure,
    "The risk engine: 20 proposals, 252 days of returns, all rules": risk.measure,
    "The recorded market": market.measure,
    f"Memory: {recall.EPISODES:,} episodes": recall.measure,
}


def main() -> int:
    structlog.configure(wrapper_class=structlog.make_filtering_bound_logger(50))
    found: list[Figure] = []
    print(f"  {'':<66} {'measured':>10} {'':<7} {'goal':>9} {'share':>6}")
    wanted = sys.argv[1:]
    for title, measure in PARTS.items():
        if wanted and measure.__module__.removeprefix("benchmarks.") not in wanted:
            continue
        print(title, flush=True)
        for figure in measure():
            print(figure.line(), flush=True)
            found.append(figure)
    missed = [figure.name for figure in found if figure.missed]
    print(f"missed by more than {NOISE:g} x: {', '.join(missed) or 'none'}")
    return 1 if missed else 0


if __name__ == "__main__":
    sys.exit(main())
