"""Every kind of storage there is, empty: a folder, and a bucket of a real S3 server."""

from collections.abc import Callable, Iterator
from pathlib import Path

import pytest

from registry.storage.local import LocalStorage
from registry.storage.port import Storage
from tests.faulty_road import Road, faulty_road
from tests.s3_server import S3Server


@pytest.fixture(scope="session")
def shared_road(s3_server: S3Server) -> Iterator[Road]:
    with faulty_road(s3_server.port) as made:
        yield made


@pytest.fixture
def road(shared_road: Road) -> Road:
    """A road to the S3 server that can be made bad; good and forgetful at first."""
    shared_road.mend()
    return shared_road


@pytest.fixture(params=["local", "s3"])
def storage(request: pytest.FixtureRequest, tmp_path: Path) -> Storage:
    if request.param == "local":
        return LocalStorage(tmp_path / "storage")
    open_s3: Callable[[], Storage] = request.getfixturevalue("open_s3")
    return open_s3()
