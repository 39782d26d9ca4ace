"""What every handler may reach: the ledger and its till, who may do what, and the seal of our buttons."""

from collections.abc import Mapping
from dataclasses import dataclass
from datetime import datetime
from functools import cached_property

from domain.mandate import Mandate
from domain.people import Card, CardKind
from domain.records import ProposalRecord
from domain.storage import Ledger
from workers.cards.approval import card, waiting_buttons
from workers.cards.view import CardView, look_at, state_of
from workers.telegram.incoming import Incoming
from workers.telegram.response import Ask, Rows, Send, sealed
from workers.telegram.seal import Seal
from workers.telegram.staff import Person
from workers.till import OpenTill

CHANNEL = "telegram"
ADVANCE, COMMAND = "advance", "command"
"""Topics of the outbox: a proposal to move on, and something that only a process with a graph can do."""


@dataclass(frozen=True)
class Desk:
    """One portfolio's counter, for as long as one update takes."""

    till: OpenTill
    staff: dict[int, Person]
    seal: Seal
    chat: int

    @property
    def ledger(self) -> Ledger:
        """The truth."""
        return self.till.ledger

    @property
    def mandate(self) -> Mandate:
        """What the portfolio is for."""
        return self.till.mandate

    @property
    def portfolio(self) -> str:
        """The portfolio's name."""
        return self.till.portfolio

    @cached_property
    def wall(self) -> datetime:
        """Now, as people's clocks have it."""
        return self.till.clock.wall()

    def view(self, record: ProposalRecord) -> CardView:
        """Everything that a card of the proposal shows."""
        return look_at(self.ledger, self.till.clock, record)

    def card(self, view: CardView) -> tuple[str, Rows]:
        """The card of the newest version, with its buttons."""
        record = view.record
        labels = waiting_buttons(view, waits_for_second=bool(view.consents))
        return card(view, self.mandate), sealed(self.seal, labels, record.id, record.version)

    def send_card(self, record: ProposalRecord) -> Send:
        """The message that puts a waiting proposal to people."""
        view = self.view(record)
        html, buttons = self.card(view)
        shown = state_of(view, record.version)
        return Send(html, buttons, Ask(CardKind.PROPOSAL, record.id, record.version, shown=shown))

    def advance(self, proposal_id: str, version: int) -> None:
        """Leave word that a proposal can move on."""
        key = f"advance:{proposal_id}:v{version}"
        self.ledger.post(self.portfolio, ADVANCE, key, {"proposal_id": proposal_id}, self.wall)

    def command(self, update_id: int, what: Mapping[str, str | float]) -> None:
        """Leave word for a process with a graph; once for each update."""
        self.ledger.post(self.portfolio, COMMAND, f"command:{self.portfolio}:{update_id}", what, self.wall)


@dataclass(frozen=True)
class Visit:
    """One person's request at the counter; `at` is the card it is about, where it is about one."""

    desk: Desk
    person: Person
    incoming: Incoming
    at: Card | None = None
