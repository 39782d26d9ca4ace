"""The processes: settings, wiring (the only place where ports meet adapters) and the command line."""
