"""One gzip member of a stranger, inflated piece by piece within limits, and the error that says what is wrong with it.

Knows no tar: whoever reads one says at which entry it is, so that a limit is told with the name of what broke it.
"""

import zlib
from dataclasses import dataclass
from typing import BinaryIO, Final

from core.errors import UserError
from tfmodule.files import printable

CHUNK: Final = 64 * 1024
_LESS = "Leave out what the module does not need."


class ArchiveError(UserError):
    """An archive that is refused, and why.

    `path` is the entry that the message names, as the archive spells it. `fix` is what helps wherever the archive came
    from; where it is empty, whoever tells the error knows better what to do.
    """

    def __init__(self, message: str, *, path: str | None = None, fix: str = "") -> None:
        super().__init__(message)
        self.path = path
        self.fix = fix


@dataclass(frozen=True)
class Limits:
    """How large an archive may be in every direction that a bomb can take. Sizes in bytes."""

    compressed: int = 20 << 20
    expanded: int = 50 << 20
    ratio: int = 100
    """Expanded over compressed; looked at from the first MiB on, so that small files of blanks pass."""
    entries: int = 5_000
    file: int = 10 << 20
    header: int = 64 << 10
    """Extended headers (long names) of one entry."""
    kept: int = 50 << 20
    """All files that are given back; the rest is read past."""


class Gunzip:
    """Exactly one gzip member, inflated piece by piece and counted; nothing may follow it."""

    def __init__(self, stream: BinaryIO, limits: Limits) -> None:
        self.stream = stream
        self.limits = limits
        self.inflater = zlib.decompressobj(zlib.MAX_WBITS | 16)
        self.compressed = 0
        self.expanded = 0
        self.buffer = bytearray()
        self.at: str | None = None
        """The entry that is being read, or was read last."""
        self.overhead = 0
        """Headers and padding of entries. Their number has a limit of its own, so the ratio does not count them."""

    def read(self, size: int) -> bytes:
        """Exactly `size` bytes, or fewer only at the end."""
        while len(self.buffer) < size and self._fill():
            pass
        taken = bytes(self.buffer[:size])
        del self.buffer[:size]
        return taken

    def finish(self) -> None:
        """Demand that nothing but zero bytes is left in the member, and nothing at all after it."""
        while rest := self.read(CHUNK):
            if rest.strip(b"\0"):
                raise ArchiveError("The archive has data after its end; two unpackers could disagree about it.")
        if not self.inflater.eof:
            raise ArchiveError("The archive is cut off.")
        if self.inflater.unused_data or self.stream.read(1):
            raise ArchiveError("The archive has bytes after its gzip data (a second member, or something hidden).")

    def too_much(self, what: str) -> ArchiveError:
        """The refusal of an archive that is too large in some way, with the entry at which that was seen."""
        at = f", seen at `{printable(self.at)}`" if self.at else ""
        return ArchiveError(f"The archive {what}{at}.", path=self.at, fix=_LESS)

    def _fill(self) -> bool:
        if self.inflater.eof:
            return False
        data = self.inflater.unconsumed_tail
        if not data:
            data = self.stream.read(CHUNK)
            self.compressed += len(data)
            if self.compressed > self.limits.compressed:
                raise self.too_much(f"is larger than {in_words(self.limits.compressed)}")
        try:
            piece = self.inflater.decompress(data, CHUNK) if data else self.inflater.flush(CHUNK)
        except zlib.error:
            raise ArchiveError("The archive is not a .tar.gz, or it is damaged.") from None
        self.expanded += len(piece)
        self._check_growth()
        self.buffer += piece
        if not piece and not data:
            raise ArchiveError("The archive is cut off.")
        return True

    def _check_growth(self) -> None:
        if self.expanded > self.limits.expanded:
            raise self.too_much(f"unpacks to more than {in_words(self.limits.expanded)}")
        consumed = self.compressed - len(self.inflater.unconsumed_tail)
        counted = self.expanded - self.overhead
        if counted > 1 << 20 and counted > self.limits.ratio * max(consumed, 1):
            raise self.too_much(f"unpacks to more than {self.limits.ratio} times its size")


def in_words(size: int) -> str:
    """`10 MiB`, `4 KiB` or `256 bytes`."""
    return f"{size >> 20} MiB" if size >= 1 << 20 else f"{size >> 10} KiB" if size >= 1 << 10 else f"{size} bytes"
