"""Whose request it is: no header is believed but those of proxies that were named."""

import pytest
import structlog

from web.addresses import Clients


def _of(clients: Clients, peer: str | None, *forwarded: str) -> str:
    headers = [(b"host", b"x"), *((b"x-forwarded-for", value.encode("latin-1")) for value in forwarded)]
    return clients.of({"type": "http", "client": (peer, 1) if peer else None, "headers": headers})


@pytest.mark.parametrize(
    ("peer", "forwarded", "client"),
    [
        ("203.0.113.5", [], "203.0.113.5"),
        ("203.0.113.5", ["198.51.100.1"], "203.0.113.5"),  # anybody can write that
        ("10.0.0.1", ["198.51.100.1"], "198.51.100.1"),
        ("10.0.0.1", ["1.2.3.4, 198.51.100.1"], "198.51.100.1"),
        ("10.0.0.1", ["1.2.3.4, 198.51.100.1, 10.0.0.9"], "198.51.100.1"),
        ("10.0.0.1", ["1.2.3.4", "198.51.100.1"], "198.51.100.1"),
        ("10.0.0.1", ["198.51.100.1:4711"], "198.51.100.1"),
        ("10.0.0.1", ["[2001:db8:1:2:3::4]:443"], "2001:db8:1:2::/64"),
        ("10.0.0.1", ["10.0.0.7, 10.0.0.8"], "10.0.0.7"),
        ("10.0.0.1", ["198.51.100.1, nonsense"], "10.0.0.1"),
        ("10.0.0.1", [], "10.0.0.1"),
        ("10.0.0.1", ["", ","], "10.0.0.1"),
        ("::ffff:10.0.0.1", ["::ffff:198.51.100.1"], "198.51.100.1"),
        ("2001:db8::1", ["198.51.100.1"], "198.51.100.1"),
        ("2001:db9:0:1:aaaa::1", [], "2001:db9:0:1::/64"),
        (None, ["198.51.100.1"], ""),
        ("testclient", [], "testclient"),
    ],
)
def test_who_is_believed(peer: str | None, forwarded: list[str], client: str) -> None:
    assert _of(Clients(["10.0.0.0/8", "2001:db8::/32"]), peer, *forwarded) == client


def test_without_named_proxies_nobody_is_and_the_operator_hears_of_it_once() -> None:
    clients = Clients([])
    with structlog.testing.capture_logs() as logs:
        assert _of(clients, "8.8.8.8", "198.51.100.1") == "8.8.8.8"
        assert not logs, "that one is no proxy of ours"
        for _ in range(3):
            assert _of(clients, "172.18.0.1", "198.51.100.1") == "172.18.0.1"
    assert [(one["proxy"], "TERRASMITH_TRUSTED_PROXIES" in one["fix"]) for one in logs] == [("172.18.0.1", True)]
