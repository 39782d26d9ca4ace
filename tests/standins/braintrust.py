"""A stand-in for Braintrust's API: keeps rows under their ids, merges as the real one does, fails on request."""

import json
import threading
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer


class Braintrust:
    """A server on loopback; `rows` are what it holds by id, `taken` counts how often each was sent anew."""

    def __init__(self) -> None:
        self.rows: dict[str, dict] = {}
        self.taken: dict[str, int] = {}
        self.keys: set[str] = set()
        self.down = False
        outer = self

        class Handler(BaseHTTPRequestHandler):
            protocol_version = "HTTP/1.1"

            def log_message(self, *_):
                pass

            def answer(self):
                length = int(self.headers.get("content-length") or 0)
                body = json.loads(self.rfile.read(length) or b"{}")
                status, out = outer.handle(self.path.partition("?")[0], body, self.headers.get("authorization", ""))
                sent = json.dumps(out).encode()
                self.send_response(status)
                self.send_header("content-type", "application/json")
                self.send_header("content-length", str(len(sent)))
                self.end_headers()
                self.wfile.write(sent)

            do_GET = do_POST = answer  # noqa: N815 - the base class's names

        self._server = ThreadingHTTPServer(("127.0.0.1", 0), Handler)
        self.url = f"http://127.0.0.1:{self._server.server_port}"
        threading.Thread(target=self._server.serve_forever, daemon=True).start()

    def handle(self, path, body, authorization):
        self.keys.add(authorization.removeprefix("Bearer "))
        if self.down:
            return 503, {"error": "down"}
        if path == "/api/apikey/login":
            org = {"id": "o1", "name": "org", "api_url": self.url, "proxy_url": self.url, "is_universal_api": True}
            return 200, {"org_info": [org]}
        if path == "/v1/project":
            return 200, {"id": "p1", "name": body["name"], "org_id": "o1"}
        if path == "/v1/experiment":
            return 200, {"id": "e1", "name": body.get("name", "experiment"), "project_id": "p1"}
        if path == "/logs3":
            for row in body["rows"]:
                self.take(row)
            return 200, {"ids": [row["id"] for row in body["rows"]]}
        return 200, {}

    def take(self, row):
        name = row["id"]
        if row.get("_is_merge"):
            held = self.rows.setdefault(name, {})
            for key, value in row.items():
                both = isinstance(held.get(key), dict) and isinstance(value, dict)
                held[key] = {**held[key], **value} if both else value
            return
        self.rows[name] = row
        self.taken[name] = self.taken.get(name, 0) + 1

    def close(self):
        self._server.shutdown()
        self._server.server_close()
