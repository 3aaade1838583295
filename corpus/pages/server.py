"""Serving the pages until Ctrl-C."""

from __future__ import annotations

from collections.abc import Callable, Sequence

import uvicorn

from corpus.pages.app import make_app
from corpus.read_only import open_read_only
from corpus.serving import LOOPBACK, is_loopback, listen


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
    with open_read_only(database) as corpus, listen(host, port) as listener:
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
