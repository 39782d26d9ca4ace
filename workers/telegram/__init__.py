"""The Telegram bot: what people tap and type, carried out through the ledger; it loads no graph and no model."""
