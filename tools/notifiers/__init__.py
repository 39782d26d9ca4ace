"""Channels to people, one file each; the file's name is the channel's key."""

from typing import Protocol

from domain.notices import Notifier
from domain.registry import Registry


class NotifierAdapter(Protocol):
    """A channel that may be set up."""

    def configured(self) -> bool:
        """Whether its settings name somebody to tell."""

    def connect(self) -> Notifier:
        """Open it; raises BadInput naming the setting that is missing or wrong."""


NOTIFIERS: Registry[NotifierAdapter] = Registry("tools.notifiers", "notifier")
