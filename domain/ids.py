"""Short, stable ids: base32 of a SHA-256, so that the same thing always has the same name."""

import base64
import hashlib
import json
from typing import Any

ID_LENGTH = 12
_encoder = json.JSONEncoder(sort_keys=True, separators=(",", ":"), allow_nan=False, ensure_ascii=False)


def canonical(value: Any) -> str:
    """Write `value` as JSON with sorted keys and no spaces; NaN and infinities raise ValueError."""
    return _encoder.encode(value)


def digest(value: Any) -> str:
    """Hash `value` (anything JSON can say) to 64 hexadecimal characters."""
    return digest_of(canonical(value))


def digest_of(text: str) -> str:
    """Hash what `canonical` wrote."""
    return hashlib.sha256(text.encode()).hexdigest()


def short_id(*parts: str | int) -> str:
    """Name the thing made of `parts`: 12 characters of A-Z and 2-7."""
    raw = hashlib.sha256("\x1f".join(str(p) for p in parts).encode()).digest()
    return base64.b32encode(raw[:10]).decode()[:ID_LENGTH]
