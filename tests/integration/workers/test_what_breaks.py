"""What broke other registries when we measured them, a fixture for each, and hostile archives of every kind.

Each goes in by the HTTP door and through the job: refused by name and rule, nothing kept, the version free for a good
one.
"""

import gzip
import inspect
import io
import itertools
import os
import shutil
import tarfile
import threading
import tracemalloc
from collections.abc import Iterator
from datetime import timedelta
from pathlib import Path
from typing import Any

import pytest
from starlette.testclient import TestClient

from accounts import tokens
from core.db import Database
from core.settings import Settings
from gate.engines.port import EngineSettings
from gate.judge import judge
from gate.report import Report
from registry.storage.local import LocalStorage
from terrasmith import roles
from tests.integration.workers.back_room import Back
from tfmodule.archive import Entry, pack
from web.app import create_app

GOOD = pack([Entry("main.tf", b'output "x" {\n  value = 1\n}\n')])
UPLOAD = "/v1/modules/acme/{name}/aws/{version}/upload"


class Road(Back):
    """The whole way in: HTTP, staging, job. The verdict is in the test's hand, unless the gate itself is asked."""

    def __init__(self, database: Database, storage: LocalStorage) -> None:
        super().__init__(database, storage)
        settings: dict[str, Any] = {
            "base_url": "https://registry.example.com", "secret_key": "k" * 32, "webhook_secrets": "w" * 32,
        }  # fmt: skip
        self.client = TestClient(create_app(Settings(**settings), database, storage), raise_server_exceptions=False)
        with database.unit_of_work() as session:
            self.secret = tokens.create(session, "http", "acme", "publish", timedelta(days=1))[1]
        self.real_gate = False
        self.begin("none")

    def begin(self, name: str) -> None:
        """A case of its own: a module that nobody has published yet."""
        self.name, self.verdicts, self.judged = name, [], []
        self.stored = self.archives()

    def versions(self) -> int:
        found = self.client.get(f"/v1/modules/acme/{self.name}/aws/versions")
        return len(found.json()["modules"][0]["versions"]) if found.status_code == 200 else 0

    def post(self, body: Any, version: str = "1.0.0", path: str = UPLOAD, **said: Any) -> Any:
        headers = {"Authorization": f"Bearer {self.secret}"} | said.pop("headers", {})
        return self.client.post(path.format(version=version, name=self.name), content=body, headers=headers, **said)

    def _judge(self, profile: str, modules: Any) -> Any:
        if not self.real_gate:
            return super()._judge(profile, modules)
        engine = EngineSettings(terraform="/nonexistent", sandbox="trusted-local")  # none is needed to refuse
        return lambda files: judge(files, profile=profile, engine=engine, modules=modules)

    def refusal(self, body: bytes) -> Any:
        """The row of an upload that was taken in and then refused, of which nothing is left."""
        answer = self.post(body)
        assert answer.status_code == 202, answer.text
        upload_id = answer.json()["id"]
        assert self.run(upload_id) == "done"
        row = self.row(upload_id)
        assert (row.state, row.claim) == ("refused", None), row.reason
        told = self.client.get(answer.headers["location"], headers={"Authorization": f"Bearer {self.secret}"}).json()
        assert (told["state"], told["reason"], told["under_way"]) == ("refused", row.reason, False)
        self.require_nothing()
        return row

    def require_nothing(self) -> None:
        assert self.staged() == [] and self.archives() == self.stored and self.versions() == 0

    def publish(self, body: bytes, version: str = "1.0.0") -> None:
        answer = self.post(body, version)
        assert answer.status_code == 202, answer.text
        assert self.run(answer.json()["id"]) == "done"


@pytest.fixture(scope="module")
def laid(sqlite_template: Path, tmp_path_factory: pytest.TempPathFactory) -> Iterator[Road]:
    """One for all: an application takes longer to make than a case does to be refused."""
    folder = tmp_path_factory.mktemp("road")
    database = Database(f"sqlite:///{shutil.copyfile(sqlite_template, folder / 'terrasmith.db')}")
    yield Road(database, LocalStorage(folder / "storage"))
    database.dispose()


@pytest.fixture
def either(database: Database, tmp_path: Path) -> Road:
    """One of its own on each database, for what two databases may do differently: many at once."""
    return Road(database, LocalStorage(tmp_path / "storage"))


@pytest.fixture
def road(laid: Road) -> Iterator[Road]:
    laid.begin(f"case{next(_numbers)}")
    yield laid
    laid.real_gate = False


_numbers = itertools.count()


def _hostile(*members: tuple[tarfile.TarInfo, bytes]) -> bytes:
    out = io.BytesIO()
    with tarfile.open(fileobj=out, mode="w:gz", format=tarfile.USTAR_FORMAT) as archive:
        for info, data in members:
            info.size = len(data)
            archive.addfile(info, io.BytesIO(data))
    return out.getvalue()


def _member(name: str, kind: bytes = tarfile.REGTYPE, target: str = "") -> tarfile.TarInfo:
    info = tarfile.TarInfo(name)
    info.type, info.linkname = kind, target
    return info


def _zeros(name: str, size: int) -> bytes:
    """A file of so many zeros, packed without ever holding them."""
    out = io.BytesIO()
    with gzip.GzipFile(fileobj=out, mode="wb") as packed:
        info = _member(name)
        info.size = size
        packed.write(info.tobuf(tarfile.USTAR_FORMAT))
        for _ in range(size >> 20):
            packed.write(bytes(1 << 20))
        packed.write(bytes(1024))
    return out.getvalue()


MAIN = (_member("main.tf"), b"# x\n")
HOSTILE = {
    "member that climbs out": (_hostile(MAIN, (_member("../../etc/cron.d/x"), b"x")), ("../../etc/cron.d/x", "`..`")),
    "absolute member": (_hostile(MAIN, (_member("/etc/passwd"), b"x")), ("/etc/passwd", "absolute")),
    "symbolic link, then written through": (
        _hostile(MAIN, (_member("l", tarfile.SYMTYPE, "/etc"), b""), (_member("l/x"), b"x")),
        ("`l`", "symbolic link"),
    ),
    "hard link": (_hostile(MAIN, (_member("h", tarfile.LNKTYPE, "main.tf"), b"")), ("`h`", "hard link")),
    "device": (_hostile(MAIN, (_member("null", tarfile.CHRTYPE), b"")), ("`null`", "character device")),
    "fifo": (_hostile(MAIN, (_member("pipe", tarfile.FIFOTYPE), b"")), ("`pipe`", "FIFO")),
    "twice": (_hostile(MAIN, (_member("MAIN.TF"), b"y")), ("MAIN.TF", "same name")),
    "windows device": (_hostile(MAIN, (_member("con.tf"), b"y")), ("con.tf", "Windows")),
    "bomb": (_hostile((_member("main.tf"), bytes(9 << 20))), ("100 times", "`main.tf`")),
    "300 MiB of zeros in an archive of 300 kB": (_zeros("main.tf", 300 << 20), ("`main.tf`", "larger than 10 MiB")),
    "truncated archive": (_hostile(MAIN)[:-20], ("cut off",)),
    "random bytes in gzip": (gzip.compress(os.urandom(4096)), ()),
    "empty archive": (gzip.compress(bytes(1024)), ("holds no file",)),
    "second member": (_hostile(MAIN) + gzip.compress(b"x"), ("after its gzip data",)),
    "no tar in it": (gzip.compress(b"hello" * 200), ("damaged",)),
    "one folder around it": (_hostile((_member(".github/x.yml"), b"x")), ("at its root",)),
}

_LEAVE, _RENAME = "Leave it out, and pack the archive again.", "Rename it, or leave it out."
_ANEW = "Pack the module again, as one whole .tar.gz."
ADVICE = {
    "member that climbs out": ("../../etc/cron.d/x", _RENAME),
    "absolute member": ("/etc/passwd", _RENAME),
    "symbolic link, then written through": ("l", _LEAVE),
    "hard link": ("h", _LEAVE),
    "device": ("null", _LEAVE),
    "fifo": ("pipe", _LEAVE),
    "twice": ("MAIN.TF", "Keep only one of them."),
    "windows device": ("con.tf", _RENAME),
    "bomb": ("main.tf", "Leave out what the module does not need."),
    "300 MiB of zeros in an archive of 300 kB": ("main.tf", _LEAVE),
    "empty archive": (None, "Put the module's `.tf` files at its root."),
    "one folder around it": (None, "Pack what is in the module's folder, without a folder around it."),
}


@pytest.mark.parametrize("what", HOSTILE)
@pytest.mark.checklist("R28", "T-17", "T-18", "T-19", "T-20")
def test_R28_a_hostile_archive_is_refused_by_name_and_rule_and_nothing_is_kept(road: Road, what: str) -> None:
    data, words = HOSTILE[what]
    tracemalloc.start()
    try:
        row = road.refusal(data)
        peak = tracemalloc.get_traced_memory()[1]
    finally:
        tracemalloc.stop()
    [finding] = Report.from_dict(row.report or {}).findings
    assert finding.rule == "archive" and all(word in finding.message for word in words), finding.message
    assert row.reason == finding.message
    assert (finding.path, finding.fix) == ADVICE.get(what, (None, _ANEW))
    assert road.judged == [] and peak < 48 << 20, f"{peak >> 20} MiB"
    if "archive" in what:  # what made a peer refuse the good one ever after
        road.publish(GOOD)
        assert road.versions() == 1


SCREENED = {
    "module block without a source": ({"main.tf": b'module "x" {}\n'}, "main.tf", 1),
    "invalid HCL": ({"main.tf": b'output "x" {\n  value = \n}\nresource "a {\n'}, "main.tf", None),
    "code that is not UTF-8": ({"main.tf": b'output "x" {\n  value = "\xe4"\n}\n'}, "main.tf", None),
}


@pytest.mark.parametrize("what", SCREENED)
def test_content_that_broke_a_peer_is_refused_with_file_and_line(road: Road, what: str) -> None:
    files, path, line = SCREENED[what]
    road.real_gate = True
    row = road.refusal(pack([Entry(name, data) for name, data in files.items()]))
    errors = Report.from_dict(row.report or {}).errors
    assert errors and errors[0].path == path and errors[0].message and errors[0].line, errors
    assert line is None or errors[0].line == line


@pytest.mark.checklist("R28")
def test_R28_a_folder_around_the_module_is_refused_with_what_to_do(road: Road) -> None:
    road.real_gate = True
    row = road.refusal(pack([Entry("terraform-aws-x/main.tf", b'output "x" {\n  value = 1\n}\n')]))
    [error] = Report.from_dict(row.report or {}).errors
    assert error.rule == "no-code" and "at its root, outside of any folder" in error.fix


def test_a_readme_that_is_not_utf8_is_published_and_shown(road: Road) -> None:
    road.publish(pack([Entry("main.tf", b"# x\n"), Entry("README.md", b"# B\xe4r\n\nA bear.\n")]))
    assert road.versions() == 1
    shown = road.client.get(f"/api/v1/modules/acme/{road.name}/aws/versions/1.0.0/readme")
    assert shown.status_code == 200 and "A bear." in shown.json()["readme"]


BODIES = {
    "random bytes": (b"\x00" + os.urandom(4096), {}, 415, "not a .tar.gz"),
    "nothing at all": (b"", {}, 415, "empty"),
    "zip with a member that climbs out": (b"PK\x03\x04../x", {}, 415, "zip"),
    "form whose file name climbs out": (
        b'--b\r\nContent-Disposition: form-data; name="f"; filename="../../x.tar.gz"\r\n\r\nx\r\n--b--\r\n',
        {"Content-Type": "multipart/form-data; boundary=b"}, 415, "raw bytes",
    ),
}  # fmt: skip


@pytest.mark.parametrize("what", BODIES)
def test_a_body_that_broke_a_peer_is_not_even_taken_in(road: Road, what: str) -> None:
    body, headers, status, word = BODIES[what]
    folder = road.storage.root.parent
    before = {path for path in folder.parent.rglob("*") if ".db" not in path.name}
    answer = road.post(body, headers=headers)
    assert answer.status_code == status and word in answer.json()["errors"][0]
    assert {path for path in folder.parent.rglob("*") if path.is_file() and ".db" not in path.name} <= before
    road.require_nothing()


def test_a_namespace_that_climbs_out_is_none(road: Road) -> None:
    for name in ("..%2f..%2fx", "..", "%2e%2e"):
        answer = road.post(GOOD, path=UPLOAD.replace("acme", name))
        assert answer.status_code == 404 and answer.json()["errors"], name
    road.require_nothing()


@pytest.mark.parametrize("version", ["latest", "1.0", "v1.0.0", "01.2.3"])
def test_what_is_no_semantic_version_is_refused(road: Road, version: str) -> None:
    answer = road.post(GOOD, version)
    assert answer.status_code == 422 and "not a version" in answer.json()["errors"][0]
    road.require_nothing()


@pytest.mark.parametrize("version", ["1.0.0-rc.1", "1.0.0+b"])
def test_what_is_one_is_published(road: Road, version: str) -> None:
    road.publish(GOOD, version)
    listed = road.client.get(f"/v1/modules/acme/{road.name}/aws/versions").json()["modules"][0]["versions"]
    assert listed == [{"version": version}]


def test_the_same_version_again_is_the_same_answer_or_a_conflict(road: Road) -> None:
    road.publish(GOOD)
    assert road.post(GOOD).status_code == 200
    assert road.post(pack([Entry("main.tf", b"# other\n")])).status_code == 409
    assert road.versions() == 1 and road.staged() == []


@pytest.mark.checklist("F-12")
def test_twenty_uploads_at_once_are_one_version_or_twenty(either: Road) -> None:
    with either.client:  # one event loop for all, as in the server: bodies wait for each other's places
        for name, versions in (("one", 1), ("twenty", 20)):
            either.begin(name)
            _twenty_at_once(either, versions)


def _twenty_at_once(road: Road, versions: int) -> None:
    answers: list[Any] = []
    threads = [
        threading.Thread(target=lambda n=number: answers.append(road.post(GOOD, f"1.{n % versions}.0")))
        for number in range(20)
    ]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    assert {one.status_code for one in answers} == {202}
    uploads = {one.json()["id"] for one in answers}
    assert len(uploads) == versions
    for upload_id in uploads:
        assert road.run(upload_id) == "done"
    listed = road.client.get(f"/v1/modules/acme/{road.name}/aws/versions").json()["modules"][0]["versions"]
    assert len(listed) == versions == road.versions() and road.staged() == []


def test_nobody_uploads_by_default_and_nobody_elsewhere_is_listened_to(road: Road) -> None:
    assert road.client.post(UPLOAD.format(version="1.0.0", name=road.name), content=GOOD).status_code == 401
    road.require_nothing()
    assert inspect.signature(roles.web).parameters["host"].default == "127.0.0.1"
