"""Module archives: a bounded reader for strangers' .tar.gz, and the one canonical way ours are written.

Knows bytes only; nothing is ever extracted to a disk here. Refuses whatever two unpackers could read differently:
links, devices, sparse files, duplicates, data after the end, a second gzip member, names that differ by case.
"""

import base64
import hashlib
import io
import struct
import zlib
from collections.abc import Callable, Iterable, Iterator
from dataclasses import dataclass
from typing import BinaryIO, NoReturn

from tfmodule.files import UnsafePathError, check_path, check_unique, printable
from tfmodule.inflating import CHUNK, ArchiveError, Gunzip, Limits, in_words

__all__ = ["DEFAULT_LIMITS", "ArchiveError", "Entry", "Limits", "h1", "pack", "sha256", "unpack"]

_BLOCK = 512
_REGULAR = frozenset({b"0", b"\0"})
_DIRECTORY, _PAX, _PAX_GLOBAL, _GNU_LONG_NAME = b"5", b"x", b"g", b"L"
_REFUSED = {
    b"1": "a hard link",
    b"2": "a symbolic link",
    b"3": "a character device",
    b"4": "a block device",
    b"6": "a FIFO",
    b"7": "a contiguous file",
    b"S": "a sparse file",
    b"K": "a link with a long name",
}
_PLAIN = "Pack it again without extended attributes and sparse files."
# PAX records that change what a name or a size means are honoured; these only annotate.
_PAX_IGNORED = ("mtime", "atime", "ctime", "uid", "gid", "uname", "gname", "comment", "SCHILY.", "LIBARCHIVE.", "RHT.")


@dataclass(frozen=True)
class Entry:
    """One regular file."""

    path: str
    data: bytes
    executable: bool = False


DEFAULT_LIMITS = Limits()


def unpack(
    source: bytes | BinaryIO,
    limits: Limits = DEFAULT_LIMITS,
    *,
    strip_root: bool = False,
    only: Callable[[str], bool] | None = None,
) -> tuple[Entry, ...]:
    """The regular files of a .tar.gz in the order of the archive; raises ArchiveError.

    `strip_root` takes away the one directory that GitHub puts around a tarball. What `only` does not want is read past
    unjudged, whatever it is; then there may be nothing left.
    """
    stream = io.BytesIO(source) if isinstance(source, bytes) else source
    reader = _TarReader(Gunzip(stream, limits), limits, only)
    entries = list(reader.entries(strip_root=strip_root))
    if not entries and only is None:
        raise ArchiveError("The archive holds no file.", fix="Put the module's `.tf` files at its root.")
    try:
        check_unique(entry.path for entry in entries)
    except UnsafePathError as error:
        raise _badly_named(error, "Keep only one of them.") from None
    return tuple(entries)


def pack(entries: Iterable[Entry]) -> bytes:
    """The canonical .tar.gz: sorted, no owner, no time, modes 0644 and 0755; raises UserError for an unsafe name.

    Guaranteed everywhere: the tar inside, byte for byte, and `h1`. The compressed bytes are equal for every Python on
    the same zlib; another zlib release or zlib-ng may find a different, equally valid encoding of the same tar. That
    is why an archive is packed once, stored under its digest and never packed again.
    """
    ordered = sorted(entries, key=lambda entry: entry.path.encode())
    for entry in ordered:
        check_path(entry.path)
    check_unique(entry.path for entry in ordered)
    tar = b"".join(block for entry in ordered for block in _member(entry)) + bytes(2 * _BLOCK)
    # memLevel and strategy are zlib's defaults, written out because a default may differ between Pythons.
    compressor = zlib.compressobj(9, zlib.DEFLATED, -zlib.MAX_WBITS, 8, zlib.Z_DEFAULT_STRATEGY)
    body = compressor.compress(tar) + compressor.flush()
    header = b"\x1f\x8b\x08\x00" + bytes(4) + b"\x02\xff"  # no name, no time, best compression, unknown system
    return header + body + struct.pack("<II", zlib.crc32(tar), len(tar) & 0xFFFFFFFF)


def sha256(data: bytes) -> str:
    """Lower-case hexadecimal SHA-256."""
    return hashlib.sha256(data).hexdigest()


def h1(entries: Iterable[Entry]) -> str:
    """Go's dirhash Hash1 over names and contents: the form in which Terraform and Go lock directories."""
    total = hashlib.sha256()
    for entry in sorted(entries, key=lambda entry: entry.path.encode()):
        total.update(f"{sha256(entry.data)}  {entry.path}\n".encode())
    return "h1:" + base64.b64encode(total.digest()).decode()


def _member(entry: Entry) -> Iterator[bytes]:
    # Written by hand: tarfile has filled unused header fields differently from one Python to the next.
    name = entry.path.encode()
    if len(name) > 100 or not name.isascii():
        record = _pax_record(b"path", name)
        yield _ustar(b"././@PaxHeader", _PAX, len(record), 0o644)
        yield record + bytes(-len(record) % _BLOCK)
    yield _ustar(name[:100], b"0", len(entry.data), 0o755 if entry.executable else 0o644)
    yield entry.data + bytes(-len(entry.data) % _BLOCK)


def _pax_record(key: bytes, value: bytes) -> bytes:
    length = len(key) + len(value) + 3
    while len(str(length)) + len(key) + len(value) + 3 != length:
        length = len(str(length)) + len(key) + len(value) + 3
    return b"%d %s=%s\n" % (length, key, value)


def _ustar(name: bytes, kind: bytes, size: int, mode: int) -> bytes:
    before = name.ljust(100, b"\0") + b"%07o\0%07o\0%07o\0%011o\0%011o\0" % (mode, 0, 0, size, 0)
    after = (kind + bytes(100) + b"ustar\00000").ljust(_BLOCK - 156, b"\0")
    checksum = sum(before) + 8 * 32 + sum(after)
    return before + b"%06o\0 " % checksum + after


@dataclass
class _Pending:
    """What extended headers said about the next entry."""

    path: str | None = None
    size: int | None = None


class _TarReader:
    """Headers by the book (POSIX ustar, PAX, GNU long names), read strictly."""

    def __init__(self, stream: Gunzip, limits: Limits, only: Callable[[str], bool] | None) -> None:
        self.stream = stream
        self.limits = limits
        self.only = only
        self.count = 0
        self.kept = 0
        self.root: str | None = None

    def entries(self, *, strip_root: bool) -> Iterator[Entry]:
        pending = _Pending()
        while (header := self._header()) is not None:
            self.count += 1
            if self.count > self.limits.entries:
                raise self.stream.too_much(f"has more than {self.limits.entries} entries")
            kind = header[156:157]
            if kind in (_PAX, _PAX_GLOBAL, _GNU_LONG_NAME):
                self._extend(pending, kind, self._extension(_size(header, None)))
                continue
            path = pending.path if pending.path is not None else _name(header)
            size = _size(header, path)
            size = pending.size if pending.size is not None else size
            pending = _Pending()
            self.stream.overhead += _BLOCK + -size % _BLOCK
            entry = self._entry(kind, path, size, header, strip_root=strip_root)
            if entry is not None:
                yield entry
        if pending != _Pending():
            raise ArchiveError("The archive ends after an extended header.")
        self.stream.finish()

    def _entry(self, kind: bytes, path: str, size: int, header: bytes, *, strip_root: bool) -> Entry | None:
        directory = kind == _DIRECTORY
        inside = path.removeprefix("./") if not directory else path.removeprefix("./").rstrip("/")
        if strip_root:
            inside = self._below_root(inside, directory=directory)
        self.stream.at = inside or None
        if self.only is not None and not self.only(inside):
            # A file elsewhere may be larger than a module's, but not than everything together.
            _bound(inside, size, self.limits.expanded)
            self._pass(size)
            return None
        if not directory and kind not in _REGULAR:
            what = _REFUSED.get(kind, "an entry of an unknown kind")
            raise _named(inside, f"is {what}; only regular files are allowed.")
        path = inside
        if directory:
            if size:
                raise _named(path, "is a directory with contents of its own.")
            if path not in ("", "."):
                self._check(path)
            return None
        self._check(path)
        _bound(path, size, self.limits.file)
        self.kept += size
        if self.kept > self.limits.kept:
            raise self.stream.too_much(f"holds more than {in_words(self.limits.kept)} of files")
        return Entry(path, self._body(size), bool(_number(header[100:108]) & 0o111))

    def _pass(self, size: int) -> None:
        left = size + (-size % _BLOCK)
        while left:
            passed = len(self.stream.read(min(left, CHUNK)))
            if not passed:
                raise ArchiveError("The archive is cut off.")
            left -= passed

    def _check(self, path: str) -> None:
        try:
            check_path(path)
        except UnsafePathError as error:
            raise _badly_named(error, "Rename it, or leave it out.") from None

    def _below_root(self, path: str, *, directory: bool) -> str:
        root, _, rest = path.partition("/")
        if self.root is None:
            self.root = root
        if root != self.root or (not rest and not directory):
            raise ArchiveError("The archive does not have one directory around everything.")
        return rest

    def _header(self) -> bytes | None:
        block = self.stream.read(_BLOCK)
        if len(block) != _BLOCK:
            raise ArchiveError("The archive is cut off, or it has no end mark.")
        if block == bytes(_BLOCK):
            if self.stream.read(_BLOCK) != bytes(_BLOCK):
                raise ArchiveError("The archive has data after its end; two unpackers could disagree about it.")
            return None
        if _number(block[148:156]) != sum(block[:148]) + 8 * 32 + sum(block[156:]):
            raise ArchiveError("The archive is not a tar file, or a header in it is damaged.")
        return block

    def _extension(self, size: int) -> bytes:
        if size > self.limits.header:
            raise ArchiveError(f"The archive has an extended header larger than {in_words(self.limits.header)}.")
        return self._body(size)

    def _body(self, size: int) -> bytes:
        padded = size + (-size % _BLOCK)
        data = self.stream.read(padded)
        if len(data) != padded:
            raise ArchiveError("The archive is cut off.")
        return data[:size]

    def _extend(self, pending: _Pending, kind: bytes, body: bytes) -> None:
        if kind == _GNU_LONG_NAME:
            self._set_path(pending, _text(body.rstrip(b"\0")))
            return
        for key, value in _pax_records(body):
            if kind == _PAX_GLOBAL and key != "comment":
                # GitHub's global header is only a comment with the commit. Any other would rename every file.
                raise ArchiveError(f"The archive sets `{printable(key)}` for all of its files.", fix=_PLAIN)
            if key == "path":
                self._set_path(pending, value)
            elif key == "size":
                if pending.size is not None or not value.isdecimal() or len(value) > 12:
                    raise ArchiveError("The archive gives a file two sizes, or one that is not a number.")
                pending.size = int(value)
            elif not key.startswith(_PAX_IGNORED):
                message = f"The archive uses the extension `{printable(key)}`, which is not allowed."
                raise ArchiveError(message, fix=_PLAIN)

    def _set_path(self, pending: _Pending, path: str) -> None:
        if pending.path is not None:
            raise _named(path, "is named twice by headers of one and the same file.")
        pending.path = path


def _pax_records(body: bytes) -> Iterator[tuple[str, str]]:
    """Records of the form `LENGTH KEY=VALUE` and a newline, the length counting itself."""
    position = 0
    while position < len(body):
        blank = body.find(b" ", position, position + 8)
        length = body[position:blank] if blank > 0 else b""
        end = position + int(length) if length.isdigit() else 0
        record = body[blank + 1 : end - 1]
        if end <= blank + 1 or end > len(body) or body[end - 1 : end] != b"\n" or b"=" not in record:
            _damaged()
        key, _, value = record.partition(b"=")
        yield _text(key), _text(value)
        position = end


def _name(header: bytes) -> str:
    name = _text(header[:100].split(b"\0", 1)[0])
    if header[257:263] == b"ustar\0":
        prefix = _text(header[345:500].split(b"\0", 1)[0])
        return f"{prefix}/{name}" if prefix else name
    return name


def _size(header: bytes, path: str | None) -> int:
    """The size in a header; `path` is None for an extended one. Without octal digits it is beyond 8 GiB."""
    field = header[124:136]
    if field[:1] in (b"\x80", b"\xff"):
        if path is None:
            _damaged()
        raise _named(path, "is larger than any module needs.")
    return _number(field)


def _number(field: bytes) -> int:
    digits = field.strip(b" \0")
    if not all(0x30 <= digit <= 0x37 for digit in digits):
        _damaged()
    return int(digits or b"0", 8)


def _text(data: bytes) -> str:
    try:
        text = data.decode("utf-8")
    except UnicodeDecodeError:
        raise ArchiveError("The archive holds a file name that is not UTF-8.") from None
    if "\0" in text:
        _damaged()
    return text


def _named(path: str, what: str) -> ArchiveError:
    return ArchiveError(f"`{printable(path)}` {what}", path=path or None)


def _badly_named(error: UnsafePathError, fix: str) -> ArchiveError:
    return ArchiveError(f"The archive is refused. {error.message}", path=error.path or None, fix=fix)


def _bound(path: str, size: int, limit: int) -> None:
    if size > limit:
        raise _named(path, f"is larger than {in_words(limit)}, the most that a file may be.")


def _damaged() -> NoReturn:
    raise ArchiveError("A header in the archive is damaged.")
