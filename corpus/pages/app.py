"""The application: one router for each kind of page, over a corpus that is only read."""

from __future__ import annotations

from fastapi import FastAPI, Request
from fastapi.exceptions import RequestValidationError
from fastapi.responses import HTMLResponse
from fastapi.staticfiles import StaticFiles
from starlette.exceptions import HTTPException

from corpus.errors import CorpusError, NotFound
from corpus.pages import compare, generations, lineage, live, overview, proofs, snapshots, theorems, trees
from corpus.pages.shell import POLICY, STATIC, page
from corpus.serving import LOOPBACK, Guarded
from corpus.store import Corpus

ROUTERS = (overview, theorems, proofs, trees, generations, compare, lineage, snapshots, live)


def make_app(corpus: Corpus, names: frozenset[str] = LOOPBACK, *, any_address: bool = False) -> FastAPI:
    """The pages over an open corpus (corpus/read_only.py). names: host names that it answers to; any_address: numeric
    addresses too. FastAPI's own pages of documentation are off: they load scripts from elsewhere."""
    app = FastAPI(title="lean-flywheel", docs_url=None, redoc_url=None, openapi_url=None)
    app.state.corpus = corpus
    app.state.stopping = lambda: False
    app.add_middleware(Guarded, names=names, policy=POLICY, any_address=any_address)
    app.mount("/static", StaticFiles(directory=STATIC), "static")
    for module in ROUTERS:
        app.include_router(module.router)
    app.add_exception_handler(CorpusError, _refused)
    app.add_exception_handler(RequestValidationError, _misread)
    app.add_exception_handler(HTTPException, _missing)
    return app


def _refused(_request: Request, error: Exception) -> HTMLResponse:
    return page("error.html", "", 404 if isinstance(error, NotFound) else 500, title="Not so", text=str(error))


def _misread(_request: Request, error: Exception) -> HTMLResponse:
    assert isinstance(error, RequestValidationError)
    problems = "; ".join(f"{item['loc'][-1]}: {item['msg']}" for item in error.errors())
    return page("error.html", "", 400, title="This address cannot be read", text=problems)


def _missing(_request: Request, error: Exception) -> HTMLResponse:
    assert isinstance(error, HTTPException)
    text = "There is no page at this address." if error.status_code == 404 else str(error.detail)
    return page("error.html", "", error.status_code, title="Nothing here", text=text)
