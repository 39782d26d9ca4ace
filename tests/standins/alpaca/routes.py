"""The stand-in's answers: one function a route, each given the stand-in, the query and the body."""

import re
from collections.abc import Callable
from datetime import UTC, date, datetime, time
from decimal import Decimal
from typing import TYPE_CHECKING, Any

from tests.standins.alpaca import hours
from tests.standins.alpaca.account import OPEN, Order, Refused
from tests.standins.alpaca.faults import Fault
from tests.standins.alpaca.market import SIP_DELAY, page_of

if TYPE_CHECKING:
    from tests.standins.alpaca import AlpacaStandIn

Query = dict[str, str]
Answer = tuple[int, Any]
Route = Callable[["AlpacaStandIn", Query, Any, "re.Match[str]"], Answer]
ROUTES: list[tuple[str, re.Pattern[str], Route]] = []
NOT_FOUND: Answer = (404, {"code": 40410000, "message": "order not found"})


def route(method: str, pattern: str) -> Callable[[Route], Route]:
    """Enter a function under a method and a path."""

    def enter(function: Route) -> Route:
        ROUTES.append((method, re.compile(f"^{pattern}$"), function))
        return function

    return enter


def order_json(standin: "AlpacaStandIn", order: Order, *, nested: bool = False) -> dict[str, Any]:
    """Tell an order as Alpaca does: numbers are strings."""

    def text(value: Decimal | None) -> str | None:
        return None if value is None else format(value, "f")

    legs = [order_json(standin, standin.account.orders[name]) for name in order.legs] if nested and order.legs else None
    return {
        "id": order.id,
        "client_order_id": order.client_order_id,
        "created_at": hours.stamp(order.created),
        "updated_at": hours.stamp(order.ended or order.created),
        "submitted_at": hours.stamp(order.created),
        "filled_at": hours.stamp(order.ended) if order.ended and order.status == "filled" else None,
        "expired_at": None,
        "canceled_at": hours.stamp(order.ended) if order.ended and order.status == "canceled" else None,
        "failed_at": hours.stamp(order.ended) if order.ended and order.status == "rejected" else None,
        "replaced_at": hours.stamp(order.ended) if order.ended and order.replaced_by else None,
        "replaced_by": order.replaced_by,
        "replaces": order.replaces,
        "asset_id": "b0b6dd9d-8b9b-48a9-ba46-b9d54906e415",
        "symbol": order.symbol,
        "asset_class": "us_equity",
        "notional": None,
        "qty": text(order.quantity),
        "filled_qty": text(order.filled),
        "filled_avg_price": text(order.spent / order.filled) if order.filled else None,
        "order_class": order.order_class,
        "order_type": order.type,
        "type": order.type,
        "side": order.side,
        "time_in_force": order.time_in_force,
        "limit_price": text(order.limit),
        "stop_price": text(order.stop),
        "status": order.status,
        "extended_hours": False,
        "legs": legs,
        "trail_percent": None,
        "trail_price": None,
        "hwm": None,
    }


def _visible(standin: "AlpacaStandIn") -> list[Order]:
    return [order for order in standin.account.orders.values() if order.visible <= standin.account.now]


@route("GET", "/v2/clock")
def clock(standin: "AlpacaStandIn", *_: Any) -> Answer:
    """What time it is."""
    now = standin.account.now
    told = {"timestamp": hours.stamp(now), "is_open": hours.is_open(now)}
    return 200, {
        **told,
        "next_open": hours.stamp(hours.next_open(now)),
        "next_close": hours.stamp(hours.next_close(now)),
    }


@route("GET", "/v2/calendar")
def calendar(_: "AlpacaStandIn", query: Query, *__: Any) -> Answer:
    """Sessions, in New York's time without a zone."""
    first, last = (date.fromisoformat(query[name][:10]) for name in ("start", "end"))
    rows = hours.sessions(first, last)
    local = [(day, opens.astimezone(hours.NEW_YORK), closes.astimezone(hours.NEW_YORK)) for day, opens, closes in rows]
    return 200, [
        {"date": f"{day}", "open": f"{opens:%H:%M}", "close": f"{closes:%H:%M}"} for day, opens, closes in local
    ]


@route("GET", "/v2/account")
def account(standin: "AlpacaStandIn", *_: Any) -> Answer:
    """The money."""
    paper = standin.account
    equity = paper.equity()
    return 200, {
        "id": paper.id,
        "account_number": paper.number,
        "status": "ACTIVE",
        "currency": "USD",
        "cash": str(paper.cash),
        "equity": str(equity),
        "last_equity": str(equity),
        "portfolio_value": str(equity),
        "buying_power": str(equity * 4),
        "multiplier": "4",
        "shorting_enabled": True,
        "trading_blocked": False,
        "account_blocked": False,
        "created_at": "2020-01-02T15:00:00Z",
        "pattern_day_trader": None,
        "daytrade_count": None,
    }


@route("GET", "/v2/positions")
def positions(standin: "AlpacaStandIn", *_: Any) -> Answer:
    """The holdings."""
    paper = standin.account
    return 200, [
        {
            "asset_id": "b0b6dd9d-8b9b-48a9-ba46-b9d54906e415",
            "symbol": symbol,
            "exchange": "NASDAQ",
            "asset_class": "us_equity",
            "avg_entry_price": str(average),
            "qty": str(held),
            "qty_available": str(paper.available(symbol)),
            "side": "long" if held > 0 else "short",
            "cost_basis": str(held * average),
            "market_value": str(held * (paper.price(symbol) or 0)),
            "current_price": str(paper.price(symbol)),
        }
        for symbol, (held, average) in sorted(paper.positions.items())
    ]


@route("GET", r"/v2/assets/(?P<symbol>[^/]+)")
def asset(standin: "AlpacaStandIn", _: Query, __: Any, found: "re.Match[str]") -> Answer:
    """One symbol's status."""
    symbol = found["symbol"]
    if standin.account.price(symbol) is None:
        return 404, {"code": 40410000, "message": f"asset not found for {symbol}"}
    active = symbol not in standin.market.inactive
    told = {"id": "b0b6dd9d-8b9b-48a9-ba46-b9d54906e415", "class": "us_equity", "exchange": "NASDAQ", "symbol": symbol}
    status = {"status": "active" if active else "inactive", "tradable": active}
    return 200, {**told, **status, "marginable": True, "shortable": True, "easy_to_borrow": True, "fractionable": True}


@route("POST", "/v2/orders")
def submit(standin: "AlpacaStandIn", _: Query, body: Any, __: Any) -> Answer:
    """Take an order."""
    fault = standin.fault if isinstance(standin.fault, Fault) else None
    return 200, order_json(standin, standin.account.submit(body, fault), nested=True)


@route("GET", "/v2/orders")
def orders(standin: "AlpacaStandIn", query: Query, *_: Any) -> Answer:
    """List orders: 50 unless asked, 500 at most; legs stand inside their parent only when nested."""
    status, nested = query.get("status", "open"), query.get("nested") == "true"
    found = [order for order in _visible(standin) if not (nested and order.parent)]
    if status != "all":
        found = [order for order in found if (order.status in OPEN) is (status == "open")]
    if query.get("symbols"):
        found = [order for order in found if order.symbol in query["symbols"].split(",")]
    for name, keep in (("after", lambda o, t: o.created > t), ("until", lambda o, t: o.created < t)):
        if query.get(name):
            moment = datetime.fromisoformat(query[name])
            found = [order for order in found if keep(order, moment)]
    found.sort(key=lambda order: order.created, reverse=query.get("direction", "desc") == "desc")
    most = min(int(query.get("limit") or 50), 500)
    return 200, [order_json(standin, order, nested=nested) for order in found[:most]]


@route("GET", "/v2/orders:by_client_order_id")
def by_client_order_id(standin: "AlpacaStandIn", query: Query, *_: Any) -> Answer:
    """Find an order by our name for it."""
    for order in _visible(standin):
        if order.client_order_id == query["client_order_id"]:
            return 200, order_json(standin, order, nested=query.get("nested") == "true")
    return NOT_FOUND


@route("GET", r"/v2/orders/(?P<id>[^/]+)")
def by_id(standin: "AlpacaStandIn", query: Query, _: Any, found: "re.Match[str]") -> Answer:
    """Find an order by Alpaca's name for it."""
    order = standin.account.orders.get(found["id"])
    if order is None or order.visible > standin.account.now:
        return NOT_FOUND
    return 200, order_json(standin, order, nested=query.get("nested") == "true")


@route("DELETE", r"/v2/orders/(?P<id>[^/]+)")
def cancel(standin: "AlpacaStandIn", _: Query, __: Any, found: "re.Match[str]") -> Answer:
    """Ask for a cancellation."""
    order = standin.account.orders.get(found["id"])
    if order is None:
        return NOT_FOUND
    standin.account.cancel(order)
    return 204, None


@route("PATCH", r"/v2/orders/(?P<id>[^/]+)")
def replace(standin: "AlpacaStandIn", _: Query, body: Any, found: "re.Match[str]") -> Answer:
    """Replace an order: the new one has another id."""
    order = standin.account.orders.get(found["id"])
    return NOT_FOUND if order is None else (200, order_json(standin, standin.account.replace(order, body)))


@route("GET", "/v2/account/activities/FILL")
def fills(standin: "AlpacaStandIn", query: Query, *_: Any) -> Answer:
    """List executions, a page at a time; the token is the last id seen."""
    found = list(standin.account.executions)
    if query.get("after"):
        after = datetime.fromisoformat(query["after"])
        found = [row for row in found if datetime.fromisoformat(row["transaction_time"]) > after]
    if query.get("direction", "desc") == "desc":
        found.reverse()
    ids = [row["id"] for row in found]
    start = ids.index(query["page_token"]) + 1 if query.get("page_token") in ids else 0
    return 200, found[start : start + min(int(query.get("page_size") or 100), 100)]


@route("GET", "/v2/stocks/bars")
def bars(standin: "AlpacaStandIn", query: Query, *_: Any) -> Answer:
    """Daily bars of several symbols, by symbol, a page at a time."""
    now = standin.account.now
    first = (
        datetime.fromisoformat(query["start"]) if query.get("start") else datetime.combine(now.date(), time.min, UTC)
    )
    last = datetime.fromisoformat(query["end"]) if query.get("end") else now
    if query.get("feed", "sip") == "sip" and last > now - SIP_DELAY:
        return 403, {"message": "subscription does not permit querying recent SIP data"}
    raw = query.get("adjustment", "raw") == "raw"
    rows = [(s, bar) for s in query["symbols"].split(",") for bar in standin.market.bars(s, first, last, now, raw=raw)]
    page, token = page_of(rows, query)
    found: dict[str, list[Any]] = {}
    for symbol, bar in page:
        found.setdefault(symbol, []).append(bar)
    return 200, {"bars": found, "next_page_token": token}


def _latest(standin: "AlpacaStandIn", query: Query, tell: Callable[[str, datetime], Any], key: str) -> Answer:
    if query.get("feed", "sip") == "sip":
        return 403, {"message": "subscription does not permit querying recent SIP data"}
    told = {symbol: tell(symbol, standin.account.now) for symbol in query["symbols"].split(",")}
    return 200, {key: {symbol: value for symbol, value in told.items() if value is not None}}


@route("GET", "/v2/stocks/quotes/latest")
def quotes(standin: "AlpacaStandIn", query: Query, *_: Any) -> Answer:
    """The latest quotes; symbols without one are left out."""
    return _latest(standin, query, standin.market.quote, "quotes")


@route("GET", "/v2/stocks/trades/latest")
def trades(standin: "AlpacaStandIn", query: Query, *_: Any) -> Answer:
    """The latest trades."""
    return _latest(standin, query, standin.market.trade, "trades")


@route("GET", "/v2/stocks/snapshots")
def snapshots(standin: "AlpacaStandIn", query: Query, *_: Any) -> Answer:
    """Latest trade and quote of each symbol; this answer has no key around it."""
    if query.get("feed", "sip") == "sip":
        return 403, {"message": "subscription does not permit querying recent SIP data"}
    now, market = standin.account.now, standin.market
    known = [symbol for symbol in query["symbols"].split(",") if market.price(symbol, now) is not None]
    return 200, {s: {"latestTrade": market.trade(s, now), "latestQuote": market.quote(s, now)} for s in known}


@route("GET", "/v1beta1/news")
def news(standin: "AlpacaStandIn", query: Query, *_: Any) -> Answer:
    """Headlines, 50 a page at most."""
    wanted = set(query["symbols"].split(",")) if query.get("symbols") else None
    first, last = (datetime.fromisoformat(query[name]) for name in ("start", "end"))
    found = [
        ("", item)
        for item in sorted(standin.market.news, key=lambda item: item["created_at"])
        if first <= datetime.fromisoformat(item["created_at"]) <= last
        and (wanted is None or wanted & set(item["symbols"]))
    ]
    page, token = page_of(found, {**query, "limit": str(min(int(query.get("limit") or 10), 50))})
    return 200, {"news": [item for _, item in page], "next_page_token": token}


@route("POST", "/standin/(?P<act>[a-z_]+)")
def control(standin: "AlpacaStandIn", _: Query, body: Any, found: "re.Match[str]") -> Answer:
    """Steer the stand-in from another process: clock, price, fault, clear, news, reset, state."""
    act, body = found["act"], body or {}
    if act == "clock":
        standin.set_now(datetime.fromisoformat(body["now"]))
    elif act == "price":
        standin.market.set_prices |= {symbol: Decimal(str(price)) for symbol, price in body.items()}
    elif act == "fault":
        until = datetime.fromisoformat(body.pop("until")) if body.get("until") else None
        standin.faults.add(Fault(**body, until=until))
    elif act == "clear":
        standin.faults.clear()
    elif act == "news":
        standin.market.add_news(body["headline"], body["symbols"], standin.account.now)
    elif act == "reset":
        standin.account.reset(Decimal(str(body.get("cash", 100_000))))
    elif act != "state":
        raise Refused(404, 40410000, f"no such act: {act}")
    return 200, {"now": hours.stamp(standin.account.now), "requests": len(standin.requests)}
