"""How long a real `terraform init` or `get` takes with our registry, beside the same archives from a static server."""

import re
import shutil
import time
from collections.abc import Callable, Iterator, Mapping
from itertools import count
from pathlib import Path

from bench import wire
from bench.figures import Table, in_seconds, median, spread, times
from bench.published import CHOSEN, LARGE, PRIVATE, PUBLIC, SMALL, Registry, registry
from bench.scale import Scale
from terrasmith import terraform_config
from terrasmith.visitor import Terraform, find_terraform

THIRTY = 30
_INIT, _GET = ("init", "-no-color", "-input=false"), ("get", "-no-color")
LOCAL, STATIC, OURS_PUBLIC, OURS_PRIVATE = "local path", "static file", "ours, public", "ours, private"

Root = Callable[[Registry, str, Path], str]
"""The `source` and `version` lines of a module call."""


def measure(scale: Scale) -> Iterator[Table]:
    """Every case in turn, again and again: what else the machine does then meets them all alike."""
    terraform, seen = find_terraform(), count()
    with registry(max(scale.modules, THIRTY)) as found:
        thirty = [f"{SMALL}-{number}" for number in range(THIRTY)]
        cases = {
            f"init, 1 module, {_kilobytes(found, SMALL)}": (_INIT, [SMALL], scale.installs),
            f"init, 1 module, {_kilobytes(found, LARGE)}": (_INIT, [LARGE], scale.installs),
            f"init, {THIRTY} modules, {_kilobytes(found, SMALL)} each": (_INIT, thirty, scale.installs_of_thirty),
            f"get, {THIRTY} modules, {_kilobytes(found, SMALL)} each": (_GET, thirty, scale.installs_of_thirty),
        }
        measured = {}
        for case, (command, modules, rounds) in cases.items():
            _round(terraform, found, command, modules, seen)
            measured[case] = [_round(terraform, found, command, modules, seen) for _ in range(rounds)]
        static = found.static_name
    yield Table(
        f"{terraform.name} init and get into an empty folder",
        ("case", "n", "from", "median", "least–greatest", "beside static", "without the local path's time"),
        tuple(row for case, rounds in measured.items() for row in _rows(case, rounds)),
        (
            (
                f"Static: {static}, `source` is the archive's own address with its checksum. "
                "Local: no download at all, what Terraform itself costs here."
            ),
            (
                "Ours: versions, download, archive for each module, with a checksum; private ones with a token and "
                "signed addresses. Plain HTTP on loopback, so discovery is in the CLI's configuration."
            ),
            "The last column compares what is left after the local path's median is taken off both.",
        ),
    )


def _round(
    terraform: Terraform, found: Registry, command: tuple[str, ...], modules: list[str], seen: Iterator[int]
) -> dict[str, float]:
    """The command with each kind of source, one after the other; seconds."""
    sources: Mapping[str, Callable[[str], str]] = {
        LOCAL: lambda name: _local(found, name),
        STATIC: lambda name: _static(found, name),
        OURS_PUBLIC: lambda name: _registry(found, PUBLIC, name),
        OURS_PRIVATE: lambda name: _registry(found, PRIVATE, name),
    }
    config = found.work / "terraform.rc"
    host = f"{wire.HOST}:{found.web.port}"
    config.write_text(terraform_config.render(host, "unused.example", found.token, None), encoding="utf-8")
    seconds = {}
    for name, source in sources.items():
        root = found.work / f"root-{next(seen)}"
        root.mkdir()
        calls = (f'module "{module}" {{\n  name   = "orders"\n  {source(module)}\n}}\n' for module in modules)
        (root / "main.tf").write_text("".join(calls), encoding="utf-8")
        begun = time.perf_counter()
        terraform.run(root, *command, config=config)
        seconds[name] = time.perf_counter() - begun
        shutil.rmtree(root)
    return seconds


def _local(found: Registry, name: str) -> str:
    # Terraform wants a folder below or beside the root; unpacked once.
    unpacked = found.work / "unpacked" / ("large" if name == LARGE else "small")
    if not unpacked.exists():
        shutil.unpack_archive(found.work / "static" / f"{name}.tar.gz", unpacked)
    return f'source = "../unpacked/{unpacked.name}"'


def _static(found: Registry, name: str) -> str:
    digest = found.archives.get(name, found.archives[SMALL]).sha256
    address = f"http://{wire.HOST}:{found.static_port}/{name}.tar.gz?checksum=sha256:{digest}"
    return f'source = "{address}"'


def _registry(found: Registry, namespace: str, name: str) -> str:
    source = f"{wire.HOST}:{found.web.port}/{namespace}/{name}/terraform"
    return f'source  = "{source}"\n  version = "{CHOSEN}"'


def _rows(case: str, rounds: list[dict[str, float]]) -> Iterator[tuple[str, ...]]:
    values = {name: [one[name] for one in rounds] for name in rounds[0]}
    floor, static = median(values[LOCAL]), median(values[STATIC])
    for name, seconds in values.items():
        middle = median(seconds)
        compared = name not in (LOCAL, STATIC)
        yield (
            case,
            str(len(seconds)),
            name,
            in_seconds(middle),
            spread(seconds),
            times(middle, static),
            times(middle - floor, static - floor) if compared else "",
        )


def _kilobytes(found: Registry, name: str) -> str:
    return re.sub(r"\.0 ", " ", f"{found.archives[name].size / 1000:.1f} kB")
