"""Credentials: known formats are found at their line, samples are not, and no value gets into a report."""

import base64
import random
import string

import pytest

from gate.scanning.secrets import find_secrets

_RANDOM = random.Random(7)


def made_up(alphabet: str, length: int) -> str:
    return "".join(_RANDOM.choice(alphabet) for _ in range(length))


_ANY = string.ascii_letters + string.digits
# Built here, so that this file itself holds none of them.
SECRETS = {
    "AWS Access Key": "AKIA" + made_up(string.ascii_uppercase + "234567", 16),
    "GitHub Token": "ghp" + "_" + made_up(_ANY, 36),
    "GitHub fine-grained token": "github" + "_pat_" + made_up(_ANY, 60),
    "Private Key": "-----BEGIN RSA " + "PRIVATE KEY-----",
    "Slack Token": "xoxb-" + made_up(string.digits, 12) + "-" + made_up(_ANY, 24),
    "Stripe Access Key": "sk" + "_live_" + made_up(_ANY, 24),
    "Anthropic API key": "sk-" + "ant-" + made_up(_ANY, 40),
    "Private Key in base64": base64.b64encode(b"-----BEGIN RSA " + b"PRIVATE KEY-----\nMIIE").decode(),
    "OpenAI key": "sk-" + "proj-" + made_up(_ANY, 48),
    "Google API key": "AI" + "za" + made_up(_ANY, 35),
    "HCP Terraform token": made_up(_ANY, 14) + ".atlas" + "v1." + made_up(_ANY, 60),
    "Basic Auth Credentials": "https://bob:" + made_up(_ANY, 12) + "@host.internal/x",
}


@pytest.mark.checklist("T-37")
@pytest.mark.parametrize("path", ["main.tf", "README.md", "examples/a/main.tf", ".github/workflows/x.yml"])
@pytest.mark.parametrize("kind", sorted(SECRETS))
def test_a_credential_is_found_at_its_line_and_not_repeated(kind: str, path: str) -> None:
    value = SECRETS[kind]
    found = [f for f in find_secrets({path: f'first\nx = "{value}"\n'.encode()}) if kind in f.message]
    assert [(f.rule, f.severity, f.path, f.line) for f in found] == [("secret", "error", path, 2)]
    assert all(value not in str(f) and f.fix for f in found)


@pytest.mark.parametrize(
    "line",
    [
        'access_key = "AKIAIOSFODNN7EXAMPLE"',
        "password = var.password",
        'password = ""',
        'token = "${var.token}"',
        'kms_key_id = "arn:aws:kms:eu-west-1:123456789012:key/1234abcd-12ab-34cd-56ef-1234567890ab"',
        'password = "changeme123"',
        'sha = "e3b0c44298fc1c149afbf4c8996fb92427ae41e4649b934ca495991b7852b855"',
        "10.0.0.0/8",
    ],
)
def test_samples_and_references_are_no_credentials(line: str) -> None:
    assert not list(find_secrets({"main.tf": line.encode()}))


def test_a_literal_for_a_secret_name_is_a_warning() -> None:
    found = list(find_secrets({"main.tf": b'master_password = "hunter22"\n'}))
    assert [(f.rule, f.severity, f.line) for f in found] == [("secret-literal", "warning", 1)]
    assert "hunter22" not in str(found)


def test_a_credential_across_a_window_is_found() -> None:
    value = SECRETS["GitHub Token"]
    for start in (3_950, 3_990, 4_000, 7_980):
        assert any("GitHub Token" in f.message for f in find_secrets({"x.md": b"." * start + b" " + value.encode()}))


def test_pictures_and_broken_text_are_no_trouble() -> None:
    assert not list(find_secrets({"a.png": b"\x89PNG", "b.md": b"\xff\xfe\x00"}))


def test_a_long_random_value_is_one_too() -> None:
    line = f'  secret_key = "{made_up(_ANY, 128)}"\n'.encode()
    assert [f.rule for f in find_secrets({"main.tf": line})] == ["secret"]


def test_a_certificate_in_base64_is_no_credential() -> None:
    line = "certificate-authority-data: " + base64.b64encode(b"-----BEGIN CERTIFICATE-----\nMIID").decode()
    assert not list(find_secrets({"kube.yaml": line.encode()}))


@pytest.mark.parametrize(
    ("path", "line"),
    [
        ("values.yaml", "  password: xK9mQ2vL8pR4tW7z"),
        ("values.yml", "  db_password: 'xK9mQ2vL8pR4tW7z'"),
        ("run.sh", "export DB_PASSWORD='xK9mQ2vL8pR4tW7z'"),
        ("run.sh", "API_KEY=xK9mQ2vL8pR4tW7z terraform plan"),
        ("templates/user-data.tftpl", "client_secret=xK9mQ2vL8pR4tW7z"),
        ("app.properties", "db.secret = xK9mQ2vL8pR4tW7z"),
    ],
)
def test_a_random_value_needs_no_quotes_where_the_format_has_none(path: str, line: str) -> None:
    assert [(one.rule, one.severity) for one in find_secrets({path: line.encode()})] == [("secret", "error")]


@pytest.mark.parametrize(
    "line",
    [
        "password: ${var.password}",
        "password: ${{ secrets.DB_PASSWORD }}",
        "password: hunter2",
        "secret: arn:aws:secretsmanager:eu-west-1:1:secret:x-AbCdEf",
        "token: AbstractTokenProviderFactory",
        "secret: my-application-database-secret",
        "password: $(openssl rand -base64 32)",
        'password: "$DB_PASSWORD_FROM_VAULT_1"',
        "key_id: xK9mQ2vL8pR4tW7z",
        "password: example-xK9mQ2vL8pR4tW7z",
    ],
)
def test_without_quotes_what_does_not_look_random_is_left_alone(line: str) -> None:
    assert not list(find_secrets({"values.yaml": line.encode()}))


def test_a_name_that_never_ends_costs_no_more_than_its_length() -> None:
    """Each place was a beginning once: a second for forty such lines, and an hour for a file of them."""
    lines = "\n".join(("a" * 3_900 + ": " + "b" * 90, "a-" * 1_900 + ": b", "password:" * 400)) + "\n"
    assert not list(find_secrets({"a.yaml": (lines * 40).encode(), "a.tf": (lines * 40).encode()}))
