"""What happened: every run, proposal, verdict, answer, order and fill, and the chain that proves it."""
