"""Find and read a portfolio's mandate: a name in `portfolios/`, or the path of a file."""

from pathlib import Path

from domain.errors import BadMandate
from domain.mandate import Mandate, parse_mandate
from workers.settings import REPOSITORY

FOLDER = REPOSITORY / "portfolios"


def read_mandate(name_or_path: str) -> Mandate:
    """Read a mandate.

    Raises:
        BadMandate: no such file, not readable as text, or wrong inside; says which file and what to do.
    """
    path = _find(name_or_path)
    try:
        text = path.read_text(encoding="utf-8")
    except (OSError, UnicodeDecodeError) as error:
        raise BadMandate(f"{path}: can't be read: {error}", "give a readable TOML file") from None
    mandate = parse_mandate(text, path)
    if path.parent == FOLDER and mandate.name != path.stem:
        raise BadMandate(f"{path}: name is {mandate.name!r}", f"call it {path.stem!r}, like its file")
    return mandate


def names() -> tuple[str, ...]:
    """List the mandates in `portfolios/`."""
    return tuple(sorted(path.stem for path in FOLDER.glob("*.toml")))


def _find(name_or_path: str) -> Path:
    if "/" not in name_or_path and not name_or_path.endswith(".toml"):
        path = FOLDER / f"{name_or_path}.toml"
        if path.is_file():
            return path
        raise BadMandate(
            f"no mandate is called {name_or_path!r}", f"choose one of: {', '.join(names())}; or give a path"
        )
    given = Path(name_or_path).expanduser()
    for path in (given, REPOSITORY / given):
        if path.is_file():
            return path
    raise BadMandate(f"no file {name_or_path!r}", "give the path of a mandate, or a name in portfolios/")
