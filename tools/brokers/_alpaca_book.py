"""Which order an execution belongs to: Alpaca tells its own order id; we want ours, and the leg."""

from datetime import datetime, timedelta
from typing import Any

from domain.errors import Transient
from domain.orders import OURS_LEGS
from domain.trade import ExitKind
from tools.alpaca_api import AlpacaApi, Refusal, moment
from tools.brokers._alpaca_legs import kind_of

MOST_ORDERS = 500

Name = tuple[str, ExitKind | None]


class Names:
    """What is known of Alpaca's ids; asked for when an unknown one comes, and kept."""

    def __init__(self, api: AlpacaApi) -> None:
        self._api = api
        self._known: dict[str, Name] = {}

    def learn(self, told: Any) -> None:
        """Remember an order, its legs, and that it goes on under the name of the one it replaced."""
        before = self._known.get(told.get("replaces") or "")
        name = told["client_order_id"]
        self._known.setdefault(told["id"], before or (name, kind_of(told) if name.startswith(OURS_LEGS) else None))
        name = self._known[told["id"]][0]
        for leg in told.get("legs") or ():
            self._known[leg["id"]] = (name, kind_of(leg))

    def of(self, order_id: str, since: datetime) -> Name:
        """Name the order of an execution; a leg is named by its entry.

        Raises:
            Transient: Alpaca does not tell.
        """
        if order_id not in self._known:
            self._list(since)
        if order_id not in self._known:
            self._look_up(order_id)
        return self._known[order_id]

    def _list(self, since: datetime) -> None:
        """Read all orders since a little before `since`, oldest first, with their legs inside."""
        after = since - timedelta(minutes=5)
        while True:
            query = {"status": "all", "nested": "true", "limit": str(MOST_ORDERS), "direction": "asc"}
            page = self._read("/orders", {**query, "after": after.isoformat().replace("+00:00", "Z")})
            for told in page:
                self.learn(told)
            if len(page) < MOST_ORDERS:
                return
            last = moment(page[-1]["created_at"])
            if last <= after:
                return
            after = last

    def _look_up(self, order_id: str) -> None:
        told = self._read(f"/orders/{order_id}", {})
        replaced = told.get("replaces")
        if replaced and replaced not in self._known:
            self._look_up(replaced)
        self.learn(told)

    def _read(self, path: str, query: dict[str, str]) -> Any:
        try:
            return self._api.read(path, query)
        except Refusal as refusal:
            raise Transient(f"Alpaca's orders: {refusal.status} {refusal.message[:200]}") from None
