"""Identifiers that sort by time and cannot be guessed: `req_1hq2v8k3d0f7x5m9qa2`."""

import secrets

from core import clock

_ALPHABET = "0123456789abcdefghjkmnpqrstvwxyz"


def new_id(prefix: str) -> str:
    """`prefix_` and 19 characters: nine of time (milliseconds) and ten random (50 bits)."""
    milliseconds = int(clock.now().timestamp() * 1000)
    return f"{prefix}_{_base32(milliseconds & (1 << 45) - 1, 9)}{_base32(secrets.randbits(50), 10)}"


def _base32(value: int, length: int) -> str:
    digits = []
    for _ in range(length):
        value, digit = divmod(value, 32)
        digits.append(_ALPHABET[digit])
    return "".join(reversed(digits))
