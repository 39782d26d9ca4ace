"""Beat: what is due, over and over, whatever got lost; and the slots of the day, doubled and lost."""

from workers.planner import Planner
from workers.simulation.bus import Bus
from workers.simulation.phone import Phone
from workers.simulation.staff import House, Worker

TICK_SECONDS = 10.0
SWEEP_TICKS, RECONCILE_TICKS, IDLE_TICKS, EXIT_TICKS = 3, 18, 36, 30
"""In ticks. What would find nothing to do is sent rarely: it would change nothing."""
SLOT_RETRY_SECONDS = 60.0
SLOT_TRIES = 5


class Beat:
    """The schedule. Stops ticking when told."""

    def __init__(self, house: House, bus: Bus, phone: Phone) -> None:
        self._house, self._bus, self._phone = house, bus, phone
        self._world = house.world
        self._ticks = 0
        self._running = False
        self.slots: list[str] = []

    def start(self) -> None:
        """Begin to tick."""
        self._running = True
        self._tick()

    def stop(self) -> None:
        """Tick no more."""
        self._running = False

    def slot(self, name: str) -> None:
        """A slot of the day is due; it is asked for again until it has run or its time is over."""
        self.slots.append(name)
        self._ask_for(name, SLOT_TRIES)

    def hint(self) -> None:
        """The stream says that something happened at the broker."""
        self._bus.send("reconcile")

    def _ask_for(self, name: str, left: int) -> None:
        done = self._house.watch.rows("SELECT COUNT(*) FROM run WHERE slot = ? AND status = 'done'", name)[0][0]
        if done or left == 0:
            return
        self._bus.send("run_slot", name)
        self._world.later(SLOT_RETRY_SECONDS, "beat", lambda: self._ask_for(name, left - 1))

    def _tick(self) -> None:
        if not self._running:
            return
        self._ticks += 1
        rows = self._house.watch.rows
        if self._ticks % SWEEP_TICKS == 0:
            self._sweep()
        states = {state for (state,) in rows("SELECT DISTINCT state FROM order_intent")} - {"DONE", "REJECTED"}
        every = 1 if states - {"QUARANTINED"} else RECONCILE_TICKS if states else IDLE_TICKS
        if self._ticks % every == 0:
            self._bus.send("reconcile")
        if self._ticks % EXIT_TICKS == 0 and rows("SELECT 1 FROM position LIMIT 1"):
            self._bus.send("watch_exits")
        self._phone.look_for_cards()
        self._world.later(TICK_SECONDS, "beat", self._tick)

    def _sweep(self) -> None:
        rows, now = self._house.watch.rows, self._house.clock.now().replace(tzinfo=None).isoformat(" ")
        if rows("SELECT 1 FROM proposal WHERE status = 'awaiting' AND expires_at <= ? LIMIT 1", now):
            self._bus.send("expire")
        if rows("SELECT 1 FROM proposal WHERE NOT remembered AND status <> 'awaiting' LIMIT 1"):
            self._bus.hand_over("sweep", self._find_unfinished)

    def _find_unfinished(self, worker: Worker) -> None:
        """Find in the ledger what should move, whatever became of its job."""
        for call in Planner(worker.desks).unfinished():
            self._bus.send(call.kind, call.argument)
