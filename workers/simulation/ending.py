"""What must hold when everything is over: nothing left open, book and broker equal, the past told once and unbroken."""

from collections import Counter
from decimal import Decimal

from domain.errors import DeskError
from workers.replay import replay_verdicts
from workers.simulation.phone import Phone, name_of, update_of
from workers.simulation.staff import House, Worker, mandate
from workers.simulation.watch import FINAL, MICRO


class Ending:
    """The last look of a seed."""

    def __init__(self, house: House, phone: Phone, slots: list[str], reader: Worker) -> None:
        self._house, self._phone, self._slots, self._reader = house, phone, slots, reader
        self._world, self._rows = house.world, house.watch.rows

    def check(self) -> None:
        """Check everything that must hold at the end."""
        self._all_ended()
        self._book_is_broker()
        self._one_run_a_slot()
        self._chain()
        self._taps()
        self._first_answer_won()
        self._past_again()

    def _all_ended(self) -> None:
        marks = ", ".join("?" for _ in FINAL)
        open_ = self._rows(f"SELECT id, status FROM proposal WHERE status NOT IN ({marks})", *FINAL)  # noqa: S608 - marks only
        for pid, status in open_[:3]:
            self._world.broken("I7", f"P-{pid} is still {status}")
        unfinished = self._rows(
            "SELECT client_order_id, state FROM order_intent WHERE state NOT IN ('DONE', 'REJECTED')"
        )
        for name, state in unfinished[:3]:
            self._world.broken("I7", f"{name} is still {state}")
        if self._rows("SELECT COUNT(*) FROM reservation")[0][0]:
            self._world.broken("I7", "room is still reserved")
        for order in self._house.exchange.orders.values():
            if not order.told.status.is_final:
                self._world.broken("I7", f"{order.told.client_order_id} is still open at the broker")
        if self._rows("SELECT COUNT(*) FROM proposal WHERE NOT remembered")[0][0]:
            self._world.broken("I7", "a proposal has no episode")

    def _book_is_broker(self) -> None:
        exchange = self._house.exchange
        ours = {symbol: Decimal(units) / MICRO for symbol, units in self._rows("SELECT symbol, quantity FROM position")}
        strange = {symbol for (symbol,) in self._rows("SELECT symbol FROM mismatch WHERE survived")}
        for symbol in sorted({*ours, *exchange.held}):
            book, broker = ours.get(symbol, Decimal(0)), exchange.held.get(symbol, Decimal(0))
            by_hand = exchange.by_hand.get(symbol, Decimal(0))
            told = symbol in strange and broker - book == by_hand
            if book != broker and not told:
                self._world.broken("I5", f"{symbol}: {book} in the book, {broker} at the broker ({by_hand} by hand)")
        cash = Decimal(self._rows("SELECT cash FROM portfolio")[0][0]) / MICRO
        difference = exchange.cash - cash
        if difference and not ("CASH" in strange and difference == exchange.cash_by_hand):
            self._world.broken("I5", f"cash: {cash} in the book, {exchange.cash} at the broker")

    def _one_run_a_slot(self) -> None:
        runs = [slot for (slot,) in self._rows("SELECT slot FROM run")]
        batches = Counter(
            slot for slot, _ in self._rows("SELECT slot, batch_id FROM proposal WHERE slot IS NOT NULL GROUP BY 1, 2")
        )
        if set(runs) - set(self._slots) or len(runs) > len(self._slots):
            self._world.broken(
                "I8", f"{len(runs)} runs for {len(self._slots)} slots: {sorted(set(runs) - set(self._slots))}"
            )
        for slot, count in batches.items():
            if count > 1:
                self._world.broken("I8", f"slot {slot} made {count} batches")

    def _chain(self) -> None:
        try:
            self._reader.runner.ctx.ledger.verify_audit()
        except DeskError as error:
            self._world.broken("I11", error.message)

    def _taps(self) -> None:
        """Every tap that was served is one row of the chain, whatever crashed on the way."""
        told = Counter(update_of(detail) for (detail,) in self._rows("SELECT detail FROM audit WHERE action = 'tap'"))
        for tap in self._phone.taps:
            if told[tap.update_id] != tap.carried_out:
                self._world.broken("I11", f"tap {tap.update_id} left {told[tap.update_id]} audit rows")

    def _first_answer_won(self) -> None:
        rows = self._rows('SELECT proposal_id, version, "by", answer FROM approval')
        winners = {(pid, version): (by, answer) for pid, version, by, answer in rows}
        for tap in self._phone.taps:
            won = winners.get((tap.subject, tap.version), ("nobody", "nothing"))
            if tap.accepted and won != (name_of(tap.user), tap.accepted):
                self._world.broken("I3", f"tap {tap.update_id} was told that it counts, {won[1]} of {won[0]} does")

    def _past_again(self) -> None:
        """Make the verdicts of one proposal again from what is stored: the same bytes (I14)."""
        judged = self._rows("SELECT DISTINCT proposal_id FROM verdict ORDER BY proposal_id")
        if not judged:
            return
        (chosen,) = judged[self._world.seed % len(judged)]
        for replay in replay_verdicts(self._reader.runner.ctx.ledger, mandate(), chosen):
            if not replay.same:
                self._world.broken("I14", f"the verdict of P-{chosen} comes out otherwise: {', '.join(replay.differs)}")
