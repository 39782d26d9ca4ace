"""The array type of this room, and what counts as zero."""

from typing import Final, TypeAlias

import numpy as np
from numpy.typing import NDArray

Floats: TypeAlias = NDArray[np.float64]
"""Double precision numbers; each docstring gives the shape. T is sessions, oldest first; N is symbols."""

ZERO: Final = 1e-12
"""What is smaller than this is rounding noise."""
SESSIONS_A_YEAR: Final = 252
