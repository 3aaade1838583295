"""Serving the pages until Ctrl-C."""

from __future__ import annotations

import errno
import ipaddress
import socket
from collections.abc import Callable, Sequence

import uvicorn

from corpus.errors import CorpusError
from corpus.pages.app import make_app
from corpus.pages.shell import LOOPBACK
from corpus.read_only import open_read_only


class CannotServe(CorpusError):
    """The address cannot be listened at; the text says why and what to do."""


def serve(
    database: str,
    host: str = "127.0.0.1",
    port: int = 8765,
    *,
    names: Sequence[str] = (),
    ready: Callable[[str], None],
) -> None:
    """Serves the corpus at `database` (see `Corpus.open`), read-only, and returns after Ctrl-C.

    host: the address to listen at. names: further host names under which the server is reached. port: 0 for any free
    one. `ready` is told the address of the first page. Raises CannotServe, CorpusMissing, SchemaMismatch.
    """
    with open_read_only(database) as corpus, _listen(host, port) as listener:
        known = LOOPBACK | {host.lower(), *(name.lower() for name in names)}
        app = make_app(corpus, frozenset(known), any_address=not is_loopback(host))
        shown = f"[{host}]" if ":" in host else host
        ready(f"http://{shown}:{listener.getsockname()[1]}/")
        config = uvicorn.Config(
            app, log_level="warning", access_log=False, server_header=False, timeout_graceful_shutdown=3
        )
        server = uvicorn.Server(config)
        app.state.stopping = lambda: server.should_exit
        server.run(sockets=[listener])


def is_loopback(host: str) -> bool:
    """Whether only this machine can reach `host`."""
    if host.lower() == "localhost":
        return True
    try:
        return ipaddress.ip_address(host).is_loopback
    except ValueError:
        return False


def _listen(host: str, port: int) -> socket.socket:
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
