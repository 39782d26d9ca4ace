"""Whoever sits at a terminal: proposes by hand, kills, pauses, resumes, flattens."""

from contextlib import suppress

from domain.errors import AlreadyDecided, BadInput
from graph import control
from workers.simulation.analyst import by_a_person
from workers.simulation.staff import PORTFOLIO, House, Worker
from workers.simulation.world import Crash


class People:
    """Everybody with a terminal."""

    def __init__(self, house: House) -> None:
        self._house = house
        self._world = house.world
        self._chance = house.world.stream("people")
        self._terminal = Worker("terminal", house)

    def type_proposals(self) -> None:
        """A person proposes something by hand."""
        if not self._terminal.process.is_free:
            return
        house, chance = self._house, self._chance
        held = {name for name, units in house.exchange.held.items() if units}
        batch = [by_a_person(chance, house.market, self._world.now, held) for _ in range(chance.randint(1, 3))]
        self._world.counted["proposals by hand"] += len(batch)
        self._terminal.carry_out(lambda terminal: terminal.runner.propose(batch))

    def kill(self) -> None:
        """Somebody stops the desk, from a process that needs neither worker nor graph."""
        if not self._terminal.process.is_free:
            self._world.later(1.0, "kill", self.kill)
            return
        exchange = self._house.exchange
        in_flight = len(exchange.on_their_way) + sum(not o.told.status.is_final for o in exchange.orders.values())
        under_way = self._house.watch.rows("SELECT COUNT(*) FROM order_intent WHERE state IN ('SUBMITTING', 'UNKNOWN')")
        self._world.counted["kills"] += 1
        self._world.counted["kills in flight"] += bool(in_flight or under_way[0][0])
        self._world.note("terminal", "KILL")
        self._try(self.kill, lambda terminal: control.kill(terminal.runner.ctx, "alice", "simulated"))

    def pause(self) -> None:
        """Somebody pauses the desk."""
        if self._terminal.process.is_free:
            self._world.counted["pauses"] += 1
            with suppress(BadInput):
                self._terminal.carry_out(lambda terminal: control.pause(terminal.runner.ctx, "bob", "simulated"))

    def resume(self) -> None:
        """Two people take the desk back to ACTIVE."""
        phrase = control.resume_phrase(PORTFOLIO)

        def ask(terminal: Worker) -> None:
            control.resume(terminal.runner.ctx, "alice", phrase)
            done = control.resume(terminal.runner.ctx, "bob", phrase)
            self._world.counted["resumes"] += done.done

        if self._terminal.process.is_free:
            with suppress(BadInput, AlreadyDecided):
                self._terminal.carry_out(ask)

    def flatten(self) -> None:
        """Somebody sells everything."""
        if self._terminal.process.is_free:
            self._world.counted["flattens"] += 1
            phrase = control.flatten_phrase(PORTFOLIO)
            self._terminal.carry_out(lambda terminal: control.flatten(terminal.runner, "alice", phrase))

    def _try(self, again: object, job: object) -> None:
        try:
            self._terminal.carry_out(job)  # type: ignore[arg-type]
        except Crash:
            # Whoever saw no answer says it again.
            self._world.later(40.0, "terminal", again)  # type: ignore[arg-type]
            raise
