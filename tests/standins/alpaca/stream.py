"""The stand-in's `trade_updates` stream: nothing is replayed; events can be dropped, repeated and shuffled."""

import json
import threading
from typing import Any

from websockets.exceptions import ConnectionClosed
from websockets.sync.server import Server, ServerConnection, serve


class Stream:
    """A websocket server; `send` reaches whoever listens at that moment, and nobody else."""

    def __init__(self, key: str, secret: str, port: int = 0) -> None:
        self._key, self._secret = key, secret
        self._listeners: set[ServerConnection] = set()
        self._lock = threading.Lock()
        self._held: list[str] = []
        self.mode = "good"
        self.connections = 0
        self._server: Server = serve(self._talk, "127.0.0.1", port)
        self._thread = threading.Thread(target=self._server.serve_forever, daemon=True)
        self._thread.start()

    @property
    def url(self) -> str:
        """Where it is."""
        return f"ws://127.0.0.1:{self._server.socket.getsockname()[1]}/stream"

    def send(self, data: dict[str, Any]) -> None:
        """Tell an event, as `mode` (good, drop, repeat, shuffle) has it."""
        text = json.dumps({"stream": "trade_updates", "data": data})
        if self.mode == "drop":
            return
        self._held.append(text)
        if self.mode == "shuffle" and len(self._held) % 2:
            return
        texts = [*reversed(self._held)] if self.mode == "shuffle" else self._held * (2 if self.mode == "repeat" else 1)
        self._held = []
        with self._lock:
            listeners = list(self._listeners)
        for listener in listeners:
            for one in texts:
                try:
                    listener.send(one.encode())
                except ConnectionClosed:
                    break

    def disconnect(self) -> None:
        """Hang up on everybody."""
        with self._lock:
            listeners, self._listeners = list(self._listeners), set()
        for listener in listeners:
            listener.close()

    def close(self) -> None:
        """Stop serving."""
        self.disconnect()
        self._server.shutdown()

    def _talk(self, connection: ServerConnection) -> None:
        self.connections += 1
        try:
            for message in connection:
                asked = json.loads(message)
                if asked["action"] == "authenticate":
                    data = asked.get("data", asked)
                    told = data.get("key_id", data.get("key")), data.get("secret_key", data.get("secret"))
                    status = "authorized" if told == (self._key, self._secret) else "unauthorized"
                    answer = {"status": status, "action": "authenticate"}
                    connection.send(json.dumps({"stream": "authorization", "data": answer}).encode())
                elif asked["action"] == "listen":
                    with self._lock:
                        self._listeners.add(connection)
                    connection.send(json.dumps({"stream": "listening", "data": asked["data"]}).encode())
        except ConnectionClosed:
            pass
        finally:
            with self._lock:
                self._listeners.discard(connection)
