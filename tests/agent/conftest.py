"""Analysts on local stand-in servers."""

from collections.abc import Iterator
from pathlib import Path

import pytest

from agent.analysts.openai import OpenAIAnalyst, OpenAISettings
from agent.cache import AnswerCache
from tests.standins.chat_server import ChatServer, Script

KEY = "sk-very-secret-0123456789"


class Bench:
    """Makes servers and analysts, and closes what it made."""

    def __init__(self, folder: Path) -> None:
        self._folder = folder
        self._servers: list[ChatServer] = []
        self.waits: list[float] = []

    def server(self, script: Script | None = None, **options: object) -> ChatServer:
        server = ChatServer(script=script, **options).__enter__()  # type: ignore[arg-type]
        self._servers.append(server)
        return server

    def analyst(self, server: ChatServer, *, cached: bool = False, **settings: object) -> OpenAIAnalyst:
        fields = {"openai_api_key": KEY, "openai_base_url": server.base_url, "pm_model": "gpt-5-mini"} | settings
        cache = AnswerCache(self._folder / "answers") if cached else None
        return OpenAIAnalyst(OpenAISettings(_env_file=None, **fields), cache, sleep=self.waits.append)

    def close(self) -> None:
        for server in self._servers:
            server.close()


@pytest.fixture
def bench(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Iterator[Bench]:
    for name in ("OPENAI_API_KEY", "OPENAI_BASE_URL", "PM_MODEL"):
        monkeypatch.delenv(name, raising=False)
    made = Bench(tmp_path)
    yield made
    made.close()
