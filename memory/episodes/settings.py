"""Where episodes are indexed and what embeds them; from the environment, else from `.env` in the repository."""

from pathlib import Path
from typing import Literal

from pydantic import Field, SecretStr, ValidationError
from pydantic_settings import BaseSettings, SettingsConfigDict

from domain.errors import BadInput

OPENAI_DIMENSIONS = 1536


class MemorySettings(BaseSettings):
    """`embedded` keeps one file beside the ledger, `pgvector` a table in PM_DATABASE_URL; `off` remembers nothing.

    The `openai` embedder uses OPENAI_API_KEY and OPENAI_BASE_URL; after a change of embedder: `pm memory rebuild`.
    """

    model_config = SettingsConfigDict(
        env_file=Path(__file__).resolve().parents[2] / ".env",
        extra="ignore",
        frozen=True,
        hide_input_in_errors=True,
        env_ignore_empty=True,
    )

    pm_memory: Literal["embedded", "pgvector", "off"] = "embedded"
    pm_embedder: Literal["hashed", "openai"] = "hashed"
    pm_embedding_model: str = "text-embedding-3-small"
    pm_embedding_dimensions: int = Field(default=OPENAI_DIMENSIONS, gt=0, le=4096)
    openai_api_key: SecretStr | None = None
    openai_base_url: str = "https://api.openai.com/v1"

    @classmethod
    def read(cls) -> "MemorySettings":
        """Read the settings; raises BadInput naming the variable."""
        try:
            return cls()
        except ValidationError as error:
            first = error.errors(include_url=False, include_context=False, include_input=False)[0]
            name = ".".join(str(part) for part in first["loc"]).upper()
            raise BadInput(f"{name}: {first['msg']}", "correct the variable in the environment or in .env") from None
