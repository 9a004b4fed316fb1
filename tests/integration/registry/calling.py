"""Modules for tests that call other modules: published with what they need, as the jobs publish them."""

from typing import Any

from registry.services import publishing
from registry.services.publishing import Published
from tfmodule.archive import Entry
from tfmodule.contents import Contents
from tfmodule.needs import Need, needs_of
from tfmodule.sources import own_hosts

HOST = "reg.example.test"
HOSTS = own_hosts(HOST)


def call(name: str, source: str, version: str | None = None) -> str:
    """Four lines, or three: the source stands in the second, the version in the third."""
    line = f'  version = "{version}"\n' if version is not None else ""
    return f'module "{name}" {{\n  source  = "{source}"\n{line}}}\n'


def own(address: str, version: str | None = None, name: str = "it") -> str:
    """A call of a module of our registry."""
    return call(name, f"{HOST}/{address}", version)


def demands(terraform: str | None = None, **providers: str) -> str:
    """A `terraform` block."""
    lines = [f'    {name} = {{ source = "hashicorp/{name}", version = "{text}" }}' for name, text in providers.items()]
    version = f'  required_version = "{terraform}"\n' if terraform else ""
    return "terraform {\n" + version + "  required_providers {\n" + "\n".join(lines) + "\n  }\n}\n"


def needs(files: dict[str, str]) -> tuple[Need, ...]:
    return needs_of({path: text.encode() for path, text in files.items()}, HOSTS)


def publish(registry: Any, address: str, version: str, main: str = "", **others: str) -> Published:
    """Publish `main.tf` and other files; in their names `__` stands for `/`, and `.tf` is added."""
    files = {"main.tf": f"# {version}\n{main}"} | {
        f"{name.replace('__', '/')}.tf": text for name, text in others.items()
    }
    data = {path: text.encode() for path, text in files.items()}
    prepared = publishing.prepare([Entry(path, content) for path, content in data.items()])
    publishing.store(registry.storage, prepared)
    return registry.publish(
        address, version, sha256=prepared.sha256, h1=prepared.h1, size=prepared.size,
        contents=Contents.from_files(data), needs=needs_of(data, HOSTS), repository_id=sum(address.encode()),
    )  # fmt: skip
