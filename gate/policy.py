"""What an operator or an organisation may decide about the gate, as plain values. Reads no setting and no row."""

import hashlib
import json
from collections.abc import Iterable
from dataclasses import dataclass, fields

from core.errors import UserError
from gate.report import Tier
from tfmodule.files import printable
from tfmodule.sources import provider_address

# Terraform's own, and those that only compute or are published by the cloud they speak to. Providers that can run a
# program, read a file of the host or call an address of the module's choice (`external`, `local`, `http`, `null` with
# provisioners, `docker`, `kubernetes`, `helm`) are left out on purpose.
DEFAULT_PROVIDERS = frozenset(
    {
        "terraform.io/builtin/terraform",
        "registry.terraform.io/hashicorp/archive",
        "registry.terraform.io/hashicorp/aws",
        "registry.terraform.io/hashicorp/awscc",
        "registry.terraform.io/hashicorp/azuread",
        "registry.terraform.io/hashicorp/azurerm",
        "registry.terraform.io/hashicorp/cloudinit",
        "registry.terraform.io/hashicorp/google",
        "registry.terraform.io/hashicorp/google-beta",
        "registry.terraform.io/hashicorp/null",
        "registry.terraform.io/hashicorp/random",
        "registry.terraform.io/hashicorp/time",
        "registry.terraform.io/hashicorp/tls",
        "registry.terraform.io/azure/azapi",
        "registry.terraform.io/cloudflare/cloudflare",
        "registry.terraform.io/integrations/github",
    }
)


@dataclass(frozen=True)
class Policy:
    """The choices that are not law. The defaults are the house's."""

    allowed_providers: frozenset[str] = DEFAULT_PROVIDERS
    """Full provider source addresses, lower case."""
    allowed_module_hosts: frozenset[str] = frozenset()
    """Other registries whose modules may be called, `host[:port]` in lower case. Nobody fetches them here."""
    max_files: int = 2_000
    max_file_bytes: int = 1 << 20
    max_total_bytes: int = 8 << 20
    max_tokens: int = 400_000
    """Of all code together. How deep one file may nest, and how many tokens it may have, is law (tfmodule.prescan)."""
    min_score: int = 85
    """What a module must score under the house profile, of a hundred; the safety profile counts no points."""
    provider_hashes: frozenset[str] = frozenset()
    """Pinned providers, `h1:…` as in Terraform's lock files; where there are any, no other one may judge."""
    required_tier: Tier | None = None
    """The least that the verdict must rest on; None takes what there is, and the report says which."""
    require_scan: bool = False
    """Whether a module that nobody was asked to scan stays undecided; else that check says it does not apply."""
    allow_suppressions: bool = True
    """Whether a reason written beside the code silences a scanner's finding."""
    critical_rules: frozenset[str] = frozenset()
    """Further scanner rules whose findings stand in the way, beside those that our own map calls critical."""
    suppressible_rules: frozenset[str] = frozenset()
    """Critical rules that a reason written beside the code may silence all the same."""

    @property
    def digest(self) -> str:
        """SHA-256 of all choices: two reports can only be compared where the policy was the same."""
        values = {field.name: getattr(self, field.name) for field in fields(self)}
        plain = {name: sorted(value) if isinstance(value, frozenset) else value for name, value in values.items()}
        return hashlib.sha256(json.dumps(plain, sort_keys=True, separators=(",", ":")).encode()).hexdigest()


def operators_policy(
    providers: Iterable[str], module_hosts: Iterable[str] = (), provider_hashes: Iterable[str] = ()
) -> Policy:
    """The house's policy with what an operator allows beside it; an address that is none raises UserError."""
    added = set()
    for written in providers:
        source = provider_address(written)
        if source is None or "/" not in written:
            raise UserError(f"`{printable(written)}` is not the address of a provider; write `namespace/type`.")
        added.add(source)
    return Policy(
        DEFAULT_PROVIDERS | added,
        frozenset(host.casefold() for host in module_hosts),
        provider_hashes=frozenset(provider_hashes),
    )
