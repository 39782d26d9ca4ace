"""langchain-openai behind one method: one question, one reply, and every way a server fails told apart."""

import json
import threading
from typing import Any

from pydantic import SecretStr

from agent.analysts._openai_settings import OpenAISettings
from agent.chat import Reply, ServerBusy, ServerRefused
from agent.prompt import Prompt
from domain.checkup import Finding

AGAIN = frozenset({408, 409, 429})
SERVER_FAILED = 500
DETAIL_WIDTH = 200
RAW_WIDTH = 20_000
LISTED_SECONDS = 10.0


def load_library() -> None:
    """Import the library; makes no client."""
    import langchain_openai  # noqa: F401, PLC0415 - two seconds of import, only when a model is asked


class OpenAIChat:
    """langchain-openai behind one method; the client is made once, at the first question or by `warm()`."""

    def __init__(self, settings: OpenAISettings) -> None:
        self._settings = settings
        self._lock = threading.Lock()
        self._client: Any = None
        self._heard = threading.local()

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
        self._heard.body = ""
        try:
            message = self._client.invoke(messages, response_format=answer_format, timeout=timeout_seconds)
        except openai.LengthFinishReasonError as error:
            return _cut("the answer was cut off at its length limit", error, self._heard.body)
        except openai.ContentFilterFinishReasonError as error:
            return _cut("the answer was withheld by a content filter", error, self._heard.body)
        except openai.APITimeoutError:
            raise ServerBusy(f"no answer from the model within {timeout_seconds:.1f} s", billed=True) from None
        except openai.APIStatusError as error:
            raise self._status(error) from None
        except openai.APIConnectionError:
            raise ServerBusy(
                f"no connection to {self._settings.openai_base_url}", "check OPENAI_BASE_URL and the network"
            ) from None
        except Exception as error:  # noqa: BLE001 - the library raises many shapes for answers it can't read
            return _unread(f"the server's answer can't be read ({type(error).__name__})", self._heard.body)
        return _reply(message, self._heard.body)

    def examine(self) -> Finding:
        """List the server's models: is the key accepted, and is the model there? Raises what `send` does."""
        self.warm()
        import openai  # noqa: PLC0415 - the same

        model, server = self._settings.pm_model, self._settings.openai_base_url
        try:
            known = {one.id for one in self._client.root_client.models.list(timeout=LISTED_SECONDS)}
        except openai.NotFoundError:
            return Finding(part="model", found=f"{server} answers and does not list its models; {model} is to be asked")
        except openai.APIStatusError as error:
            raise self._status(error) from None
        except openai.APIConnectionError:
            raise ServerBusy(f"no connection to {server}", "check OPENAI_BASE_URL and the network") from None
        found = f"{server}: {len(known)} models, {model}{'' if model in known else ' not'} among them"
        remedy = "" if model in known else "set PM_MODEL to one that the key may use"
        return Finding(part="model", ok=model in known, found=found, remedy=remedy)

    def _make(self) -> Any:
        from langchain_openai import ChatOpenAI  # noqa: PLC0415 - two seconds of import, only when a model is asked
        from openai import DefaultHttpxClient  # noqa: PLC0415 - the same

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
            http_client=DefaultHttpxClient(event_hooks={"response": [self._hear]}),
            **{name: value for name, value in optional.items() if value is not None},
        )

    def _hear(self, response: Any) -> None:
        """Keep the body of this thread's last answer: the library drops it where it can't read it."""
        response.read()
        self._heard.body = response.text[:RAW_WIDTH]

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


def _reply(message: Any, body: str) -> Reply:
    usage = message.usage_metadata or {}
    tokens = {
        "prompt_tokens": max(0, int(usage.get("input_tokens", 0))),
        "completion_tokens": max(0, int(usage.get("output_tokens", 0))),
    }
    text = message.content if isinstance(message.content, str) else ""
    if message.additional_kwargs.get("refusal"):
        return Reply(problem="the model refused to answer", raw=str(message.additional_kwargs["refusal"]), **tokens)
    if not text.strip():
        return Reply(problem="the answer is empty", raw=body, **tokens)
    return Reply(text=text, **tokens)


def _unread(problem: str, body: str) -> Reply:
    """An answer that the library can't read; what it cost is read out of it where that can be done."""
    try:
        usage = json.loads(body)["usage"]
        tokens = {name: max(0, int(usage[name])) for name in ("prompt_tokens", "completion_tokens")}
    except (ValueError, TypeError, KeyError, RecursionError, OverflowError):
        tokens = {}
    return Reply(problem=problem, raw=body, **tokens)


def _cut(problem: str, error: Any, body: str) -> Reply:
    completion = getattr(error, "completion", None)
    usage = getattr(completion, "usage", None)
    choices = getattr(completion, "choices", None) or []
    text = choices[0].message.content if choices else ""
    return Reply(
        problem=problem,
        text=text or "",
        raw=body,
        prompt_tokens=max(0, getattr(usage, "prompt_tokens", 0) or 0),
        completion_tokens=max(0, getattr(usage, "completion_tokens", 0) or 0),
    )


def _seconds(header: str | None) -> float:
    try:
        return max(0.0, float(header or 0.0))
    except ValueError:
        return 0.0
