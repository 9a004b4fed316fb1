"""Writes the test file that upgrades a caller: applied with the old module, planned with the new one on its state."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass

from gate.proof.callers import NEW, OLD, Caller
from tfmodule.hcl_writer import Value, literal

AWS = "registry.terraform.io/hashicorp/aws"
BEFORE, AFTER, REALLY, FRESH, AGAIN = "before", "after", "after_really", "fresh", "again"
"""The old version applied, the new one planned on it, the same with real providers; the new one applied, and planned on
that.
"""

# Enough for the provider to plan without an account; it has no network either.
_REAL: Mapping[str, Mapping[str, Value]] = {
    AWS: {
        "region": "us-east-1",
        "access_key": "mock",
        "secret_key": "mock",
        "skip_credentials_validation": True,
        "skip_metadata_api_check": "true",
        "skip_region_validation": True,
        "skip_requesting_account_id": True,
    }
}
PLANS_ALONE = frozenset(_REAL)
"""Providers that plan with made-up credentials and reach nothing as long as nothing is refreshed."""


@dataclass(frozen=True)
class Providers:
    """`names` are ours for every source that would reach out, `mocks` the defaults for each; `keys` are the caller's
    own names for them, before and after.
    """

    names: Mapping[str, str]
    mocks: Mapping[str, Sequence[str]]
    keys: Mapping[str, str]


@dataclass(frozen=True)
class Data:
    """The data sources on either side, and the values that those have which were read before."""

    before: tuple[str, ...]
    after: tuple[str, ...]
    values: Mapping[str, Mapping[str, Value]]


def requirements(names: Mapping[str, str]) -> bytes:
    """The root configuration, which only says what the test file means by a provider's name."""
    entries = [f"    {name} = {{\n      source = {literal(source)}\n    }}" for source, name in sorted(names.items())]
    return ("terraform {\n  required_providers {\n" + "\n".join(entries) + "\n  }\n}\n").encode()


def written(caller: Caller, providers: Providers, data: Data, runs: Sequence[str]) -> bytes:
    """The runs that are asked for, in this order: what follows a run that fails is not run."""
    parts = [_mock(source, name, providers.mocks.get(source, ())) for source, name in sorted(providers.names.items())]
    if REALLY in runs:
        parts += [_real(source, name) for source, name in sorted(providers.names.items()) if source in _REAL]
    parts += [_run(name, caller, providers, data) for name in runs]
    return "\n".join(parts).encode()


def _mock(source: str, name: str, defaults: Sequence[str]) -> str:  # noqa: ARG001 - the pair is what callers have
    return "\n".join([f"mock_provider {literal(name)} {{", '  alias = "mocked"', *defaults, "}", ""])


def _real(source: str, name: str) -> str:
    settings = [f"  {key} = {literal(value)}" for key, value in _REAL[source].items()]
    return "\n".join([f"provider {literal(name)} {{", '  alias = "real"', *settings, "}", ""])


def _run(name: str, caller: Caller, providers: Providers, data: Data) -> str:
    side = OLD if name == BEFORE else NEW
    folder = f"./{side}/{caller.directory}".rstrip("/")
    lines = [
        f"run {literal(name)} {{",
        f"  command = {'apply' if name in (BEFORE, FRESH) else 'plan'}",
        f"  state_key = {literal('repeated' if name in (FRESH, AGAIN) else 'upgraded')}",
        f"  module {{\n    source = {literal(folder)}\n  }}",
    ]
    if caller.values:
        lines += ["  variables {", *(f"    {key} = {literal(one)}" for key, one in caller.values.items()), "  }"]
    if providers.keys:
        kind = "real" if name == REALLY else "mocked"
        pairs = (f"    {key} = {providers.names[source]}.{kind}" for key, source in providers.keys.items())
        lines += ["  providers = {", *pairs, "  }"]
    if name == REALLY:
        lines += ["  plan_options {\n    refresh = false\n  }"]
    for address in data.before if name == BEFORE else data.after:
        values = data.values.get(address)
        if values is not None or name == REALLY:
            lines += ["  override_data {", f"    target = {address}", f"    values = {literal(values or {})}", "  }"]
    return "\n".join([*lines, "}", ""])
