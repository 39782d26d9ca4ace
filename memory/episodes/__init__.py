"""The index of episodes: similar situations, found again. The ledger is the truth; this can be rebuilt from it."""
