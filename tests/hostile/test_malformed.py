"""Three hundred malformed answers through the real graphs: no crash, and no order that the rules would not allow."""

import json
from datetime import date

import pytest
from langgraph.checkpoint.memory import InMemorySaver

from agent.analysts.openai import OpenAIAnalyst, OpenAISettings
from domain.records import RunStatus
from tests.graph.conftest import demo_mandate, open_desk
from tests.hostile.checker import Checker
from tests.hostile.malformed import Malformed, malformed
from tests.standins.backends import SqliteBackend
from tests.standins.chat_server import DATA, ChatServer, _completion, _json, good_answer

AT_LEAST = 300
SHORTLIST = {"research": 1, "thesis": 20, "propose": 1}


class SpoilingServer(ChatServer):
    """Gives a good answer to everything but one kind of question, whose answers it spoils one way after another."""

    def __init__(self, node: str) -> None:
        super().__init__()
        self.spoiled: list[Malformed] = []
        self._node = node
        self._left = malformed(node)

    @property
    def is_done(self) -> bool:
        return not self._left

    def answer(self, body, authorization):
        sent = super().answer(body, authorization)
        request = json.loads(body)
        node = request["response_format"]["json_schema"]["name"]
        if node != self._node:
            return sent
        prompt = "\n".join(message["content"] for message in request["messages"])
        good = good_answer(node, json.loads(DATA.findall(prompt)[-1]))
        with self._lock:
            if not self._left:
                return sent
            way = self._left.pop(0)
            self.spoiled.append(way)
        return _json(_completion(request, way.spoil(good)))


def test_there_are_three_hundred_of_them_and_all_are_different():
    names = [(way.node, way.name) for node in SHORTLIST for way in malformed(node)]

    assert len(set(names)) == len(names) >= AT_LEAST


@pytest.mark.parametrize("node", sorted(SHORTLIST))
def test_malformed_answers_crash_nothing_and_trade_nothing_that_the_rules_forbid(tmp_path, node):
    mandate = demo_mandate(shortlist=SHORTLIST[node])
    session = date(2017, 1, 3)
    with SpoilingServer(node) as server:
        settings = OpenAISettings(
            _env_file=None,
            openai_api_key="x",
            openai_base_url=server.base_url,
            pm_model_max_tokens_per_run=2_000_000,
            pm_model_max_tokens_per_day=None,
        )
        analyst = OpenAIAnalyst(settings, sleep=lambda _: None)
        with open_desk(
            tmp_path / "home", mandate=mandate, analyst=analyst, session=session, saver=InMemorySaver()
        ) as desk:
            sectors = {symbol: member.sector for symbol, member in mandate.universe.items()}
            checker = Checker(SqliteBackend(tmp_path / "home").raw, mandate.name, sectors)
            asked = 0
            while not server.is_done:
                desk.move_to(session)
                desk.runner.enter()
                before = checker.look()
                run = desk.runner.start(session.isoformat()).run
                checker.check(before)

                assert run.status is RunStatus.DONE
                asked += len(desk.ledger.calls("demo", run.slot))
                if node == "research":
                    assert all(
                        record.origin.value == "monitor" for record in desk.ledger.proposals("demo", slot=run.slot)
                    )
                session = desk.feed.next_session(session)
            desk.ledger.verify_audit()

            assert checker.violations == []
            assert len(server.spoiled) == len(malformed(node))
            assert asked == len(server.calls)
            assert {intent.symbol for intent in desk.ledger.intents("demo")} <= set(mandate.universe)
