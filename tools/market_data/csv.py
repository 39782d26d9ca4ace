"""Your own price files: a folder of CSV or Alpaca JSON, replayed over its history (`PM_DATA_DIR`)."""

from tools.market_data import MARKET_DATA
from tools.market_data._folder_feed import FolderFeed


@MARKET_DATA.register
class CsvFeed(FolderFeed):
    """Daily bars from CSV (yfinance, Yahoo, Stooq, Alpha Vantage) and JSON (Alpaca) files."""

    name = "csv"
    endings = (".csv", ".txt", ".json")
