"""Sources of headlines, one file per vendor; the file's name is the source's key."""

from domain.ports import News
from domain.registry import Factory, Registry

NEWS: Registry[Factory[News]] = Registry("tools.news", "news source")
