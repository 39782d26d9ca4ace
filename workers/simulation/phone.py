"""The phone: cards, and taps on them by approvers, viewers and strangers, served by the production counter."""

import json
from dataclasses import dataclass, field
from functools import cache
from random import Random
from typing import Any

from domain.errors import DeskError
from domain.people import Card, CardKind, StoredUpdate
from workers.settings import Settings
from workers.simulation.bus import Bus
from workers.simulation.staff import PORTFOLIO, House, Worker
from workers.simulation.world import Crash
from workers.telegram.counter import Counter
from workers.telegram.seal import Seal
from workers.telegram.staff import read_staff
from workers.till import OpenTill

CHAT, OTHER_CHAT = 100, 200
STAFF = "1:admin:alice,2:approver:bob,3:viewer:carol"
ALLOWED, OTHERS = (1, 2), (3, 666)
TAPS_AFTER = (5.0, 900.0)
CONFIRMS_AFTER = (2.0, 75.0)
DELIVERED_AGAIN = 40.0
ACTS = ("ap",) * 12 + ("ah", "ah", "s2") + ("r1",) * 4


@dataclass
class Tap:
    """One tap, as the messenger delivers it; `accepted` when the person was told that it decided."""

    update_id: int
    user: int
    subject: str
    version: int
    body: dict[str, Any] = field(repr=False)
    carried_out: bool = False
    accepted: str = ""


class Phone:
    """The messenger, the bot's process, and everybody's thumbs."""

    def __init__(self, house: House, bus: Bus) -> None:
        self._house, self._bus, self._world = house, bus, house.world
        self._chance: Random = house.world.stream("phone")
        self._bot = Worker("bot", house)
        self._carded: set[tuple[str, int]] = set()
        self._messages = 0
        self.taps: list[Tap] = []

    def look_for_cards(self) -> None:
        """Show every proposal that waits, once a version."""
        if not self._bot.process.is_free:
            return
        waiting = self._house.watch.rows("SELECT id, version FROM proposal WHERE status = 'awaiting' ORDER BY id")
        fresh = [(pid, version) for pid, version in waiting if (pid, version) not in self._carded]
        if fresh:
            self._bot.carry_out(lambda bot: self._show_all(bot, fresh))

    def _show_all(self, bot: Worker, cards: list[tuple[str, int]]) -> None:
        for proposal_id, version in cards:
            self._show(bot, proposal_id, version)

    def _show(self, bot: Worker, proposal_id: str, version: int) -> None:
        self._messages += 1
        message = self._messages
        self._put(bot, message, CardKind.PROPOSAL, proposal_id, version)
        self._carded.add((proposal_id, version))
        self._world.counted["cards"] += 1
        chance = self._chance
        for _ in range(chance.choice((0, 1, 1, 1, 2, 3))):
            user = chance.choice(OTHERS) if chance.random() < 0.2 else chance.choice(ALLOWED)  # noqa: PLR2004 - one of five
            chat = OTHER_CHAT if chance.random() < 0.03 else CHAT  # noqa: PLR2004 - now and then
            act, wait = chance.choice(ACTS), chance.uniform(*TAPS_AFTER)
            for _ in range(chance.choice((1, 1, 1, 2, 3))):
                self._press(wait, user, chat, message, act, proposal_id, version)
                wait += chance.choice((0.2, chance.uniform(5.0, 40.0)))

    def _press(self, wait: float, user: int, chat: int, message: int, act: str, subject: str, version: int) -> None:
        number = len(self.taps) + 1
        data = seal().data(act, subject, version)
        if self._chance.random() < 0.02:  # noqa: PLR2004 - now and then
            data = data.replace(act, "ap", 1)[:-1] + "x"
            self._world.counted["forged buttons"] += 1
        place = {"message_id": message, "chat": {"id": chat}}
        query = {"id": str(number), "from": {"id": user}, "message": place, "data": data}
        tap = Tap(number, user, subject, version, {"callback_query": query})
        self.taps.append(tap)
        self._world.later(wait, f"tap {number}", lambda: self._deliver(tap))

    def _deliver(self, tap: Tap) -> None:
        if not self._bot.process.is_free:
            self._world.later(1.5, f"tap {tap.update_id}", lambda: self._deliver(tap))
            return
        try:
            self._bot.carry_out(lambda bot: self._serve(bot, tap))
        except Crash:
            self._world.later(DELIVERED_AGAIN, f"tap {tap.update_id}", lambda: self._deliver(tap))
            raise
        except DeskError:
            # What the ledger was too busy for is still among the updates that wait.
            self._world.later(DELIVERED_AGAIN, f"tap {tap.update_id}", lambda: self._deliver(tap))
            raise

    def _serve(self, bot: Worker, tap: Tap) -> None:
        ctx = bot.runner.ctx
        self._world.counted["taps"] += 1
        ctx.ledger.receive_update(PORTFOLIO, tap.update_id, tap.body, ctx.clock.wall())
        till = OpenTill(ctx.mandate, ctx.clock, ctx.ledger, Settings.model_construct(), ctx.market)
        stored = StoredUpdate(portfolio=PORTFOLIO, update_id=tap.update_id, body=tap.body, received_at=ctx.clock.wall())
        handled = counter().carry_out(till, stored)
        tap.carried_out = True
        outcome = handled.response.outcome
        self._world.note("bot", f"{tap.user} on P-{tap.subject} v{tap.version}: {outcome} {handled.response.said}")
        self._world.counted[f"taps: {outcome}"] += 1
        if outcome in {"approve", "reject"}:
            tap.accepted = outcome
            self._bus.send("advance", tap.subject)
        for send in handled.response.sends:
            if send.ask is not None and send.ask.kind is CardKind.CONFIRM:
                self._messages += 1
                ask, message = send.ask, self._messages
                lasts = None if ask.lasts is None else ctx.clock.wall() + ask.lasts
                self._put(bot, message, ask.kind, ask.subject, ask.version, ask.detail, ask.person, lasts)
                if self._chance.random() < 0.85:  # noqa: PLR2004 - most mean it
                    wait = self._chance.uniform(*CONFIRMS_AFTER)
                    self._press(wait, tap.user, CHAT, message, "cf", ask.subject, ask.version)

    def _put(
        self,
        bot: Worker,
        message: int,
        kind: CardKind,
        subject: str,
        version: int,
        detail: str = "",
        person: int = 0,
        until: Any = None,
    ) -> None:
        ctx = bot.runner.ctx
        card = Card(
            portfolio=PORTFOLIO,
            chat=CHAT,
            message=message,
            kind=kind,
            subject=subject,
            version=version,
            detail=detail,
            person=person,
            sent_at=ctx.clock.wall(),
            until=until,
        )
        ctx.ledger.put_card(card)


def name_of(user: int) -> str:
    """What the audit chain calls a user."""
    person = read_staff(STAFF).get(user)
    return person.name if person else f"telegram:{user}"


@cache
def seal() -> Seal:
    """The seal of the bot's buttons."""
    return Seal("1:token", PORTFOLIO)


@cache
def counter() -> Counter:
    """Where taps are served."""
    return Counter(read_staff(STAFF), seal(), CHAT)


def update_of(detail: str) -> int:
    """Read off an audit row which update it is about."""
    number = json.loads(detail)["update"]
    assert isinstance(number, int)
    return number
