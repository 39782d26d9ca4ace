"""Your own price files: a folder of Parquet, replayed over its history (`PM_DATA_DIR`)."""

from tools.market_data import MARKET_DATA
from tools.market_data._folder_feed import FolderFeed


@MARKET_DATA.register
class ParquetFeed(FolderFeed):
    """Daily bars from Parquet files with columns date, close, and optionally symbol, open, high, low, volume."""

    name = "parquet"
    endings = (".parquet",)
