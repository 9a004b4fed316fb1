"""Settings: every wrong or missing value is one line that names the variable and what it expects."""

import pytest

from core.errors import SettingsError
from core.settings import Settings, load, unknown, variable

SECRET = "s" * 32
WEB = {
    "DATABASE_URL": "sqlite:///x.db",
    "TERRASMITH_BASE_URL": "https://registry.example.com/",
    "TERRASMITH_SECRET_KEY": SECRET,
    "TERRASMITH_WEBHOOK_SECRETS": f"{SECRET}, {'t' * 40}",
}


def test_the_web_role_reads_what_it_needs() -> None:
    settings = load("web", WEB)
    assert settings.base_url == "https://registry.example.com"
    assert settings.registry_host == "registry.example.com"
    assert [secret.get_secret_value() for secret in settings.webhook_secrets] == [SECRET, "t" * 40]


@pytest.mark.parametrize(
    ("change", "variable_named", "expectation"),
    [
        ({"DATABASE_URL": ""}, "DATABASE_URL is not set", "sqlite:///"),
        ({"DATABASE_URL": "mysql://x"}, "DATABASE_URL is wrong", "postgresql://"),
        ({"TERRASMITH_BASE_URL": "registry.example.com"}, "TERRASMITH_BASE_URL is wrong", "https://registry"),
        ({"TERRASMITH_BASE_URL": "https://example.com/terraform"}, "TERRASMITH_BASE_URL is wrong", "https://registry"),
        ({"TERRASMITH_BASE_URL": "http://localhost:8080"}, "TERRASMITH_BASE_URL is wrong", "https://registry"),
        ({"DATABASE_URL": "postgresql://127.0.0.1:port/x"}, "DATABASE_URL is wrong", "postgresql://"),
        ({"TERRASMITH_LEASE_SECONDS": "inf"}, "TERRASMITH_LEASE_SECONDS is wrong", "seconds"),
        ({"TERRASMITH_SECRET_KEY": "short"}, "TERRASMITH_SECRET_KEY is wrong", "32 or more"),
        ({"TERRASMITH_WEBHOOK_SECRETS": f"{SECRET},short"}, "TERRASMITH_WEBHOOK_SECRETS is wrong", "32 or more"),
        ({"TERRASMITH_LEASE_SECONDS": "soon"}, "TERRASMITH_LEASE_SECONDS is wrong", "seconds"),
        ({"TERRASMITH_RATE_LIMIT_READS": "many"}, "TERRASMITH_RATE_LIMIT_READS is wrong", "600/minute"),
        ({"TERRASMITH_RATE_LIMIT_FAILURES": "0/minute"}, "TERRASMITH_RATE_LIMIT_FAILURES is wrong", "`off`"),
        ({"TERRASMITH_TRUSTED_PROXIES": "10.0.0.1/8"}, "TERRASMITH_TRUSTED_PROXIES is wrong", "networks"),
        ({"TERRASMITH_TRUSTED_PROXIES": "proxy.local"}, "TERRASMITH_TRUSTED_PROXIES is wrong", "networks"),
        ({"TERRASMITH_SANDBOX": "off"}, "TERRASMITH_SANDBOX is wrong", "trusted-local"),
        ({"TERRASMITH_GITHUB_PRIVATE_KEY": "/no/such.pem"}, "TERRASMITH_GITHUB_PRIVATE_KEY is wrong", "PEM"),
    ],
)
def test_a_wrong_value_is_one_line(change: dict[str, str], variable_named: str, expectation: str) -> None:
    with pytest.raises(SettingsError) as caught:
        load("web", WEB | change)
    assert caught.value.message.startswith(variable_named)
    assert expectation in caught.value.message
    assert "\n" not in caught.value.message


@pytest.mark.checklist("S1")
def test_S1_no_start_without_a_webhook_secret() -> None:
    with pytest.raises(SettingsError, match="TERRASMITH_WEBHOOK_SECRETS is not set"):
        load("web", {name: value for name, value in WEB.items() if name != "TERRASMITH_WEBHOOK_SECRETS"})


def test_several_missing_ones_are_all_named() -> None:
    with pytest.raises(SettingsError, match=r"DATABASE_URL is not set.*Also not set: REDIS_URL"):
        load("relay", {})


def test_a_role_asks_only_for_its_own() -> None:
    assert load("check", {}).sandbox == "require"
    assert load("operator", {"DATABASE_URL": "sqlite:///x.db"}).redis_url is None


def test_settings_cannot_be_changed_and_hide_their_secrets() -> None:
    settings = load("web", WEB)
    with pytest.raises(ValueError, match="frozen"):
        settings.base_url = "https://evil.example"  # type: ignore[misc]
    assert SECRET not in repr(settings)


def test_every_setting_says_what_it_expects() -> None:
    undocumented = [variable(name) for name, field in Settings.model_fields.items() if not field.description]
    assert undocumented == []


def test_proxies_are_addresses_and_networks() -> None:
    settings = load("check", {"TERRASMITH_TRUSTED_PROXIES": " 10.0.0.0/8, 192.0.2.7 ,2001:db8::/32"})
    assert settings.trusted_proxies == ("10.0.0.0/8", "192.0.2.7/32", "2001:db8::/32")
    assert load("check", {}).trusted_proxies == ()


def test_every_budget_is_one_that_an_operator_could_write() -> None:
    for name, field in Settings.model_fields.items():
        if name.startswith("rate_limit_"):
            assert load("check", {variable(name): field.default}) == load("check", {})


@pytest.mark.parametrize(
    ("given", "meant"),
    [
        ("TERRASMITH_BASE_ULR", "; did you mean TERRASMITH_BASE_URL?"),
        ("TERRASMITH_WEBHOOK_SECRET", "; did you mean TERRASMITH_WEBHOOK_SECRETS?"),
        ("terrasmith_secret_key", "; did you mean TERRASMITH_SECRET_KEY?"),
        ("TERRASMITH_DATABASE_URL", "; did you mean DATABASE_URL?"),
        ("TERRASMITH_QQQQ", ". deploy/env.example lists every setting."),
    ],
)
def test_a_variable_that_is_no_setting_is_named_with_the_one_that_was_meant(given: str, meant: str) -> None:
    assert unknown({given: "a secret", **WEB}) == (f"{given} is no setting and is ignored{meant}",)


def test_a_setting_that_is_missing_because_it_was_mistyped_says_so() -> None:
    given = {name: value for name, value in WEB.items() if name != "TERRASMITH_BASE_URL"}
    with pytest.raises(SettingsError, match=r"BASE_URL is not set.* TERRASMITH_BASE_ULR is no setting.*did you mean"):
        load("web", given | {"TERRASMITH_BASE_ULR": "https://registry.example.com"})


def test_variables_of_others_and_of_our_commands_are_no_news() -> None:
    assert unknown({**WEB, "TERRASMITH_URL": "x", "TERRASMITH_TOKEN": "x", "TF_LOG": "1", "PATH": "x"}) == ()
