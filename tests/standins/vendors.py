"""A stand-in: a local HTTP server that gives written answers of vendors, by path and query, and remembers who asked."""

import threading
from collections.abc import Callable, Mapping
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from typing import Self
from urllib.parse import parse_qsl, urlsplit

Query = Mapping[str, str]
Answer = str | tuple[int, str]


class VendorServer:
    """`with VendorServer(lambda path, query: ...) as server: server.url`; a text, or a status and a text."""

    def __init__(self, answer: Callable[[str, Query], Answer]) -> None:
        self.asked: list[tuple[str, Query]] = []
        self._answer = answer
        owner = self

        class Handler(BaseHTTPRequestHandler):
            def do_GET(self) -> None:
                parts = urlsplit(self.path)
                query = dict(parse_qsl(parts.query))
                owner.asked.append((parts.path, query))
                told = owner._answer(parts.path, query)
                status, text = (200, told) if isinstance(told, str) else told
                body = text.encode()
                self.send_response(status)
                self.send_header("Content-Length", str(len(body)))
                self.end_headers()
                self.wfile.write(body)

            def log_message(self, *_: object) -> None:
                return

        self._server = ThreadingHTTPServer(("127.0.0.1", 0), Handler)
        self.url = f"http://127.0.0.1:{self._server.server_address[1]}"

    def __enter__(self) -> Self:
        threading.Thread(target=self._server.serve_forever, args=(0.02,), daemon=True).start()
        return self

    def __exit__(self, *_: object) -> None:
        self._server.shutdown()
        self._server.server_close()
