"""What all pages share: the templates, and the headers and checks that every answer goes through.

A page shows text that a model wrote. So everything printed is escaped, no script stands in a page, and the browser is
told (Content-Security-Policy) to run none but ours and to ask no other host. The Host header must be a name that we
were started under: a web site elsewhere could otherwise have its own name resolved to 127.0.0.1 and read the corpus.
"""

from __future__ import annotations

import ipaddress
from pathlib import Path
from typing import Any

from fastapi.responses import HTMLResponse
from jinja2 import Environment, FileSystemLoader, StrictUndefined
from starlette.datastructures import Headers, MutableHeaders
from starlette.types import ASGIApp, Message, Receive, Scope, Send

from corpus.pages import words

HERE = Path(__file__).parent
STATIC = HERE / "static"

HEADERS = {
    "Content-Security-Policy": "default-src 'none'; script-src 'self'; style-src 'self'; img-src 'self'; "
    "connect-src 'self'; base-uri 'none'; form-action 'self'; frame-ancestors 'none'",
    "X-Content-Type-Options": "nosniff",
    "X-Frame-Options": "DENY",
    "Referrer-Policy": "no-referrer",
    "Cross-Origin-Opener-Policy": "same-origin",
    "Cross-Origin-Resource-Policy": "same-origin",
    "Cache-Control": "no-cache",
}
LOOPBACK = frozenset({"localhost", "127.0.0.1", "::1"})


def _environment() -> Environment:
    environment = Environment(
        loader=FileSystemLoader(HERE / "templates"),
        autoescape=True,
        undefined=StrictUndefined,
        trim_blocks=True,
        lstrip_blocks=True,
    )
    environment.filters |= {
        name: getattr(words, name) for name in ("ago", "when", "seconds", "size", "plain", "standalone", "flat")
    }
    return environment


TEMPLATES = _environment()


def page(name: str, here: str, /, status: int = 200, **values: Any) -> HTMLResponse:
    """A page from its template; `here` is the entry of the navigation that it belongs to."""
    return HTMLResponse(fragment(name, here=here, **values), status)


def fragment(name: str, **values: Any) -> str:
    """A template's text."""
    return TEMPLATES.get_template(name).render(values)


class Guarded:
    """The middleware: refuses other hosts and other methods than reading, and adds the headers."""

    def __init__(self, app: ASGIApp, names: frozenset[str], *, any_address: bool) -> None:
        self.app, self.names, self.any_address = app, names, any_address

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        if scope["type"] != "http":
            await self.app(scope, receive, send)
            return

        async def send_with_headers(message: Message) -> None:
            if message["type"] == "http.response.start":
                headers = MutableHeaders(scope=message)
                for name, value in HEADERS.items():
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
