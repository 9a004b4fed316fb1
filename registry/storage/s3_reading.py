"""An object of a bucket as a stream that can seek, and that goes on where a connection broke. Knows no SDK."""

import io
from collections.abc import Callable
from contextlib import AbstractContextManager
from dataclasses import dataclass
from typing import Any

from registry.storage.port import StorageRefusedError, StorageUnavailableError

# Each time the stream breaks without a byte in between.
_BREAKS = 3


@dataclass(frozen=True)
class Opened:
    """An answer that has begun: its bytes, the object's whole length and mark, and what makes its failures ours."""

    body: Any
    total: int
    etag: str
    telling: Callable[[], AbstractContextManager[None]]


class ResumingReader(io.RawIOBase):
    """Opens at once, and again wherever it must: after a seek, or where the connection ended before the object did.

    `open_at(start, etag)` opens from a byte on; with an ETag only the very same object will do.
    """

    def __init__(self, open_at: Callable[[int, str | None], Opened]) -> None:
        super().__init__()
        self._open_at = open_at
        self._at = self._read_to = self._breaks = 0
        opened = open_at(0, None)
        self._opened: Opened | None = opened
        self._total, self._etag = opened.total, opened.etag

    def readable(self) -> bool:
        return True

    def seekable(self) -> bool:
        return True

    def tell(self) -> int:
        return self._at

    def seek(self, offset: int, whence: int = io.SEEK_SET) -> int:
        start = {io.SEEK_SET: 0, io.SEEK_CUR: self._at, io.SEEK_END: self._total}[whence]
        self._at = max(start + offset, 0)
        return self._at

    def readinto(self, buffer: Any) -> int:
        if self._at >= self._total:
            return 0
        piece = self._read(min(len(buffer), self._total - self._at))
        buffer[: len(piece)] = piece
        self._at = self._read_to = self._at + len(piece)
        return len(piece)

    def close(self) -> None:
        if not self.closed:
            self._let_go()
        super().close()

    def _read(self, most: int) -> bytes:
        if self._at != self._read_to:  # only now: whoever seeks to the end and back asks for the length
            self._let_go()
        while True:
            try:
                if self._opened is None:
                    self._opened = self._open_at(self._at, self._etag)
                with self._opened.telling():
                    piece = bytes(self._opened.body.read(most))
                if piece:
                    self._breaks = 0
                    return piece
                raise StorageUnavailableError("the storage ended an answer before its announced length")
            except StorageRefusedError:
                raise
            except StorageUnavailableError:
                self._let_go()
                self._breaks += 1
                if self._breaks > _BREAKS:
                    raise

    def _let_go(self) -> None:
        if self._opened is not None:
            self._opened.body.close()
            self._opened = None
