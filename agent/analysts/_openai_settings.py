"""The settings of the model's server: which model, where, how long, and how much it may cost."""

from pathlib import Path

from pydantic import Field, SecretStr, ValidationError
from pydantic_settings import BaseSettings, SettingsConfigDict

from domain.errors import BadInput
from domain.spending import SpendCap

OPENAI_URL = "https://api.openai.com/v1"


class OpenAISettings(BaseSettings):
    """Which model, where, and how much a run and a day may spend; from the environment, else from `.env`.

    Caps in dollars need a price for the model in agent/prices.toml. Temperature and reasoning effort are sent
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
    pm_model_max_tokens_per_day: int | None = Field(default=600_000, gt=0)
    pm_model_max_cost_usd_per_day: float | None = Field(default=None, ge=0.0)

    @property
    def caps(self) -> tuple[SpendCap, ...]:
        """The caps that are set."""
        all_of_them = (
            ("run", "tokens", self.pm_model_max_tokens_per_run, "PM_MODEL_MAX_TOKENS_PER_RUN"),
            ("run", "USD", self.pm_model_max_cost_usd, "PM_MODEL_MAX_COST_USD"),
            ("day", "tokens", self.pm_model_max_tokens_per_day, "PM_MODEL_MAX_TOKENS_PER_DAY"),
            ("day", "USD", self.pm_model_max_cost_usd_per_day, "PM_MODEL_MAX_COST_USD_PER_DAY"),
        )
        return tuple(
            SpendCap.model_validate({"scope": scope, "unit": unit, "most": most, "variable": variable})
            for scope, unit, most, variable in all_of_them
            if most is not None
        )

    @classmethod
    def read(cls) -> "OpenAISettings":
        """Read the settings; raises BadInput naming the variable and the value's fault, never a secret."""
        try:
            return cls()
        except ValidationError as error:
            first = error.errors(include_url=False, include_context=False, include_input=False)[0]
            name = ".".join(str(part) for part in first["loc"]).upper()
            raise BadInput(f"{name}: {first['msg']}", "correct the variable in the environment or in .env") from None
