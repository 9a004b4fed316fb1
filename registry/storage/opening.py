"""Which storage the settings ask for. Today a folder in the data directory; nobody else decides."""

from core.settings import Settings
from registry.storage.local import LocalStorage
from registry.storage.port import Storage


def open_storage(settings: Settings) -> Storage:
    """The storage of this installation."""
    return LocalStorage(settings.data_dir / "storage")
