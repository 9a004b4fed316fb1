"""An archive's bytes in memory, where the kernel can send them from without a copy: a file that lies on no disk.

Knows Linux's memfd. Where there is none, or too many are open, they are plain bytes; refuses to be changed.
"""

import mmap
import os
import resource
import threading
import weakref
from typing import ClassVar, Final

_WORTH_A_FILE: Final = 32 << 10
"""Bytes. Fewer are copied sooner than a file is sent."""
_MOST_FILES: Final = 512


class ArchiveBytes:
    """`data` is what there is to read; `file` has the same, or is -1. The file ends with this object."""

    __slots__ = ("__weakref__", "data", "file")

    _open: ClassVar[int] = 0
    _lock: ClassVar[threading.Lock] = threading.Lock()

    def __init__(self, data: bytes) -> None:
        self.data: bytes | memoryview = data
        self.file = -1
        if len(data) < _WORTH_A_FILE or not self._take_a_file():
            return
        try:
            file = _memory_file(data)
        except OSError:  # no memory for files: plain bytes do as well
            self._leave()
            return
        weakref.finalize(self, self._end, file)
        # The same pages once more, so that nothing is kept twice.
        self.data = memoryview(mmap.mmap(file, len(data), prot=mmap.PROT_READ))
        self.file = file

    def __len__(self) -> int:
        return len(self.data)

    @classmethod
    def _take_a_file(cls) -> bool:
        """Connections need files too: at most a quarter of what a process may open is for these."""
        if not hasattr(os, "memfd_create"):
            return False
        soft = resource.getrlimit(resource.RLIMIT_NOFILE)[0]
        most = _MOST_FILES if soft == resource.RLIM_INFINITY else min(_MOST_FILES, soft // 4)
        with cls._lock:
            if cls._open >= most:
                return False
            cls._open += 1
            return True

    @classmethod
    def _leave(cls) -> None:
        with cls._lock:
            cls._open -= 1

    @classmethod
    def _end(cls, file: int) -> None:
        os.close(file)
        cls._leave()


def _memory_file(data: bytes) -> int:
    file = os.memfd_create("archive")
    try:
        view = memoryview(data)
        while view:
            view = view[os.write(file, view) :]
    except OSError:
        os.close(file)
        raise
    return file
