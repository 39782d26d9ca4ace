"""Lay siege to one desk: batches, answers, new sessions, states of control; the checker looks on at every step."""

import json
import random
import re
from collections import Counter
from contextlib import ExitStack, suppress
from dataclasses import dataclass, field
from datetime import date
from pathlib import Path

import numpy as np
from langgraph.checkpoint.memory import InMemorySaver

from domain.errors import AlreadyDecided, BadInput, BadProposal
from domain.proposal import Origin, parse_proposals
from risk_engine.engine import Engine
from risk_engine.policy import load_policy
from tests.graph.conftest import demo_mandate, open_desk
from tests.hostile.checker import ROOT, Checker, closes_before, dates
from tests.hostile.generator import Generator

FIRST_ROW, LAST_ROW = 600, 8_200
ILLEGAL = 0.3
"""This share of steps begins with a text that must not be read."""
ONE_BY_ONE = 0.3
"""After this share of steps each answer is followed through before the next is given; else all arrive together."""


@dataclass
class Siege:
    """What came of it."""

    proposals: int = 0
    refused_texts: int = 0
    steps: int = 0
    statuses: Counter = field(default_factory=Counter)
    counted: Counter = field(default_factory=Counter)
    most: dict[str, float] = field(default_factory=dict)
    violations: list = field(default_factory=list)
    seconds: float = 0.0
    """Processor time."""

    def add(self, other: "Siege") -> None:
        """Take another's figures in."""
        self.proposals += other.proposals
        self.refused_texts += other.refused_texts
        self.steps += other.steps
        self.seconds += other.seconds
        self.statuses += other.statuses
        self.counted += other.counted
        self.violations += other.violations
        for rule, used in other.most.items():
            self.most[rule] = max(self.most.get(rule, 0.0), used)


def besiege(
    home: Path,
    backend_at,
    seed: int,
    proposals: int,
    *,
    database: str | None = None,
    without: tuple[str, ...] = (),
    focus: tuple[str, ...] = (),
    until_violation: bool = False,
) -> Siege:
    """Put `proposals` through a fresh desk's gate and ledger; `without` names the rules that the engine forgets."""
    chance, generator, result = random.Random(seed), Generator(seed, focus), Siege()
    row = chance.randrange(FIRST_ROW, LAST_ROW)
    cash = chance.choice((3_000.0, 25_000.0, 100_000.0, 100_000.0, 2_000_000.0))
    restricted = {"XOM": "a test's reason"}
    mandate = demo_mandate(starting_cash=cash, restricted=restricted, start=_session(row))
    with ExitStack() as stack:
        desk = stack.enter_context(
            open_desk(home, database=database, saver=InMemorySaver(), mandate=mandate, session=_session(row))
        )
        if without:
            desk.ctx.gate._engine = desk.ctx.gate._rooms = engine = _forgetful(mandate, without)
            object.__setattr__(desk.ctx, "rooms", engine)  # sizing asks it too: its cuts would hide the rule behind
        sectors = {symbol: instrument.sector for symbol, instrument in mandate.universe.items()}
        query = stack.enter_context(backend_at(home).asking())
        checker = Checker(query, mandate.name, sectors, frozenset(restricted))
        desk.runner.enter()
        while result.proposals < proposals and row < LAST_ROW + 60:
            if until_violation and checker.violations:
                break
            before = checker.look()
            _step(desk, chance, generator, before, result, checker)
            result.steps += 1
            if chance.random() < 0.45:
                row += chance.choice((1, 1, 1, 2, 5, 21, 120))
                if row >= LAST_ROW + 60:
                    break
                desk.move_to(_session(row))
                desk.runner.enter()
                _control(chance, checker)
        desk.ledger.verify_audit()
        for (status,) in checker.query("SELECT status FROM proposal"):
            result.statuses[status] += 1
    result.counted, result.most, result.violations = checker.counted, checker.most, checker.violations
    return result


def _step(desk, chance, generator, before, result, checker) -> None:
    if chance.random() < ILLEGAL:
        try:
            parse_proposals(generator.illegal())
        except BadProposal:
            result.refused_texts += 1
        else:
            raise AssertionError("an illegal proposal was read")
    batch = generator.batch(before.held, closes_before(before.session).last)
    members = parse_proposals(json.dumps(batch.members))
    desk.runner.propose(members, Origin(batch.origin))
    result.proposals += len(members)
    checker.check(before)
    one_by_one, before = chance.random() < ONE_BY_ONE, checker.look()
    for record in desk.waiting():
        answer = chance.choices(("approve", "half", "reject", "none"), (6, 2, 1, 1))[0]
        if answer == "none":
            continue
        with suppress(AlreadyDecided, BadInput):
            desk.say(record, "reject" if answer == "reject" else "approve", half=answer == "half")
        if one_by_one:
            desk.runner.settle()
            checker.check(before)
            before = checker.look()
    if not one_by_one:
        desk.runner.settle()
        checker.check(before)


def _control(chance, checker) -> None:
    drawn = chance.random()
    if drawn < 0.06:
        state = chance.choice(("REDUCING", "HALTED"))
        checker.query("UPDATE control SET state = %s, epoch = epoch + 1", state)
    elif drawn < 0.5:
        checker.query("UPDATE control SET state = 'ACTIVE' WHERE state <> 'ACTIVE'")


def _forgetful(mandate, rules: tuple[str, ...]) -> Engine:
    text = (ROOT / "risk_engine" / "policy.toml").read_text()
    for rule in rules:
        text, found = re.subn(rf"^(\[rules\.{rule}\].*)$", r"\1\nenabled = false", text, flags=re.MULTILINE)
        assert found == 1, rule
    return Engine(load_policy(text, "a mutant", recorded=True, tighten={}), mandate, "mutant")


def _session(row: int) -> date:
    return np.datetime64(dates()[row], "D").astype(date)
