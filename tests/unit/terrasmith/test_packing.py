"""What `terrasmith publish` packs of a folder: the module, the same bytes every time, and nothing beside it."""

import os
from pathlib import Path

import pytest

from core.errors import UserError
from terrasmith.packing import pack_directory
from tfmodule.archive import unpack


def write(folder: Path, *paths: str) -> None:
    for path in paths:
        (folder / path).parent.mkdir(parents=True, exist_ok=True)
        (folder / path).write_text("# x\n")


def names(folder: Path) -> list[str]:
    return [entry.path for entry in unpack(pack_directory(folder).data)]


def test_the_module_is_packed_and_the_rest_is_counted(tmp_path: Path) -> None:
    write(tmp_path, "main.tf", "README.md", "modules/x/main.tf", "examples/a/main.tf", "tests/a.tftest.hcl")
    write(tmp_path, ".git/config", ".terraform/modules/modules.json", "modules/x/.terraform/x.tf")
    write(tmp_path, ".github/workflows/ci.yml", "terraform.tfstate", "secret.pem", ".env", "build.exe", ".gitignore")
    packed = pack_directory(tmp_path)
    assert names(tmp_path) == ["README.md", "examples/a/main.tf", "main.tf", "modules/x/main.tf", "tests/a.tftest.hcl"]
    assert packed.files == 5
    left_out = {".github/workflows/ci.yml", "terraform.tfstate", "secret.pem", ".env", "build.exe", ".gitignore"}
    assert set(packed.left_out) == left_out


def test_a_certificate_is_packed_and_a_private_key_never_leaves_the_machine(tmp_path: Path) -> None:
    write(tmp_path, "modules/a/main.tf", "key.pem", "modules/a/ca.pem")
    (tmp_path / "key.pem").write_text("-----BEGIN PRIVATE KEY-----\nMIIB\n-----END PRIVATE KEY-----\n")
    (tmp_path / "modules/a/ca.pem").write_text("-----BEGIN CERTIFICATE-----\nMIIB\n-----END CERTIFICATE-----\n")
    assert names(tmp_path) == ["modules/a/ca.pem", "modules/a/main.tf"]


def test_code_that_the_gate_refuses_is_sent_so_that_it_can_say_so(tmp_path: Path) -> None:
    write(tmp_path, "main.tf", "override.tf", "x.tf.json", "main.tofu")
    assert names(tmp_path) == ["main.tf", "main.tofu", "override.tf", "x.tf.json"]


def test_the_same_folder_gives_the_same_bytes(tmp_path: Path) -> None:
    for name in ("one", "two"):
        write(tmp_path / name, "main.tf", "a/b.tf")
        (tmp_path / name / "run.sh").write_text("#!/bin/sh\n")
        (tmp_path / name / "run.sh").chmod(0o755 if name == "one" else 0o700)
    os.utime(tmp_path / "two" / "main.tf", (1, 1))
    assert pack_directory(tmp_path / "one").data == pack_directory(tmp_path / "two").data
    [script] = [entry for entry in unpack(pack_directory(tmp_path / "one").data) if entry.path == "run.sh"]
    assert script.executable


def test_a_link_is_refused_wherever_it_leads(tmp_path: Path) -> None:
    write(tmp_path / "module", "main.tf")
    write(tmp_path / "elsewhere", "x.tf")
    link = tmp_path / "module" / "linked"
    for target, name in ((tmp_path / "elsewhere", "linked"), (tmp_path / "elsewhere" / "x.tf", "linked.tf")):
        link = tmp_path / "module" / name
        link.symlink_to(target)
        with pytest.raises(UserError, match=f"`{name}` is not a regular file"):
            pack_directory(tmp_path / "module")
        link.unlink()
    (tmp_path / "module" / ".gitlink").symlink_to("/nowhere")
    (tmp_path / "module" / "l").symlink_to("/etc/passwd")
    assert pack_directory(tmp_path / "module").left_out == (".gitlink", "l")


def test_a_folder_without_a_module_is_told(tmp_path: Path) -> None:
    with pytest.raises(UserError, match=r"holds no \.tf file"):
        pack_directory(tmp_path)
    write(tmp_path, "README.md", "src/main.tf", "examples/x/main.tf")
    with pytest.raises(UserError, match="the module's root"):
        pack_directory(tmp_path)


def test_what_is_too_large_or_unsafe_is_told(tmp_path: Path) -> None:
    write(tmp_path, "main.tf")
    (tmp_path / "big.tf").write_bytes(b"#" * (10 << 20) + b"\n\n")
    with pytest.raises(UserError, match=r"`big\.tf` is larger than 10 MiB"):
        pack_directory(tmp_path)
    (tmp_path / "big.tf").unlink()
    write(tmp_path, "con.tf")
    with pytest.raises(UserError, match="device name"):
        pack_directory(tmp_path)


def test_a_file_that_vanishes_or_cannot_be_read_is_named(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    write(tmp_path, "main.tf")

    def refuse(path: Path, *_args: object, **_named: object) -> None:
        raise PermissionError(13, "Permission denied", str(path))

    monkeypatch.setattr(Path, "open", refuse)
    with pytest.raises(UserError, match=r"main\.tf` cannot be read: Permission denied"):
        pack_directory(tmp_path)
