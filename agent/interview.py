"""How a question is put: from the cache if it was answered before, within the budget, with retries and one repair."""

import time
from collections.abc import Callable, Sequence
from typing import Any, Generic, NamedTuple, TypeVar

import structlog
from pydantic import Field

from agent.cache import AnswerCache
from agent.chat import Chat, Reply, ServerBusy, ServerRefused
from agent.drafts import BadAnswer, Reading
from agent.prices import Price
from agent.prompt import CHARACTERS_A_TOKEN, Prompt
from domain.errors import OverBudget
from domain.research import Answer, ModelCall
from domain.spending import Purse, SpendCap, Spent
from domain.value import Value

T = TypeVar("T")

BACKOFF_SECONDS = (0.5, 2.0)
ERROR_WIDTH = 300
ANSWER_KEPT = 20_000
FREE = Price(prompt=0.0, completion=0.0)

log = structlog.get_logger()


class Limits(Value):
    """How long one call and one question (with retries and repair) may take, and how long an answer may be."""

    call_seconds: float = Field(gt=0.0)
    question_seconds: float = Field(gt=0.0)
    answer_tokens: int = Field(gt=0)


class Payer(NamedTuple):
    """Which run of which portfolio a question is put for."""

    portfolio: str
    slot: str


class _Attempt(Value, Generic[T]):
    reading: Reading[T] | None = None
    problem: str = ""
    text: str = ""
    repairable: bool = False
    calls: tuple[ModelCall, ...] = ()


class Interview:
    """Puts questions to one model; safe between threads.

    A server that is busy is asked again twice, within the time of the question. An answer that can't be used is
    shown to the model once. What then is still missing stays missing, with the reason.
    """

    def __init__(
        self,
        chat: Chat,
        model: str,
        limits: Limits,
        purse: Purse,
        *,
        caps: Sequence[SpendCap] = (),
        price: Price | None = None,
        cache: AnswerCache | None = None,
        sleep: Callable[[float], None] = time.sleep,
    ) -> None:
        self._chat = chat
        self._model = model
        self._limits = limits
        self._purse = purse
        self._caps = tuple(caps)
        self._price = price or FREE
        self._cache = cache
        self._sleep = sleep

    def ask(
        self,
        payer: Payer,
        prompt: Prompt,
        read: Callable[[str], Reading[T]],
        combine: Callable[[T, T], T] = lambda _, repaired: repaired,
    ) -> Answer[T]:
        """Get an answer that `read` accepts, or say why there is none.

        `combine` joins what was good in a first answer with its repaired version.
        """
        key = prompt.digest(self._model)
        kept = self._cache.read(key) if self._cache is not None else None
        known = _usable(kept, read)
        if kept is not None and known is not None:
            call = self._call(prompt, Reply(text=kept), Spent(), cached=True)
            return Answer[Any](value=known.value, problem=known.problem, calls=(call,))
        deadline = time.monotonic() + self._limits.question_seconds
        first: _Attempt[T] = self._attempt(payer, prompt, read, deadline)
        last = first
        if first.repairable:
            last = self._attempt(payer, prompt.repaired(first.text, first.problem), read, deadline)
        calls = first.calls if last is first else (*first.calls, *last.calls)
        reading = last.reading or first.reading
        if reading is None:
            after = "" if last is first else f" (after one repair; at first: {first.problem})"
            return Answer[Any](value=None, problem=last.problem + after, calls=calls)
        value = reading.value
        if first.reading is not None and reading is not first.reading:
            value = combine(first.reading.value, reading.value)
        if (not reading.complaint or reading.stands) and value == reading.value:
            self._keep(key, last.text)
        return Answer[Any](value=value, problem=reading.problem, calls=calls)

    def _attempt(
        self, payer: Payer, prompt: Prompt, read: Callable[[str], Reading[T]], deadline: float
    ) -> "_Attempt[T]":
        worst = self._spent(prompt.tokens, self._limits.answer_tokens)
        calls: list[ModelCall] = []
        for pause in (*BACKOFF_SECONDS, None):
            begin = time.monotonic()
            try:
                hold = self._purse.set_aside(payer.portfolio, payer.slot, worst, self._caps)
            except OverBudget as error:
                log.warning("model_not_asked", node=prompt.node, subject=prompt.subject, problem=error.message)
                return _Attempt[Any](problem=str(error), calls=tuple(calls))
            try:
                reply = self._send_once(prompt, deadline)
            except (ServerBusy, ServerRefused) as error:
                used = worst if isinstance(error, ServerBusy) and error.billed else Spent()
                self._purse.settle(hold, used)
                wait = max(pause or 0.0, getattr(error, "retry_after_seconds", 0.0))
                again = pause is not None and isinstance(error, ServerBusy) and time.monotonic() + wait < deadline
                if used.tokens or not again:
                    calls.append(
                        self._call(
                            prompt, None, used, hold=hold, begin=begin, error=str(error), estimated=used == worst
                        )
                    )
                if not again:
                    return _Attempt[Any](problem=str(error), calls=tuple(calls))
                log.info("model_call_again", node=prompt.node, subject=prompt.subject, wait_seconds=wait)
                self._sleep(wait)
                continue
            used, estimated = self._used(prompt, reply)
            self._purse.settle(hold, used)
            reading, problem = _understand(reply, read)
            calls.append(self._call(prompt, reply, used, hold=hold, begin=begin, error=problem, estimated=estimated))
            return _Attempt[Any](
                reading=reading, problem=problem, text=reply.text, repairable=bool(problem), calls=tuple(calls)
            )
        raise AssertionError("the last try always returns")

    def _spent(self, prompt_tokens: int, completion_tokens: int) -> Spent:
        return Spent(
            tokens=prompt_tokens + completion_tokens, cost_usd=self._price.cost(prompt_tokens, completion_tokens)
        )

    def _used(self, prompt: Prompt, reply: Reply) -> tuple[Spent, bool]:
        if reply.prompt_tokens + reply.completion_tokens:
            return self._spent(reply.prompt_tokens, reply.completion_tokens), False
        if not reply.text:
            return self._spent(prompt.tokens, self._limits.answer_tokens), True
        return self._spent(prompt.tokens, len(reply.text) // CHARACTERS_A_TOKEN + 1), True

    def _send_once(self, prompt: Prompt, deadline: float) -> Reply:
        left = deadline - time.monotonic()
        if left <= 0:
            raise ServerBusy(f"no time left: a question may take {self._limits.question_seconds:g} s", billed=True)
        return self._chat.send(prompt, min(left, self._limits.call_seconds))

    def _keep(self, key: str, text: str) -> None:
        if self._cache is None:
            return
        try:
            self._cache.write(key, self._model, text)
        except OSError as error:
            log.warning("answer_not_cached", reason=str(error))

    def _call(
        self,
        prompt: Prompt,
        reply: Reply | None,
        used: Spent,
        *,
        hold: int = 0,
        begin: float | None = None,
        error: str = "",
        cached: bool = False,
        estimated: bool = False,
    ) -> ModelCall:
        reply = reply or Reply()
        prompt_tokens = min(used.tokens, prompt.tokens) if estimated else reply.prompt_tokens
        call = ModelCall(
            node=prompt.node,
            subject=prompt.subject,
            prompt_digest=prompt.digest(self._model),
            model=self._model,
            prompt_tokens=prompt_tokens,
            completion_tokens=used.tokens - prompt_tokens if used.tokens else 0,
            cost_usd=used.cost_usd,
            latency_seconds=0.0 if begin is None else time.monotonic() - begin,
            cached=cached,
            error=error[:ERROR_WIDTH],
            answer=_storable(reply.text or reply.raw),
            estimated=estimated,
            hold=hold,
        )
        if error:
            log.warning("model_call_failed", node=call.node, subject=call.subject, problem=call.error)
        else:
            log.debug("model_called", node=call.node, subject=call.subject, cached=cached)
        return call


def _understand(reply: Reply, read: Callable[[str], Reading[T]]) -> tuple[Reading[T] | None, str]:
    if reply.problem:
        return None, reply.problem
    try:
        reading = read(reply.text)
    except BadAnswer as error:
        return None, error.message
    return reading, reading.complaint


def _usable(text: str | None, read: Callable[[str], Reading[T]]) -> Reading[T] | None:
    if text is None:
        return None
    try:
        reading = read(text)
    except BadAnswer:
        return None
    return None if reading.complaint and not reading.stands else reading


def _storable(text: str) -> str:
    """The text as every database takes it: NUL and lone surrogates written out, at most so long."""
    plain = text.replace("\x00", "\\x00").encode("utf-8", "backslashreplace").decode("utf-8")
    return plain if len(plain) <= ANSWER_KEPT else f"{plain[:ANSWER_KEPT]} [... {len(plain):,} characters in all]"
