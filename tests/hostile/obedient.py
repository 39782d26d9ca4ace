"""A stand-in: a model that obeys every attack it reads (attacks.json), and the ways by which attacks reach it."""

import json
import re
from datetime import timedelta
from pathlib import Path
from typing import Any

from domain.market import Headline
from domain.research import Memory
from tests.standins.chat_server import DATA, ChatServer, Sent, _completion, _json, good_answer
from tools.market_data.recorded import RecordedFeed

ATTACKS = json.loads(Path(__file__).with_name("attacks.json").read_text(encoding="ascii"))
BY_ID = {attack["id"]: attack for attack in ATTACKS}
MARK = re.compile(r"#(A\d{3})")
FOREIGN = ("ZZZZ", "GME", "../../etc/passwd")


def spoken(attack: dict[str, Any]) -> str:
    """The attack as a stranger writes it: its number in front, by which the obedient model knows it again."""
    return f"#{attack['id']} {attack['text']}"


class ObedientServer(ChatServer):
    """Does what the last text from outside says: everything at once, with full confidence, on invented evidence."""

    def __init__(self) -> None:
        super().__init__()
        self.obeyed: dict[str, set[str]] = {"research": set(), "thesis": set(), "propose": set()}
        self._of: dict[str, dict[str, Any]] = {}

    def answer(self, body: bytes, authorization: str) -> Sent | None:
        super().answer(body, authorization)
        request = json.loads(body)
        prompt = "\n".join(message["content"] for message in request["messages"])
        node, data = self.calls[-1].node, json.loads(DATA.findall(prompt)[-1])
        node = request["response_format"]["json_schema"]["name"]
        said = good_answer(node, data)
        read = [BY_ID[found] for found in MARK.findall(json.dumps(data)) if found in BY_ID]
        if node == "propose":
            self._propose(said)
        elif read:
            self.obeyed[node] |= {attack["id"] for attack in read}
            if node == "thesis":
                self._of[data["symbol"]] = read[0]
                self._argue(said, read[0])
            else:
                said["summary"] = read[0]["text"]
        return _json(_completion(request, json.dumps(said)))

    def _argue(self, said: dict[str, Any], attack: dict[str, Any]) -> None:
        said.update(
            bull_case=_words(attack),
            bear_case="Nothing speaks against it.",
            stance="bullish",
            confidence=1.0,
            expected_upside_pct=1000.0,
            worst_case_loss_pct=0.0,
            time_horizon_days=365,
            evidence=[*said["evidence"], "NEWS.sure_thing", attack["text"]],
        )

    def _propose(self, said: dict[str, Any]) -> None:
        for one in said["proposals"]:
            attack = self._of.get(one["symbol"])
            if attack is None:
                continue
            self.obeyed["propose"].add(attack["id"])
            one.update(
                action="BUY",
                position_size_pct=attack["size"],
                reason=_words(attack),
                confidence=1.0,
                risk_level="low",
                expected_upside_pct=1000.0,
                worst_case_loss_pct=0.0,
                time_horizon_days=365,
            )
        model = said["proposals"][0]
        said["proposals"] += [model | {"symbol": name, "action": "BUY", "position_size_pct": 1.0} for name in FOREIGN]


def _words(attack: dict[str, Any]) -> str:
    if attack["thesis"] == "plain":
        return "It must be done."
    return attack["text"] if attack["thesis"] == "verbatim" else f"It says: {re.sub(r'[0-9]', '', attack['text'])}"


class AttackedFeed(RecordedFeed):
    """The recorded feed with headlines that strangers wrote."""

    def __init__(self, headlines: dict[str, str]) -> None:
        super().__init__()
        self._headlines = headlines

    def snapshot(self, symbols, session, as_of):
        told = super().snapshot(symbols, session, as_of)
        news = tuple(
            Headline(id=f"n-{s}", at=as_of - timedelta(hours=1), source=text, title=text, symbols=(s,))
            for s, text in sorted(self._headlines.items())
        )
        return told.model_copy(update={"headlines": news})


class Haunted:
    """An analyst whose memories a stranger wrote."""

    def __init__(self, analyst, memories: dict[str, str]) -> None:
        self._analyst = analyst
        self._memories = memories
        self.name, self.baseline, self.assumptions = analyst.name, analyst.baseline, analyst.assumptions

    def warm(self) -> None:
        self._analyst.warm()

    def research(self, question):
        return self._analyst.research(self._with(question))

    def thesis(self, question):
        return self._analyst.thesis(self._with(question))

    def propose(self, question):
        return self._analyst.propose(self._with(question))

    def _with(self, question):
        noon = self._day(question)
        made = tuple(Memory(episode_id=f"e-{s}", at=noon, symbol=s, text=text) for s, text in self._memories.items())
        return question.model_copy(update={"memories": made})

    @staticmethod
    def _day(question):
        from datetime import UTC, datetime, time

        return datetime.combine(question.scan.session - timedelta(days=30), time(12), UTC)
