"""What every local server of the corpus shares: where it listens, and the checks that each request and answer passes.

The Host header must be a name that the server was started under: a web site elsewhere could otherwise have its own name
resolved to 127.0.0.1 and read the corpus. The browser is told (Content-Security-Policy) to ask no other host.
"""

from __future__ import annotations

import errno
import ipaddress
import socket
from collections.abc import Mapping

from starlette.datastructures import Headers, MutableHeaders
from starlette.responses import HTMLResponse
from starlette.types import ASGIApp, Message, Receive, Scope, Send

from corpus.errors import CorpusError

LOOPBACK = frozenset({"localhost", "127.0.0.1", "::1"})
#: Nothing in an answer is kept, framed, guessed at or told to others.
HEADERS = {
    "X-Content-Type-Options": "nosniff",
    "X-Frame-Options": "DENY",
    "Referrer-Policy": "no-referrer",
    "Cross-Origin-Opener-Policy": "same-origin",
    "Cross-Origin-Resource-Policy": "same-origin",
    "Cache-Control": "no-cache",
}


class CannotServe(CorpusError):
    """The address cannot be listened at; the text says why and what to do."""


def is_loopback(host: str) -> bool:
    """Whether only this machine can reach `host`."""
    if host.lower() == "localhost":
        return True
    try:
        return ipaddress.ip_address(host).is_loopback
    except ValueError:
        return False


def listen(host: str, port: int) -> socket.socket:
    """A listening socket; port 0 takes any free one. Raises CannotServe."""
    try:
        family = socket.getaddrinfo(host, port, type=socket.SOCK_STREAM)[0][0]
        listener = socket.socket(family, socket.SOCK_STREAM)
        listener.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
        listener.bind((host, port))
        listener.listen(128)
    except OSError as error:
        if error.errno == errno.EADDRINUSE:
            raise CannotServe(f"Port {port} is in use: choose another with --port, or 0 for any free one.") from error
        raise CannotServe(
            f"Cannot listen at {host}:{port}: {error}. --host takes an address of this machine."
        ) from error
    return listener


class Guarded:
    """The middleware: refuses other hosts and other methods than reading, and adds the headers and the `policy`
    (Content-Security-Policy)."""

    def __init__(self, app: ASGIApp, names: frozenset[str], policy: str, *, any_address: bool = False) -> None:
        self.app, self.names, self.any_address = app, names, any_address
        self.headers: Mapping[str, str] = {"Content-Security-Policy": policy, **HEADERS}

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        if scope["type"] != "http":
            await self.app(scope, receive, send)
            return

        async def send_with_headers(message: Message) -> None:
            if message["type"] == "http.response.start":
                headers = MutableHeaders(scope=message)
                for name, value in self.headers.items():
                    headers.setdefault(name, value)
            await send(message)

        app = self.app
        if not self.knows(Headers(scope=scope).get("host", "")):
            app = HTMLResponse("This server does not answer to that host name.\n", 421)
        elif scope["method"] not in ("GET", "HEAD"):
            app = HTMLResponse("These pages can only be read.\n", 405)
        await app(scope, receive, send_with_headers)

    def knows(self, host: str) -> bool:
        """Whether a Host header names this server. An address in digits cannot be rebound, so that where the server
        listens to the network every one of them will do."""
        name = host[1:].partition("]")[0] if host.startswith("[") else host.rpartition(":")[0] or host
        if name.lower() in self.names:
            return True
        try:
            ipaddress.ip_address(name)
        except ValueError:
            return False
        return self.any_address
