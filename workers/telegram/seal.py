"""What a button carries: act, subject and version, sealed so that nobody else can make one."""

import base64
import hashlib
import hmac
from typing import NamedTuple

MOST_BYTES = 64
SEAL_BYTES = 9
FORMAT = "v1"


class Pressed(NamedTuple):
    """What a genuine button says."""

    act: str
    subject: str
    version: int


class Seal:
    """Seals with a key derived from the bot's token, for one portfolio; the same after every restart."""

    def __init__(self, token: str, portfolio: str) -> None:
        self._key = hashlib.sha256(f"portfolio-agent card seal\x1f{token}\x1f{portfolio}".encode()).digest()

    def data(self, act: str, subject: str, version: int) -> str:
        """Make the data of a button, at most 64 bytes.

        Raises:
            ValueError: it would be longer.
        """
        plain = f"{FORMAT}:{act}:{subject}:{version}"
        sealed = f"{plain}:{self._mac(plain)}"
        if len(sealed.encode()) > MOST_BYTES:
            raise ValueError(f"{sealed!r} is longer than {MOST_BYTES} bytes")
        return sealed

    def read(self, data: str) -> Pressed | None:
        """Read the data of a button; None where we did not make it."""
        plain, _, mac = data.rpartition(":")
        if not hmac.compare_digest(self._mac(plain).encode(), mac.encode("utf-8", "replace")):
            return None
        _, act, subject, version = plain.split(":")
        return Pressed(act, subject, int(version))

    def webhook_secret(self) -> str:
        """The secret that Telegram repeats with each update it delivers to a webhook."""
        return self._mac("webhook") + self._mac("webhook secret")

    def _mac(self, text: str) -> str:
        mac = hmac.new(self._key, text.encode("utf-8", "replace"), hashlib.sha256).digest()
        return base64.urlsafe_b64encode(mac[:SEAL_BYTES]).decode()
