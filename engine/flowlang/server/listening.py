"""Where a server listens: addresses that are its own before anybody is told of them."""

from __future__ import annotations

import errno
import os
import socket
from contextlib import ExitStack

from flowlang.errors import ConfigurationError


def listening(host: str, port: int) -> list[socket.socket]:
    """A socket for each address of a host, in which clients may wait already.

    Raises ConfigurationError for an address that can't be had.
    """
    if not 0 <= port <= 65535:
        raise ConfigurationError(f"there is no port {port}", hint="ports are 1 to 65535, and 0 for any that is free")
    try:
        found = socket.getaddrinfo(host, port, type=socket.SOCK_STREAM, flags=socket.AI_PASSIVE)
    except OSError as error:
        raise ConfigurationError(f"there is no host {host}: {error.strerror}") from error
    addresses = dict.fromkeys((family, address) for family, _, _, _, address in found)
    with ExitStack() as opened:
        sockets: list[socket.socket] = []
        for family, address in addresses:
            # an address without a port gets a free one, which all the others are to have too
            chosen = port or (sockets[0].getsockname()[1] if sockets else 0)
            sockets.append(opened.enter_context(_bound(family, (address[0], chosen, *address[2:]))))
        opened.pop_all()
    return sockets


def port_of(sockets: list[socket.socket]) -> int:
    """The port at which they listen."""
    port: int = sockets[0].getsockname()[1]
    return port


def _bound(family: int, address: tuple[object, ...]) -> socket.socket:
    # by this number asyncio knows connections that are TCP, and lets them send what is small at once
    bound = socket.socket(family, socket.SOCK_STREAM, socket.IPPROTO_TCP)
    try:
        if os.name == "posix":
            bound.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
        if family == socket.AF_INET6:
            bound.setsockopt(socket.IPPROTO_IPV6, socket.IPV6_V6ONLY, 1)
        bound.bind(address)
        bound.listen()
        bound.setblocking(False)
    except OSError as error:
        bound.close()
        raise ConfigurationError(
            f"the server cannot listen on {address[0]}, port {address[1]}: {_why(error)}",
            hint="end what listens there, or take another port with --port"
            if error.errno == errno.EADDRINUSE
            else None,
        ) from error
    return bound


def _why(error: OSError) -> str:
    known = {
        errno.EADDRINUSE: "something else listens there",
        errno.EACCES: "this user may not take that port",
        errno.EADDRNOTAVAIL: "this machine does not have that address",
    }
    return known.get(error.errno or 0) or str(error.strerror or error)
