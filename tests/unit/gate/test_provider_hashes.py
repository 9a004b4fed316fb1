"""A provider's hash is the one of Terraform's lock files, packed or not; it is kept, and what is not pinned is told."""

import base64
import hashlib
import zipfile
from pathlib import Path

from gate.provider_hashes import hashed, unpinned

SOURCE = "registry.terraform.io/acme/thing"
FILES = {"terraform-provider-thing_v1.0.0": b"program", "LICENSE.txt": b"MPL"}
H1 = "h1:" + base64.b64encode(
    hashlib.sha256(
        "".join(f"{hashlib.sha256(FILES[name]).hexdigest()}  {name}\n" for name in sorted(FILES)).encode()
    ).digest()
).decode()  # fmt: skip


def mirror(folder: Path, *, packed: bool) -> Path:
    home = folder / SOURCE
    home.mkdir(parents=True)
    if packed:
        with zipfile.ZipFile(home / "terraform-provider-thing_1.0.0_linux_amd64.zip", "w") as archive:
            for name, data in FILES.items():
                archive.writestr(name, data)
    else:
        for name, data in FILES.items():
            place = home / "1.0.0" / "linux_amd64" / name
            place.parent.mkdir(parents=True, exist_ok=True)
            place.write_bytes(data)
    return folder


def test_packed_and_unpacked_have_the_hash_of_the_lock_file(tmp_path: Path) -> None:
    for packed in (True, False):
        place = mirror(tmp_path / str(packed), packed=packed)
        assert hashed(place, {SOURCE: "1.0.0"}, tmp_path / "cache") == (f"{SOURCE} 1.0.0 {H1}",)
        assert hashed(place, {SOURCE: "1.0.0"}, tmp_path / "cache") == (f"{SOURCE} 1.0.0 {H1}",)
    assert len(list((tmp_path / "cache" / "hashes").iterdir())) == 2


def test_a_provider_that_was_exchanged_has_another_hash_and_one_that_is_gone_has_none(tmp_path: Path) -> None:
    place = mirror(tmp_path, packed=False)
    before = hashed(place, {SOURCE: "1.0.0"}, tmp_path / "cache")
    (place / SOURCE / "1.0.0" / "linux_amd64" / "LICENSE.txt").write_bytes(b"other")
    assert hashed(place, {SOURCE: "1.0.0"}, tmp_path / "cache") != before
    assert hashed(place, {SOURCE: "2.0.0"}, tmp_path / "cache") == (f"{SOURCE} 2.0.0 unreadable",)
    broken = place / SOURCE / "terraform-provider-thing_3.0.0_linux_amd64.zip"
    broken.write_bytes(b"no zip")
    assert hashed(place, {SOURCE: "3.0.0"}, tmp_path / "cache") == (f"{SOURCE} 3.0.0 unreadable",)


def test_only_pinned_providers_may_judge_where_any_are_pinned() -> None:
    used = (f"{SOURCE} 1.0.0 {H1}", f"{SOURCE} 2.0.0 unreadable")
    assert unpinned(used, frozenset()) is None
    assert unpinned(used[:1], frozenset({H1})) is None
    found = unpinned(used, frozenset({H1}))
    assert found is not None and found.outcome == "undecided"
    (finding,) = found.findings
    assert "2.0.0" in finding.message and "TERRASMITH_PROVIDER_HASHES" in finding.fix
