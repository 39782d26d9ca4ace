"""Read an update as Telegram tells it: who, where, what; and whether it is of a kind that is refused unread."""

from collections.abc import Mapping
from datetime import UTC, datetime
from typing import Any, Literal

from domain.value import Value

FORWARDED = ("forward_origin", "forward_date", "forward_from", "forward_from_chat", "via_bot")
EDITED = ("edited_message", "edited_channel_post")
LONGEST = 500


class Incoming(Value):
    """One update; `message` is the message a button is under, or the one that was written.

    `refused` says why it is of no use whoever sent it; `asks` whether it wants something at all.
    """

    update_id: int
    kind: Literal["tap", "text", "other"] = "other"
    user: int = 0
    chat: int = 0
    message: int = 0
    text: str = ""
    query: str = ""
    reply_to: int | None = None
    sent_at: datetime | None = None
    refused: str = ""

    @property
    def asks(self) -> bool:
        """A tap, a command or a reply; all else is talk among people."""
        return self.kind == "tap" or self.text.startswith("/") or self.reply_to is not None

    @property
    def command(self) -> str:
        """The command without its slash and the bot's name, or nothing."""
        first = self.text.split(maxsplit=1)[0] if self.text.split() else ""
        return first[1:].partition("@")[0].lower() if first.startswith("/") else ""

    @property
    def arguments(self) -> list[str]:
        """The words behind the command."""
        return self.text.split()[1:]


def read_update(update_id: int, body: Mapping[str, Any]) -> Incoming:
    """Read an update; what can't be read is refused, never guessed."""
    try:
        if "callback_query" in body:
            return _tap(update_id, body["callback_query"])
        edited = next((key for key in EDITED if key in body), "")
        if edited:
            return _text(update_id, body[edited], "an edited message")
        if "message" in body:
            return _text(update_id, body["message"])
    except (KeyError, TypeError, ValueError, OverflowError):
        return Incoming(update_id=update_id, refused="it can't be read")
    return Incoming(update_id=update_id)


def _tap(update_id: int, query: Mapping[str, Any]) -> Incoming:
    message = query.get("message")
    refused = _bot(query["from"])
    if "inline_message_id" in query or message is None:
        refused = "a button outside of its card"
    elif any(key in message for key in FORWARDED):
        refused = "a button under a forwarded message"
    return Incoming(
        update_id=update_id,
        kind="tap",
        user=int(query["from"]["id"]),
        chat=int(message["chat"]["id"]) if message else 0,
        message=int(message["message_id"]) if message else 0,
        text=str(query.get("data", ""))[:LONGEST],
        query=str(query["id"]),
        refused=refused,
    )


def _text(update_id: int, message: Mapping[str, Any], refused: str = "") -> Incoming:
    sender = message.get("from")
    if any(key in message for key in FORWARDED):
        refused = "a forwarded message"
    elif "sender_chat" in message or sender is None:
        refused = "an anonymous sender"
    reply = message.get("reply_to_message")
    return Incoming(
        update_id=update_id,
        kind="text",
        user=int(sender["id"]) if sender else 0,
        chat=int(message["chat"]["id"]),
        message=int(message["message_id"]),
        text=str(message.get("text", ""))[:LONGEST],
        reply_to=int(reply["message_id"]) if reply else None,
        sent_at=datetime.fromtimestamp(int(message["date"]), UTC),
        refused=refused or (_bot(sender) if sender else ""),
    )


def _bot(sender: Mapping[str, Any]) -> str:
    return "a bot" if sender.get("is_bot") else ""
