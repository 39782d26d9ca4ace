"""What a portfolio did over time, as far as metrics look at it."""

from dataclasses import dataclass

import numpy as np

from quant.arrays import Floats


@dataclass(frozen=True, slots=True)
class Track:
    """One record of T sessions; whatever is None is not known, and metrics that need it say so.

    `returns` are (T,) simple net returns a session, fractions, NaN where there is none; `benchmark` the same of what it
    is compared with; `risk_free` a fraction a session, () or (T,). `trades` are (n,) dollars net of cost of closed
    trades. `turnover` is (T,) one-way fractions of equity (see `quant.turnover`), `exposure` (T,) gross fractions.
    """

    returns: Floats
    benchmark: Floats | None = None
    risk_free: float | Floats = 0.0
    trades: Floats | None = None
    turnover: Floats | None = None
    exposure: Floats | None = None

    @property
    def excess(self) -> Floats:
        """Returns less the risk-free return, (T,)."""
        return np.asarray(np.asarray(self.returns, dtype=np.float64) - self.risk_free)

    @property
    def elapsed(self) -> int:
        """Sessions that have passed, those without a return among them."""
        return len(self.returns)
