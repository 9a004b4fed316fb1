"""Writes a Terraform CLI configuration that is ready to use: our host, its credentials, and the provider mirror."""

import json
from pathlib import Path


def render(host: str, https_host: str, token: str, mirror: Path | None) -> str:
    """The text of a CLI configuration file.

    `host` is reached over plain HTTP by a host block, `https_host` by discovery; providers of the mirror come from
    there alone, all others from the network.
    """
    services = f'services = {{\n    "modules.v1" = "http://{host}/v1/modules/"\n  }}'
    credentials = "".join(f'credentials "{one}" {{\n  token = "{token}"\n}}\n' for one in (host, https_host))
    return f'disable_checkpoint = true\nhost "{host}" {{\n  {services}\n}}\n{credentials}{_providers(mirror)}'


def _providers(mirror: Path | None) -> str:
    # Terraform asks every method that a provider is not excluded from, and fails when one of them does not answer.
    held = sorted("/".join(path.relative_to(mirror).parts) for path in mirror.glob("*.*/*/*")) if mirror else []
    if not held:
        return ""
    return (
        f"provider_installation {{\n  filesystem_mirror {{\n    path    = {json.dumps(str(mirror))}\n"
        f"    include = {json.dumps(held)}\n  }}\n  direct {{\n    exclude = {json.dumps(held)}\n  }}\n}}\n"
    )
