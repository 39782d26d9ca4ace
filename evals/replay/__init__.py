"""The past, replayed through the graphs that also trade live, and what came of it."""
