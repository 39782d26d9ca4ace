"""The risk rules, one file each; the file's name is the rule's name in `policy.toml`."""

from domain.registry import Registry
from risk_engine.rule import Rule

RULES: Registry[type[Rule]] = Registry("risk_engine.rules", "rule")
