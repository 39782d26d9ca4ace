"""What every strategy is: raw scores for each symbol and session."""

from abc import ABC, abstractmethod
from typing import ClassVar

from quant.arrays import Floats


class Strategy(ABC):
    """An anomaly: a reason why some symbols should do better than others over `horizon_sessions`.

    `lookback` counts the closes that one score needs, the newest included.
    """

    name: ClassVar[str]
    horizon_sessions: ClassVar[int]
    lookback: ClassVar[int]

    @abstractmethod
    def scores(self, closes: Floats) -> Floats:
        """Score (T, N) closes in dollars: (T, N), higher is better, NaN in the first `lookback` - 1 rows.

        Row t uses closes[:t+1] and nothing later.

        Raises:
            BadInput: a close that is not a finite number above zero.
        """
