"""The module protocol over HTTP on both databases: discovery, versions, download, and who may see what."""

from datetime import timedelta

import pytest
from sqlalchemy import update
from starlette.testclient import TestClient

from accounts import models, namespaces, tokens
from core import clock
from registry.services.downloads import signed_path, signing_key

BASE = "/v1/modules/"


@pytest.fixture
def client(registry) -> TestClient:
    return TestClient(registry.app, raise_server_exceptions=False)


def _bearer(secret: str) -> dict[str, str]:
    return {"Authorization": f"Bearer {secret}"}


@pytest.mark.checklist("R1", "R3", "R4", "R7")
def test_R1_R4_R7_discovery_is_relative_json_at_the_root(client) -> None:
    answer = client.get("/.well-known/terraform.json")
    assert answer.status_code == 200 and answer.headers["content-type"] == "application/json"
    assert answer.json() == {"modules.v1": "/v1/modules/"} and not answer.history and len(answer.content) < 1 << 20
    assert client.head("/.well-known/terraform.json").status_code == 200


@pytest.mark.parametrize("value", ["Bearer nonsense", "Bearer tsm_x", "Basic eDp5", "\x7f", ""])
@pytest.mark.checklist("R2", "R5")
def test_R2_R5_discovery_asks_nobody_and_needs_nothing(registry, client, value: str) -> None:
    registry.database.dispose()
    answer = client.get("/.well-known/terraform.json", headers={"Authorization": value})
    assert answer.status_code == 200 and "public" in answer.headers["cache-control"]


@pytest.mark.checklist("R11", "R32", "R38")
def test_R11_R32_R38_versions(registry, client) -> None:
    registry.namespace("acme")
    for version in ("0.9.0", "0.10.0", "0.10.0-rc.1", "0.2.0"):
        registry.publish("acme/bucket/aws", version)
    answer = client.get(BASE + "acme/bucket/aws/versions")
    assert answer.status_code == 200 and answer.headers["content-type"] == "application/json"
    assert answer.json() == {
        "modules": [
            {
                "source": "https://github.example/acme/terraform-aws-bucket",
                "versions": [{"version": one} for one in ("0.10.0", "0.10.0-rc.1", "0.9.0", "0.2.0")],
            }
        ]
    }


@pytest.mark.parametrize(
    "path", ["acme/none/aws", "acme/bucket/gcp", "acme/buc_ket/aws", "acme/bucket/AWS!", "acme/-/aws"]
)
@pytest.mark.checklist("R11")
def test_R11_an_unknown_module_of_a_public_namespace_is_404(registry, client, path: str) -> None:
    registry.namespace("acme")
    registry.publish("acme/bucket/aws", "1.0.0")
    for tail in ("/versions", "/1.0.0/download"):
        answer = client.get(BASE + path + tail)
        assert answer.status_code == 404 and answer.json()["errors"][0].startswith("Module not found: ")


@pytest.mark.checklist("R9")
def test_R9_case_does_not_count_and_the_canonical_case_is_kept(registry, client) -> None:
    registry.namespace("Acme")
    registry.publish("Acme/My-Bucket/aws", "1.0.0")
    for path in ("Acme/My-Bucket/aws", "acme/my-bucket/aws", "ACME/MY-BUCKET/aws"):
        assert (
            client.get(f"{BASE}{path}/versions")
            .json()["modules"][0]["source"]
            .endswith("/Acme/terraform-aws-My-Bucket")
        )
        assert client.get(f"{BASE}{path}/1.0.0/download").status_code == 200


@pytest.mark.checklist("T-11", "R14")
def test_T11_R14_a_renamed_account_is_found_under_both_names_and_the_old_one_tells_the_new(registry, client) -> None:
    registry.namespace("acme")
    registry.publish("acme/bucket/aws", "1.0.0")
    with registry.database.unit_of_work() as session:
        namespaces.bind(session, registry.accounts["acme"], "acme-cloud", "Organization")
    old, new = (client.get(f"{BASE}{name}/bucket/aws/versions") for name in ("ACME", "acme-cloud"))
    assert (old.status_code, new.status_code) == (200, 200) and not old.history
    told = old.json()["modules"][0]
    assert told.pop("moved_to") == "acme-cloud/bucket/aws" and new.json()["modules"] == [told]
    old, new = (client.get(f"{BASE}{name}/bucket/aws/1.0.0/download") for name in ("acme", "acme-cloud"))
    assert old.status_code == 200 and old.headers["x-terraform-get"] == new.headers["x-terraform-get"]


@pytest.mark.checklist("R12", "R19", "R20", "R22", "R24")
def test_R12_R22_R24_download_answers_header_and_json(registry, client) -> None:
    registry.namespace("acme")
    published = registry.publish("acme/bucket/aws", "1.0.0")
    answer = client.get(BASE + "acme/bucket/aws/1.0.0/download")
    location = answer.headers["x-terraform-get"]
    assert answer.status_code == 200 and answer.headers["content-type"] == "application/json"
    assert answer.json() == {"location": location}
    assert location == f"/archives/sha256/{published.sha256}.tar.gz?archive=tar.gz&checksum=sha256:{published.sha256}"
    # R24: no git on the way, which a client would need and could not check.
    assert not location.startswith("git::") and "ref=" not in location


@pytest.mark.parametrize("asked", ["1.0.0+build.7", "1.0.0%2Bbuild.7", "1.0.0", "v1.0.0+build.7"])
@pytest.mark.checklist("R10", "R30")
def test_R10_R30_a_plus_in_a_version_survives(registry, client, asked: str) -> None:
    registry.namespace("acme")
    published = registry.publish("acme/bucket/aws", "1.0.0+build.7")
    answer = client.get(f"{BASE}acme/bucket/aws/{asked}/download")
    assert published.sha256 in answer.json()["location"]
    assert client.get(BASE + "acme/bucket/aws/1.0.0+build.8/download").status_code == 404


@pytest.mark.parametrize(
    "asked", ["2.0.0", "latest", "1.0.0.0", "%2e%2e", "1.0.0%2F..", "1.0.0%0d%0aX:y", "%00", "%ff"]
)
@pytest.mark.checklist("R15")
def test_R15_an_unknown_version_is_404_with_a_body(registry, client, asked: str) -> None:
    registry.namespace("acme")
    registry.publish("acme/bucket/aws", "1.0.0")
    answer = client.get(f"{BASE}acme/bucket/aws/{asked}/download")
    assert answer.status_code == 404 and answer.json()["errors"][0].startswith("Version not found: ")


@pytest.mark.checklist("R18")
def test_R18_caching_is_short_for_public_and_none_for_private(registry, client) -> None:
    registry.namespace("open")
    registry.namespace("closed", "private")
    registry.publish("open/bucket/aws", "1.0.0")
    registry.publish("closed/bucket/aws", "1.0.0", repository_id=8)
    secret = registry.token("closed")
    for tail in ("/versions", "/1.0.0/download"):
        public = client.get(f"{BASE}open/bucket/aws{tail}")
        assert public.headers["cache-control"] == "public, max-age=10" and "Authorization" in public.headers["vary"]
        private = client.get(f"{BASE}closed/bucket/aws{tail}", headers=_bearer(secret))
        assert private.status_code == 200
        assert private.headers["cache-control"] == "private, no-store" and "Authorization" in private.headers["vary"]


@pytest.mark.checklist("T-09")
def test_T09_a_stranger_learns_the_same_of_private_and_of_missing(registry, client) -> None:
    registry.namespace("closed", "private")
    registry.publish("closed/bucket/aws", "1.0.0")
    for tail in ("/versions", "/1.0.0/download", "/9.9.9/download"):
        answers = [
            client.get(f"{BASE}{path}{tail}") for path in ("closed/bucket/aws", "closed/none/aws", "nobody/x/aws")
        ]
        assert {answer.status_code for answer in answers} == {401} and len({answer.text for answer in answers}) == 1
        assert {answer.headers["www-authenticate"] for answer in answers} == {'Bearer realm="terrasmith"'}
        assert {answer.headers["cache-control"] for answer in answers} == {"no-store"}


@pytest.mark.checklist("T-09")
def test_T09_another_tenants_token_learns_nothing(registry, client) -> None:
    registry.namespace("closed", "private")
    registry.namespace("other", "private")
    registry.publish("closed/bucket/aws", "1.0.0")
    secret = registry.token("other", "publish")
    for tail in ("/versions", "/1.0.0/download"):
        paths = ("closed/bucket/aws", "closed/none/aws", "nobody/x/aws")
        answers = [client.get(f"{BASE}{path}{tail}", headers=_bearer(secret)) for path in paths]
        assert {(answer.status_code, answer.text) for answer in answers} == {(404, answers[0].text)}
        assert answers[0].json()["errors"][0].startswith("Module not found: ")


@pytest.mark.checklist("T-07")
def test_T07_wrong_expired_and_revoked_tokens_are_strangers(registry, client) -> None:
    registry.namespace("closed", "private")
    registry.publish("closed/bucket/aws", "1.0.0")
    secret = registry.token("closed")
    path = BASE + "closed/bucket/aws/versions"
    assert client.get(path, headers=_bearer(secret)).status_code == 200
    for wrong in (secret[:-1] + ("a" if secret[-1] != "a" else "b"), "tsm_", "", secret + " x"):
        answer = client.get(path, headers=_bearer(wrong))
        assert answer.status_code == 401 and 'error="invalid_token"' in answer.headers["www-authenticate"]
    with registry.database.unit_of_work() as session:
        tokens.revoke(session, tokens.list_all(session)[0].id)
    assert client.get(path, headers=_bearer(secret)).status_code == 401


def test_a_bad_token_does_not_close_what_is_public(registry, client) -> None:
    registry.namespace("acme")
    registry.publish("acme/bucket/aws", "1.0.0")
    assert client.get(BASE + "acme/bucket/aws/versions", headers=_bearer("tsm_old")).status_code == 200


def test_suspended_namespaces_and_former_names_go_on_being_read(registry, client) -> None:
    registry.namespace("acme")
    registry.publish("acme/bucket/aws", "1.0.0")
    with registry.database.unit_of_work() as session:
        namespaces.suspend(session, registry.accounts["acme"])
        namespaces.bind(session, registry.accounts["acme"], "acme-cloud", "Organization")
    for name in ("acme", "acme-cloud"):
        assert client.get(f"{BASE}{name}/bucket/aws/1.0.0/download").status_code == 200


def test_the_use_of_a_token_is_noted_after_the_answer(registry, client) -> None:
    registry.namespace("closed", "private")
    registry.publish("closed/bucket/aws", "1.0.0")
    secret = registry.token("closed")
    client.get(BASE + "closed/bucket/aws/versions", headers=_bearer(secret))
    with registry.database.read() as session:
        first = tokens.list_all(session)[0].last_used_at
    assert first is not None
    client.get(BASE + "closed/bucket/aws/versions", headers=_bearer(secret))
    with registry.database.read() as session:
        assert tokens.list_all(session)[0].last_used_at == first


@pytest.mark.checklist("R37")
def test_R37_404_405_and_500_have_the_shape_too(registry, client) -> None:
    missing = client.get("/v1/nothing")
    assert missing.status_code == 404 and list(missing.json()) == ["errors"]
    wrong = client.post(BASE + "a/b/c/versions")
    assert wrong.status_code == 405 and list(wrong.json()) == ["errors"] and "GET" in wrong.headers["allow"]
    registry.namespace("acme")
    published = registry.publish("acme/bucket/aws", "1.0.0")
    registry.archive_path(published.sha256).unlink()
    broken = client.get(f"/archives/sha256/{published.sha256}.tar.gz")
    assert broken.status_code == 500 and broken.json()["errors"][0].startswith("Something went wrong")


@pytest.mark.checklist("T-13")
def test_T13_no_host_header_is_ever_reflected(registry, client) -> None:
    registry.namespace("acme")
    published = registry.publish("acme/bucket/aws", "1.0.0")
    evil = {
        "Host": "evil.example",
        "X-Forwarded-Host": "evil.example",
        "Forwarded": "host=evil.example",
        "Accept": "text/html",
    }
    paths = [
        "/.well-known/terraform.json",
        BASE + "acme/bucket/aws/versions",
        BASE + "acme/bucket/aws/versions/",
        BASE + "acme/bucket/aws/1.0.0/download",
        f"/archives/sha256/{published.sha256}.tar.gz",
        "/",
        "/modules/acme/bucket/aws",
        "/modules/acme/bucket/aws/",
        "/livez/",
    ]
    for path in paths:
        answer = client.get(path, headers=evil, follow_redirects=False)
        assert "evil" not in str(answer.headers) and b"evil" not in answer.content, path
        assert answer.status_code in (200, 404)


class TestArchives:
    """Bytes: public ones by digest, private ones by a fresh signature."""

    @pytest.mark.checklist("R26", "R27")
    def test_R26_R27_head_get_and_ranges(self, registry, client) -> None:
        registry.namespace("acme")
        published = registry.publish("acme/bucket/aws", "1.0.0")
        data = registry.archive_path(published.sha256).read_bytes()
        path = f"/archives/sha256/{published.sha256}.tar.gz"
        head, whole = client.head(path), client.get(path, headers={"Accept-Encoding": "gzip, br"})
        for answer in (head, whole):
            assert answer.status_code == 200 and answer.headers["content-length"] == str(len(data))
            assert answer.headers["content-type"] == "application/gzip" and "content-encoding" not in answer.headers
            assert answer.headers["accept-ranges"] == "bytes"
            assert answer.headers["cache-control"] == "public, max-age=31536000, immutable"
        assert head.content == b"" and whole.content == data
        for asked, expected in [
            ("bytes=0-0", data[:1]),
            ("bytes=10-19", data[10:20]),
            ("bytes=10-", data[10:]),
            ("bytes=-7", data[-7:]),
            ("bytes=5-999999999", data[5:]),
        ]:
            part = client.get(path, headers={"Range": asked})
            assert part.status_code == 206 and part.content == expected
            assert part.headers["content-length"] == str(len(expected))
            start = data.index(expected) if len(expected) > 5 else None
            if start is not None:
                assert part.headers["content-range"] == f"bytes {start}-{start + len(expected) - 1}/{len(data)}"
        for ignored in ("bytes=", "bytes=-", "items=0-1", "bytes=0-1,3-4", "bytes=5-2", "bytes=a-b"):
            assert client.get(path, headers={"Range": ignored}).content == data
        beyond = client.get(path, headers={"Range": f"bytes={len(data)}-"})
        assert beyond.status_code == 416 and beyond.headers["content-range"] == f"bytes */{len(data)}"
        stale = client.get(path, headers={"Range": "bytes=0-0", "If-Range": '"other"'})
        assert stale.status_code == 200 and stale.content == data
        assert client.get(path, headers={"If-None-Match": whole.headers["etag"]}).status_code == 304

    @pytest.mark.checklist("T-13")
    def test_T13_a_private_digest_is_not_public(self, registry, client) -> None:
        registry.namespace("closed", "private")
        published = registry.publish("closed/bucket/aws", "1.0.0")
        unknown = client.get(f"/archives/sha256/{'0' * 64}.tar.gz")
        private = client.get(f"/archives/sha256/{published.sha256}.tar.gz")
        assert private.status_code == unknown.status_code == 404 and private.text == unknown.text
        for strange in ("..", "%2e%2e%2f%2e%2e", published.sha256, published.sha256.upper() + ".tar.gz", "a.tar.gz"):
            assert client.get(f"/archives/sha256/{strange}").status_code == 404

    @pytest.mark.checklist("R17", "R21", "T-14")
    def test_R17_R21_T14_a_private_location_opens_one_archive_for_a_while(self, registry, client) -> None:
        registry.namespace("closed", "private")
        published = registry.publish("closed/bucket/aws", "1.0.0")
        other = registry.publish("closed/bucket/aws", "1.1.0")
        secret = registry.token("closed")
        location = client.get(BASE + "closed/bucket/aws/1.0.0/download", headers=_bearer(secret)).json()["location"]
        path = location.split("?")[0]
        assert path.startswith("/archives/signed/") and f"checksum=sha256:{published.sha256}" in location
        for query in ("", "?checksum=x&archive=tar.gz", "?b=2&a=1", "?a=%20"):
            answer = client.get(path + query)
            assert answer.status_code == 200 and answer.headers["cache-control"] == "private, no-store"
            assert client.head(path + query).headers["content-length"] == str(published.size)
        assert client.get(path.replace(published.sha256, other.sha256)).status_code == 404
        with registry.database.read() as session:
            token_id = tokens.list_all(session)[0].id
        key = signing_key("0123456789abcdef" * 4)
        late = signed_path(key, token_id, published.sha256, clock.now() - timedelta(seconds=121))
        young = signed_path(key, token_id, published.sha256, clock.now())
        assert client.get(late).status_code == 404 and client.get(young).status_code == 200

    def test_T13_a_location_signed_for_another_tenants_token_opens_nothing(self, registry, client) -> None:
        """Even a right signature: the archive must be of the namespace that this very token may read."""
        for name in ("closed", "other"):
            registry.namespace(name, "private")
            registry.token(name)
        published = registry.publish("closed/bucket/aws", "1.0.0")
        with registry.database.read() as session:
            ids = {token.namespace: token.id for token in tokens.list_all(session)}
        key = signing_key("0123456789abcdef" * 4)
        mine, theirs = (signed_path(key, ids[name], published.sha256, clock.now()) for name in ("closed", "other"))
        assert client.get(mine).status_code == 200
        assert client.get(theirs).status_code == 404

    @pytest.mark.checklist("T-14")
    def test_T14_a_revoked_or_expired_token_closes_its_locations(self, registry, client) -> None:
        registry.namespace("closed", "private")
        registry.publish("closed/bucket/aws", "1.0.0")
        secrets = [registry.token("closed"), registry.token("closed")]
        download = BASE + "closed/bucket/aws/1.0.0/download"
        first, second = (client.get(download, headers=_bearer(one)).json()["location"] for one in secrets)
        assert first != second
        with registry.database.unit_of_work() as session:
            tokens.revoke(session, first.split("/")[4])
        assert client.get(first).status_code == 404 and client.get(second).status_code == 200
        with registry.database.unit_of_work() as session:
            session.execute(update(models.Token).values(expires_at=clock.now()))
        assert client.get(second).status_code == 404

    @pytest.mark.checklist("F-17")
    def test_F17_a_truncated_archive_is_no_success_and_a_flipped_one_is_reported(
        self, registry, client, capsys
    ) -> None:
        registry.namespace("acme")
        published = registry.publish("acme/bucket/aws", "1.0.0")
        path, file = f"/archives/sha256/{published.sha256}.tar.gz", registry.archive_path(published.sha256)
        data = bytearray(file.read_bytes())
        data[40] ^= 1
        file.write_bytes(data)
        assert client.get(path).content == bytes(data)
        captured = capsys.readouterr()
        assert "stored archive does not match its digest" in captured.out + captured.err
        file.write_bytes(data[:-1])
        for answer in (client.get(path), client.head(path)):
            assert answer.status_code == 500
