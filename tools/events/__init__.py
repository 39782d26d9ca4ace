"""Calendars of scheduled events, one file per source; the file's name is the source's key."""

from domain.ports import Events
from domain.registry import Factory, Registry

EVENTS: Registry[Factory[Events]] = Registry("tools.events", "source of events")
