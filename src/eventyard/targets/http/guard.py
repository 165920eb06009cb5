"""Which addresses may be called: nothing inside the operator's network unless it was allowed by name.

It judges addresses, never names: a name is resolved first, and the connection is made to an address that was judged,
so that a name that points somewhere else a moment later changes nothing.
"""

from __future__ import annotations

import asyncio
import socket
from collections.abc import Awaitable, Callable, Iterable, Sequence
from concurrent.futures import ThreadPoolExecutor
from ipaddress import IPv4Address, IPv4Network, IPv6Address, IPv6Network, ip_address, ip_network

from eventyard.clock import Clock
from eventyard.errors import Forbidden, InvalidRequest

Address = IPv4Address | IPv6Address
Network = IPv4Network | IPv6Network
Resolve = Callable[[str, int], Awaitable[Sequence[str]]]
"""The addresses of a host, best first. Raises OSError where there are none."""

LOOPBACK = ("127.0.0.0/8", "::1/128")

#: Where clouds keep credentials. A wide network on the list does not open these: only one inside them does.
_METADATA = tuple(
    ip_network(text)
    for text in ("169.254.0.0/16", "fe80::/10", "fd00:ec2::254/128", "168.63.129.16/32", "100.100.100.200/32",
                 "192.0.0.192/32")
)  # fmt: skip
#: What Python's ``is_global`` lets through although it is, or leads to, somewhere private. The IPv6 ones can carry any
#: IPv4 address inside them (RFC 6052, RFC 8215, RFC 3056, RFC 4380, RFC 4291).
_ALSO_PRIVATE = tuple(
    ip_network(text)
    for text in ("100.64.0.0/10", "64:ff9b::/96", "64:ff9b:1::/48", "2002::/16", "2001::/32", "::/96", "fec0::/10")
)
_REMEMBER = 5_000
_REMEMBERED = 1_000
_THREADS = 32


def parse_networks(texts: Iterable[str]) -> tuple[Network, ...]:
    """The networks (or single addresses) in ``texts``. Raises InvalidRequest for what is neither."""
    networks = []
    for text in texts:
        try:
            networks.append(ip_network(text))
        except ValueError as error:
            raise InvalidRequest(f"{text} is not a network like 10.1.0.0/16 or fd12::/64: {error}.") from error
    return tuple(networks)


class Guard:
    """``allowed``: networks that may be called although they are private. ``resolve``: how names become addresses."""

    def __init__(self, clock: Clock, allowed: Sequence[Network] = (), resolve: Resolve | None = None) -> None:
        self._clock = clock
        self._allowed = tuple(allowed)
        self._threads = ThreadPoolExecutor(_THREADS, "resolver") if resolve is None else None
        self._resolve = resolve or self._look_up
        self._known: dict[tuple[str, int], tuple[int, list[str]]] = {}
        self._asking: dict[tuple[str, int], asyncio.Task[list[str]]] = {}

    def close(self) -> None:
        if self._threads is not None:
            self._threads.shutdown(wait=False, cancel_futures=True)

    def judge(self, text: str) -> str | None:
        """Why the address ``text`` must not be called, or None if it may be."""
        try:
            address: Address = ip_address(text)
        except ValueError:
            return f"{text} is not an address"
        if isinstance(address, IPv6Address):
            if address.scope_id is not None:
                return f"{text} is on one link only"
            if address.ipv4_mapped is not None:
                address = address.ipv4_mapped
        special = next((network for network in _METADATA if address in network), None)
        for network in self._allowed:
            if address in network and (special is None or _inside(network, special)):
                return None
        if special is not None:
            return f"{text} is a link-local or metadata address"
        private = any(address in network for network in _ALSO_PRIVATE)
        if private or not address.is_global or address.is_multicast or address.is_unspecified or address.is_reserved:
            return f"{text} is not a public address"
        return None

    def opened(self, text: str) -> bool:
        """Whether the operator opened a network that the address ``text`` is in."""
        address: Address = ip_address(text)
        if isinstance(address, IPv6Address) and address.ipv4_mapped is not None:
            address = address.ipv4_mapped
        return any(address in network for network in self._allowed)

    async def addresses(self, host: str, port: int) -> list[str]:
        """The addresses of ``host`` that may be called.

        Raises:
            Forbidden: there are addresses, but none may be called.
            OSError: the name can't be resolved.
        """
        key = (host, port)
        known = self._known.get(key)
        if known is not None and known[0] > self._clock.now():
            return known[1]
        task = self._asking.get(key)
        if task is None:
            # One question for each name at a time, so that a dead name server holds one thread for each, no more.
            task = asyncio.get_running_loop().create_task(self._judged(host, port), name=f"resolve {host}")
            self._asking[key] = task
            task.add_done_callback(lambda done: self._answered(key, done))
        return await asyncio.shield(task)

    def _answered(self, key: tuple[str, int], task: asyncio.Task[list[str]]) -> None:
        self._asking.pop(key, None)
        if task.cancelled() or task.exception() is not None:
            return
        if len(self._known) >= _REMEMBERED:
            self._known.clear()
        self._known[key] = (self._clock.now() + _REMEMBER, task.result())

    async def _judged(self, host: str, port: int) -> list[str]:
        found = list(dict.fromkeys(await self._resolve(host, port)))
        if not found:
            raise OSError(f"{host} has no address")
        good, why = [], ""
        for address in found:
            verdict = self.judge(address)
            if verdict is None:
                good.append(address)
            else:
                why = verdict
        if not good:
            raise Forbidden(f"{why}; allow its network with --allow-network if it is meant")
        return good

    async def _look_up(self, host: str, port: int) -> list[str]:
        def ask() -> list[str]:
            found = socket.getaddrinfo(host, port, type=socket.SOCK_STREAM)
            return [str(each[4][0]) for each in found]

        return await asyncio.get_running_loop().run_in_executor(self._threads, ask)


def _inside(network: Network, other: Network) -> bool:
    if isinstance(network, IPv4Network) and isinstance(other, IPv4Network):
        return network.subnet_of(other)
    return isinstance(network, IPv6Network) and isinstance(other, IPv6Network) and network.subnet_of(other)
