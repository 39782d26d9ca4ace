"""The queues of the fleet, and what passes what in them."""

QUEUE_DESK = "desk"
"""Short jobs: exits, expiry, orders, answers, planning, proposals."""
QUEUE_RUNS = "runs"
"""Runs of the decide graph, which wait for a model."""
URGENT, USUAL, LATER = PRIORITIES = (0, 3, 6)
"""What looks after orders, exits and people passes a backlog of proposals and runs; what learns waits for both."""
SEPARATOR = ":"


def lists_of(queue: str) -> tuple[str, ...]:
    """Name the lists in Redis that a queue is made of: one for each priority, the first named like the queue."""
    return (queue, *(f"{queue}{SEPARATOR}{priority}" for priority in PRIORITIES[1:]))
