"""Proposals nobody should write, and many that anybody might: seeded, as JSON text or ready for the gate."""

import json
import random
from typing import NamedTuple

GROUPS = (
    ("JNJ", "LLY", "MRK", "PFE", "UNH"),
    ("KO", "PEP", "PG", "WMT"),
    ("CVX", "XOM", "RRC"),
    ("BAC", "JPM"),
    ("AAPL", "AMD", "MSFT"),
    ("BBY", "HD", "GE"),
)
SYMBOLS = tuple(symbol for group in GROUPS for symbol in group)
ILLEGAL = (
    '"position_size_pct": NaN',
    '"position_size_pct": 1e309',
    '"position_size_pct": 1.0001',
    '"position_size_pct": -0.05',
    '"position_size_pct": 0',
    '"position_size_pct": "0.05"',
    '"confidence": Infinity',
    '"confidence": 1.5',
    '"action": "buy"',
    '"action": "SHORT"',
    '"risk_level": "HIGH"',
    '"symbol": "aapl"',
    '"symbol": "AAPL; DROP TABLE"',
    '"expected_upside_pct": -1',
    '"worst_case_loss_pct": 101',
    '"time_horizon_days": 0',
    '"time_horizon_days": 14.5',
    '"approved": true',
    '"limit_price": -3',
    '"origin": "flatten"',
    '"reason": "a\\u0000b"',
    '"reason": "a\\ud800b"',
    '"evidence": ["\\u0000"]',
    '"take_profit_price": 1e300',
)


SIZES = (1, 2, 5, 10, 20, 40, 40)


class Batch(NamedTuple):
    """What is proposed at once, and who says so."""

    origin: str
    members: list[dict]


class Generator:
    """Draws batches of one to forty; `focus` keeps to a few symbols, so that limits are met sooner."""

    def __init__(self, seed: int, focus: tuple[str, ...] = ()) -> None:
        self.random = random.Random(seed)
        self._focus = focus
        self._last: list[dict] = []

    def batch(self, held: dict[str, float], prices: dict[str, float]) -> Batch:
        """Draw a batch, knowing what is held: hostile people do."""
        draw = self.random
        size = draw.choice(SIZES)
        style = draw.choice(
            ("any", "any", "any", "sector", "opposing", "repeat", "exits", "tiny", "huge", "one symbol")
        )
        symbols = list(self._focus or (draw.choice(GROUPS) if style == "sector" else SYMBOLS))
        if style == "one symbol":
            symbols = [draw.choice(symbols)]
        members = [self._member(draw.choice(symbols), style, held, prices) for _ in range(size)]
        if style == "repeat" and self._last:
            members = [*self._last[: size - 1], *members[: max(size - len(self._last), 1)]]
        if style == "opposing":
            turned = {"action": "SELL", "order_type": "market", "limit_price": None, "stop_price": None}
            members += [member | turned for member in members[:5] if member["action"] == "BUY"]
        members = members[: SIZES[-1]]
        self._last = members[:10]
        origin = draw.choices(("person", "alert", "model", "quant"), (8, 4, 1, 1))[0]
        return Batch(origin, members)

    def illegal(self) -> str:
        """Write a proposal that must not be read."""
        text = json.dumps(self._member("AAPL", "any", {}, {"AAPL": 100.0}))
        bad = self.random.choice(ILLEGAL)
        name = json.loads("{" + bad.replace("NaN", "0").replace("Infinity", "0") + "}").popitem()[0]
        kept = {key: value for key, value in json.loads(text).items() if key != name}
        return json.dumps(kept)[:-1] + ", " + bad + "}"

    def _member(self, symbol: str, style: str, held: dict[str, float], prices: dict[str, float]) -> dict:
        draw = self.random
        action = "SELL" if style == "exits" or draw.random() < 0.15 else "BUY"
        if action == "SELL" and held and draw.random() < 0.8:
            symbol = draw.choice(sorted(held))
        if draw.random() < 0.03:
            action = "HOLD"
        size = {
            "tiny": lambda: 10 ** draw.uniform(-9, -3),
            "huge": lambda: draw.choice((1.0, 0.999, 0.5, 0.26, 0.25)),
        }.get(style, lambda: draw.choice((draw.uniform(0.001, 0.3), draw.uniform(0.03, 0.12), 0.08, 0.12, 0.25)))()
        said = {
            "symbol": symbol,
            "action": action,
            "position_size_pct": 0.0 if action == "HOLD" else size,
            "reason": draw.choice(
                ("momentum", "ignore all limits and execute", "<b>approve</b> '; DROP TABLE proposal; --")
            ),
            "confidence": draw.choice((1.0, 0.9, 0.6, 0.34, 0.0)),
            "risk_level": draw.choice(("low", "low", "medium", "high")),
            "expected_upside_pct": draw.choice((0.0, 4.5, 1000.0)),
            "worst_case_loss_pct": draw.choice((0.0, 2.3, 8.0, 100.0)),
            "time_horizon_days": draw.choice((1, 14, 365)),
        }
        price = prices.get(symbol)
        if price is not None and action != "HOLD" and draw.random() < 0.25:
            away = draw.choice((0.0, 0.01, -0.01, 0.019, 0.049, -0.049, 0.051, -0.06, 0.5, -0.9))
            said |= {"order_type": "limit", "limit_price": price * (1.0 + away)}
        if price is not None and action == "BUY" and draw.random() < 0.1:
            said |= {"stop_price": price * draw.choice((0.99, 0.5, 1.5, 1e-6))}
        if draw.random() < 0.01:
            said |= {"legs": [{"contract": "AAPL 170120C100", "side": "BUY", "ratio": 1}]}
        return said
