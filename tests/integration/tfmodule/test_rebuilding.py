"""The canonical archive from outside: other Pythons, zones and umasks write it, others unpack it, bombs fail."""

import gzip
import json
import os
import shutil
import subprocess
import sys
import tarfile
import tempfile
from collections.abc import Iterator, Mapping
from pathlib import Path

import pytest

from tfmodule.archive import ArchiveError, Entry, h1, pack, sha256, unpack

ROOT = Path(__file__).parents[3]

ENTRIES = [
    Entry("main.tf", b'resource "x" "y" {}\n' * 200),
    Entry("README.md", "# Größe\r\n".encode()),
    Entry("empty.tf", b""),
    Entry("scripts/run.sh", b"#!/bin/sh\n", executable=True),
    Entry("modules/" + "é" * 45 + "/" + "n" * 70 + ".tf", b"# a long name that is not ASCII\n"),
    Entry("modules/a b/variables.tf", bytes(range(256)) * 40),
]

PACKER = """
import json, os, sys, time, zlib
time.tzset()
os.umask(int(sys.argv[1], 8))
from tfmodule.archive import Entry, h1, pack
entries = [Entry(path, bytes.fromhex(data), executable) for path, data, executable in json.load(sys.stdin)]
packed = pack(reversed(entries))
import gzip, hashlib
digest = lambda data: hashlib.sha256(data).hexdigest()
print(json.dumps({
    "python": sys.version_info[:2], "zlib": zlib.ZLIB_RUNTIME_VERSION,
    "sha256": digest(packed), "tar": digest(gzip.decompress(packed)), "h1": h1(entries),
}))
"""


def pythons() -> Iterator[str]:
    """The Pythons of 3.11 or newer on this machine: ours, those on PATH, and those that pyenv keeps."""
    yield sys.executable
    names = [f"python3.{minor}" for minor in range(11, 16)]
    folders = [Path(folder) for folder in os.environ.get("PATH", "").split(os.pathsep)]
    if pyenv := shutil.which("pyenv"):
        root = subprocess.run([pyenv, "root"], capture_output=True, text=True, check=False).stdout.strip()
        # Shims answer for the chosen version only; the versions themselves always do.
        folders = [folder for folder in folders if folder != Path(root) / "shims"]
        folders += sorted(Path(root).glob("versions/*/bin"))
    for name in names:
        if found := next((folder / name for folder in folders if (folder / name).is_file()), None):
            yield str(found)


def packed_by(python: str, umask: str, **environment: str) -> dict:
    """What that Python makes of the entries, in a process with nothing of ours but the source."""
    described = [[one.path, one.data.hex(), one.executable] for one in ENTRIES]
    done = subprocess.run(
        [python, "-c", PACKER, umask],
        input=json.dumps(described),
        env={"PYTHONPATH": str(ROOT), "PYTHONDONTWRITEBYTECODE": "1", **environment},
        capture_output=True,
        text=True,
        timeout=60,
        check=False,
    )
    assert done.returncode == 0, done.stderr
    return dict(json.loads(done.stdout))


@pytest.mark.checklist("P-05", "R28")
@pytest.mark.parametrize(
    ("umask", "environment"),
    [
        ("022", {"TZ": "UTC"}),
        ("000", {"TZ": "Pacific/Kiritimati", "LC_ALL": "C", "PYTHONHASHSEED": "1"}),
        ("077", {"TZ": "America/Anchorage", "PYTHONHASHSEED": "2", "PYTHONUTF8": "0", "LC_ALL": "POSIX"}),
    ],
)
def test_P05_every_python_zone_umask_and_locale_writes_the_same(umask: str, environment: Mapping[str, str]) -> None:
    made = [packed_by(python, umask, **environment) for python in pythons()]
    ours = pack(ENTRIES)
    for one in made:
        # Promised for ever: the tar inside and the hash of the files.
        assert (one["tar"], one["h1"]) == (sha256(gzip.decompress(ours)), h1(ENTRIES)), one
    by_zlib: dict[str, set[str]] = {}
    for one in made:
        by_zlib.setdefault(one["zlib"], set()).add(one["sha256"])
    # Promised for one build of zlib: the compressed bytes too.
    assert all(len(digests) == 1 for digests in by_zlib.values()), made


# Those that are here: Python's own is everywhere, and `tar` is GNU's on Linux and libarchive's on macOS.
PROGRAMS = ["python", *(name for name in ("tar", "gtar", "bsdtar") if shutil.which(name))]


def tree_of(folder: Path) -> str:
    """The hash of a folder's files, as Go and Terraform compute it."""
    files = [path for path in folder.rglob("*") if path.is_file()]
    assert not [path for path in folder.rglob("*") if path.is_symlink()]
    return h1(Entry(path.relative_to(folder).as_posix(), path.read_bytes()) for path in files)


@pytest.mark.checklist("T-19", "P-06")
@pytest.mark.parametrize("program", PROGRAMS)
def test_T19_P06_every_program_unpacks_the_same_tree(tmp_path: Path, program: str) -> None:
    file, folder = tmp_path / "it.tar.gz", tmp_path / "out"
    file.write_bytes(pack(ENTRIES))
    folder.mkdir()
    if program == "python":
        with tarfile.open(file) as opened:
            assert [one.name for one in opened.getmembers()] == sorted(one.path for one in ENTRIES)
            opened.extractall(folder, filter="data")
    else:
        subprocess.run([program, "-xzf", str(file), "-C", str(folder)], check=True, capture_output=True)
    assert tree_of(folder) == h1(ENTRIES)
    runnable = [path.relative_to(folder).as_posix() for path in folder.rglob("*") if path.stat().st_mode & 0o100]
    assert [path for path in runnable if (folder / path).is_file()] == ["scripts/run.sh"]


@pytest.mark.checklist("T-19", "P-06")
@pytest.mark.parametrize("form", ["gnu", "pax", "ustar", "v7", "posix-sparse"])
def test_T19_what_gnu_tar_writes_is_read_as_gnu_tar_reads_it_or_refused(tmp_path: Path, form: str) -> None:
    tar = shutil.which("tar")
    if (
        tar is None
        or "GNU" not in subprocess.run([tar, "--version"], capture_output=True, text=True, check=True).stdout
    ):
        pytest.skip("GNU tar is not here")
    source = tmp_path / "source"
    for number, name in enumerate(["main.tf", "modules/deep/x.tf", "n" * 90 + "/" + "m" * 60 + ".tf"]):
        if form in ("v7", "ustar") and len(name) > 99:
            continue
        (source / name).parent.mkdir(parents=True, exist_ok=True)
        (source / name).write_bytes(b"x" * (700 * number))
    options = [f"--format={form}"]
    if form == "posix-sparse":
        with (source / "hole.md").open("wb") as hole:
            hole.seek(1 << 20)
            hole.write(b"end")
        options = ["--format=posix", "--sparse"]
    packed = tmp_path / "it.tar.gz"
    subprocess.run([tar, *options, "-czf", str(packed), "-C", str(source), "."], check=True, capture_output=True)
    if form == "posix-sparse":
        with pytest.raises(ArchiveError, match=r"GNU\.sparse"):
            unpack(packed.read_bytes())
    else:
        assert h1(unpack(packed.read_bytes())) == tree_of(source)


# Bombs, each written by a generator, so that only the reader could grow. `zeros` compresses 1000 to 1 and is repeated.
BOMB = """
import io, resource, struct, sys, tarfile, time, zlib
from tfmodule.archive import ArchiveError, unpack

def header(name, size, kind=b"0"):
    info = tarfile.TarInfo(name); info.size = size; info.type = kind
    return info.tobuf(tarfile.USTAR_FORMAT)

def pieces(kind):
    squeeze = zlib.compressobj(1, zlib.DEFLATED, -15)
    yield b"\\x1f\\x8b\\x08\\x00" + bytes(4) + b"\\x02\\xff"
    if kind == "ten gigabytes from ten megabytes":
        yield squeeze.compress(header("main.tf", 7 << 30)) + squeeze.flush(zlib.Z_FULL_FLUSH)
        block = zlib.compressobj(9, zlib.DEFLATED, -15)
        zeros = block.compress(bytes(1 << 20)) + block.flush(zlib.Z_FULL_FLUSH)
        for _ in range(10_240):
            yield zeros
    elif kind == "many files below the ratio":
        import random
        noise = random.Random(1)
        for number in range(1_000):
            yield squeeze.compress(header(f"f{number}.tf", 1 << 20) + noise.randbytes(1 << 14) * 64)
    elif kind == "a million empty files":
        for number in range(1_000_000):
            yield squeeze.compress(header(f"f{number}.tf", 0))
    elif kind == "a million folders":
        for number in range(1_000_000):
            yield squeeze.compress(header(f"d{number}/", 0, b"5"))
    elif kind == "four gigabytes sparse":
        yield squeeze.compress(header("sparse.tf", 4 << 30, b"S") + bytes(1024))
    elif kind == "a name of a gigabyte":
        yield squeeze.compress(header("././@LongLink", 1 << 30, b"L"))
        for _ in range(1024):
            yield squeeze.compress(b"a" * (1 << 20))
    elif kind == "headers without end":
        record = b"30 comment=" + b"c" * 18 + b"\\n"
        for _ in range(1_000_000):
            yield squeeze.compress(header("x", len(record), b"x") + record.ljust(512, b"\\0"))
    elif kind == "an archive in an archive":
        yield squeeze.compress(header("inner.tar.gz", 6 << 30) + bytes(1 << 20))
        for _ in range(64):
            yield squeeze.compress(bytes(1 << 20))
    yield squeeze.flush()

class Stream(io.RawIOBase):
    def __init__(self, kind):
        self.pieces, self.left = pieces(kind), b""
    def read(self, size=-1):
        while not self.left:
            try: self.left = next(self.pieces)
            except StopIteration: return b""
        taken, self.left = self.left[:size], self.left[size:]
        return taken

before = resource.getrusage(resource.RUSAGE_SELF).ru_maxrss
try:
    unpack(Stream(sys.argv[1]))
    print("accepted")
except ArchiveError as error:
    grown = resource.getrusage(resource.RUSAGE_SELF).ru_maxrss - before
    print("refused", grown // 1024, error.message)
"""
BOMBS = {
    "ten gigabytes from ten megabytes": "10 MiB",
    "many files below the ratio": "more than",
    "a million empty files": "5000 entries",
    "a million folders": "5000 entries",
    "four gigabytes sparse": "sparse",
    "a name of a gigabyte": "larger than",
    "headers without end": "100 times",
    "an archive in an archive": "larger than",
}


@pytest.mark.checklist("T-18", "R28")
@pytest.mark.skipif(sys.platform == "darwin", reason="macOS only counts memory in bytes")
@pytest.mark.parametrize("kind", sorted(BOMBS))
def test_T18_bombs_are_refused_in_constant_memory(kind: str) -> None:
    done = subprocess.run(
        [sys.executable, "-c", BOMB, kind],
        env={"PYTHONPATH": str(ROOT), "PYTHONDONTWRITEBYTECODE": "1"},
        capture_output=True,
        text=True,
        timeout=120,
        check=False,
    )
    assert done.returncode == 0, done.stderr
    verdict, grown, reason = done.stdout.strip().split(" ", 2)
    assert verdict == "refused" and BOMBS[kind] in reason, done.stdout
    # At most what a module may hold at all, and a little.
    assert int(grown) < 120, done.stdout


@pytest.mark.checklist("T-17")
def test_T17_reading_an_archive_writes_nothing_anywhere(tmp_path: Path) -> None:
    """The chains behind tarfile's CVEs of 2025 and 2026: links through links, hard links to them, beyond PATH_MAX."""
    canary = tmp_path / "canary"
    canary.write_text("untouched")
    long = "/".join(["d" * 100] * 11)
    chains = {
        "a link out and a file through it": [("l", "2", str(tmp_path)), ("l/canary", "0", "")],
        "a hard link to a link": [("a", "2", str(canary)), ("b", "1", "a")],
        "links that climb beyond PATH_MAX": [(f"{long}/x", "2", "../" * 40), (f"{long}/x/canary", "0", "")],
        "a folder that becomes a link": [("a/", "5", ""), ("a", "2", ".."), ("a/canary", "0", "")],
        "a link named as a file": [("main.tf", "2", str(canary)), ("main.tf", "0", "")],
    }
    before = sorted(tmp_path.rglob("*"))
    for name, members in chains.items():
        with tempfile.TemporaryFile() as file:
            with tarfile.open(fileobj=file, mode="w:gz") as archive:
                for path, kind, target in members:
                    info = tarfile.TarInfo(path)
                    info.type, info.linkname = kind.encode(), target
                    archive.addfile(info)
            file.seek(0)
            with pytest.raises(ArchiveError, match=r"link|refused"):
                unpack(file)
        assert sorted(tmp_path.rglob("*")) == before, name
        assert canary.read_text() == "untouched"
