"""The shape of the repository: rooms resolve here, modules stay small, nothing of one machine is written down."""

import importlib
import json
import re
import subprocess
import sys
import sysconfig
from pathlib import Path

import pytest

REPOSITORY = Path(__file__).parents[1]
ROOMS = ("domain", "quant", "risk_engine", "agent", "tools", "memory", "graph", "evals", "workers")
MOST_LINES = 300
MACHINE = re.compile(r"/(?:(?:home|Users|work)/\w|root/)|C:\\\\Users")
REGISTRY = re.compile(
    r"https?://[\w.:-]*(pypi|pythonhosted|artifactory|nexus|devpi|index-url)[\w./:-]*|--(extra-)?index-url"
)
INSTALLED = Path(sys.executable).with_name("pm")


def tracked() -> list[Path]:
    done = subprocess.run(
        ["git", "ls-files", "--cached", "--others", "--exclude-standard"],
        cwd=REPOSITORY,
        capture_output=True,
        text=True,
        check=False,
    )
    if done.returncode:
        pytest.skip("not a git repository: there is no list of tracked files")
    return [path for name in done.stdout.splitlines() if (path := REPOSITORY / name).is_file()]


@pytest.mark.parametrize("room", ROOMS)
def test_each_room_is_a_package_of_this_repository(room):
    assert Path(importlib.import_module(room).__file__) == REPOSITORY / room / "__init__.py"


@pytest.mark.process
@pytest.mark.skipif(not INSTALLED.exists(), reason="pm is not installed: run `make test`")
def test_the_installed_command_looks_here_before_site_packages_also_from_elsewhere(tmp_path):
    probe = (
        "import sys, json, importlib; "
        f"print(json.dumps([sys.path, [importlib.import_module(room).__file__ for room in {ROOMS!r}]]))"
    )
    # -P: the interpreter adds neither the script's folder nor the current one, as with the installed `pm`.
    done = subprocess.run([sys.executable, "-P", "-c", probe], cwd=tmp_path, capture_output=True, text=True, check=True)

    path, files = json.loads(done.stdout)
    assert path.index(str(REPOSITORY)) < path.index(sysconfig.get_path("purelib"))
    assert all(Path(file).is_relative_to(REPOSITORY) for file in files)
    assert not any(Path(file).is_relative_to(sysconfig.get_path("purelib")) for file in files)


@pytest.mark.process
@pytest.mark.skipif(not INSTALLED.exists(), reason="pm is not installed: run `make test`")
def test_a_false_tools_package_that_site_packages_brings_along_is_not_found(tmp_path):
    (tmp_path / "tools").mkdir()
    (tmp_path / "tools" / "__init__.py").write_text("raise SystemExit('the false tools')")
    # addsitedir does to the folder what the interpreter does to site-packages: appended, its .pth files read.
    probe = (
        f"import site, sys; site.addsitedir({str(tmp_path)!r}); import tools; print(tools.__file__); "
        "assert sys.path[-1].endswith(sys.argv[1])"
    )
    done = subprocess.run(
        [sys.executable, "-P", "-c", probe, tmp_path.name], cwd=tmp_path, capture_output=True, text=True, check=False
    )

    assert done.returncode == 0, done.stderr
    assert Path(done.stdout.strip()).is_relative_to(REPOSITORY)


def test_modules_stay_under_three_hundred_lines():
    long = {
        str(path.relative_to(REPOSITORY)): lines
        for path in tracked()
        if path.suffix == ".py" and path.relative_to(REPOSITORY).parts[0] in ROOMS
        if (lines := len(path.read_text(encoding="utf-8").splitlines())) >= MOST_LINES
    }

    assert long == {}


def test_tracked_files_name_no_machine_and_no_package_registry():
    found = []
    for path in tracked():
        if path == Path(__file__) or path.suffix in {".png", ".parquet", ".gz", ".sqlite"}:
            continue
        text = path.read_text(encoding="utf-8", errors="replace")
        hit = MACHINE.search(text) or REGISTRY.search(text)
        if hit:
            found.append(f"{path.relative_to(REPOSITORY)}: {hit.group()}")

    assert found == []


def test_every_public_module_says_in_its_first_line_what_it_is():
    silent = [
        str(path.relative_to(REPOSITORY))
        for path in tracked()
        if path.suffix == ".py" and path.relative_to(REPOSITORY).parts[0] in ROOMS
        if path.name != "__init__.py" and not path.read_text(encoding="utf-8").startswith(('"""', 'r"""'))
    ]

    assert silent == []
