"""Which storage the settings ask for, and whether it can do what we need. Nobody else decides.

Loads boto3 for a bucket only.
"""

from core.errors import SettingsError, UserError
from core.ids import new_id
from core.log import get_logger
from core.settings import Settings, expects, variable
from registry.storage.local import LocalStorage
from registry.storage.places import Bucket, Folder, InvalidPlaceError, Place, parse_place
from registry.storage.port import (
    INCOMING,
    ObjectDiffersError,
    ObjectMissingError,
    Storage,
    StorageRefusedError,
    StorageUnavailableError,
)

_log = get_logger(__name__)


class UnfitStorageError(UserError):
    """The storage answers, and does not keep what it promises."""


def open_storage(settings: Settings) -> Storage:
    """The storage of this installation. Raises SettingsError; asks a bucket nothing yet."""
    place = place_of(settings)
    if settings.archives != "stream" and isinstance(place, Folder):
        raise SettingsError(
            f"{variable('archives')} is wrong: a folder has no address to redirect to; it expects `stream`, or S3 in "
            f"{variable('storage')}."
        )
    try:
        return open_place(place)
    except OSError as error:
        reason = (error.strerror or type(error).__name__).lower()
        if settings.storage is None:
            raise SettingsError(
                f"{variable('data_dir')} is wrong: {settings.data_dir}: {reason}; it expects a folder that "
                "Terrasmith may write to."
            ) from None
        raise SettingsError(
            f"{variable('storage')} is wrong: {place}: {reason}; it expects {expects('storage')}."
        ) from None
    except StorageRefusedError as error:
        raise SettingsError(f"{variable('storage')} is wrong: {error.message}") from None


def place_of(settings: Settings) -> Place:
    """Where the settings say that the storage is. Raises SettingsError."""
    if settings.storage is None:
        return Folder(settings.data_dir / "storage")
    try:
        return parse_place(settings.storage)
    except InvalidPlaceError as error:
        raise SettingsError(
            f"{variable('storage')} is wrong: {error.message}; it expects {expects('storage')}."
        ) from None


def open_place(place: Place, *, create: bool = True) -> Storage:
    """A storage at an address. Raises OSError for a folder and StorageRefusedError for a bucket that cannot be.

    Without `create` a folder must be there, and is only for reading.
    """
    if isinstance(place, Bucket):
        # Half a second of processor time that nobody with a folder has to pay.
        from registry.storage.s3 import S3Storage

        return S3Storage(place)
    return LocalStorage(place.root, create=create)


def prove(settings: Settings) -> None:
    """Before a process begins its work: a bucket must take, give back, protect and let go of a few bytes.

    Raises SettingsError for one that will not, and lets one that does not answer for now be: reading goes on as soon as
    it does. A folder has proved itself by being opened.
    """
    storage = open_storage(settings)
    if isinstance(storage, LocalStorage):
        return
    try:
        examine(storage)
    except (StorageRefusedError, UnfitStorageError) as error:
        raise SettingsError(f"{variable('storage')} is wrong: {error.message}") from None
    except StorageUnavailableError as error:
        _log.warning("the storage does not answer yet; starting all the same", error=error.message)


def examine(storage: Storage) -> tuple[str, ...]:
    """Try everything on a few bytes of the staging area, and take them away again; returns what worked, step by step.

    Raises UnfitStorageError, StorageRefusedError and StorageUnavailableError.
    """
    key, content = INCOMING + new_id("prb"), b"Terrasmith was here."
    storage.stage(key, [content])
    try:
        with storage.open(key) as stream:
            if stream.read() != content:
                raise UnfitStorageError("It gave back other bytes than it was given.")
        _require_write_once(storage, key)
        if all(one.key != key for one in storage.objects(INCOMING)):
            raise UnfitStorageError("It does not list what it holds: look at its prefix and at the right to list.")
    except ObjectMissingError:
        raise UnfitStorageError("It does not give back what it was given a moment ago.") from None
    finally:
        storage.discard(key)
    if storage.exists(key):
        raise UnfitStorageError("It still holds what was taken away: is there a lock on the objects of incoming/?")
    return ("written", "read back", "not overwritten", "listed", "taken away")


def _require_write_once(storage: Storage, key: str) -> None:
    try:
        storage.stage(key, [b"Somebody else was here."])
    except ObjectDiffersError:
        return
    raise UnfitStorageError(
        "It overwrites: it ignores `If-None-Match: *`, so nothing would protect what is published. Use a server that "
        "keeps conditional writes (docs/STORAGE.md names some)."
    )
