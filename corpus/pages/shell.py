"""What all pages share: the templates, and what a browser may do with a page (see also corpus/serving.py).

A page shows text that a model wrote. So everything printed is escaped, no script stands in a page, and the browser is
told (Content-Security-Policy) to run none but ours and to ask no other host.
"""

from __future__ import annotations

from pathlib import Path
from typing import Any

from fastapi.responses import HTMLResponse
from jinja2 import Environment, FileSystemLoader, StrictUndefined

from corpus.pages import words

HERE = Path(__file__).parent
STATIC = HERE / "static"

POLICY = (
    "default-src 'none'; script-src 'self'; style-src 'self'; img-src 'self'; "
    "connect-src 'self'; base-uri 'none'; form-action 'self'; frame-ancestors 'none'"
)


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
