"""The real `terraform` against our registry on a real port: what it installs, and what it refuses."""

import datetime as dt
import ipaddress
import shutil
from pathlib import Path

import pytest
from cryptography import x509
from cryptography.hazmat.primitives import hashes, serialization
from cryptography.hazmat.primitives.asymmetric import ec
from cryptography.x509.oid import NameOID

from core.db import Database
from registry.services import lifecycle
from tests.integration.registry.conftest import Registry
from tests.integration.registry.consuming import Terraform
from tfmodule.address import Address
from tfmodule.version import Version
from web.app import create_app

HOST = "reg.example.test"

pytestmark = pytest.mark.skipif(shutil.which("terraform") is None, reason="there is no terraform on PATH")


@pytest.mark.checklist("R11", "R12", "R22")
def test_R11_R12_R22_a_public_module_is_installed_on_both_databases(registry, serving, terraform) -> None:
    registry.namespace("acme")
    for version in ("0.1.0", "0.2.0", "0.10.0", "1.0.0-rc.1"):
        registry.publish("acme/bucket/aws", version)
    with serving(registry.app) as port:
        work = terraform(port)
        done = work.get(f"{HOST}/acme/bucket/aws", "~> 0.1", "init")
        assert done.returncode == 0, done.stderr
        assert work.installed()[0] == "0.10.0" and '"0.10.0"' in work.installed()[1]


@pytest.mark.checklist("T-09")
def test_T09_a_private_module_needs_its_own_token(registry, serving, terraform) -> None:
    registry.namespace("closed", "private")
    registry.namespace("other", "private")
    registry.publish("closed/bucket/aws", "1.0.0")
    secret, foreign = registry.token("closed"), registry.token("other")
    with serving(registry.app) as port:
        work = terraform(port, secret)
        done = work.get(f"{HOST}/closed/bucket/aws", "1.0.0")
        assert done.returncode == 0, done.stderr
        assert work.installed()[0] == "1.0.0"
        for token, message in [(None, "401"), ("tsm_wrong", "401"), (foreign, "not found")]:
            refused = terraform(port, token).get(f"{HOST}/closed/bucket/aws", "1.0.0")
            assert refused.returncode == 1 and message in " ".join(refused.stderr.split())


@pytest.mark.checklist("R26", "R29")
@pytest.mark.parametrize("archives", ["stream", "redirect"])
def test_R26_R29_archives_of_a_bucket_are_installed(
    sqlite_url, settings, open_s3, serving, terraform, archives
) -> None:
    storage, database = open_s3(), Database(sqlite_url)
    app = create_app(settings.model_copy(update={"archives": archives}), database, storage)
    registry = Registry(database, storage, app)
    registry.namespace("acme")
    registry.namespace("closed", "private")
    with serving(app) as port:
        for address in ("acme/bucket/aws", "closed/bucket/aws"):
            registry.publish(address, "1.2.3")
            work = terraform(port, registry.token("closed"))
            done = work.get(f"{HOST}/{address}", "1.2.3", "init")
            assert done.returncode == 0, done.stderr
            assert work.installed()[0] == "1.2.3" and '"1.2.3"' in work.installed()[1]
    database.dispose()


@pytest.mark.parametrize("visibility", ["public", "private"])
@pytest.mark.checklist("P-01")
def test_P01_a_flipped_byte_is_refused(sqlite_registry, serving, terraform, visibility) -> None:
    sqlite_registry.namespace("acme", visibility)
    published = sqlite_registry.publish("acme/bucket/aws", "1.0.0")
    file = sqlite_registry.archive_path(published.sha256)
    data = bytearray(file.read_bytes())
    data[len(data) // 2] ^= 1
    file.write_bytes(data)
    with serving(sqlite_registry.app) as port:
        work = terraform(port, sqlite_registry.token("acme"))
        done = work.get(f"{HOST}/acme/bucket/aws", "1.0.0")
    assert done.returncode == 1 and "checksum" in done.stderr.lower()
    assert not (work.folder / ".terraform/modules/it/main.tf").exists()


@pytest.mark.checklist("R9", "R10")
def test_R9_R10_case_and_plus_survive_the_client(sqlite_registry, serving, terraform) -> None:
    sqlite_registry.namespace("Acme")
    sqlite_registry.publish("Acme/My-Bucket/aws", "1.0.0+build.7")
    with serving(sqlite_registry.app) as port:
        work = terraform(port)
        done = work.get(f"{HOST}/ACME/my-bucket/aws", "1.0.0")
        assert done.returncode == 0, done.stderr
        assert work.installed()[0] == "1.0.0+build.7"


@pytest.mark.checklist("R31")
def test_R31_a_prerelease_comes_only_by_exact_pin(sqlite_registry, serving, terraform) -> None:
    sqlite_registry.namespace("acme")
    for version in ("1.0.0", "1.1.0-rc.1"):
        sqlite_registry.publish("acme/bucket/aws", version)
    with serving(sqlite_registry.app) as port:
        for asked, version in (("1.1.0-rc.1", "1.1.0-rc.1"), (">= 1.0.0", "1.0.0")):
            work = terraform(port)
            done = work.get(f"{HOST}/acme/bucket/aws", asked)
            assert done.returncode == 0, done.stderr
            assert work.installed()[0] == version
        assert terraform(port).get(f"{HOST}/acme/bucket/aws", "~> 1.1.0-rc.1").returncode == 1


@pytest.mark.checklist("R11")
def test_R11_an_unknown_module_and_version_are_told_cleanly(sqlite_registry, serving, terraform) -> None:
    sqlite_registry.namespace("acme")
    sqlite_registry.publish("acme/bucket/aws", "1.0.0")
    with serving(sqlite_registry.app) as port:
        unknown = terraform(port).get(f"{HOST}/acme/none/aws", "1.0.0")
        assert unknown.returncode == 1 and "Module not found" in unknown.stderr
        newer = terraform(port).get(f"{HOST}/acme/bucket/aws", "~> 2.0")
        assert newer.returncode == 1 and "no available version" in " ".join(newer.stderr.lower().split())


@pytest.mark.parametrize("visibility", ["public", "private"])
@pytest.mark.checklist("R1", "R4", "R6", "R19")
def test_R1_R4_R6_R19_https_discovery_with_a_private_ca_and_no_host_block(
    sqlite_registry, serving, tmp_path, visibility
) -> None:
    sqlite_registry.namespace("acme", visibility)
    sqlite_registry.publish("acme/bucket/aws", "1.0.0")
    authority, certificate, key = _certificates(tmp_path)
    with serving(sqlite_registry.app, certificate, key) as port:
        folder = tmp_path / "work"
        folder.mkdir()
        config = folder / "terraform.rc"
        token = sqlite_registry.token("acme")
        config.write_text(f'disable_checkpoint = true\ncredentials "127.0.0.1:{port}" {{\n  token = "{token}"\n}}\n')
        work = Terraform(folder, config, authority)
        done = work.get(f"127.0.0.1:{port}/acme/bucket/aws", "~> 1.0", "init")
        assert done.returncode == 0, done.stderr
        assert work.installed()[0] == "1.0.0"
        untrusting = Terraform(folder, config, None).get(f"127.0.0.1:{port}/acme/bucket/aws", "~> 1.0")
        assert untrusting.returncode == 1 and "certificate" in untrusting.stderr


def _certificates(folder: Path) -> tuple[Path, Path, Path]:
    """A private authority and a certificate for 127.0.0.1: (authority, certificate, key)."""
    now = dt.datetime.now(dt.UTC)
    authority_key, server_key = ec.generate_private_key(ec.SECP256R1()), ec.generate_private_key(ec.SECP256R1())
    authority_name = x509.Name([x509.NameAttribute(NameOID.COMMON_NAME, "Test authority")])

    def certificate(subject: x509.Name, key: ec.EllipticCurvePrivateKey, *, is_authority: bool) -> x509.Certificate:
        builder = (
            x509.CertificateBuilder()
            .subject_name(subject)
            .issuer_name(authority_name)
            .public_key(key.public_key())
            .serial_number(x509.random_serial_number())
            .not_valid_before(now - dt.timedelta(days=1))
            .not_valid_after(now + dt.timedelta(days=1))
            .add_extension(x509.BasicConstraints(ca=is_authority, path_length=None), critical=True)
        )
        if not is_authority:
            names = [x509.IPAddress(ipaddress.ip_address("127.0.0.1"))]
            builder = builder.add_extension(x509.SubjectAlternativeName(names), critical=False)
        return builder.sign(authority_key, hashes.SHA256())

    server_name = x509.Name([x509.NameAttribute(NameOID.COMMON_NAME, "127.0.0.1")])
    paths = folder / "authority.pem", folder / "server.pem", folder / "server.key"
    pem = serialization.Encoding.PEM
    paths[0].write_bytes(certificate(authority_name, authority_key, is_authority=True).public_bytes(pem))
    paths[1].write_bytes(certificate(server_name, server_key, is_authority=False).public_bytes(pem))
    private = serialization.PrivateFormat.PKCS8
    paths[2].write_bytes(server_key.private_bytes(pem, private, serialization.NoEncryption()))
    return paths


@pytest.mark.checklist("R11")
def test_R11_what_a_client_makes_of_deprecated_and_revoked_versions(sqlite_registry, serving, terraform) -> None:
    """A deprecated version is chosen as ever; a revoked one is not, also not by its exact name; one installed stays."""
    registry, source = sqlite_registry, f"{HOST}/acme/bucket/aws"
    registry.namespace("acme")
    for version in ("1.0.0", "1.1.0", "1.2.0"):
        registry.publish("acme/bucket/aws", version)
    with serving(registry.app) as port:
        installed, fresh = terraform(port), terraform(port)
        assert installed.get(source, "1.2.0").returncode == 0
        for version, action in (("1.2.0", "revoke"), ("1.1.0", "deprecate")):
            words = lifecycle.Words("a fault", "1.0.0")
            with registry.database.unit_of_work() as session:
                address, number = Address("acme", "bucket", "aws"), Version.parse(version)
                lifecycle.change(session, action, address, number, words, lifecycle.OPERATOR)
        assert fresh.get(source, "~> 1.0").returncode == 0
        assert fresh.installed()[0] == "1.1.0"
        refused = fresh.get(source, "1.2.0")
        assert refused.returncode == 1
        assert "no available version" in " ".join(refused.stderr.split())
        assert installed.get(source, "1.2.0", "get").returncode == 0
        assert installed.installed()[0] == "1.2.0"
