"""How many cases a property is tried on: 200, or what PM_TEST_EXAMPLES says (1,000 in `make soak`)."""

import os

from hypothesis import HealthCheck, settings

EXAMPLES = settings(
    max_examples=int(os.environ.get("PM_TEST_EXAMPLES", "200")),
    deadline=None,
    suppress_health_check=[HealthCheck.too_slow, HealthCheck.filter_too_much],
)
