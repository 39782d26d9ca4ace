"""Run each mutant against the tests that own it, each in a process of its own that is forked off a warm one."""

import ast
import gc
import importlib
import importlib.abc
import importlib.util
import os
import resource
import signal
import sys
import tempfile
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from pathlib import Path

import hypothesis  # noqa: F401 - warm: every mutant's tests need it
import numpy as np  # noqa: F401 - the same
import pytest

import domain.ports  # noqa: F401 - the same
import quant.moments  # noqa: F401 - the same
from tests.mutation.mutants import Mutant, mutants

ROOT = Path(__file__).parents[2]
ROOM = ROOT / "risk_engine"
TESTS = ROOT / "tests" / "risk_engine"
CPU_SECONDS = 120
"""What one mutant's tests may use of a processor; a mutant that loops for ever is killed by it."""
PROPERTIES = ("test_properties.py", "test_properties_limits.py", "test_properties_over_time.py")
OWN = {
    "limits": ("test_policy.py",),
    "policy": ("test_policy.py",),
    "room": ("test_room.py",),
    "tables": ("test_policy.py",),
}
"""Files outside `rules/` with a test of their own; all others answer to the whole room's tests."""


@dataclass(frozen=True)
class Fate:
    """What became of one mutant."""

    file: str
    mutant: Mutant
    killed: bool
    looped: bool


def files(name: str | None = None) -> list[Path]:
    """Every file of the room with something to change, or the one that is called `name`."""
    found = sorted(path for path in ROOM.rglob("*.py") if path.name != "__init__.py")
    return [path for path in found if name in {None, path.stem}]


def tests_of(path: Path) -> list[Path]:
    """The tests that must kill the mutants of a file: a rule's own; several for what rules share."""
    if path.parent.name == "rules":
        return [TESTS / f"test_{path.stem}.py"]
    if path.stem in OWN:
        return [TESTS / name for name in OWN[path.stem]]
    last = [TESTS / name for name in PROPERTIES]
    quick = (f"test_{path.stem}.py", "test_engine.py", "test_batch.py")
    first = [TESTS / name for name in dict.fromkeys(quick) if (TESTS / name).exists()]
    rest = [test for test in sorted(TESTS.glob("test_*.py")) if test not in (*first, *last)]
    return [*first, *rest, *last]


def fates(paths: Sequence[Path], jobs: int) -> Iterator[Fate]:
    """Try every mutant of the files, `jobs` at once.

    Raises:
        RuntimeError: the tests fail without any mutant, so that they would say nothing.
    """
    _warm_up()
    for tests in {tuple(tests_of(path)) for path in paths}:
        if _wait(_start(None, None, tests)):
            raise RuntimeError(f"the tests fail as they are: {', '.join(test.name for test in tests)}")
    waiting = ((path, mutant) for path in paths for mutant in mutants(path.read_text()))
    running: dict[int, tuple[Path, Mutant]] = {}
    while True:
        while len(running) < jobs and (following := next(waiting, None)) is not None:
            running[_start(*following, tests_of(following[0]))] = following
        if not running:
            return
        child, status = os.wait()
        path, mutant = running.pop(child)
        looped = os.WIFSIGNALED(status) and os.WTERMSIG(status) in {signal.SIGXCPU, signal.SIGKILL}
        yield Fate(str(path.relative_to(ROOT)), mutant, killed=status != 0, looped=looped)


def _wait(child: int) -> int:
    return os.waitpid(child, 0)[1]


def _start(path: Path | None, mutant: Mutant | None, tests: Sequence[Path]) -> int:
    child = os.fork()
    if child:
        return child
    code = 1
    try:
        resource.setrlimit(resource.RLIMIT_CPU, (CPU_SECONDS, CPU_SECONDS + 5))
        _be_silent()
        if path is not None and mutant is not None:
            _swap(path, mutant)
        code = _pytest(tests)
    finally:
        os._exit(code)


def _warm_up() -> None:
    """Import what pytest needs, and keep the collector away from it, so that forks are quick."""
    os.environ.update({"PM_TEST_EXAMPLES": "10", "PYTEST_DISABLE_PLUGIN_AUTOLOAD": "1"})
    with tempfile.TemporaryDirectory() as nothing:
        _pytest([Path(nothing)])
    importlib.import_module("tests.risk_engine.builders").a_policy()
    gc.collect()
    gc.freeze()


def _pytest(tests: Sequence[Path]) -> int:
    with tempfile.TemporaryDirectory() as scratch:
        os.environ["HYPOTHESIS_STORAGE_DIRECTORY"] = scratch
        settings = Path(scratch, "pytest.ini")
        settings.write_text("[pytest]\naddopts = -q -x --import-mode=importlib -m 'not soak' --noconftest\n")
        without = ["-p", "no:cacheprovider", "-p", "no:unraisableexception"]
        return int(pytest.main(["-c", str(settings), f"--rootdir={ROOT}", *without, *map(str, tests)]))


def _be_silent() -> None:
    nowhere = os.open(os.devnull, os.O_WRONLY)
    os.dup2(nowhere, 1)
    os.dup2(nowhere, 2)


def _swap(path: Path, mutant: Mutant) -> None:
    """Put the mutant in its module's place: a rule among the loaded rules, anything else before the room is loaded."""
    name = ".".join(path.relative_to(ROOT).with_suffix("").parts)
    if path.parent.name == "rules":
        old = {id(value): key for key, value in vars(sys.modules[name]).items() if isinstance(value, type)}
        exec(compile(mutant.tree, str(path), "exec"), vars(sys.modules[name]))
        _replace_everywhere(old, vars(sys.modules[name]))
        return
    for loaded in [module for module in sys.modules if module.startswith(("risk_engine", "tests.risk_engine"))]:
        del sys.modules[loaded]
    sys.meta_path.insert(0, _Finder(name, path, mutant.tree))


def _replace_everywhere(old: dict[int, str], new: dict[str, object]) -> None:
    for module in [module for name, module in sys.modules.items() if name.startswith("risk_engine")]:
        for key, value in list(vars(module).items()):
            if id(value) in old:
                setattr(module, key, new[old[id(value)]])


class _Finder(importlib.abc.MetaPathFinder, importlib.abc.Loader):
    """Import a changed tree wherever one module is wanted."""

    def __init__(self, name: str, path: Path, tree: ast.Module) -> None:
        self._name, self._path, self._tree = name, path, tree

    def find_spec(self, fullname, _path, _target=None):
        wanted = fullname == self._name
        return importlib.util.spec_from_file_location(fullname, self._path, loader=self) if wanted else None

    def create_module(self, _spec):
        return None

    def exec_module(self, module):
        exec(compile(self._tree, str(self._path), "exec"), module.__dict__)
