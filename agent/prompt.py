"""One question as it is put to a model: messages, the schema of the answer, and the digest that names them."""

import json
import re
import unicodedata
from functools import cache
from importlib.resources import files
from string import Template
from typing import Any

from domain.ids import digest
from domain.value import Value

PROMPT_CHARACTERS = 8_000
ANSWER_SHOWN = 2_500
PROBLEM_SHOWN = 400
CHARACTERS_A_TOKEN = 4
STRING = re.compile(r'"(?:[^"\\]|\\.)*"')
MARKS = re.compile(r"[<>`{}\[\]|]")
UNSEEN = frozenset({"Cc", "Cf", "Cs", "Co", "Cn", "Zl", "Zp"})
"""Unicode categories of control, format, surrogate, private and unassigned characters, and of line separators."""


class Message(Value):
    """One turn of the conversation."""

    role: str
    content: str


class Prompt(Value):
    """A question to a model. `node` and `subject` say who asks about what and are not sent."""

    node: str
    subject: str
    messages: tuple[Message, ...]
    schema_name: str
    answer_schema: dict[str, Any]

    @property
    def characters(self) -> int:
        """Length of all messages."""
        return sum(len(message.content) for message in self.messages)

    @property
    def tokens(self) -> int:
        """Estimate of the tokens of messages and schema: four characters each."""
        return (self.characters + len(json.dumps(self.answer_schema))) // CHARACTERS_A_TOKEN + 1

    def digest(self, model: str) -> str:
        """Name the question: hash of model, messages and schema."""
        return digest(
            {
                "model": model,
                "messages": [message.model_dump() for message in self.messages],
                "schema": self.answer_schema,
            }
        )

    def repaired(self, answer: str, problem: str) -> "Prompt":
        """Show the model its unusable answer and what was wrong with it."""
        # What is wrong may quote the answer, which may quote a stranger: no mark of the envelope among our own words.
        told = MARKS.sub(" ", outside(problem, PROBLEM_SHOWN))
        turns = [Message(role="user", content=_template("repair").substitute(problem=told))]
        if answer.strip():
            turns.insert(0, Message(role="assistant", content=answer[:ANSWER_SHOWN]))
        return self.model_copy(update={"messages": (*self.messages, *turns)})


def ask(node: str, subject: str, schema: dict[str, Any], data: object, **words: str) -> Prompt:
    """Write the question of `node`; `data` goes into the envelope that is marked as data."""
    user = _template(node).substitute(**words, data=render(data))
    return Prompt(
        node=node,
        subject=subject,
        messages=(
            Message(role="system", content=_template("system").substitute()),
            Message(role="user", content=user),
        ),
        schema_name=node,
        answer_schema=schema,
    )


def render(data: object) -> str:
    """Write data as JSON with sorted keys; nothing in it can close the envelope or pass for a chat's own marks."""
    text = json.dumps(data, sort_keys=True, separators=(",", ":"), ensure_ascii=False, allow_nan=False)
    return STRING.sub(lambda literal: MARKS.sub(lambda mark: f"\\u{ord(mark[0]):04x}", literal[0]), text)


def outside(text: str, width: int) -> str:
    """Write a text from outside on one line of at most `width` characters, in plain letters.

    Compatibility forms become what they look like (a full-width bracket is a bracket, which `render` then escapes);
    characters that are invisible, steer, or have no meaning of their own become spaces.
    """
    plain = unicodedata.normalize("NFKC", text)
    seen = "".join(" " if unicodedata.category(sign) in UNSEEN else sign for sign in plain)
    line = " ".join(seen.split())
    return line if len(line) <= width else line[: width - 3].rstrip() + "..."


@cache
def _template(name: str) -> Template:
    return Template(files("agent").joinpath("prompts", f"{name}.md").read_text(encoding="utf-8").strip())
