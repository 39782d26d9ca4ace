"""The metrics: one file each, its name is its key."""

from typing import Final

from domain.registry import Registry
from quant.measure import Metric

METRICS: Final[Registry[Metric]] = Registry("quant.metrics", "metric")
