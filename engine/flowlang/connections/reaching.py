"""Finding a server and talking to it, without a driver: names, ports, TLS."""

from __future__ import annotations

import asyncio
import builtins
import socket
import ssl
from collections.abc import Sequence
from typing import NamedTuple

from flowlang.connections.addresses import Address
from flowlang.connections.limits import in_thread
from flowlang.errors import ConnectionError


class Server(NamedTuple):
    """An address with the IP addresses that its host name stands for."""

    address: Address
    ips: tuple[str, ...]

    @property
    def words(self) -> str:
        """What the name stands for, in words."""
        if self.ips == (self.address.host,):
            return "an IP address"
        more = f" and {len(self.ips) - 1} more" if len(self.ips) > 1 else ""
        return f"{self.address.host} is {self.ips[0]}{more}"


async def resolve(addresses: Sequence[Address]) -> list[Server]:
    """The servers whose names are known. Raises ConnectionError if none is."""
    found = await asyncio.gather(*(_resolved(address) for address in addresses), return_exceptions=True)
    servers = [server for server in found if isinstance(server, Server)]
    if servers:
        return servers
    raise next(error for error in found if isinstance(error, BaseException))


async def _resolved(address: Address) -> Server:
    host, port = address.host, address.port
    try:
        infos = await in_thread(lambda: socket.getaddrinfo(host, port, type=socket.SOCK_STREAM))
    except (OSError, UnicodeError) as error:
        raise ConnectionError(
            f"no host is called `{host}`",
            hint="check the spelling; a name inside a VPN or a cluster is known only there",
            stage="resolve",
        ) from error
    return Server(address, tuple(dict.fromkeys(str(info[4][0]) for info in infos)))


async def reach(servers: Sequence[Server]) -> tuple[Server, str]:
    """The first server that takes a TCP connection, and the IP address at which it does.

    Raises ConnectionError if none does.
    """
    attempts = [asyncio.ensure_future(_reached(server, ip)) for server in servers for ip in server.ips]
    failures: list[Exception] = []
    try:
        for attempt in asyncio.as_completed(attempts):
            try:
                return await attempt
            except OSError as error:
                failures.append(error)
    finally:
        for unfinished in attempts:
            unfinished.cancel()
        await asyncio.gather(*attempts, return_exceptions=True)
    places = ", ".join(str(server.address) for server in servers)
    raise _unreachable(places, failures[0]) from failures[0]


async def _reached(server: Server, ip: str) -> tuple[Server, str]:
    _, writer = await asyncio.open_connection(ip, server.address.port)
    await _hang_up(writer)
    return server, ip


def _unreachable(places: str, error: Exception) -> ConnectionError:
    if isinstance(error, builtins.ConnectionRefusedError):
        return ConnectionError(
            f"nothing listens at {places}", hint="check that the server runs, and the port", stage="reach"
        )
    reason = getattr(error, "strerror", None) or str(error)
    return ConnectionError(
        f"{places} cannot be reached: {reason}", hint="check the network between here and the server", stage="reach"
    )


class Untrusted(Exception):
    """The server speaks TLS, with a certificate that this machine doesn't trust."""


async def speak_tls(server: Server, ip: str) -> str:
    """The version of TLS that the server speaks from the start.

    Raises Untrusted, or ConnectionError if it doesn't speak TLS.
    """
    host, port = server.address.host, server.address.port
    try:
        _, writer = await asyncio.open_connection(ip, port, ssl=ssl.create_default_context(), server_hostname=host)
    except ssl.SSLCertVerificationError as error:
        raise Untrusted(error.verify_message or str(error)) from error
    except (ssl.SSLError, OSError) as error:
        raise ConnectionError(
            f"{server.address} does not speak TLS",
            hint="check the port, or use the URL scheme without TLS if that is what the server offers",
            stage="tls",
        ) from error
    version = str(writer.get_extra_info("ssl_object").version())
    await _hang_up(writer)
    return version


async def _hang_up(writer: asyncio.StreamWriter) -> None:
    writer.close()
    try:
        await writer.wait_closed()
    except OSError:
        # the server was faster
        return
