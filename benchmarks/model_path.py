"""What a run costs that asks a model: calls, latencies on the critical path, prompt tokens."""

import time
from collections.abc import Iterator
from pathlib import Path
from tempfile import TemporaryDirectory

from agent.analysts.openai import OpenAIAnalyst, OpenAISettings
from agent.cache import AnswerCache
from benchmarks.figure import Figure
from tests.graph.conftest import SESSION, open_desk
from tests.standins.chat_server import ChatServer

LATENCY = 0.5
SLOT = SESSION.isoformat()
CHARACTERS_A_TOKEN = 4


def measure() -> Iterator[Figure]:
    with TemporaryDirectory() as folder:
        home = Path(folder)
        with ChatServer(latency=LATENCY) as server:
            cold, _ = _run(home / "cold", server, home / "answers-cold")
            yield Figure("first run of a process, the client's import included", cold, "s")
        walls = []
        for number in range(3):
            with ChatServer(latency=LATENCY) as server:
                wall, again = _run(home / f"run{number}", server, home / f"answers{number}")
                walls.append(wall)
        calls = len(server.calls) - again
        wall = sorted(walls)[1]
        yield Figure("model calls", calls, "calls", 7)
        yield Figure("run, median of 3 (goal: 3.3 latencies + 0.3 s)", wall, "s", 3.3 * LATENCY + 0.3)
        yield Figure("run without 0.3 s of our own, in latencies", (wall - 0.3) / LATENCY, "x", 3.3)
        tokens = sum(call.body_characters for call in server.calls) / CHARACTERS_A_TOKEN
        yield Figure("prompt tokens, schemas included (characters / 4)", tokens, "tokens", 15_000)
        yield Figure("the same slot again", again, "calls", 0)
        with ChatServer(latency=LATENCY) as server:
            cached, _ = _run(home / "moved", server, home / "answers2")
            yield Figure("another home, same date and book, answers in the cache", len(server.calls), "calls", 0)
            yield Figure("run from the cache", cached, "s")


def _run(home: Path, server: ChatServer, answers: Path) -> tuple[float, int]:
    settings = OpenAISettings(
        _env_file=None, openai_api_key="none", openai_base_url=server.base_url, pm_model="gpt-5-mini"
    )
    with open_desk(home, analyst=OpenAIAnalyst(settings, AnswerCache(answers))) as desk:
        begin = time.perf_counter()
        desk.runner.start(SLOT)
        wall = time.perf_counter() - begin
        first = len(server.calls)
        desk.runner.start(SLOT)
    return wall, len(server.calls) - first
