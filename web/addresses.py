"""Whose request it is: the address of the client, or what a proxy of ours says of it. Believes no other proxy."""

from collections.abc import Iterable, Sequence
from functools import lru_cache
from ipaddress import IPv4Address, IPv6Address, IPv6Network, ip_address, ip_network

from starlette.types import Scope

from core.log import get_logger

_log = get_logger(__name__)
_FORWARDED = b"x-forwarded-for"


class Clients:
    """Tells clients apart. `trusted` are the networks of our own proxies."""

    def __init__(self, trusted: Iterable[str]) -> None:
        networks = tuple(ip_network(one) for one in trusted)
        self._any_trusted = bool(networks)
        # The first requests after a start tell whether there is a proxy; looking for ever would cost all of them.
        self._to_look_at = 0 if networks else 1000
        # The same few proxies and the same many clients come again and again.
        self._trusts = lru_cache(maxsize=4096)(lambda text: _within(text, networks))
        self._client = lru_cache(maxsize=4096)(_client)

    def of(self, scope: Scope) -> str:
        """One text for one client. An IPv6 client owns its /64, so that is what counts."""
        peer = scope.get("client")
        address = peer[0] if peer else ""
        if self._any_trusted and self._trusts(address):
            return self._client(self._behind(address, scope["headers"]))
        if self._to_look_at:
            self._to_look_at -= 1
            self._warn(address, scope["headers"])
        return self._client(address)

    def _behind(self, proxy: str, headers: Iterable[tuple[bytes, bytes]]) -> str:
        """The last hop that is no proxy of ours; whatever stands before it in the chain anybody can write."""
        given = b",".join(value for name, value in headers if name == _FORWARDED).decode("latin-1")
        for hop in reversed(given.split(",")):
            found = _address(hop)
            if found is None:
                break
            proxy = found
            if not self._trusts(found):
                break
        return proxy

    def _warn(self, address: str, headers: Iterable[tuple[bytes, bytes]]) -> None:
        """A proxy nobody told us of would make all its clients one."""
        if any(name == _FORWARDED for name, _ in headers):
            parsed = _parsed(address)
            if parsed is not None and parsed.is_private:
                self._to_look_at = 0
                _log.warning(
                    "a proxy is not trusted: all its clients share one rate limit",
                    proxy=address,
                    fix="name it in TERRASMITH_TRUSTED_PROXIES",
                )


def _parsed(text: str) -> IPv4Address | IPv6Address | None:
    try:
        found = ip_address(text)
    except ValueError:
        return None
    return found.ipv4_mapped or found if isinstance(found, IPv6Address) else found


def _address(hop: str) -> str | None:
    """The address in one element of the chain, which may carry a port."""
    text = hop.strip()
    if text.startswith("["):
        text = text[1:].partition("]")[0]
    elif text.count(":") == 1:
        text = text.partition(":")[0]
    found = _parsed(text)
    return str(found) if found else None


def _within(text: str, networks: Sequence[object]) -> bool:
    found = _parsed(text)
    return found is not None and any(found in network for network in networks)  # type: ignore[operator]


def _client(text: str) -> str:
    found = _parsed(text)
    if isinstance(found, IPv6Address):
        return str(IPv6Network((int(found) >> 64 << 64, 64)))
    return str(found) if found else text
