"""Parquet files, read by the names of their columns: one symbol a file, or a column that names it."""

from pathlib import Path

import pyarrow.parquet as pq
from pyarrow import ArrowException

from domain.errors import BadInput
from tools.market_data._file_formats import KNOWN, Series, columns


def read_parquet(path: Path) -> tuple[Series, ...]:
    """Read one file; raises BadInput where it is not one, or has no date and close."""
    try:
        rows = pq.read_table(path).to_pylist()
    except (ArrowException, OSError) as error:
        raise BadInput(f"{path.name} can't be read as Parquet: {error}", f"the folder takes {KNOWN}") from None
    named = [{"date" if name == "__index_level_0__" else name: cell for name, cell in row.items()} for row in rows]
    return columns(path, named)
