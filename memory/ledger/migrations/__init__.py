"""Alembic's side of the ledger; `HEAD` is known without importing Alembic."""

HEAD = "0001"
