"""One HTML page, whole in one file: figures, pictures, findings and assumptions; everything from outside is escaped."""

from collections.abc import Iterable, Sequence
from html import escape

from evals.finding import Finding, Level
from evals.report import charts
from evals.report.facts import Facts
from evals.report.months import monthly, months_up
from quant.measure import Measure

FRACTIONS = frozenset(
    {
        *("total_return", "cagr", "volatility", "max_drawdown", "hit_rate", "session_hit_rate", "value_at_risk"),
        *("expected_shortfall", "exposure", "alpha", "turnover"),
    }
)
MONTHS = ("Jan", "Feb", "Mar", "Apr", "May", "Jun", "Jul", "Aug", "Sep", "Oct", "Nov", "Dec")
COLOURS = {Level.FINE: "#2a9d8f", Level.WATCH: "#e9a03b", Level.WARNING: "#c1121f", Level.UNKNOWN: "#8d99ae"}
STYLE = """
body{font:14px/1.5 system-ui,sans-serif;color:#1f2933;max-width:960px;margin:2rem auto;padding:0 1rem}
h1{font-size:1.5rem;margin:0}h2{font-size:1.1rem;margin:2rem 0 .5rem;border-bottom:1px solid #e5e7eb}
table{border-collapse:collapse;width:100%;font-variant-numeric:tabular-nums}
td,th{padding:.2rem .5rem;text-align:right;border-bottom:1px solid #f0f1f3}
td:first-child,th:first-child{text-align:left}
th{color:#6b7280;font-weight:600}svg{width:100%;height:auto}.note{color:#6b7280;font-size:.9em}
.tag{color:#fff;border-radius:3px;padding:0 .4em;font-size:.85em}.months td{font-size:.9em}
.paper{background:#1d3557;color:#fff;border-radius:3px;padding:0 .5em;font-size:.7em;vertical-align:middle}
.words td{text-align:left}
"""


def page(facts: Facts) -> str:
    """Write the page."""
    result = facts.result
    title = f"{result.portfolio}: {result.first} to {result.last}"
    parts = [
        f"<h1>{escape(title)} <span class='paper'>PAPER</span></h1>",
        f"<p class='note'>{escape(_caption(facts))}</p>",
        _section(
            "Equity", charts.equity(facts), "Shaded: nothing was opened, a breaker or a person had stopped the desk."
        ),
        _section("Drawdown", charts.drawdown(facts)),
        "<h2>Figures</h2>" + _figures(facts),
        "<h2>By month</h2>" + _months(facts),
        _section("Exposure by sector", charts.exposure(facts)),
        "<h2>Verdicts</h2>" + _verdicts(facts),
        _section("What the rules said about entries", charts.verdicts(facts)),
        "<h2>Calibration</h2>"
        + (charts.calibration(facts) or _none("fewer than 100 purchases have reached their horizon")),
        "<h2>Regret</h2>" + (charts.regret(facts) or _none("there are no refused entries, or none that were taken")),
        "<h2>Quality and habits</h2>" + _findings(facts.findings),
        "<h2>Halts and resumes</h2>" + _halts(facts),
        "<h2>Cost</h2>" + _cost(facts),
        "<h2>Assumptions</h2><ul>" + "".join(f"<li>{escape(said)}</li>" for said in facts.assumptions) + "</ul>",
        f"<p class='note'>ledger {escape(result.ledger_digest)} · code {escape(facts.code_version)}</p>",
    ]
    head = f"<meta charset='utf-8'><title>{escape(title)}</title><style>{STYLE}</style>"
    return f"<!doctype html><html lang='en'><head>{head}</head><body>{''.join(parts)}</body></html>\n"


def _caption(facts: Facts) -> str:
    result = facts.result
    blind = ", blind" if result.blind else ""
    return (
        f"analyst {result.analyst}{blind}; approvals: {result.approver}; {len(result.curve.closes) - 1} sessions, "
        f"{len(result.fills)} executions. Survivors only: compare with equal weight of the same universe, "
        "not with an index."
    )


def _section(title: str, picture: str, note: str = "") -> str:
    return f"<h2>{escape(title)}</h2>{picture}" + (f"<p class='note'>{escape(note)}</p>" if note else "")


def _none(why: str) -> str:
    return f"<p class='note'>{escape(why)}</p>"


def _table(header: Sequence[str], rows: Iterable[Sequence[str]], kind: str = "") -> str:
    head = "".join(f"<th>{escape(name)}</th>" for name in header)
    body = "".join("<tr>" + "".join(f"<td>{cell}</td>" for cell in row) + "</tr>" for row in rows)
    return f"<table class='{kind}'><tr>{head}</tr>{body}</table>"


def _figures(facts: Facts) -> str:
    names = list(facts.measures)
    metrics = list(next(iter(facts.measures.values())))
    rows = [
        [escape(metric.replace("_", " ")), *(_value(metric, facts.measures[name][metric]) for name in names)]
        for metric in metrics
    ]
    return _table(["", *names], rows)


def _value(metric: str, measure: Measure) -> str:
    if measure.value is None:
        return f"<span class='note'>{escape((measure.reason or '').replace('_', ' '))}</span>"
    return f"{measure.value:.1%}" if metric in FRACTIONS else f"{measure.value:,.2f}"


def _months(facts: Facts) -> str:
    table = monthly(facts.result.curve.closes[1:], facts.returns[facts.result.portfolio])
    rows = [[str(year), *(_shaded(table[year].get(month)) for month in (*range(1, 13), 0))] for year in sorted(table)]
    return _table(["", *MONTHS, "Year"], rows, "months") + _none(f"{months_up(table):.0%} of the months ended higher")


def _shaded(change: float | None) -> str:
    if change is None:
        return ""
    strength = min(abs(change) / 0.08, 1.0) * 0.45
    colour = f"rgba(42,157,143,{strength:.2f})" if change > 0 else f"rgba(193,18,31,{strength:.2f})"
    return f"<span style='background:{colour};padding:0 .3em'>{change:+.1%}</span>"


def _verdicts(facts: Facts) -> str:
    rows = []
    for name, tally in (("entries", facts.result.entries), ("exits", facts.result.exits)):
        counts = (tally.total, tally.execute, tally.resize, tally.approval, tally.reject, tally.halt)
        shares = [tally.executed_share, tally.asked_share, tally.rejected_share]
        rows.append([name, *map(str, counts), *("" if share is None else f"{share:.0%}" for share in shares)])
    header = ["", "all", "execute", "resize", "ask", "reject", "halt", "went through", "asked", "refused"]
    return _table(header, rows)


def _findings(findings: Iterable[Finding]) -> str:
    rows = []
    for finding in findings:
        between = "" if finding.low is None or finding.high is None else f"{finding.low:+.2f} to {finding.high:+.2f}"
        rows.append(
            [
                escape(finding.name.replace("_", " ")),
                "" if finding.value is None else f"{finding.value:+.3f}",
                between,
                "" if finding.baseline is None else f"{finding.baseline:+.2f}",
                f"<span class='tag' style='background:{COLOURS[finding.level]}'>{finding.level.value}</span>",
                escape(finding.sentence),
            ]
        )
    return _table(["", "value", "95 %", "by chance", "", ""], rows, "words")


def _halts(facts: Facts) -> str:
    if not facts.result.halts:
        return _none("the desk was never stopped")
    rows = [
        [
            str(h.since),
            str(h.until or "to the end"),
            h.state,
            escape(h.reason),
            "scripted operator" if h.scripted else "",
        ]
        for h in facts.result.halts
    ]
    return _table(["from", "until", "state", "why", "resumed by"], rows, "words")


def _cost(facts: Facts) -> str:
    each = facts.model_cost_usd / facts.decisions if facts.decisions else 0.0
    return _table(
        ["decisions", "model calls", "model cost", "a decision", "commissions"],
        [
            [
                str(facts.decisions),
                str(facts.model_calls),
                f"${facts.model_cost_usd:,.2f}",
                f"${each:,.4f}",
                f"${facts.result.commission:,.2f}",
            ]
        ],
    )
