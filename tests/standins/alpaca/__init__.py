"""A stand-in for Alpaca: trading, data, news and the trade stream of one paper account, with faults, on a set clock.

It behaves as the real one has been seen to, from the point of view of a client; nothing here is Alpaca's code.
`with AlpacaStandIn(now) as alpaca:` then set the variables of `alpaca.environment`.
Other processes steer it through POST /standin/clock and the like.
"""

import json
import socket
import struct
import threading
from contextlib import suppress
from datetime import UTC, datetime
from decimal import Decimal
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from typing import Any, NamedTuple, Self
from urllib.parse import parse_qsl, unquote, urlsplit

from tests.standins.alpaca import hours
from tests.standins.alpaca.account import Account, Order, Refused
from tests.standins.alpaca.faults import ANSWERED_ELSEWHERE, Fault, Faults, Kind
from tests.standins.alpaca.market import Market
from tests.standins.alpaca.routes import ROUTES, order_json
from tests.standins.alpaca.stream import Stream

__all__ = ["AlpacaStandIn", "Fault"]

KEY, SECRET = "PKSTANDIN0000000000", "standin-secret-0000000000000000000000000"
START = datetime(2022, 11, 22, 15, 0, tzinfo=UTC)
"""A Tuesday, half an hour after the open; Thursday is Thanksgiving, Friday closes early."""
PAGE = b"<!DOCTYPE html><html><body><h1>Bad gateway</h1></body></html>"


class Seen(NamedTuple):
    """One request as it came."""

    method: str
    path: str
    body: Any


class AlpacaStandIn:
    """One local server; use as a context manager. `silence` is how long an answer that never comes is awaited."""

    def __init__(self, now: datetime = START, *, cash: int = 100_000, port: int = 0, rate_limit: int = 100_000) -> None:
        hours.is_open(now)  # reads the calendar before anybody waits for an answer
        self.market, self.faults = Market(), Faults()
        self.account = Account(now, Decimal(cash), lambda symbol: self.market.price(symbol, self.account.now))
        self.account.on_event = self._tell
        self.requests: list[Seen] = []
        self.rate_limit = rate_limit
        self.fault: Fault | None = None
        self.lock = threading.RLock()
        self.closing = threading.Event()
        self._minute: tuple[datetime, int] = (now, 0)
        self.stream = Stream(KEY, SECRET, port + 1 if port else 0)
        self._server = _Server(("127.0.0.1", port), self)
        self._thread = threading.Thread(target=self._server.serve_forever, args=(0.02,), daemon=True)
        self._thread.start()

    @property
    def url(self) -> str:
        """Where trading, data and news are."""
        return f"http://127.0.0.1:{self._server.server_address[1]}"

    @property
    def environment(self) -> dict[str, str]:
        """The variables that lead everybody here."""
        keys = {"ALPACA_API_KEY": KEY, "ALPACA_API_SECRET": SECRET, "ALPACA_STREAM_URL": self.stream.url}
        return {**keys, "ALPACA_BASE_URL": self.url, "ALPACA_DATA_URL": self.url}

    def __enter__(self) -> Self:
        return self

    def __exit__(self, *_: object) -> None:
        self.closing.set()
        self.stream.close()
        self._server.shutdown()
        self._server.server_close()

    def set_now(self, moment: datetime) -> None:
        """Move the clock forward."""
        with self.lock:
            self.account.set_now(moment)

    def go_wrong(self, kind: Kind, method: str = "", path: str = "", **how: Any) -> None:
        """Ask for a fault; by default it spoils the next order that is sent."""
        spoils_orders = not method and not path
        self.faults.add(
            Fault(kind, "POST" if spoils_orders else method, "/v2/orders" if spoils_orders else path, **how)
        )

    def sent(self, method: str = "POST", path: str = "/v2/orders") -> list[Seen]:
        """List the requests of one kind."""
        return [seen for seen in self.requests if seen.method == method and seen.path == path]

    def place_by_hand(self, symbol: str, side: str, quantity: int, **fields: Any) -> Order:
        """Place an order as a person at Alpaca's own page would."""
        asked = {"symbol": symbol, "side": side, "qty": str(quantity), "type": "market", "time_in_force": "day"}
        with self.lock:
            order = self.account.submit({**asked, **fields})
            self.account.tick()
            return order

    def answer(self, method: str, path: str, query: dict[str, str], body: Any, key: tuple[str, str]) -> tuple[int, Any]:
        """Answer one request."""
        if not path.startswith("/standin/") and key != (KEY, SECRET):
            return 401, {"code": 40110000, "message": "request is not authorized"}
        for wanted, pattern, function in ROUTES:
            found = pattern.match(path)
            if wanted == method and found:
                try:
                    return function(self, query, body, found)
                except Refused as refusal:
                    return refusal.status, refusal.body
        return 404, {"code": 40410000, "message": f"endpoint not found: {path}"}

    def limits(self) -> tuple[int, int]:
        """Count a request; tell how many are left this minute, and when it ends (epoch seconds)."""
        minute = self.account.now.replace(second=0, microsecond=0)
        count = self._minute[1] + 1 if self._minute[0] == minute else 1
        self._minute = (minute, count)
        return self.rate_limit - count, int(minute.timestamp()) + 60

    def _tell(self, event: str, order: Order, execution: dict[str, Any] | None) -> None:
        told = {"event": event, "timestamp": hours.stamp(self.account.now), "order": order_json(self, order)}
        if execution:
            told |= {
                "execution_id": execution["id"].partition("::")[2],
                "price": execution["price"],
                "qty": execution["qty"],
            }
            told["position_qty"] = str(self.account.held(order.symbol))
        self.stream.send(told)


class _Server(ThreadingHTTPServer):
    daemon_threads = True
    allow_reuse_address = True
    request_queue_size = 64

    def __init__(self, address: tuple[str, int], standin: AlpacaStandIn) -> None:
        self.standin = standin
        super().__init__(address, _Handler)

    def handle_error(self, request: Any, client_address: Any) -> None:
        """A client that hangs up is part of the game."""


class _Handler(BaseHTTPRequestHandler):
    protocol_version = "HTTP/1.1"
    disable_nagle_algorithm = True
    wbufsize = -1
    server: _Server

    def log_message(self, *_: object) -> None:
        pass

    def do_GET(self) -> None:
        self._handle("GET")

    def do_POST(self) -> None:
        self._handle("POST")

    def do_DELETE(self) -> None:
        self._handle("DELETE")

    def do_PATCH(self) -> None:
        self._handle("PATCH")

    def _handle(self, method: str) -> None:
        standin, address = self.server.standin, urlsplit(self.path)
        path, query = unquote(address.path), dict(parse_qsl(address.query))
        length = int(self.headers.get("Content-Length") or 0)
        body = json.loads(self.rfile.read(length)) if length else None
        key = self.headers.get("APCA-API-KEY-ID", ""), self.headers.get("APCA-API-SECRET-KEY", "")
        with standin.lock:
            standin.account.tick()
            if path.startswith("/standin/"):
                self._send(*standin.answer(method, path, query, body, key), {})
                return
            standin.requests.append(Seen(method, path, body))
            fault = standin.faults.take(method, path, standin.account.now)
            left, reset = standin.limits()
            headers = {
                "X-RateLimit-Limit": str(standin.rate_limit),
                "X-RateLimit-Remaining": str(max(left, 0)),
                "X-RateLimit-Reset": str(reset),
            }
            kind = fault.kind if fault else ""
            if left < 0 or kind == "rate_limited":
                headers["X-RateLimit-Remaining"] = "0"
                self._send(429, {"code": 42910000, "message": "rate limit exceeded"}, headers)
                return
            status, answer = 0, None
            if kind not in {"timeout_before", "reset_before", "server_error", "html_error", "unauthorized"}:
                standin.fault = fault if kind in ANSWERED_ELSEWHERE else None
                status, answer = standin.answer(method, path, query, body, key)
                standin.fault = None
        self._spoil(kind, status, answer, headers)

    def _spoil(self, kind: str, status: int, answer: Any, headers: dict[str, str]) -> None:
        if kind in {"timeout", "timeout_before", "late"}:
            self.server.standin.closing.wait(5.0)
            self.close_connection = True
        elif kind in {"reset", "reset_before"}:
            self.connection.setsockopt(socket.SOL_SOCKET, socket.SO_LINGER, struct.pack("ii", 1, 0))
            self.connection.close()
            self.close_connection = True
        elif kind == "gateway_timeout":
            self._send(504, {"code": 50410000, "message": "gateway timeout"}, headers)
        elif kind == "server_error":
            self._send(500, {"code": 50010000, "message": "internal server error"}, headers)
        elif kind == "unauthorized":
            self._send(401, {"code": 40110000, "message": "request is not authorized"}, headers)
        elif kind in {"html", "html_error"}:
            self._send(200 if kind == "html" else 502, PAGE, headers)
        else:
            if kind == "unknown_enum" and isinstance(answer, dict):
                answer = {**answer, "status": "quantum_flux"}
            self._send(status, answer, headers)

    def _send(self, status: int, answer: Any, headers: dict[str, str]) -> None:
        body = answer if isinstance(answer, bytes) else b"" if answer is None else json.dumps(answer).encode()
        with suppress(OSError):
            self.send_response(status)
            for name, value in headers.items():
                self.send_header(name, value)
            self.send_header("Content-Type", "text/html" if isinstance(answer, bytes) else "application/json")
            self.send_header("Content-Length", str(len(body)))
            self.end_headers()
            self.wfile.write(body)
