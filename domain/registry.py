"""A folder of plugins, one file each; the file's name is the plugin's key."""

import importlib
import pkgutil
from collections.abc import Callable, Iterator
from typing import Generic, TypeVar

from domain.errors import UnknownPlugin

T = TypeVar("T")
P = TypeVar("P")


class Registry(Generic[T]):
    """The plugins of one package, imported one by one and only when asked for.

    Example:
        `BROKERS: Registry[BrokerFactory] = Registry("tools.brokers", "broker")`, and in
        `tools/brokers/alpaca.py` the decorator `@BROKERS.register`; then `BROKERS["alpaca"]`.
    """

    def __init__(self, package: str, kind: str) -> None:
        self._package = package
        self._kind = kind
        self._found: dict[str, T] = {}

    def register(self, plugin: P) -> P:
        """Enter `plugin` under the name of the file that defines it; use as a decorator."""
        self._found[plugin.__module__.rpartition(".")[2]] = plugin  # type: ignore[assignment]
        return plugin

    def names(self) -> tuple[str, ...]:
        """List the keys, sorted, by looking at the files and importing none of them."""
        path = importlib.import_module(self._package).__path__
        return tuple(sorted(m.name for m in pkgutil.iter_modules(path) if not m.name.startswith("_")))

    def __getitem__(self, name: str) -> T:
        """Import the file called `name` and return its plugin.

        Raises:
            UnknownPlugin: no such file; the message lists those that exist.
        """
        if name not in self._found:
            if name not in self.names():
                raise UnknownPlugin(self._kind, name, self.names())
            importlib.import_module(f"{self._package}.{name}")
        if name not in self._found:
            raise UnknownPlugin(self._kind, name, tuple(self._found))
        return self._found[name]

    def __iter__(self) -> Iterator[str]:
        """Iterate over the keys."""
        return iter(self.names())

    def load(self) -> dict[str, T]:
        """Import every file and return all plugins by key."""
        return {name: self[name] for name in self.names()}


Factory = Callable[..., T]
