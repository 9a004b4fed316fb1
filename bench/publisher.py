"""One client who publishes a large module again and again, and the worker's part of it without the gate.

`python -m bench.publisher PORT DATABASE_URL DATA_DIR TOKEN` runs until it is terminated, and says how often it did.
"""

import signal
import sys
from itertools import count
from pathlib import Path
from types import FrameType

from bench.published import PRIVATE, large, upload
from core.db import Database
from registry.services import publishing
from registry.services.publishing import PublishVersion
from registry.storage.local import LocalStorage
from tfmodule.address import Address
from tfmodule.archive import Entry, pack
from tfmodule.contents import EMPTY
from tfmodule.version import Version


class _Enough(Exception):  # noqa: N818  # nothing went wrong
    """Somebody asked us to stop."""


def _stop(_number: int, _frame: FrameType | None) -> None:
    raise _Enough


def main(port: int, database_url: str, data_dir: Path, token: str) -> int:
    """How many modules were published."""
    database, storage, done = Database(database_url), LocalStorage(data_dir / "storage"), 0
    signal.signal(signal.SIGTERM, _stop)
    try:
        for number in count():
            body = pack([*large(), Entry("NUMBER", str(number).encode())])
            upload(port, token, Address(PRIVATE, "uploaded", "terraform"), f"1.{number}.0", body)
            prepared = publishing.prepare(body)  # unpacked and packed again, as a worker does
            publishing.store(storage, prepared)
            with database.unit_of_work() as session:
                publishing.publish(session, _version(number, prepared))
            done = number + 1
    except _Enough:
        return done
    finally:
        database.dispose()
    return done


def _version(number: int, prepared: publishing.PreparedArchive) -> PublishVersion:
    return PublishVersion(
        address=Address(PRIVATE, "busy", "terraform"),
        version=Version(1, number, 0),
        tag=f"v1.{number}.0",
        commit_sha="c" * 40,
        repository_id=4_711,
        account_id=11,
        source_is_private=True,
        source_url="https://github.example/acme/terraform-terraform-busy",
        sha256=prepared.sha256,
        h1=prepared.h1,
        size=prepared.size,
        contents=EMPTY,
        report={},
    )


if __name__ == "__main__":
    print(main(int(sys.argv[1]), sys.argv[2], Path(sys.argv[3]), sys.argv[4]))
