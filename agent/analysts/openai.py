"""A model behind any server that speaks Chat Completions: OpenAI, or a compatible one."""

import time
from collections.abc import Callable, Sequence
from pathlib import Path

from agent.analysts import ANALYSTS
from agent.analysts._openai_chat import OpenAIChat, load_library
from agent.analysts._openai_settings import OPENAI_URL, OpenAISettings
from agent.budget import Budget
from agent.cache import AnswerCache
from agent.drafts import both_answers, read_proposals, read_research, read_thesis
from agent.interview import Interview, Limits, Payer
from agent.prices import price_of
from agent.questions import proposal_prompt, research_prompt, thesis_prompt
from domain.checkup import Finding
from domain.errors import BadInput, OperatorNeeded
from domain.research import Answer, ProposalQuestion, Proposals, Question, ResearchNote, Thesis, ThesisQuestion
from domain.spending import Purse

__all__ = ["OpenAIAnalyst", "OpenAISettings"]

QUESTION_TIMEOUTS = 2.0


@ANALYSTS.register
class OpenAIAnalyst:
    """Ask a model: one call for research, one a thesis, one for all proposals. Never raises for a bad answer.

    Construction is cheap; `warm()` loads the client (two seconds, once) and may run in a thread while prices load.

    Raises:
        OperatorNeeded: OPENAI_API_KEY is missing for OpenAI itself.
        BadInput: a spend cap in dollars for a model without a price.
    """

    name = "openai"
    baseline = False

    def __init__(
        self,
        settings: OpenAISettings,
        cache: AnswerCache | None = None,
        purse: Purse | None = None,
        *,
        sleep: Callable[[float], None] = time.sleep,
    ) -> None:
        price = price_of(settings.pm_model)
        if not settings.openai_api_key and settings.openai_base_url.rstrip("/") == OPENAI_URL:
            raise OperatorNeeded(
                "OPENAI_API_KEY is not set",
                "set it in the environment or in .env, point OPENAI_BASE_URL at a server that needs none, or use the "
                "analyst 'quant'",
            )
        in_dollars = next((cap for cap in settings.caps if cap.unit == "USD"), None)
        if in_dollars is not None and price is None:
            raise BadInput(
                f"{in_dollars.variable} is set, but {settings.pm_model!r} has no price",
                "add the model to agent/prices.toml, or use the caps in tokens alone",
            )
        unpriced = () if price else (f"model {settings.pm_model}: unpriced, its cost is shown as 0",)
        self.assumptions: tuple[str, ...] = unpriced
        self.caps = settings.caps
        self._chat = OpenAIChat(settings)
        self._interview = Interview(
            self._chat,
            settings.pm_model,
            Limits(
                call_seconds=settings.pm_model_timeout_seconds,
                question_seconds=settings.pm_model_timeout_seconds * QUESTION_TIMEOUTS,
                answer_tokens=settings.pm_model_max_answer_tokens,
            ),
            purse or Budget(),
            caps=settings.caps,
            price=price,
            cache=cache,
            sleep=sleep,
        )

    @classmethod
    def identity(cls) -> str:
        """Say which model answers, where, and how it is asked."""
        asked = OpenAISettings.read()
        return (
            f"{cls.name} {asked.pm_model} at {asked.openai_base_url}, temperature {asked.pm_model_temperature}, "
            f"effort {asked.pm_model_reasoning_effort}, {asked.pm_model_max_answer_tokens} answer tokens"
        )

    @classmethod
    def connect(cls, cache: Path, purse: Purse) -> "OpenAIAnalyst":
        """Make the analyst from its settings, with answers kept in `cache` and paid for out of `purse`."""
        return cls(OpenAISettings.read(), AnswerCache(cache), purse)

    def examine(self, _: Sequence[str] = ()) -> tuple[Finding, ...]:
        """List the server's models, which costs nothing; raises DeskError where it does not answer or let us in."""
        return (self._chat.examine(),)

    @staticmethod
    def load() -> None:
        """Import the library, as a process does that is about to fork."""
        load_library()

    def warm(self) -> None:
        """Load the client now, so that the first question doesn't wait for it."""
        self._chat.warm()

    def research(self, question: Question) -> Answer[ResearchNote]:
        """Describe the market in a few sentences."""
        return self._interview.ask(
            _payer(question), research_prompt(question), lambda text: read_research(text, question)
        )

    def thesis(self, question: ThesisQuestion) -> Answer[Thesis]:
        """Argue for and against one symbol."""
        return self._interview.ask(_payer(question), thesis_prompt(question), lambda text: read_thesis(text, question))

    def propose(self, question: ProposalQuestion) -> Answer[Proposals]:
        """Turn the theses into proposals, jointly; without theses there is nothing to ask."""
        if not question.theses:
            return Answer(value=Proposals())
        return self._interview.ask(
            _payer(question),
            proposal_prompt(question),
            lambda text: read_proposals(text, question),
            combine=both_answers,
        )


def _payer(question: Question) -> Payer:
    return Payer(question.desk.portfolio, question.slot or question.scan.digest)
