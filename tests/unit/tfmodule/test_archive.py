"""Archives: a hostile corpus for the reader, and the properties of the canonical form."""

import base64
import gzip
import hashlib
import io
import os
import random
import tarfile
import time
from collections.abc import Callable

import pytest
from hypothesis import given
from hypothesis import strategies as st

from tfmodule.archive import ArchiveError, Entry, Limits, h1, pack, sha256, unpack
from tfmodule.files import UnsafePathError

_SEGMENTS = st.text("abcdefgh_é-", min_size=1, max_size=30).filter(lambda s: s == s.strip("- "))
_PATHS = st.lists(_SEGMENTS, min_size=1, max_size=5).map("/".join).map(lambda path: path + ".tf")
ENTRIES = st.lists(
    st.builds(Entry, _PATHS, st.binary(max_size=2000), st.booleans()),
    min_size=1,
    max_size=8,
    unique_by=lambda entry: entry.path,
)


def tar(*members: tuple[tarfile.TarInfo, bytes], fmt: int = tarfile.PAX_FORMAT, **extra: dict[str, str]) -> bytes:
    out = io.BytesIO()
    with tarfile.open(fileobj=out, mode="w", format=fmt, **extra) as archive:
        for info, data in members:
            archive.addfile(info, io.BytesIO(data))
    return out.getvalue()


def member(name: str, data: bytes = b"x", **fields: object) -> tuple[tarfile.TarInfo, bytes]:
    info = tarfile.TarInfo(name)
    info.size = len(data)
    for field, value in fields.items():
        setattr(info, field, value)
    return info, data


def gz(*members: tuple[tarfile.TarInfo, bytes]) -> bytes:
    return gzip.compress(tar(*members))


GOOD = gz(member("main.tf"))

HOSTILE: dict[str, tuple[Callable[[], bytes], str]] = {
    "parent": (lambda: gz(member("../main.tf")), "`..`"),
    "parent inside": (lambda: gz(member("a/../../main.tf")), "`..`"),
    "absolute": (lambda: gz(member("/etc/cron.d/x")), "absolute"),
    "symlink": (
        lambda: gz(member("link.tf", b"", type=tarfile.SYMTYPE, linkname="/etc/passwd")),
        "`link.tf` is a symbolic",
    ),
    "hard link": (lambda: gz(member("hard.tf", b"", type=tarfile.LNKTYPE, linkname="main.tf")), "`hard.tf` is a hard"),
    "fifo": (lambda: gz(member("pipe", b"", type=tarfile.FIFOTYPE)), "`pipe` is a FIFO"),
    "character device": (lambda: gz(member("tty", b"", type=tarfile.CHRTYPE)), "`tty` is a character"),
    "block device": (lambda: gz(member("disk", b"", type=tarfile.BLKTYPE)), "`disk` is a block"),
    "sparse": (lambda: gz(member("sparse", b"", type=b"S")), "sparse"),
    "unknown type": (lambda: gz(member("odd", b"", type=b"Z")), "unknown kind"),
    "duplicate": (lambda: gz(member("main.tf"), member("main.tf")), "`main.tf` is refused: it is there twice"),
    "case twins": (lambda: gz(member("main.tf"), member("Main.tf")), "same name"),
    "file and directory": (lambda: gz(member("a"), member("a/b")), "directory"),
    "bidi": (lambda: gz(member("a\u202efdp.tf")), "U\\+202E"),
    "backslash": (lambda: gz(member("a\\b.tf")), "every system"),
    "windows device": (lambda: gz(member("nul.tf")), "Windows"),
    "not NFC": (lambda: gz(member("e\u0301.tf")), "NFC"),
    "trailing bytes": (lambda: GOOD + b"x", "after its gzip data"),
    "second member": (lambda: GOOD + gz(member("other.tf")), "after its gzip data"),
    "data after the end": (lambda: gzip.compress(tar(member("main.tf")) + b"hidden"), "after its end"),
    "second tar": (
        lambda: gzip.compress(tar(member("a.tf"))[:1024] + bytes(512) + tar(member("b.tf"))),
        "after its end",
    ),
    "no end mark": (lambda: gzip.compress(tar(member("main.tf"))[:1024]), "cut off"),
    "cut off": (lambda: GOOD[:-12], "cut off"),
    "cut inside": (lambda: GOOD[:40], "cut off"),
    "empty archive": (lambda: gzip.compress(bytes(1024)), "no file"),
    "only a directory": (lambda: gz(member("d", b"", type=tarfile.DIRTYPE)), "no file"),
    "nothing": (lambda: b"", "cut off"),
    "zip": (lambda: b"PK\x03\x04" + bytes(100), "not a .tar.gz"),
    "not a tar": (lambda: gzip.compress(os.urandom(2048)), "not a tar|damaged"),
    "crc": (lambda: GOOD[:-8] + bytes(4) + GOOD[-4:], "not a .tar.gz"),
    "global path": (
        lambda: gzip.compress(tar(member("main.tf"), pax_headers={"path": "evil.tf"})),
        "for all of its files",
    ),
    "pax xattr": (lambda: gz(member("main.tf", pax_headers={"GNU.sparse.major": "1"})), "GNU.sparse"),
    "pax bad size": (lambda: gz(member("main.tf", pax_headers={"size": "-1"})), "size"),
    "huge size": (
        lambda: gzip.compress(tar(member("main.tf"))[:124].ljust(512, b"\xff") + bytes(1024)),
        "damaged|larger",
    ),
    "not UTF-8": (lambda: gzip.compress(tar(member("main.tf")).replace(b"main.tf", b"m\xe4in.tf")), "damaged|UTF-8"),
}


@pytest.mark.checklist("T-17", "T-19", "T-20", "R28")
@pytest.mark.parametrize("name", sorted(HOSTILE))
def test_hostile_archives_are_refused_with_the_reason(name: str) -> None:
    build, reason = HOSTILE[name]
    with pytest.raises(ArchiveError, match=reason) as caught:
        unpack(build())
    assert caught.value.message.isprintable()


@pytest.mark.checklist("T-18")
@pytest.mark.parametrize(
    ("build", "limits", "reason"),
    [
        (lambda: gzip.compress(bytes(64 << 20)), Limits(), "100 times"),
        (lambda: gz(*(member(f"f{n}", b"") for n in range(30))), Limits(entries=20), "20 entries"),
        (lambda: gz(member("a", os.urandom(5000))), Limits(compressed=4096), "larger than 4 KiB"),
        (
            lambda: gz(member("a", os.urandom(5000)), member("b", os.urandom(5000))),
            Limits(expanded=8192),
            "unpacks to more",
        ),
        (lambda: gz(member("a", b"y" * 5000)), Limits(file=4096), "`a` is larger than 4 KiB, the most"),
        (lambda: gz(member("d/" * 400 + "x")), Limits(header=256), "larger than 256 bytes"),
        (lambda: gz(member("/".join("abcdefghijklmnop"))), Limits(), "deeper"),
        (lambda: gz(member("a" * 250)), Limits(), "longer"),
    ],
)
def test_bombs_are_refused(build: Callable[[], bytes], limits: Limits, reason: str) -> None:
    with pytest.raises(ArchiveError, match=reason):
        unpack(build(), limits)


NOISE = random.Random(0).randbytes(1 << 20)
# 8 MiB that shrink to a fiftieth.
PATTERN = b"".join(NOISE[start : start + (1 << 14)] * 64 for start in range(0, 8 << 14, 1 << 14))
LESS = "Leave out what the module does not need."
# What is built, what is wanted of it, the message, the entry that it names, and the advice of the error itself.
NAMED: dict[str, tuple[Callable[[], bytes], Callable[[str], bool] | None, str, str | None, str]] = {
    "a file that is too large on its own comes before the sum": (
        lambda: gz(member("main.tf"), member("big.tf", bytes(60 << 20))), None,
        "`big.tf` is larger than 10 MiB, the most that a file may be.", "big.tf", "",
    ),
    "a file of more than octal digits can say": (
        lambda: gzip.compress(oversized("huge.tf")), None, "`huge.tf` is larger than any module needs.", "huge.tf", "",
    ),
    "a skipped file may be no larger than everything": (
        lambda: gzip.compress(header("elsewhere/disk.img", 60 << 20)), lambda _: False,
        "`elsewhere/disk.img` is larger than 50 MiB, the most that a file may be.", "elsewhere/disk.img", "",
    ),
    "the sum": (
        lambda: gz(*(member(f"f{n}.tf", PATTERN) for n in range(7))), None,
        "The archive holds more than 50 MiB of files, seen at `f6.tf`.", "f6.tf", LESS,
    ),
    "the ratio": (
        lambda: gz(member("a.tf", NOISE[:1000]), member("zeros.tf", bytes(9 << 20))), None,
        "The archive unpacks to more than 100 times its size, seen at `zeros.tf`.", "zeros.tf", LESS,
    ),
    "too many entries, and not the ratio of their headers": (
        lambda: gz(*(member(f"f{n}.tf", b"x = 1\n") for n in range(5_001))), None,
        "The archive has more than 5000 entries, seen at `f4999.tf`.", "f4999.tf", LESS,
    ),
    "too many bytes": (
        lambda: gz(*(member(f"f{n}.tf", NOISE) for n in range(21))), None,
        "The archive is larger than 20 MiB, seen at `f19.tf`.", "f19.tf", LESS,
    ),
    "too many bytes of what is skipped": (
        lambda: gz(*(member(f"x/f{n}", NOISE) for n in range(21))), lambda _: False,
        "The archive is larger than 20 MiB, seen at `x/f19`.", "x/f19", LESS,
    ),
    "a name that must not be printed": (
        lambda: gz(member("a\u202eb.tf", bytes(60 << 20))), lambda _: False,
        "`a\\u202eb.tf` is larger than 50 MiB, the most that a file may be.", "a\u202eb.tf", "",
    ),
    "a link": (
        lambda: gz(member("l", b"", type=tarfile.SYMTYPE, linkname="/etc")), None,
        "`l` is a symbolic link; only regular files are allowed.", "l", "",
    ),
    "cut off": (lambda: GOOD[:-12], None, "The archive is cut off.", None, ""),
    "no file": (
        lambda: gzip.compress(bytes(1024)), None, "The archive holds no file.", None,
        "Put the module's `.tf` files at its root.",
    ),
}  # fmt: skip


def header(name: str, size: int) -> bytes:
    info = tarfile.TarInfo(name)
    info.size = size
    return info.tobuf(tarfile.USTAR_FORMAT)


def oversized(name: str) -> bytes:
    info = tarfile.TarInfo(name)
    info.size = 9 << 30
    return info.tobuf(tarfile.GNU_FORMAT)


@pytest.mark.checklist("T-18")
@pytest.mark.parametrize("what", NAMED)
def test_a_limit_is_told_with_the_entry_the_rule_and_what_helps(what: str) -> None:
    build, only, message, path, fix = NAMED[what]
    with pytest.raises(ArchiveError) as caught:
        unpack(build(), only=only)
    assert (caught.value.message, caught.value.path, caught.value.fix) == (message, path, fix)


def test_a_link_in_githubs_tarball_is_named_as_in_the_repository() -> None:
    link = member("acme-x-1a2b/l", b"", type=tarfile.SYMTYPE, linkname="/etc")
    with pytest.raises(ArchiveError) as caught:
        unpack(gz(link), strip_root=True)
    assert caught.value.path == "l" and "`l` is a symbolic" in caught.value.message


def test_headers_and_padding_of_many_small_files_are_no_bomb() -> None:
    files = [member(f"modules/m{n:04}/x.tf", b"#\n") for n in range(4_900)]
    assert len(unpack(gz(*files))) == 4_900


@given(st.binary(max_size=600), st.integers(0, 2000))
def test_damaged_bytes_never_do_anything_but_refuse(noise: bytes, at: int) -> None:
    raw = bytearray(tar(member("main.tf", b"hello"), member("d/x.tf", b"y" * 700)))
    raw[at : at + len(noise)] = noise
    for data in (gzip.compress(bytes(raw)), noise):
        try:
            unpack(data)
        except ArchiveError:
            continue


@given(ENTRIES)
def test_a_round_trip_changes_nothing(entries: list[Entry]) -> None:
    try:
        packed = pack(entries)
    except UnsafePathError:
        return
    assert unpack(packed) == tuple(sorted(entries, key=lambda entry: entry.path.encode()))
    assert pack(unpack(packed)) == packed


@pytest.mark.checklist("P-05")
@given(ENTRIES, st.randoms())
def test_the_bytes_do_not_depend_on_order_zone_or_umask(entries: list[Entry], shuffler) -> None:
    try:
        packed = pack(entries)
    except UnsafePathError:
        return
    shuffled = list(entries)
    shuffler.shuffle(shuffled)
    umask, zone = os.umask(0o077), os.environ.get("TZ")
    os.environ["TZ"] = "Pacific/Kiritimati"
    time.tzset()
    try:
        assert pack(shuffled) == packed
        assert h1(shuffled) == h1(entries)
    finally:
        os.umask(umask)
        os.environ.pop("TZ")
        if zone is not None:
            os.environ["TZ"] = zone
        time.tzset()


@pytest.mark.checklist("R28", "T-19")
def test_the_canonical_form_is_what_it_was() -> None:
    entries = [
        Entry("main.tf", b"a\n"),
        Entry("run.sh", b"b\n", executable=True),
        Entry("d/" + "é" * 50 + ".md", b"c\n"),
    ]
    raw = gzip.decompress(pack(entries))
    # The tar's bytes are promised for ever; the digest of another tar is the digest of another archive.
    assert sha256(raw) == "6c9af81ece9a4c6c2587a3de43e327cc252fb4d1d91500d55206418984f659c5"
    with tarfile.open(fileobj=io.BytesIO(raw)) as archive:
        members = archive.getmembers()
    assert [m.name for m in members] == ["d/" + "é" * 50 + ".md", "main.tf", "run.sh"]
    assert [m.mode for m in members] == [0o644, 0o644, 0o755]
    assert {(m.mtime, m.uid, m.gid, m.uname, m.gname) for m in members} == {(0, 0, 0, "", "")}


def test_the_gzip_header_carries_no_name_and_no_time() -> None:
    assert pack([Entry("main.tf", b"")])[:10] == b"\x1f\x8b\x08\x00\x00\x00\x00\x00\x02\xff"


def test_h1_is_gos_dirhash() -> None:
    lines = f"{hashlib.sha256(b'a').hexdigest()}  a.tf\n{hashlib.sha256(b'b').hexdigest()}  b.tf\n"
    expected = hashlib.sha256(lines.encode()).digest()
    assert (
        h1([Entry("b.tf", b"b"), Entry("a.tf", b"a", executable=True)]) == "h1:" + base64.b64encode(expected).decode()
    )


def test_github_tarballs_lose_their_root() -> None:
    raw = tar(
        member("acme-x-1a2b/", b"", type=tarfile.DIRTYPE),
        member("acme-x-1a2b/main.tf", b"m"),
        member("acme-x-1a2b/modules/a/x.sh", b"s", mode=0o775),
        pax_headers={"comment": "0123456789abcdef0123456789abcdef01234567"},
    )
    entries = unpack(gzip.compress(raw), strip_root=True)
    assert entries == (Entry("main.tf", b"m"), Entry("modules/a/x.sh", b"s", executable=True))


def test_two_roots_cannot_be_stripped() -> None:
    for members in ([member("a/x"), member("b/y")], [member("main.tf")]):
        with pytest.raises(ArchiveError, match="one directory"):
            unpack(gz(*members), strip_root=True)


@pytest.mark.parametrize("fmt", [tarfile.USTAR_FORMAT, tarfile.GNU_FORMAT, tarfile.PAX_FORMAT])
def test_ordinary_tars_of_every_dialect_are_read(fmt: int) -> None:
    long = "modules/" + "x" * 90 + "/main.tf"
    raw = gzip.compress(tar(member("./main.tf", b"1"), member(long, b"2", mode=0o755), fmt=fmt))
    assert unpack(io.BytesIO(raw)) == (Entry("main.tf", b"1"), Entry(long, b"2", executable=True))


def test_an_unsafe_name_is_not_packed() -> None:
    for entries in ([Entry("../x", b"")], [Entry("a", b""), Entry("A", b"")]):
        with pytest.raises(UnsafePathError):
            pack(entries)
