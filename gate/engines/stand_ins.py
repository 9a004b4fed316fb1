"""A provider's schema in the place of a provider that no mirror has: Terraform holds a module against it all the same.

What only the provider knows stays unseen: the values it would refuse, which arguments exclude one another, its plans,
its functions. So a report says that it rests on a schema, and which.
"""

import importlib.util
import sys
from collections.abc import Iterator, Mapping
from contextlib import ExitStack, contextmanager
from dataclasses import replace
from pathlib import Path

from gate.confinement import python_files
from gate.engines.needs import Demands, choose
from gate.engines.port import EngineSettings
from gate.engines.running_provider import RunningProvider, attach
from gate.mirror import OPENTOFU_HOST, REGISTRY_HOST, in_mirror
from gate.report import Finding
from gate.schemas.kept import kept_versions, response
from gate.workspace import Workspace
from tfmodule.files import FileMap

_SCRIPT = Path(__file__).parents[1] / "schemas" / "process.py"
_FUNCTION = b"provider::"


def find_stand_ins(demands: Demands, mirror: Path | None, files: FileMap) -> Mapping[str, str]:
    """Source → version, for the providers that the mirror lacks and whose schema is kept in a version that will do."""
    lacking = {source: parts for source, parts in demands.items() if not in_mirror(mirror, source)}
    if not lacking or importlib.util.find_spec("grpc") is None or _calls_functions(files):
        return {}
    return choose(lacking, {source: kept_versions(source) for source in lacking})


def _calls_functions(files: FileMap) -> bool:
    """A provider's functions run in the provider: a schema that has none would make a good module look wrong."""
    return any(_FUNCTION in data for path, data in files.items() if path.endswith((".tf", ".tftest.hcl")))


@contextmanager
def standing_in(
    workspace: Workspace, chosen: Mapping[str, str], files: FileMap, settings: EngineSettings
) -> Iterator[Workspace]:
    """The workspace with these schemas attached; without any, as it is."""
    if not chosen:
        yield workspace
        return
    with ExitStack() as stack:
        running = []
        for number, (source, version) in enumerate(sorted(chosen.items())):
            place = workspace.root / f"s{number}"
            place.mkdir()
            (place / "schema").write_bytes(response(source, version, files.values()))
            provider = RunningProvider(
                source,
                [sys.executable, "-I", str(_SCRIPT), str(place / "schema")],
                place,
                settings.limits,
                contained=settings.contained,
                readable=(*python_files(), _SCRIPT),
            )
            stack.callback(provider.close)
            running.append(provider)
        # Terraform and OpenTofu look for the same provider under their own default hosts.
        elsewhere = {source: source.replace(REGISTRY_HOST, OPENTOFU_HOST, 1) for source in chosen}
        value = attach(running, {}), attach(running, elsewhere)
        merged = value[0][:-1] + ", " + value[1][1:] if value[0] != value[1] else value[0]
        sockets = tuple(provider.listens for provider in running)
        environment = workspace.environment | {"TF_REATTACH_PROVIDERS": merged}
        yield replace(workspace, environment=environment, sockets=sockets)


def told(chosen: Mapping[str, str]) -> Iterator[Finding]:
    """What a reader must know of a verdict that rests on schemas."""
    for source, version in sorted(chosen.items()):
        yield Finding(
            "tier",
            "note",
            f"The provider `{source}` is in no mirror here: its schema of version {version} was used. Arguments, types"
            " and tests with mocks were judged; values that only the provider would refuse, and its plans, were not.",
            fix="Put the provider into a filesystem mirror and name it in TERRASMITH_PROVIDER_MIRROR.",
        )
