"""The run: two LangGraph machines, the gate, and the execution of orders. Speaks to ports, never to adapters."""
