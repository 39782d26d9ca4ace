"""Drives the production graphs node by node: the same nodes and edges as the compiled ones, without their threads.

LangGraph's own loop costs more than everything else of a seed together, and its fan-out runs in threads. What is kept
between calls is what a saver with `durability="sync"` keeps: the state after each step. A test holds the order of the
nodes against the compiled graphs.
"""

import copy
from collections.abc import Callable, Iterator
from dataclasses import dataclass, field
from itertools import count
from typing import Any, NamedTuple, get_args, get_type_hints

from langchain_core.runnables.config import var_child_runnable_config
from langgraph._internal._constants import CONFIG_KEY_CHECKPOINT_NS, CONFIG_KEY_SCRATCHPAD, CONFIG_KEY_SEND
from langgraph._internal._scratchpad import PregelScratchpad
from langgraph.errors import GraphInterrupt
from langgraph.graph import END, START, StateGraph
from langgraph.runtime import Runtime
from langgraph.types import Command, Send

from graph.context import Context

State = dict[str, Any]
Step = tuple[str, State | None]
"""A node to be run, and what a `Send` hands it instead of the state."""


class Paused(NamedTuple):
    """A task that waits: what `Runner.advance` looks at."""

    interrupts: tuple[Any, ...]


class Snapshot(NamedTuple):
    """What `get_state` tells, as far as the runner asks."""

    values: State
    next: tuple[str, ...]
    tasks: tuple[Paused, ...]
    created_at: str | None


@dataclass
class Thread:
    """One thread as a saver keeps it: its state, what comes next, and whether it waits."""

    values: State = field(default_factory=dict)
    due: list[Step] = field(default_factory=list)
    paused: bool = False


Saver = dict[str, Thread]
"""All threads by their id: survives every crash."""


class Machine:
    """Stands where the runner has a compiled graph."""

    def __init__(self, builder: StateGraph[Any, Any, Any, Any], saver: Saver, saved: Callable[[], None]) -> None:
        self._builder = builder
        self._saver = saver
        self._saved = saved
        self._reducers = _reducers(builder.state_schema)

    def get_state(self, config: Any) -> Snapshot:
        """Tell where a thread stands."""
        thread = self._saver.get(config["configurable"]["thread_id"])
        if thread is None:
            return Snapshot({}, (), (), None)
        names = tuple(name for name, _ in thread.due)
        return Snapshot(thread.values, names, (Paused(("waits",)),) if thread.paused else (), "some time")

    def stream(self, given: Any, config: Any, *, context: Context, **_: object) -> Iterator[dict[str, Any]]:
        """Run a thread until it ends or waits; each step is kept before the next begins."""
        name = config["configurable"]["thread_id"]
        resumes = isinstance(given, Command)
        if given is not None and not resumes:
            self._keep(name, Thread(values=dict(given), due=self._after(START, dict(given), context)))
        while (thread := self._saver[name]).due:
            values, due = dict(thread.values), []
            for node, sent in thread.due:
                told = self._run(node, sent if sent is not None else values, context, resumes=resumes)
                if told is None:
                    self._keep(name, Thread(values=thread.values, due=thread.due, paused=True))
                    return
                self._merge(values, told)
                yield {node: told}
            for node in dict.fromkeys(node for node, _ in thread.due):
                due += [step for step in self._after(node, values, context) if step not in due]
            resumes = False
            self._keep(name, Thread(values=values, due=due))

    def _run(self, node: str, state: State, context: Context, *, resumes: bool) -> State | None:
        counter = count().__next__
        pad = PregelScratchpad(
            step=0,
            stop=0,
            call_counter=counter,
            interrupt_counter=count().__next__,
            get_null_resume=lambda _: True if resumes else None,
            resume=[],
            subgraph_counter=counter,
        )
        conf = {CONFIG_KEY_SCRATCHPAD: pad, CONFIG_KEY_CHECKPOINT_NS: "", CONFIG_KEY_SEND: lambda _: None}
        token = var_child_runnable_config.set({"configurable": conf})
        runnable: Any = self._builder.nodes[node].runnable
        try:
            told: State = runnable.func(copy.copy(state), Runtime(context=context))
        except GraphInterrupt:
            return None
        finally:
            var_child_runnable_config.reset(token)
        return told

    def _after(self, node: str, values: State, context: Context) -> list[Step]:
        due: list[Step] = [(end, None) for start, end in sorted(self._builder.edges) if start == node and end != END]
        for branch in self._builder.branches[node].values() if node in self._builder.branches else ():
            path: Any = branch.path
            chosen = path.func(values, **({"runtime": Runtime(context=context)} if path.func_accepts else {}))
            every = chosen if isinstance(chosen, list) else [chosen]
            due += [(one.node, one.arg) if isinstance(one, Send) else (one, None) for one in every]
        return [step for step in due if step[0] != END]

    def _merge(self, values: State, told: State) -> None:
        for key, value in told.items():
            reduce = self._reducers.get(key)
            values[key] = reduce(values[key], value) if reduce and key in values else value

    def _keep(self, name: str, thread: Thread) -> None:
        self._saved()
        self._saver[name] = thread
        self._saved()


def _reducers(schema: type) -> dict[str, Callable[[Any, Any], Any]]:
    hints = get_type_hints(schema, include_extras=True)
    found = {key: get_args(hint) for key, hint in hints.items() if hasattr(hint, "__metadata__")}
    return {key: arguments[1] for key, arguments in found.items() if callable(arguments[1])}
