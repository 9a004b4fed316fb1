"""A clean place for one judgement: the module's files, an empty home, a fixed configuration; gone afterwards.

The environment is built from nothing. What the caller's process has (keys, proxies, TF_ variables) never gets here.
"""

import json
import tempfile
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path

from gate.confinement import Confinement
from gate.foreign_files import sweep, temporary, write_file
from tfmodule.files import FileMap, check_path, check_unique

_MAX_PARENT = 50


@dataclass(frozen=True)
class Workspace:
    """`work` holds the module; everything else an engine may touch lies beside it, under `root`."""

    root: Path
    work: Path
    environment: dict[str, str]
    mirror: Path
    """The provider mirror, maybe an empty one."""
    sockets: tuple[Path, ...] = ()
    """Folders outside, in which providers that run already listen."""

    def confinement(self, *, readable: tuple[Path, ...] = (), required: bool = True) -> Confinement:
        """What an engine may touch: this folder, the mirror's providers, and what it is made of itself (`readable`)."""
        # Of a packed mirror, the engine unpacks the providers into the workspace and starts them there.
        packed = any(self.mirror.glob("*/*/*/*.zip"))
        return Confinement(
            readable=(self.root, *readable),
            executable=(self.mirror, self.work) if packed else (self.mirror,),
            writable=(self.work, self.root / "home", self.root / "tmp"),
            sockets=(self.root / "tmp", *self.sockets),
            required=required,
        )


@contextmanager
def open_workspace(files: FileMap, mirror: Path | None) -> Iterator[Workspace]:
    """Write the files into a fresh directory and take everything away at the end."""
    check_unique(files)
    with temporary("gate", short_parent()) as root:
        workspace = furnish(root, mirror)
        for path, data in files.items():
            check_path(path)
            write_file(workspace.work, path, data)
        yield workspace


def sweep_workspaces() -> None:
    """Take away what judgements left here whose process was killed."""
    for parent in {tempfile.gettempdir(), short_parent() or tempfile.gettempdir()}:
        sweep(Path(parent))


def furnish(root: Path, mirror: Path | None) -> Workspace:
    """Lay out an empty directory as a workspace without files. Its owner takes it away."""
    for name in ("work", "home", "tmp", "bin", "mirror"):
        (root / name).mkdir()
    configuration = root / "cli.tfrc"
    mirror = mirror or root / "mirror"
    configuration.write_text(_cli_configuration(mirror), encoding="utf-8")
    return Workspace(root, root / "work", _environment(root, configuration), mirror)


def short_parent() -> str | None:
    # Providers listen on a Unix socket below TMPDIR, and the name of a socket must stay below 104 bytes.
    return None if len(tempfile.gettempdir()) <= _MAX_PARENT else "/tmp"  # noqa: S108 - mkdtemp makes it ours alone


def _environment(root: Path, configuration: Path) -> dict[str, str]:
    """All that the engine, its providers and whatever they start can see."""
    return {
        "PATH": str(root / "bin"),  # an empty directory: Terraform needs no program
        "HOME": str(root / "home"),
        "TMPDIR": str(root / "tmp"),
        "LANG": "C.UTF-8",
        "TZ": "UTC",
        "TF_CLI_CONFIG_FILE": str(configuration),
        "TF_IN_AUTOMATION": "1",
        "TF_INPUT": "0",
        "CHECKPOINT_DISABLE": "1",
        "AWS_EC2_METADATA_DISABLED": "true",
    }


def _cli_configuration(mirror: Path) -> str:
    # An explicit installation block also switches off the implied mirrors, such as a `terraform.d/` inside the module.
    quoted = json.dumps(str(mirror), ensure_ascii=False).replace("${", "$${").replace("%{", "%%{")
    return (
        f"disable_checkpoint = true\nprovider_installation {{\n  filesystem_mirror {{\n    path = {quoted}\n  }}\n}}\n"
    )
