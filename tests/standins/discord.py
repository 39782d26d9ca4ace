"""A stand-in: a local HTTP server that takes what a Discord webhook takes, and refuses what it refuses."""

import json
import threading
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from typing import Self

MOST_CHARACTERS = 2_000


class DiscordServer:
    """`with DiscordServer() as server: server.url`; `statuses` are the next answers, then 204."""

    def __init__(self, *statuses: int) -> None:
        self.posted: list[dict] = []
        self.statuses = list(statuses)
        self._server = ThreadingHTTPServer(("127.0.0.1", 0), _Handler)
        self._server.owner = self
        self._server.daemon_threads = True
        self._thread = threading.Thread(target=self._server.serve_forever, args=(0.02,), daemon=True)

    @property
    def url(self) -> str:
        return f"http://127.0.0.1:{self._server.server_address[1]}/api/webhooks/1/secret-of-discord"

    def __enter__(self) -> Self:
        self._thread.start()
        return self

    def __exit__(self, *_: object) -> None:
        self._server.shutdown()
        self._server.server_close()


class _Handler(BaseHTTPRequestHandler):
    def do_POST(self) -> None:
        owner = self.server.owner
        body = json.loads(self.rfile.read(int(self.headers["Content-Length"])))
        status = owner.statuses.pop(0) if owner.statuses else 204
        if len(body["content"]) > MOST_CHARACTERS or not body["content"]:
            status = 400
        if status == 204:
            owner.posted.append(body)
        self.send_response(status)
        if status == 429:
            self.send_header("Retry-After", "7.5")
        self.send_header("Content-Length", "0")
        self.end_headers()

    def log_message(self, *_: object) -> None:
        return
