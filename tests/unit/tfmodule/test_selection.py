"""One folder out of a repository's archive: only its own files count, and no link leads out of it or into it."""

import io
import random
import tarfile

import pytest

from tfmodule.archive import ArchiveError, Entry
from tfmodule.selection import module_at, select


def tarball(**files: str | bytes) -> bytes:
    """GitHub's archive of a commit; `->X` is a symbolic link to X, and `__` in a name is a slash."""
    buffer = io.BytesIO()
    with tarfile.open(fileobj=buffer, mode="w:gz", compresslevel=1) as tar:
        for name, content in files.items():
            member = tarfile.TarInfo(f"acme-infra-0123456/{name.replace('__', '/')}")
            if isinstance(content, str) and content.startswith("->"):
                member.type, member.linkname = tarfile.SYMTYPE, content[2:]
                tar.addfile(member)
            else:
                data = content.encode() if isinstance(content, str) else content
                member.size = len(data)
                tar.addfile(member, io.BytesIO(data))
    return buffer.getvalue()


def test_the_folder_becomes_the_root_and_nothing_else_comes_along() -> None:
    data = tarball(
        README="all", modules__net__main="n", modules__net__modules__x__main="x", modules__network__main="no",
        modules__main="no", net__main="no",
    )  # fmt: skip
    found = module_at(select(data, ("modules/net",)), "modules/net")
    assert found == (Entry("main", b"n"), Entry("modules/x/main", b"x"))


def test_several_folders_come_out_of_one_reading() -> None:
    found = select(tarball(a__x="1", b__c__x="2", d__x="3"), ("a", "b/c"))
    assert [one.path for one in found] == ["a/x", "b/c/x"]
    assert module_at(found, "b/c") == (Entry("x", b"2"),)


def test_what_lies_elsewhere_may_be_anything() -> None:
    big = random.Random(0).randbytes(11 << 20)  # larger than any file of a module may be
    data = tarball(link="->/etc/passwd", other__CON="1", other__con="2", **{"a:b": "3"}, apps__data=big, net__main="n")
    assert module_at(select(data, ("net",)), "net") == (Entry("main", b"n"),)


@pytest.mark.parametrize("files", [{"modules": "->/etc"}, {"modules__net": "->../x"}, {"modules__net__x": "->../../y"}])
@pytest.mark.checklist("R28", "T-17")
def test_a_link_at_above_or_below_the_folder_is_refused(files: dict[str, str]) -> None:
    with pytest.raises(ArchiveError, match="symbolic link"):
        select(tarball(x="1", **files), ("modules/net",))


@pytest.mark.parametrize("files", [{"README": "x"}, {"net": "a file"}, {"network__main": "x"}, {"NET__main": "x"}])
def test_a_folder_that_is_not_there_is_told(files: dict[str, str]) -> None:
    with pytest.raises(ArchiveError, match="no folder `net`"):
        module_at(select(tarball(**files), ("net",)), "net")


def test_a_module_may_hold_no_more_than_any_other() -> None:
    chunk = random.Random(0).randbytes(9 << 20)
    with pytest.raises(ArchiveError, match="50 MiB"):
        select(tarball(**{f"net__{number}": chunk for number in range(6)}), ("net",))
