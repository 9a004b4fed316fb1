"""Which storage the settings ask for. Today a folder in the data directory; nobody else decides."""

from core.errors import SettingsError
from core.settings import Settings
from registry.storage.local import LocalStorage
from registry.storage.port import Storage


def open_storage(settings: Settings) -> Storage:
    """The storage of this installation."""
    try:
        return LocalStorage(settings.data_dir / "storage")
    except OSError as error:
        reason = error.strerror or type(error).__name__
        raise SettingsError(
            f"TERRASMITH_DATA_DIR is wrong: {settings.data_dir}: {reason.lower()}; it expects a folder that "
            "Terrasmith may write to."
        ) from None
