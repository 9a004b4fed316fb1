"""What an organisation may decide about the gate, as plain values. Rows live elsewhere; these never read a setting."""

import hashlib
import json
from dataclasses import dataclass, fields

from gate.report import Tier

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
    max_files: int = 500
    max_file_bytes: int = 1 << 20
    max_total_bytes: int = 8 << 20
    max_nesting: int = 100
    """Brackets inside one another. Terraform itself dies on a few hundred thousand; people write fewer than twenty."""
    max_tokens_per_file: int = 200_000
    min_score: int = 85
    """What a module must score under the house profile, of a hundred; the safety profile counts no points."""
    required_tier: Tier | None = None
    """The least that the verdict must rest on; None takes what there is, and the report says which."""
    allow_suppressions: bool = True
    """Whether a reason written beside the code silences a scanner's finding."""
    critical_rules: frozenset[str] = frozenset()
    """Further scanner rules whose findings stand in the way, beside those that our own map calls critical."""

    @property
    def digest(self) -> str:
        """SHA-256 of all choices: two reports can only be compared where the policy was the same."""
        values = {field.name: getattr(self, field.name) for field in fields(self)}
        plain = {name: sorted(value) if isinstance(value, frozenset) else value for name, value in values.items()}
        return hashlib.sha256(json.dumps(plain, sort_keys=True, separators=(",", ":")).encode()).hexdigest()
