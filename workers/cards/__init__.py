"""What people are shown: pure text from what the ledger says, within the limits of a messenger."""
