"""How a question is put: from the cache if it was answered before, within the budget, with retries and one repair."""

import time
from collections.abc import Callable
from typing import Any, Generic, TypeVar

import structlog
from pydantic import Field

from agent.budget import Budget, OverBudget, Spent
from agent.cache import AnswerCache
from agent.chat import Chat, Reply, ServerBusy, ServerRefused
from agent.drafts import BadAnswer, Reading
from agent.prices import Price
from agent.prompt import Prompt
from domain.research import Answer, ModelCall
from domain.value import Value

T = TypeVar("T")

BACKOFF_SECONDS = (0.5, 2.0)
ERROR_WIDTH = 300
FREE = Price(prompt=0.0, completion=0.0)

log = structlog.get_logger()


class Limits(Value):
    """How long one call and one question (with retries and repair) may take, and how long an answer may be."""

    call_seconds: float = Field(gt=0.0)
    question_seconds: float = Field(gt=0.0)
    answer_tokens: int = Field(gt=0)


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
        budget: Budget,
        *,
        price: Price | None = None,
        cache: AnswerCache | None = None,
        sleep: Callable[[float], None] = time.sleep,
    ) -> None:
        self._chat = chat
        self._model = model
        self._limits = limits
        self._budget = budget
        self._price = price or FREE
        self._cache = cache
        self._sleep = sleep

    def ask(
        self,
        run: str,
        prompt: Prompt,
        read: Callable[[str], Reading[T]],
        combine: Callable[[T, T], T] = lambda _, repaired: repaired,
    ) -> Answer[T]:
        """Get an answer that `read` accepts, or say why there is none.

        `combine` joins what was good in a first answer with its repaired version.
        """
        key = prompt.digest(self._model)
        known = self._from_cache(key, read)
        if known is not None:
            call = self._call(prompt, cached=True)
            return Answer[Any](value=known.value, problem=known.note, calls=(call,))
        deadline = time.monotonic() + self._limits.question_seconds
        first: _Attempt[T] = self._attempt(run, prompt, read, deadline)
        last = first
        if first.repairable:
            last = self._attempt(run, prompt.repaired(first.text, first.problem), read, deadline)
        calls = first.calls if last is first else (*first.calls, *last.calls)
        reading = last.reading or first.reading
        if reading is None:
            after = "" if last is first else f" (after one repair; at first: {first.problem})"
            return Answer[Any](value=None, problem=last.problem + after, calls=calls)
        value = reading.value
        if first.reading is not None and reading is not first.reading:
            value = combine(first.reading.value, reading.value)
        if not reading.complaint and value == reading.value:
            self._keep(key, last.text)
        return Answer[Any](value=value, problem=reading.complaint or reading.note, calls=calls)

    def _attempt(self, run: str, prompt: Prompt, read: Callable[[str], Reading[T]], deadline: float) -> "_Attempt[T]":
        worst = Spent(
            tokens=prompt.tokens + self._limits.answer_tokens,
            cost_usd=self._price.cost(prompt.tokens, self._limits.answer_tokens),
        )
        begin = time.monotonic()
        try:
            self._budget.set_aside(run, worst)
        except OverBudget as error:
            log.warning("model_not_asked", node=prompt.node, subject=prompt.subject, problem=error.message)
            return _Attempt[Any](problem=str(error))
        try:
            reply = self._send(prompt, deadline)
        except (ServerBusy, ServerRefused) as error:
            billed = isinstance(error, ServerBusy) and error.billed
            self._budget.settle(run, worst, worst if billed else Spent())
            call = self._call(prompt, seconds=time.monotonic() - begin, error=str(error))
            return _Attempt[Any](problem=str(error), calls=(call,))
        used = Spent(
            tokens=reply.prompt_tokens + reply.completion_tokens,
            cost_usd=self._price.cost(reply.prompt_tokens, reply.completion_tokens),
        )
        self._budget.settle(run, worst, used if used.tokens else worst)
        reading, problem = _understand(reply, read)
        call = self._call(prompt, reply, seconds=time.monotonic() - begin, error=problem)
        return _Attempt[Any](reading=reading, problem=problem, text=reply.text, repairable=bool(problem), calls=(call,))

    def _send(self, prompt: Prompt, deadline: float) -> Reply:
        for pause in BACKOFF_SECONDS:
            try:
                return self._send_once(prompt, deadline)
            except ServerBusy as busy:
                wait = max(pause, busy.retry_after_seconds)
                if time.monotonic() + wait >= deadline:
                    raise
                log.info("model_call_again", node=prompt.node, subject=prompt.subject, wait_seconds=wait)
                self._sleep(wait)
        return self._send_once(prompt, deadline)

    def _send_once(self, prompt: Prompt, deadline: float) -> Reply:
        left = deadline - time.monotonic()
        if left <= 0:
            raise ServerBusy(f"no time left: a question may take {self._limits.question_seconds:g} s", billed=True)
        return self._chat.send(prompt, min(left, self._limits.call_seconds))

    def _from_cache(self, key: str, read: Callable[[str], Reading[T]]) -> Reading[T] | None:
        text = self._cache.read(key) if self._cache is not None else None
        if text is None:
            return None
        try:
            reading = read(text)
        except BadAnswer:
            return None
        return None if reading.complaint else reading

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
        reply: Reply | None = None,
        *,
        seconds: float = 0.0,
        error: str = "",
        cached: bool = False,
    ) -> ModelCall:
        reply = reply or Reply()
        call = ModelCall(
            node=prompt.node,
            subject=prompt.subject,
            prompt_digest=prompt.digest(self._model),
            model=self._model,
            prompt_tokens=reply.prompt_tokens,
            completion_tokens=reply.completion_tokens,
            cost_usd=self._price.cost(reply.prompt_tokens, reply.completion_tokens),
            latency_seconds=seconds,
            cached=cached,
            error=error[:ERROR_WIDTH],
        )
        if error:
            log.warning("model_call_failed", node=call.node, subject=call.subject, problem=call.error)
        else:
            log.debug("model_called", node=call.node, subject=call.subject, cached=cached, seconds=round(seconds, 3))
        return call


def _understand(reply: Reply, read: Callable[[str], Reading[T]]) -> tuple[Reading[T] | None, str]:
    if reply.problem:
        return None, reply.problem
    try:
        reading = read(reply.text)
    except BadAnswer as error:
        return None, error.message
    return reading, reading.complaint
