"""Malformed model answers: families applied to a good answer, and hand-written ones; the same list every time."""

import json
from collections.abc import Callable, Iterator
from typing import Any, NamedTuple

Good = dict[str, Any]
NUMBERS = (
    "NaN",
    "Infinity",
    "-Infinity",
    "1e999",
    "-0.1",
    "1e308",
    '"0.5"',
    "true",
    "[0.5]",
    '{"value": 1}',
    "9" * 5_000,
)
TEXTS = ('""', '"   "', "5", '["x"]', '"\\ud800"', '"\\u0000\\u0000"', '"\\u200b"')
NUMERIC = {
    "thesis": ("confidence", "expected_upside_pct", "worst_case_loss_pct", "time_horizon_days"),
    "propose": (
        "position_size_pct",
        "confidence",
        "expected_upside_pct",
        "worst_case_loss_pct",
        "time_horizon_days",
    ),
}
WORDS = {
    "research": ("summary", "regime_view"),
    "thesis": ("bull_case", "bear_case", "invalidation"),
    "propose": ("reason",),
}
EXTRAS = {
    "origin": ["person"],
    "order_type": ["limit"],
    "stop_price": [1.0],
    "legs": [[]],
    "approved": [True],
    "limits": [{}],
}
SYMBOLS = ("aapl", "ZZZZ", "AAPL ", "AAPL\u200b", "../x", "", "A" * 100, "\u0410APL")
IDS = ("KO.rank", [1], [None], {"a": 1}, [[]])
WRONG: dict[str, dict[str, Any]] = {
    "research": {"evidence": IDS},
    "thesis": {"evidence": IDS, "symbol": SYMBOLS, "stance": ("BULLISH", "buy", "")},
    "propose": {
        "symbol": SYMBOLS,
        "action": ("buy", "LONG", "BUY ", "SHORT", "HOLD"),
        "risk_level": ("HIGH", "none", ""),
    },
}
HOLE = '"@hole@"'


class Malformed(NamedTuple):
    """One way to spoil an answer: `spoil` writes the text that the model sends instead of the good answer."""

    node: str
    name: str
    spoil: Callable[[Good], str]


def malformed(node: str) -> list[Malformed]:
    """List all of one node, whole answers; for proposals the fault is in the first."""
    return [Malformed(node, name, spoil) for name, spoil in (*_whole(node), *_fields(node))]


def _whole(node: str) -> Iterator[tuple[str, Callable[[Good], str]]]:
    fixed = {
        "nothing": "",
        "spaces": "  \n ",
        "null": "null",
        "a number": "3",
        "a text": '"BUY"',
        "a list": "[]",
        "open": "{",
        "an open list": "[" * 4_000,
        "deep": "[" * 4_000 + "]" * 4_000,
        "prose": "I would buy all of it.",
        "html": "<html>no</html>",
        "undefined": "undefined",
        "an error": '{"error": "overloaded"}',
        "empty object": "{}",
        "a call": "submit_order(AAPL, 1.0)",
        "nul": "\x00",
        "huge": '{"a": ' + "9" * 100_000 + "}",
        "yaml": "symbol: AAPL\naction: BUY",
        "base64": "eyJhIjogMX0=",
    }
    for name, text in fixed.items():
        yield name, lambda _, text=text: text
    changes: dict[str, Callable[[str], str]] = {
        "fenced": lambda t: f"```json\n{t}\n```",
        "prose before": lambda t: f"Here it is: {t}",
        "twice": lambda t: t + t,
        "prose after": lambda t: f"{t} Good luck!",
        "single quotes": lambda t: t.replace('"', "'"),
        "a comment": lambda t: "// as asked\n" + t,
        "trailing comma": lambda t: t[:-1] + ",}",
        "a mark before": lambda t: "\ufeff" + t,
        "in a list": lambda t: f"[{t}]",
        "in an object": lambda t: '{"answer": ' + t + "}",
        "as a text": json.dumps,
        "a key twice": lambda t: t[:-1] + "," + t[1:],
    }
    for name, change in changes.items():
        yield name, lambda good, change=change: change(json.dumps(good))
    for part in (0.1, 0.3, 0.5, 0.7, 0.9, 0.99):
        yield f"cut at {part:.0%}", lambda good, part=part: json.dumps(good)[: int(len(json.dumps(good)) * part)]
    if node == "propose":
        yield from _lists()


def _lists() -> Iterator[tuple[str, Callable[[Good], str]]]:
    for name, value in {"null": None, "an object": {}, "a text": "none", "odd members": [1, "x", None, [], {}]}.items():
        yield f"proposals are {name}", lambda _, value=value: json.dumps({"proposals": value})
    yield "a thousand", lambda good: json.dumps({"proposals": good["proposals"] * 1_000})
    yield "the same twice", lambda good: json.dumps({"proposals": good["proposals"] * 2})
    yield "nested", lambda good: json.dumps({"proposals": [good]})
    yield "one bare", lambda good: json.dumps(good["proposals"][0])


def _fields(node: str) -> Iterator[tuple[str, Callable[[Good], str]]]:
    for field, raw in _raw(node):
        said = "missing" if raw is None else f"is {raw[:16]}"
        yield f"{field} {said}", lambda good, field=field, raw=raw: _put(node, good, field, raw)


def _raw(node: str) -> Iterator[tuple[str, str | None]]:
    for field in fields_of(node):
        yield from ((field, None), (field, "null"))
    for field in NUMERIC.get(node, ()):
        yield from ((field, number) for number in NUMBERS)
    for field in WORDS[node]:
        yield from ((field, text) for text in TEXTS)
    for field, values in {**EXTRAS, **WRONG[node]}.items():
        yield from ((field, json.dumps(value)) for value in values)


def fields_of(node: str) -> tuple[str, ...]:
    """Name the fields of an answer, or of one proposal."""
    if node == "research":
        return ("summary", "regime_view", "evidence")
    common = ("symbol", *NUMERIC[node], *WORDS[node])
    return (*common, "stance", "evidence") if node == "thesis" else (*common, "action", "risk_level")


def _put(node: str, good: Good, field: str, raw: str | None) -> str:
    changed = json.loads(json.dumps(good))
    target = changed["proposals"][0] if node == "propose" and changed["proposals"] else changed
    target.pop(field, None)
    if raw is not None:
        target[field] = "@hole@"
    return json.dumps(changed).replace(HOLE, raw or "")
