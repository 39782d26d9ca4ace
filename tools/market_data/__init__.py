"""Feeds of prices, one file per vendor; the file's name is the feed's key."""

from domain.ports import MarketData
from domain.registry import Factory, Registry

MARKET_DATA: Registry[Factory[MarketData]] = Registry("tools.market_data", "market data feed")
