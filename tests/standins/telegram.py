"""A stand-in: a local HTTP server that speaks Telegram's Bot API, with people who tap and faults that can be switched.

It refuses what Telegram refuses: texts over 4,096 UTF-16 units, broken HTML, 65 bytes on a button, unchanged edits,
a second poller, answers to old queries. `python -m tests.standins.telegram --port N` runs it alone; then
`GET /control/messages`, `POST /control/tap` {message, label or data, user} and `POST /control/say` {text, user} play
the people.
"""

import argparse
import json
import re
import threading
import time
from collections.abc import Sequence
from html.parser import HTMLParser
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from typing import Any, Self
from urllib.parse import parse_qs

TOKEN = "123456:stand-in-token-of-no-value"
CHAT = -1001
MOST_UNITS, MOST_BYTES, MOST_ANSWER = 4096, 64, 200
CAPITAL = re.compile("([A-Z])")
TAGS = frozenset({"b", "i", "u", "s", "code", "pre", "a", "blockquote", "tg-spoiler"})


class Refused(Exception):
    def __init__(self, code: int, description: str, **parameters: Any) -> None:
        super().__init__(description)
        self.answer = {"ok": False, "error_code": code, "description": description}
        if parameters:
            self.answer["parameters"] = parameters


class TelegramServer:
    """`with TelegramServer() as server: server.base_url`; `server.tap(message, "Approve", user=42)` is a person.

    `fail(method, *modes)` scripts the next calls of a method: `500`, `hang_up` (before it is carried out), `lost`
    (carried out, the answer is lost), `429:7` (retry after 7 s), `403`, `409`.
    """

    def __init__(self, port: int = 0, token: str = TOKEN, chat: int = CHAT) -> None:
        self.token, self.chat = token, chat
        self.messages: dict[int, dict[str, Any]] = {}
        self.calls: list[tuple[str, dict[str, Any]]] = []
        self.answers: dict[str, str] = {}
        self.commands: list[Any] = []
        self.webhook = ""
        self._queries: set[str] = set()
        self._updates: list[dict[str, Any]] = []
        self._faults: dict[str, list[str]] = {}
        self._next = {"message": 1, "update": 1, "query": 1}
        self._polls = 0
        self._changed = threading.Condition()
        self._closing = False
        self._server = _Server(("127.0.0.1", port), self)
        self._thread = threading.Thread(target=self._server.serve_forever, args=(0.02,), daemon=True)

    @property
    def base_url(self) -> str:
        return f"http://127.0.0.1:{self._server.server_address[1]}"

    def __enter__(self) -> Self:
        self._thread.start()
        return self

    def __exit__(self, *_: object) -> None:
        with self._changed:
            self._closing = True
            self._changed.notify_all()
        self._server.shutdown()
        self._server.server_close()

    def fail(self, method: str, *modes: str) -> None:
        with self._changed:
            self._faults.setdefault(method, []).extend(modes)

    def sent(self, containing: str = "") -> list[dict[str, Any]]:
        with self._changed:
            return [message for message in self.messages.values() if containing in message["text"]]

    def wait_for(self, containing: str, seconds: float = 20.0) -> dict[str, Any]:
        """Wait for a message with a text; the newest counts."""
        with self._changed:
            found = self._changed.wait_for(lambda: self._containing(containing), seconds)
        assert found, f"no message contains {containing!r}: {[m['text'] for m in self.messages.values()]}"
        return found[-1]

    def tap(self, message: int, label: str = "", *, user: int, data: str = "", **fields: Any) -> int:
        """A person presses a button, by its label or its data; returns the update's number."""
        known = self.messages.get(message, {"message_id": message, "buttons": [], "text": ""})
        pressed = data or next(one["callback_data"] for one in known["buttons"] if label in one["text"])
        with self._changed:
            query = f"q{self._take('query')}"
            self._queries.add(query)
        query_update = {
            "id": query,
            "from": person(user),
            "chat_instance": "1",
            "data": pressed,
            "message": {
                "message_id": message,
                "date": int(time.time()),
                "chat": {"id": fields.pop("chat", self.chat), "type": "supergroup"},
                "text": known["text"],
            },
        }
        return self.push({"callback_query": {**query_update, **fields}})

    def say(self, text: str, *, user: int, reply_to: int | None = None, **fields: Any) -> int:
        """A person writes; returns the update's number."""
        with self._changed:
            number = self._take("message")
        message: dict[str, Any] = {
            "message_id": number,
            "date": int(time.time()),
            "chat": {"id": fields.pop("chat", self.chat), "type": "supergroup"},
            "from": person(user),
            "text": text,
        }
        if text.startswith("/"):
            message["entities"] = [{"type": "bot_command", "offset": 0, "length": len(text.split(maxsplit=1)[0])}]
        if reply_to is not None:
            original = {"message_id": reply_to, "date": 1, "chat": message["chat"], "text": "", "from": BOT}
            message["reply_to_message"] = original
        return self.push({fields.pop("kind", "message"): {**message, **fields}})

    def push(self, update: dict[str, Any]) -> int:
        with self._changed:
            number = self._take("update")
            self._updates.append({"update_id": number, **update})
            self._changed.notify_all()
        return number

    def undelivered(self) -> list[dict[str, Any]]:
        with self._changed:
            return list(self._updates)

    def answer(self, method: str, given: dict[str, Any]) -> dict[str, Any] | None:
        """Carry one call out; None means that the answer is lost."""
        with self._changed:
            mode = self._faults.get(method, [])[:1]
            if mode:
                self._faults[method].pop(0)
            self.calls.append((method, given))
        fault = mode[0] if mode else ""
        if fault == "hang_up":
            return None
        if fault.startswith("429"):
            wait = int(fault.partition(":")[2] or 1)
            raise Refused(429, f"Too Many Requests: retry after {wait}", retry_after=wait)
        if fault and fault != "lost":
            said = {"403": "Forbidden: bot was kicked", "409": "Conflict: terminated by other getUpdates request"}
            raise Refused(int(fault), said.get(fault, "Internal Server Error"))
        result = getattr(self, "do_" + CAPITAL.sub(r"_\1", method).lower(), _unknown)(given)
        return None if fault == "lost" else {"ok": True, "result": result}

    def do_get_me(self, _: dict[str, Any]) -> Any:
        return BOT

    def do_get_chat(self, given: dict[str, Any]) -> Any:
        if int(given["chat_id"]) != self.chat:
            raise Refused(400, "Bad Request: chat not found")
        colours = {"accent_color_id": 0, "max_reaction_count": 1, "accepted_gift_types": GIFTS}
        return {"id": self.chat, "type": "supergroup", "title": "Desk", **colours}

    def do_get_updates(self, given: dict[str, Any]) -> Any:
        with self._changed:
            if self.webhook:
                raise Refused(409, "Conflict: can't use getUpdates method while webhook is active")
            self._polls += 1
            mine = self._polls
            self._changed.notify_all()
            offset = int(given.get("offset", 0))
            self._updates = [one for one in self._updates if one["update_id"] >= offset]
            self._changed.wait_for(
                lambda: self._updates or self._closing or self._polls != mine, float(given.get("timeout", 0))
            )
            if self._polls != mine:
                raise Refused(409, "Conflict: terminated by other getUpdates request")
            return self._updates[: int(given.get("limit", 100))]

    def do_send_message(self, given: dict[str, Any]) -> Any:
        chat = int(given["chat_id"])
        if chat != self.chat:
            raise Refused(400, "Bad Request: chat not found")
        self._check(given)
        with self._changed:
            number = self._take("message")
            self.messages[number] = {"message_id": number, "edits": 0, **_shown(given)}
            self._changed.notify_all()
        return self._message(number)

    def do_edit_message_text(self, given: dict[str, Any]) -> Any:
        number = int(given["message_id"])
        self._check(given)
        with self._changed:
            before = self.messages.get(number)
            if before is None:
                raise Refused(400, "Bad Request: message to edit not found")
            after = _shown(given)
            if all(before[key] == after[key] for key in after):
                raise Refused(400, "Bad Request: message is not modified: content and markup are the same")
            self.messages[number] = {**before, **after, "edits": before["edits"] + 1}
            self._changed.notify_all()
        return self._message(number)

    def do_edit_message_reply_markup(self, given: dict[str, Any]) -> Any:
        number = int(given["message_id"])
        return self.do_edit_message_text({**given, "text": self.messages[number]["text"], "parse_mode": "HTML"})

    def do_answer_callback_query(self, given: dict[str, Any]) -> Any:
        if _units(given.get("text", "")) > MOST_ANSWER:
            raise Refused(400, "Bad Request: MESSAGE_TOO_LONG")
        with self._changed:
            if given["callback_query_id"] not in self._queries:
                raise Refused(400, "Bad Request: query is too old and response timeout expired or query ID is invalid")
            self._queries.discard(given["callback_query_id"])
            self.answers[given["callback_query_id"]] = given.get("text", "")
            self._changed.notify_all()
        return True

    def do_set_my_commands(self, given: dict[str, Any]) -> Any:
        self.commands = json.loads(given["commands"])
        return True

    def do_set_webhook(self, given: dict[str, Any]) -> Any:
        self.webhook = given["url"]
        return True

    def do_delete_webhook(self, _: dict[str, Any]) -> Any:
        self.webhook = ""
        return True

    def _containing(self, text: str) -> list[dict[str, Any]]:
        return [message for message in self.messages.values() if text in message["text"]]

    def _take(self, what: str) -> int:
        self._next[what] += 1
        return self._next[what] - 1

    def _message(self, number: int) -> dict[str, Any]:
        chat = {"id": self.chat, "type": "supergroup"}
        return {"message_id": number, "date": int(time.time()), "chat": chat, "from": BOT, "text": "x"}

    @staticmethod
    def _check(given: dict[str, Any]) -> None:
        text = given.get("text", "")
        if not text:
            raise Refused(400, "Bad Request: message text is empty")
        if _units(text) > MOST_UNITS:
            raise Refused(400, "Bad Request: message is too long")
        if given.get("parse_mode") == "HTML":
            _Balance.check(text)
        for button in _buttons(given):
            if len(button["callback_data"].encode()) > MOST_BYTES:
                raise Refused(400, "Bad Request: BUTTON_DATA_INVALID")


BOT = {"id": 123456, "is_bot": True, "first_name": "Desk", "username": "desk_bot"}

GIFTS = dict.fromkeys(
    ["unlimited_gifts", "limited_gifts", "unique_gifts", "premium_subscription", "gifts_from_channels"], False
)


def person(user: int) -> dict[str, Any]:
    return {"id": user, "is_bot": False, "first_name": f"User{user}"}


class _Balance(HTMLParser):
    """Telegram refuses tags that it doesn't know or that don't close."""

    def __init__(self) -> None:
        super().__init__()
        self.open: list[str] = []

    @classmethod
    def check(cls, text: str) -> None:
        if re.search(r"&(?!(lt|gt|amp|quot|#\d+|#x[0-9a-f]+);)", text, re.IGNORECASE):
            raise Refused(400, "Bad Request: can't parse entities: unescaped ampersand")
        parser = cls()
        parser.feed(text)
        parser.close()
        if parser.open:
            raise Refused(400, f"Bad Request: can't parse entities: can't find end tag for {parser.open[-1]}")

    def handle_starttag(self, tag: str, attrs: Any) -> None:
        if tag not in TAGS:
            raise Refused(400, f'Bad Request: can\'t parse entities: unsupported start tag "{tag}"')
        self.open.append(tag)

    def handle_endtag(self, tag: str) -> None:
        if not self.open or self.open.pop() != tag:
            raise Refused(400, f'Bad Request: can\'t parse entities: unexpected end tag "{tag}"')


def _unknown(_: dict[str, Any]) -> Any:
    raise Refused(404, "Not Found: method not found")


def _units(text: str) -> int:
    return len(text.encode("utf-16-le")) // 2


def _buttons(given: dict[str, Any]) -> list[dict[str, Any]]:
    markup = json.loads(given.get("reply_markup") or "{}")
    return [button for row in markup.get("inline_keyboard", []) for button in row]


def _shown(given: dict[str, Any]) -> dict[str, Any]:
    markup = json.loads(given.get("reply_markup") or "{}")
    return {"text": given["text"], "buttons": _buttons(given), "asks": bool(markup.get("force_reply"))}


class _Server(ThreadingHTTPServer):
    daemon_threads = True
    request_queue_size = 128

    def __init__(self, address: tuple[str, int], owner: TelegramServer) -> None:
        super().__init__(address, _Handler)
        self.owner = owner

    def handle_error(self, *_: object) -> None:
        """A client that was killed hangs up in the middle; that is its business."""


class _Handler(BaseHTTPRequestHandler):
    protocol_version = "HTTP/1.1"
    disable_nagle_algorithm = True
    server: _Server

    def do_GET(self) -> None:
        owner = self.server.owner
        self._send(200, list(owner.messages.values()) if self.path == "/control/messages" else {"ok": True})

    def do_POST(self) -> None:
        owner = self.server.owner
        body = self.rfile.read(int(self.headers.get("Content-Length") or 0)).decode()
        if self.path.startswith("/control/"):
            call = owner.tap if self.path.endswith("tap") else owner.say
            self._send(200, call(**json.loads(body)))
            return
        prefix = f"/bot{owner.token}/"
        if not self.path.startswith(prefix):
            self._send(401, {"ok": False, "error_code": 401, "description": "Unauthorized"})
            return
        given = {name: values[-1] for name, values in parse_qs(body, keep_blank_values=True).items()}
        try:
            answer = owner.answer(self.path.removeprefix(prefix), given)
        except Refused as refusal:
            self._send(refusal.answer["error_code"], refusal.answer)
            return
        if answer is None:
            self.close_connection = True
            self.connection.close()
            return
        self._send(200, answer)

    def _send(self, status: int, answer: Any) -> None:
        body = json.dumps(answer).encode()
        self.send_response(status)
        self.send_header("Content-Type", "application/json")
        self.send_header("Content-Length", str(len(body)))
        self.end_headers()
        self.wfile.write(body)

    def log_message(self, *_: object) -> None:
        return


def main(argv: Sequence[str] | None = None) -> None:
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--port", type=int, default=8999)
    parser.add_argument("--token", default=TOKEN)
    parser.add_argument("--chat", type=int, default=CHAT)
    given = parser.parse_args(argv)
    with TelegramServer(given.port, given.token, given.chat) as server:
        print(f"TELEGRAM_BASE_URL={server.base_url}", flush=True)  # noqa: T201 - the caller reads it
        threading.Event().wait()


if __name__ == "__main__":
    main()
