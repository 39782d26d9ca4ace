import sys

import pytest

from domain.errors import UnknownPlugin
from domain.registry import Registry


@pytest.fixture
def colours(tmp_path, monkeypatch):
    package = tmp_path / "colours"
    package.mkdir()
    package.joinpath("__init__.py").write_text("")
    for name in ("red", "blue"):
        source = f"from colours_registry import COLOURS\n@COLOURS.register\nclass Colour:\n    name = {name!r}\n"
        package.joinpath(f"{name}.py").write_text(source)
    package.joinpath("_hidden.py").write_text("raise RuntimeError\n")
    tmp_path.joinpath("colours_registry.py").write_text(
        "from domain.registry import Registry\nCOLOURS = Registry('colours', 'colour')\n"
    )
    monkeypatch.syspath_prepend(str(tmp_path))
    yield __import__("colours_registry").COLOURS
    for name in [name for name in sys.modules if name.startswith("colours")]:
        del sys.modules[name]


def test_asking_for_one_plugin_imports_only_that_file(colours):
    assert colours["red"].name == "red"
    assert "colours.blue" not in sys.modules


def test_names_are_read_off_the_folder_without_importing(colours):
    assert colours.names() == ("blue", "red")
    assert "colours.red" not in sys.modules


def test_an_unknown_name_lists_what_exists(colours):
    with pytest.raises(UnknownPlugin, match="choose one of: blue, red"):
        colours["green"]


def test_a_file_that_registers_nothing_is_unknown(tmp_path, monkeypatch):
    package = tmp_path / "mute"
    package.mkdir()
    package.joinpath("__init__.py").write_text("")
    package.joinpath("silent.py").write_text("")
    monkeypatch.syspath_prepend(str(tmp_path))

    with pytest.raises(UnknownPlugin):
        Registry("mute", "mute thing")["silent"]
