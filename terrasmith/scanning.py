"""What the settings say about scanning, for the commands and for `up`; and where the warm scanner's socket is kept."""

import hashlib
import os
import tempfile
from pathlib import Path

from core.settings import Settings
from gate.sandbox.probe import must_hold
from gate.scanning.warm import ScannerSettings

_LONGEST_SOCKET = 90
"""Bytes; systems take 104 or 108, and a number is put behind the name for a moment."""


def scanner_settings(settings: Settings) -> ScannerSettings:
    """As the gate takes them."""
    return ScannerSettings(
        settings.scanner,
        settings.scanner_socket,
        settings.engine_timeout_seconds,
        contained=must_hold(settings.sandbox),
    )


def socket_place(directory: Path) -> Path:
    """In the data directory, or, where that path is too long for a socket, in a folder of this user's own."""
    place = directory / "scanner" / "socket"
    if len(os.fsencode(place)) <= _LONGEST_SOCKET:
        return place
    mark = hashlib.sha256(os.fsencode(directory)).hexdigest()[:16]
    return Path(tempfile.gettempdir()) / f"terrasmith-{os.geteuid()}-{mark}" / "socket"
