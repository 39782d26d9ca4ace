"""Seeded fault simulation: production code between simulated edges, in virtual time, on one thread."""
