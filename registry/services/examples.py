"""A version's examples, ready to copy: read from its stored archive, with the registry's address for a source.

Whoever calls has decided who may see the version, and holds no transaction: this reads the storage.
"""

import threading
from collections.abc import Iterable, Mapping

from core.errors import Transient, UserError
from registry.services.catalog import VersionFacts
from registry.storage.port import Storage, archive_key
from tfmodule import examples
from tfmodule.archive import unpack
from tfmodule.examples import Release

# Each holds a whole archive unpacked: as many as may be asked for at once must not be in memory at once.
_PLACES = threading.BoundedSemaphore(2)
_PATIENCE_SECONDS = 5.0
_MOST_NAMED = 20


class UnknownExampleError(UserError):
    """The version has no such example."""

    def __init__(self, known: Iterable[str]) -> None:
        self.known = tuple(sorted(known))
        listed = ", ".join(f"`{one}`" for one in self.known[:_MOST_NAMED])
        more = len(self.known) - _MOST_NAMED
        rest = f" and {more} more, which the version itself lists" if more > 0 else ""
        there = f"Give one of these as `path`: {listed}{rest}." if listed else "This version has none."
        super().__init__(f"Example not found. {there}")


def example_files(storage: Storage, version: VersionFacts, path: str, host: str) -> Mapping[str, bytes]:
    """The files of the example in this folder (`examples/basic`), named from there; `host` is `HOST[:PORT]`.

    Raises UnknownExampleError, Transient where too many ask at once, and ObjectMissingError for a storage that lost the
    archive. The answer depends on the digest, path and host alone, so it may be kept for ever.
    """
    if not _PLACES.acquire(timeout=_PATIENCE_SECONDS):
        raise Transient("too many examples are being unpacked", 2.0)
    try:
        with storage.open(archive_key(version.sha256)) as stream:
            files = {entry.path: entry.data for entry in unpack(stream)}
        if not examples.is_example(files, path):
            raise UnknownExampleError(examples.example_folders(files))
        return examples.render(files, path, Release(host, version.address, version.version))
    finally:
        _PLACES.release()
