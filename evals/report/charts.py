"""The pictures of a tear sheet, each an SVG of its own; no pixels, no scripts, nothing fetched."""

from collections.abc import Callable, Sequence
from io import StringIO
from typing import TYPE_CHECKING, Any

import numpy as np

from evals.report.facts import Facts

if TYPE_CHECKING:
    from matplotlib.axes import Axes

INK, GREY, GREEN, RED, AMBER = "#1d3557", "#8d99ae", "#2a9d8f", "#c1121f", "#e9a03b"
LINES = (INK, GREY, AMBER)
MOST_RULES = 15
WIDE, TALL = 9.0, 2.9


def drawn(draw: Callable[["Axes"], None], height: float = TALL) -> str:
    """Draw on fresh axes; return the SVG element, the same for the same data."""
    from matplotlib import rc_context  # noqa: PLC0415 - half a second, only where a page is made
    from matplotlib.figure import Figure  # noqa: PLC0415 - the same

    style: Any = {
        "svg.hashsalt": "portfolio-agent",
        "svg.fonttype": "none",
        "font.size": 9,
        "font.family": "sans-serif",
        "axes.spines.top": False,
        "axes.spines.right": False,
        "axes.edgecolor": GREY,
        "axes.grid": True,
        "grid.color": "#e5e7eb",
        "grid.linewidth": 0.6,
    }
    with rc_context(style):
        figure = Figure(figsize=(WIDE, height), layout="constrained")
        draw(figure.subplots())
        text = StringIO()
        figure.savefig(text, format="svg", metadata={"Date": None, "Creator": None})
    svg = text.getvalue()
    return svg[svg.index("<svg") :]


def equity(facts: Facts) -> str:
    """Growth of one, beside its benchmarks, with stretches in which nothing was opened shaded."""
    days = _days(facts)

    def draw(axes: "Axes") -> None:
        for (name, returns), colour in zip(facts.returns.items(), LINES, strict=True):
            axes.plot(days, np.concatenate([[1.0], np.cumprod(1.0 + returns)]), color=colour, label=name, lw=1.4)
        for halt in facts.result.halts:
            start, end = np.datetime64(halt.since), np.datetime64(halt.until or facts.result.last)
            axes.axvspan(start, end, color=RED, alpha=0.12, lw=0)  # type: ignore[arg-type]  # matplotlib takes dates
        axes.set_ylabel("growth of 1")
        _legend(axes)

    return drawn(draw, 3.4)


def drawdown(facts: Facts) -> str:
    """How far below the high so far, in per cent, beside equal weight."""
    days = _days(facts)

    def draw(axes: "Axes") -> None:
        for name, colour in ((facts.result.portfolio, RED), ("equal weight", GREY)):
            wealth = np.concatenate([[1.0], np.cumprod(1.0 + facts.returns[name])])
            depth = 100.0 * (wealth / np.maximum.accumulate(wealth) - 1.0)
            if colour is RED:
                axes.fill_between(days, depth, 0.0, color=colour, alpha=0.3, lw=0, label=name)
            else:
                axes.plot(days, depth, color=colour, lw=1.0, label=name)
        axes.set_ylabel("drawdown, %")
        _legend(axes)

    return drawn(draw)


def exposure(facts: Facts) -> str:
    """What was held by sector, in per cent of equity, stacked; the white above it is cash."""
    curve = facts.result.curve
    names = sorted({name for row in curve.sectors for name in row})
    shares = [[100.0 * row.get(name, 0.0) for row in curve.sectors] for name in names]

    def draw(axes: "Axes") -> None:
        if names:
            axes.stackplot(_days(facts), shares, labels=names, alpha=0.85, lw=0)
            _legend(axes)
        axes.set_ylim(0.0, max(100.0, *(sum(row.values()) * 100.0 for row in curve.sectors)))
        axes.set_ylabel("exposure, % of equity")

    return drawn(draw, 3.2)


def verdicts(facts: Facts) -> str:
    """How often each rule stood in the way of an entry, or made it smaller."""
    rows = {
        rule: (tally.sized, tally.soft, tally.hard + tally.not_evaluated + tally.error)
        for rule, tally in facts.result.by_rule.items()
    }
    busiest = sorted((rule for rule in rows if sum(rows[rule])), key=lambda rule: sum(rows[rule]))[-MOST_RULES:]

    def draw(axes: "Axes") -> None:
        left = np.zeros(len(busiest))
        for place, (what, colour) in enumerate((("made smaller", GREEN), ("asked", AMBER), ("refused", RED))):
            counts = np.array([rows[rule][place] for rule in busiest], dtype=float)
            axes.barh(busiest, counts, left=left, color=colour, label=what)
            left = left + counts
        axes.set_xlabel("entries")
        _legend(axes)

    return drawn(draw, max(1.6, 0.5 + 0.25 * len(busiest)))


def calibration(facts: Facts) -> str | None:
    """What was said against what came, in bins of equal mass; None where there are too few."""
    found = next((finding for finding in facts.findings if finding.name == "calibration"), None)
    if found is None or not found.curve:
        return None
    stated, observed, counts = (np.array(column, dtype=float) for column in zip(*found.curve, strict=True))

    def draw(axes: "Axes") -> None:
        span = [min(stated.min(), observed.min()) - 0.02, max(stated.max(), observed.max()) + 0.02]
        axes.plot(span, span, color=GREY, lw=1.0, ls="--", label="what it says is what comes")
        error = 1.96 * np.sqrt(np.maximum(observed * (1.0 - observed), 0.05) / counts)
        axes.errorbar(stated, observed, yerr=error, fmt="o", color=INK, capsize=2, label="bins, with 95 %")
        axes.set_xlabel("stated confidence")
        axes.set_ylabel("share that came true")
        _legend(axes)

    return drawn(draw, 3.2)


def regret(facts: Facts) -> str | None:
    """What entries made in units of their risk: taken against refused; None where one side is empty."""
    if not facts.taken_r or not facts.refused_r:
        return None
    edges = np.linspace(-2.5, 4.0, 40)

    def draw(axes: "Axes") -> None:
        for values, colour, name in (
            (facts.taken_r, GREEN, "taken"),
            (facts.refused_r, RED, "refused, as if taken"),
        ):
            clipped = np.clip(np.array(values), edges[0], edges[-1])
            share = np.full(len(clipped), 100.0 / len(clipped))
            label = f"{name}: {len(values)}, mean {np.mean(values):+.2f} R"
            axes.hist(clipped, edges, weights=share, color=colour, alpha=0.5, label=label)  # type: ignore[arg-type]  # an array of edges
        axes.set_xlabel("gain in units of risk (R), by the exit plan")
        axes.set_ylabel("% of entries")
        _legend(axes)

    return drawn(draw)


def _legend(axes: "Axes") -> None:
    """Stand above the picture, where nothing is hidden by it."""
    axes.legend(frameon=False, loc="lower left", bbox_to_anchor=(0.0, 1.0), ncols=4, fontsize=8, borderaxespad=0.2)


def _days(facts: Facts) -> Sequence[Any]:
    return [np.datetime64(day) for day in facts.result.curve.closes]
