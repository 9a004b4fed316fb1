"""Publication on both databases: idempotent, one winner, bound to repository and account, told once."""

import contextlib
import secrets
import threading

import pytest
from hypothesis import HealthCheck, given
from hypothesis import settings as hypothesis_settings
from hypothesis import strategies as st
from sqlalchemy import func, select

from accounts import namespaces
from core.models import OutboxRow
from registry import models
from registry.services import catalog, publishing
from registry.services.lookalikes import LooksTakenError
from registry.services.refusals import ModuleTakenError, NamespaceClosedError, VersionTakenError, WouldExposeError
from tests.audited import audited
from tfmodule.address import Address
from tfmodule.archive import Entry, pack


def _counts(registry) -> tuple[int, int, int, int]:
    tables = (models.Module, models.Version, OutboxRow)
    with registry.database.read() as session:
        modules, versions, events = (session.scalar(select(func.count()).select_from(table)) for table in tables)
        ids = session.scalars(select(models.Version.id))
        audits = sum(len(audited(session, f"version:{one}")) for one in ids)
    return modules, versions, events, audits


@pytest.mark.checklist("P-02")
def test_P02_the_same_again_is_the_same_answer_and_one_event(registry) -> None:
    registry.namespace("acme")
    first = registry.publish("acme/bucket/aws", "1.0.0")
    again = registry.publish("acme/bucket/aws", "1.0.0", tag="1.0.0", commit_sha="d" * 40)
    assert not first.again and again.again and again.id == first.id
    assert (again.commit_sha, again.tag, again.published_at) == (first.commit_sha, first.tag, first.published_at)
    assert _counts(registry) == (1, 1, 1, 1)


@pytest.mark.checklist("P-02", "R32")
def test_P02_R32_other_bytes_or_equal_precedence_are_refused(registry) -> None:
    registry.namespace("acme")
    registry.publish("acme/bucket/aws", "1.0.0+a", "same")
    with pytest.raises(VersionTakenError) as caught:
        registry.publish("acme/bucket/aws", "1.0.0+a", "other")
    assert (caught.value.address, caught.value.version) == ("acme/bucket/aws", "1.0.0+a")
    taken = registry.request("acme/bucket/aws", "1.0.0+a", "same")
    with pytest.raises(VersionTakenError):
        registry.publish("acme/bucket/aws", "1.0.0", sha256=taken.sha256)
    assert _counts(registry) == (1, 1, 1, 1)


def test_a_private_repository_is_not_shown_to_everybody(registry) -> None:
    registry.namespace("acme")
    with pytest.raises(WouldExposeError, match="private repository"):
        registry.publish("acme/bucket/aws", "1.0.0", source_is_private=True)
    assert _counts(registry) == (0, 0, 0, 0)
    registry.namespace("closed", "private")
    assert registry.publish("closed/bucket/aws", "1.0.0", source_is_private=True).version == "1.0.0"


def test_a_module_belongs_to_one_repository(registry) -> None:
    registry.namespace("acme")
    registry.publish("acme/bucket/aws", "1.0.0")
    with pytest.raises(ModuleTakenError):
        registry.publish("acme/bucket/aws", "1.1.0", repository_id=8)
    with pytest.raises(ModuleTakenError):
        registry.publish("acme/bucket/aws", "1.0.0", repository_id=8)


@pytest.mark.checklist("T-11")
def test_T11_a_new_module_that_one_reads_for_another_is_refused_and_says_which(registry) -> None:
    registry.namespace("acme")
    registry.publish("acme/modern-vpc/aws", "1.0.0")
    for name in ("modem-vpc", "modernvpc", "m0dern_vpc"):
        with pytest.raises(LooksTakenError, match="`acme/modern-vpc/aws`") as caught:
            registry.publish(f"acme/{name}/aws", "1.0.0")
        assert caught.value.other == "acme/modern-vpc/aws"
    registry.publish("acme/modem-vpc/gcp", "1.0.0")
    registry.publish("acme/modern-vpc/aws", "1.1.0")


@pytest.mark.checklist("R9")
def test_R9_names_that_differ_by_case_are_one_module_with_its_first_spelling(registry) -> None:
    registry.namespace("Acme")
    registry.publish("Acme/My-Bucket/aws", "1.0.0")
    registry.accounts["acme"] = registry.accounts["Acme"]
    assert registry.publish("acme/my-bucket/aws", "1.1.0").address == Address("Acme", "My-Bucket", "aws")
    with pytest.raises(ModuleTakenError):
        registry.publish("acme/my_bucket/aws", "1.2.0")
    assert _counts(registry)[:2] == (1, 2)


@pytest.mark.checklist("T-11")
def test_T11_nothing_is_published_into_a_closed_or_foreign_namespace(registry) -> None:
    registry.namespace("acme")
    with pytest.raises(NamespaceClosedError, match="another GitHub account"):
        registry.publish("acme/bucket/aws", "1.0.0", account_id=999)
    with registry.database.unit_of_work() as session:
        namespaces.suspend(session, registry.accounts["acme"])
    with pytest.raises(NamespaceClosedError, match="suspended"):
        registry.publish("acme/bucket/aws", "1.0.0")
    registry.accounts["nobody"] = 5
    with pytest.raises(NamespaceClosedError, match="not installed"):
        registry.publish("nobody/bucket/aws", "1.0.0")
    assert _counts(registry) == (0, 0, 0, 0)


def test_one_transaction_or_nothing(registry) -> None:
    registry.namespace("acme")
    request = registry.request("acme/bucket/aws", "1.0.0")
    with contextlib.suppress(RuntimeError), registry.database.unit_of_work() as session:
        publishing.publish(session, request)
        raise RuntimeError
    assert _counts(registry) == (0, 0, 0, 0)


@pytest.mark.parametrize("kinds", [1, 5])
@pytest.mark.checklist("F-12")
def test_F12_fifty_publishers_at_once_and_one_winner(registry, kinds: int) -> None:
    registry.namespace("acme")
    requests = [registry.request("acme/bucket/aws", "1.0.0", str(number % kinds)) for number in range(50)]
    barrier = threading.Barrier(50)
    published, refused, broken = [], [], []

    def publish(request) -> None:
        barrier.wait()
        try:
            with registry.database.unit_of_work() as session:
                result = publishing.publish(session, request)
            published.append(result)
        except VersionTakenError as error:
            refused.append(error)
        except Exception as error:  # noqa: BLE001  # a thread of a test must not die silently
            broken.append(error)

    threads = [threading.Thread(target=publish, args=(request,)) for request in requests]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    assert not broken
    assert len(published) == 50 // kinds and len(refused) == 50 - len(published)
    assert len({one.sha256 for one in published}) == len({one.id for one in published}) == 1
    assert [one.again for one in published].count(False) == 1
    assert _counts(registry) == (1, 1, 1, 1)


@pytest.mark.checklist("R28")
def test_prepare_gives_the_same_bytes_for_the_same_files_however_they_come() -> None:
    entries = [Entry("b/main.tf", b"# b\n"), Entry("a.tf", b"# a\n")]
    wrapped = pack([Entry(f"acme-repo-abc/{entry.path}", entry.data) for entry in entries])
    direct = publishing.prepare(entries)
    assert publishing.prepare(reversed(entries)) == direct == publishing.prepare(wrapped, strip_root=True)
    assert direct.size == len(direct.data) and direct.h1.startswith("h1:")


def test_published_versions_answer_the_next_version(registry) -> None:
    registry.namespace("acme", "private")
    address = Address("acme", "bucket", "aws")
    with registry.database.read() as session:
        assert catalog.published_versions(session, address) == ()
    published = [registry.publish(str(address), version) for version in ("0.9.0", "0.10.0", "0.2.0")]
    with registry.database.read() as session:
        assert [str(one) for one in catalog.published_versions(session, address)] == ["0.10.0", "0.9.0", "0.2.0"]
        facts = catalog.version_by_id(session, published[0].id)
        assert facts is not None and (str(facts.version), facts.address, facts.public) == ("0.9.0", address, False)
        assert catalog.version_by_id(session, "ver_none") is None


@given(operations=st.lists(st.tuples(st.sampled_from(["1.0.0", "1.0.0+x", "1.1.0"]), st.integers(0, 2)), max_size=12))
@hypothesis_settings(max_examples=15, deadline=None, suppress_health_check=[HealthCheck.function_scoped_fixture])
@pytest.mark.checklist("P-02")
def test_P02_no_history_of_publications_changes_a_published_digest(sqlite_registry, operations) -> None:
    name = f"m{secrets.token_hex(8)}"
    sqlite_registry.namespace("acme")
    truth: dict[str, str] = {}
    for version, content in operations:
        request = sqlite_registry.request(f"acme/{name}/aws", version, str(content))
        try:
            sqlite_registry.publish(f"acme/{name}/aws", version, str(content))
        except VersionTakenError:
            assert truth[request.version.precedence_key] != f"{version}:{request.sha256}"
        else:
            key = request.version.precedence_key
            assert truth.setdefault(key, f"{version}:{request.sha256}") == f"{version}:{request.sha256}"
