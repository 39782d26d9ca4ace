"""A model behind any server that speaks Chat Completions: OpenAI, or a compatible one."""

import threading
import time
from collections.abc import Callable
from pathlib import Path
from typing import Any

from pydantic import Field, SecretStr, ValidationError
from pydantic_settings import BaseSettings, SettingsConfigDict

from agent.analysts import ANALYSTS
from agent.budget import Budget
from agent.cache import AnswerCache
from agent.chat import Reply, ServerBusy, ServerRefused
from agent.drafts import both_answers, read_proposals, read_research, read_thesis
from agent.interview import Interview, Limits
from agent.prices import price_of
from agent.prompt import Prompt
from agent.questions import proposal_prompt, research_prompt, thesis_prompt
from domain.errors import BadInput, OperatorNeeded
from domain.research import Answer, ProposalQuestion, Proposals, Question, ResearchNote, Thesis, ThesisQuestion

OPENAI_URL = "https://api.openai.com/v1"
QUESTION_TIMEOUTS = 2.0
AGAIN = frozenset({408, 409, 429})
SERVER_FAILED = 500
DETAIL_WIDTH = 200


class OpenAISettings(BaseSettings):
    """Which model, where, and how much a run may spend; from the environment, else from `.env` in the repository.

    `pm_model_max_cost_usd` needs a price for the model in agent/prices.toml. Temperature and reasoning effort are sent
    only when set: some models refuse them. Answer tokens include what a model thinks before it answers.
    """

    model_config = SettingsConfigDict(
        env_file=Path(__file__).resolve().parents[2] / ".env",
        extra="ignore",
        frozen=True,
        hide_input_in_errors=True,
        env_ignore_empty=True,
    )

    openai_api_key: SecretStr | None = None
    openai_base_url: str = OPENAI_URL
    pm_model: str = Field(default="gpt-5-mini", min_length=1)
    pm_model_timeout_seconds: float = Field(default=60.0, gt=0.0, le=600.0)
    pm_model_temperature: float | None = Field(default=None, ge=0.0, le=2.0)
    pm_model_max_tokens_per_run: int = Field(default=60_000, gt=0)
    pm_model_max_answer_tokens: int = Field(default=6_000, gt=0)
    pm_model_reasoning_effort: str | None = None
    pm_model_max_cost_usd: float | None = Field(default=None, ge=0.0)

    @classmethod
    def read(cls) -> "OpenAISettings":
        """Read the settings; raises BadInput naming the variable and the value's fault, never a secret."""
        try:
            return cls()
        except ValidationError as error:
            first = error.errors(include_url=False, include_context=False, include_input=False)[0]
            name = ".".join(str(part) for part in first["loc"]).upper()
            raise BadInput(f"{name}: {first['msg']}", "correct the variable in the environment or in .env") from None


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
        if settings.pm_model_max_cost_usd is not None and price is None:
            raise BadInput(
                f"PM_MODEL_MAX_COST_USD is set, but {settings.pm_model!r} has no price",
                "add the model to agent/prices.toml, or use PM_MODEL_MAX_TOKENS_PER_RUN alone",
            )
        unpriced = () if price else (f"model {settings.pm_model}: unpriced, its cost is shown as 0",)
        self.assumptions: tuple[str, ...] = unpriced
        self._chat = OpenAIChat(settings)
        self._interview = Interview(
            self._chat,
            settings.pm_model,
            Limits(
                call_seconds=settings.pm_model_timeout_seconds,
                question_seconds=settings.pm_model_timeout_seconds * QUESTION_TIMEOUTS,
                answer_tokens=settings.pm_model_max_answer_tokens,
            ),
            Budget(settings.pm_model_max_tokens_per_run, settings.pm_model_max_cost_usd),
            price=price,
            cache=cache,
            sleep=sleep,
        )

    @classmethod
    def connect(cls, cache: Path) -> "OpenAIAnalyst":
        """Make the analyst from its settings, with answers kept in `cache`."""
        return cls(OpenAISettings.read(), AnswerCache(cache))

    def warm(self) -> None:
        """Load the client now, so that the first question doesn't wait for it."""
        self._chat.warm()

    def research(self, question: Question) -> Answer[ResearchNote]:
        """Describe the market in a few sentences."""
        return self._interview.ask(
            _run(question), research_prompt(question), lambda text: read_research(text, question)
        )

    def thesis(self, question: ThesisQuestion) -> Answer[Thesis]:
        """Argue for and against one symbol."""
        return self._interview.ask(_run(question), thesis_prompt(question), lambda text: read_thesis(text, question))

    def propose(self, question: ProposalQuestion) -> Answer[Proposals]:
        """Turn the theses into proposals, jointly; without theses there is nothing to ask."""
        if not question.theses:
            return Answer(value=Proposals())
        return self._interview.ask(
            _run(question),
            proposal_prompt(question),
            lambda text: read_proposals(text, question),
            combine=both_answers,
        )


class OpenAIChat:
    """langchain-openai behind one method; the client is made once, at the first question or by `warm()`."""

    def __init__(self, settings: OpenAISettings) -> None:
        self._settings = settings
        self._lock = threading.Lock()
        self._client: Any = None

    def warm(self) -> None:
        """Import the library and make the client, unless that was done."""
        with self._lock:
            if self._client is None:
                self._client = self._make()

    def send(self, prompt: Prompt, timeout_seconds: float) -> Reply:
        """Put one question once.

        Raises:
            ServerBusy: no connection, no answer in time, too many requests, or the server failed.
            ServerRefused: key, model or request were not accepted.
        """
        self.warm()
        import openai  # noqa: PLC0415 - the library is loaded when a model is asked, not before

        messages = [(message.role, message.content) for message in prompt.messages]
        answer_format = {
            "type": "json_schema",
            "json_schema": {"name": prompt.schema_name, "strict": True, "schema": prompt.answer_schema},
        }
        try:
            message = self._client.invoke(messages, response_format=answer_format, timeout=timeout_seconds)
        except openai.LengthFinishReasonError as error:
            return _cut("the answer was cut off at its length limit", error)
        except openai.ContentFilterFinishReasonError as error:
            return _cut("the answer was withheld by a content filter", error)
        except openai.APITimeoutError:
            raise ServerBusy(f"no answer from the model within {timeout_seconds:.1f} s", billed=True) from None
        except openai.APIStatusError as error:
            raise self._status(error) from None
        except openai.APIConnectionError:
            raise ServerBusy(
                f"no connection to {self._settings.openai_base_url}", "check OPENAI_BASE_URL and the network"
            ) from None
        except Exception as error:  # noqa: BLE001 - the library raises many shapes for answers it can't read
            return Reply(problem=f"the server's answer can't be read ({type(error).__name__})")
        return _reply(message)

    def _make(self) -> Any:
        from langchain_openai import ChatOpenAI  # noqa: PLC0415 - two seconds of import, only when a model is asked

        settings = self._settings
        optional = {
            "temperature": settings.pm_model_temperature,
            "reasoning_effort": settings.pm_model_reasoning_effort,
        }
        return ChatOpenAI(
            model=settings.pm_model,
            api_key=settings.openai_api_key or SecretStr("not-needed"),
            base_url=settings.openai_base_url,
            timeout=settings.pm_model_timeout_seconds,
            max_retries=0,
            max_completion_tokens=settings.pm_model_max_answer_tokens,
            use_responses_api=False,
            **{name: value for name, value in optional.items() if value is not None},
        )

    def _status(self, error: Any) -> ServerBusy | ServerRefused:
        status, code = int(error.status_code), str(getattr(error, "code", "") or "")
        if code == "insufficient_quota":
            return ServerRefused("the model's account has no quota left", "check the plan and billing of the account")
        if status in AGAIN or status >= SERVER_FAILED:
            wait = _seconds(error.response.headers.get("retry-after"))
            what = "too many requests" if status == 429 else "the server failed"  # noqa: PLR2004 - HTTP's number
            return ServerBusy(f"the model's server answered {status}: {what}", retry_after_seconds=wait)
        remedy = {
            401: "check OPENAI_API_KEY",
            403: "check what OPENAI_API_KEY may use",
            404: f"check PM_MODEL ({self._settings.pm_model}) and OPENAI_BASE_URL ({self._settings.openai_base_url})",
        }
        if status in remedy:
            return ServerRefused(f"the model's server answered {status}", remedy[status])
        return ServerRefused(
            f"the model's server answered {status}: {self._detail(error)}", "check the PM_MODEL settings"
        )

    def _detail(self, error: Any) -> str:
        body = error.body if isinstance(error.body, dict) else {}
        text = str(body.get("message", ""))
        key = self._settings.openai_api_key
        if key is not None and key.get_secret_value():
            text = text.replace(key.get_secret_value(), "***")
        return text[:DETAIL_WIDTH] or "no reason given"


def _run(question: Question) -> str:
    return f"{question.desk.portfolio}/{question.scan.digest}"


def _reply(message: Any) -> Reply:
    usage = message.usage_metadata or {}
    tokens = {
        "prompt_tokens": max(0, int(usage.get("input_tokens", 0))),
        "completion_tokens": max(0, int(usage.get("output_tokens", 0))),
    }
    text = message.content if isinstance(message.content, str) else ""
    if message.additional_kwargs.get("refusal"):
        return Reply(problem="the model refused to answer", **tokens)
    if not text.strip():
        return Reply(problem="the answer is empty", **tokens)
    return Reply(text=text, **tokens)


def _cut(problem: str, error: Any) -> Reply:
    completion = getattr(error, "completion", None)
    usage = getattr(completion, "usage", None)
    choices = getattr(completion, "choices", None) or []
    text = choices[0].message.content if choices else ""
    return Reply(
        problem=problem,
        text=text or "",
        prompt_tokens=max(0, getattr(usage, "prompt_tokens", 0) or 0),
        completion_tokens=max(0, getattr(usage, "completion_tokens", 0) or 0),
    )


def _seconds(header: str | None) -> float:
    try:
        return max(0.0, float(header or 0.0))
    except ValueError:
        return 0.0
