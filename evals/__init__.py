"""Is it any good: scorers, datasets and experiments."""
