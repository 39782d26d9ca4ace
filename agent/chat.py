"""What an analyst needs of a model's server: one question, one reply, and errors that say whether to try again."""

from typing import Protocol

from pydantic import Field

from agent.prompt import Prompt
from domain.errors import RunAborted, Transient
from domain.value import Value


class Reply(Value):
    """What the model said: `text`, or a `problem` (refused, cut off, empty, unreadable) with what came of it.

    `raw` is the server's answer where no text could be read out of it. Tokens are what the server billed, 0 where it
    did not say.
    """

    text: str = ""
    raw: str = ""
    problem: str = ""
    prompt_tokens: int = Field(default=0, ge=0)
    completion_tokens: int = Field(default=0, ge=0)


class ServerBusy(Transient):
    """The server did not answer this time.

    `retry_after_seconds` is what it asked us to wait, `billed` whether the call may have cost something all the same.
    """

    def __init__(
        self, message: str, remedy: str = "", *, retry_after_seconds: float = 0.0, billed: bool = False
    ) -> None:
        super().__init__(message, remedy)
        self.retry_after_seconds = retry_after_seconds
        self.billed = billed


class ServerRefused(RunAborted):
    """The server said no, and would say it again."""


class Chat(Protocol):
    """A model behind a server."""

    def send(self, prompt: Prompt, timeout_seconds: float) -> Reply:
        """Put one question once, without retries.

        Raises:
            ServerBusy: no connection, no answer in time, too many requests, or the server failed.
            ServerRefused: key, model or request were not accepted.
        """
        ...
