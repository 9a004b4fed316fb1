"""A version's examples, ready to copy: read from its stored archive, with the registry's address for a source.

Whoever calls has decided who may see the version, and holds no transaction: this reads the storage.
"""

import threading
from collections.abc import Mapping

from core.errors import Transient, UserError
from registry.services.catalog import VersionFacts
from registry.storage.port import Storage, archive_key
from tfmodule import examples
from tfmodule.archive import unpack
from tfmodule.examples import Release

# Each holds a whole archive unpacked: as many as may be asked for at once must not be in memory at once.
_PLACES = threading.BoundedSemaphore(2)
_PATIENCE_SECONDS = 5.0


class UnknownExampleError(UserError):
    """The version has no such example."""

    def __init__(self, address: str, version: str, path: str) -> None:
        super().__init__("Example not found")
        self.address, self.version, self.path = address, version, path


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
            raise UnknownExampleError(str(version.address), str(version.version), path)
        return examples.render(files, path, Release(host, version.address, version.version))
    finally:
        _PLACES.release()
