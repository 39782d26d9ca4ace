"""Sources of macroeconomic series, one file per vendor; the file's name is the source's key."""

from domain.ports import Macro
from domain.registry import Factory, Registry

MACRO: Registry[Factory[Macro]] = Registry("tools.macro", "macro source")
