"""The tear sheet: one HTML file that says whether it was any good, read out of the ledger."""
