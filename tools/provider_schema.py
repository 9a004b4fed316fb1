"""Writes gate/schemas/NAME-VERSION.json.xz from the provider in a mirror of this machine: `… hashicorp/aws 5.100.0`.

The provider is asked by a real Terraform; descriptions are left out, and the file is the same at every run.
"""

import json
import lzma
import shutil
import subprocess
import sys
import tempfile
from pathlib import Path
from typing import Any

from gate.mirror import REGISTRY_HOST, find_mirror

ROOT = Path(__file__).resolve().parents[1]
_LEFT_OUT = {"description", "description_kind", "deprecation_message"}
_KINDS = ("provider", "resource_schemas", "data_source_schemas", "ephemeral_resource_schemas")


def main(arguments: list[str]) -> int:
    """Exit 2 when it is called wrongly."""
    if len(arguments) != 2:
        print(__doc__, file=sys.stderr)
        return 2
    source, version = arguments
    target = ROOT / "gate" / "schemas" / f"{source.split('/')[1]}-{version}.json.xz"
    target.write_bytes(compressed(read(source, version)))
    print(f"{target.relative_to(ROOT)}: {target.stat().st_size} bytes")
    return 0


def read(source: str, version: str) -> dict[str, Any]:
    """What `terraform providers schema` says."""
    mirror = find_mirror(None)
    with tempfile.TemporaryDirectory() as name:
        folder = Path(name)
        entry = f'{source.split("/")[1]} = {{ source = "{source}", version = "{version}" }}'
        (folder / "main.tf").write_text(f"terraform {{\n  required_providers {{\n    {entry}\n  }}\n}}\n")
        (folder / "rc").write_text(
            f'provider_installation {{\n  filesystem_mirror {{\n    path = "{mirror}"\n  }}\n}}\n'
        )
        program = shutil.which("terraform")
        assert program, "terraform is not on PATH"
        environment = {"HOME": name, "TF_CLI_CONFIG_FILE": str(folder / "rc"), "CHECKPOINT_DISABLE": "1"}
        for command in (["init", "-backend=false"], ["providers", "schema", "-json"]):
            done = subprocess.run([program, *command], cwd=folder, env=environment, capture_output=True, check=True)
    found = json.loads(done.stdout)["provider_schemas"][f"{REGISTRY_HOST}/{source}"]
    return {kind: found.get(kind, {}) for kind in _KINDS}


def compressed(schema: dict[str, Any]) -> bytes:
    """A line for each type, so that a reader parses only those it wants. The same bytes for the same schema."""
    lines = [f"provider . {_json(schema['provider'])}"]
    lines += [f"{kind} {name} {_json(one)}" for kind in _KINDS[1:] for name, one in sorted(schema[kind].items())]
    return lzma.compress("\n".join(lines).encode(), preset=9 | lzma.PRESET_EXTREME)


def _json(value: Any) -> str:
    return json.dumps(plain(value), separators=(",", ":"), sort_keys=True)


def plain(value: Any, inside: str = "") -> Any:
    """Without what only people read. Names of attributes are kept, be they called `description`."""
    if not isinstance(value, dict):
        return value
    named = inside in ("attributes", "block_types")
    return {key: plain(one, "" if named else key) for key, one in value.items() if named or key not in _LEFT_OUT}


if __name__ == "__main__":
    raise SystemExit(main(sys.argv[1:]))
