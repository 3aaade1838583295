"""Rounds in progress, by server-sent events: the server looks every two seconds and sends what changed."""

from __future__ import annotations

import asyncio
from collections.abc import AsyncIterator

from fastapi import APIRouter, HTTPException, Request
from fastapi.responses import HTMLResponse, StreamingResponse
from starlette.concurrency import run_in_threadpool

from corpus.live import latest_proofs, rounds_in_progress
from corpus.pages.asked import Asked
from corpus.pages.shell import fragment, page
from corpus.store import Corpus

router = APIRouter()

SECONDS = 2.0
#: A stream looks this often whether the server stops.
BLINK = 0.2
#: Pages that may listen at once; each holds a connection for as long as it is open.
LISTENERS = 32
_listening: set[object] = set()


@router.get("/live")
def live(corpus: Asked) -> HTMLResponse:
    """What is going on now; the browser replaces it as events come in."""
    return page("live.html", "live", now=_now(corpus))


@router.get("/live/events")
async def events(request: Request, corpus: Asked) -> StreamingResponse:
    """The stream of events `now`, each with the whole part of the page that moves."""
    if len(_listening) >= LISTENERS:
        raise HTTPException(503, f"{LISTENERS} pages are listening already; close one of them.")
    return StreamingResponse(_events(request, corpus), media_type="text/event-stream")


async def _events(request: Request, corpus: Corpus) -> AsyncIterator[str]:
    me, sent = object(), ""
    _listening.add(me)
    try:
        while not (request.app.state.stopping() or await request.is_disconnected()):
            text = await run_in_threadpool(_now, corpus)
            if text != sent:
                lines = "".join(f"data: {line}\n" for line in text.splitlines())
                yield f"event: now\n{lines}\n"
                sent = text
            else:
                yield ": nothing new\n\n"
            for _ in range(round(SECONDS / BLINK)):
                if not request.app.state.stopping():
                    await asyncio.sleep(BLINK)
    finally:
        _listening.discard(me)


def _now(corpus: Corpus) -> str:
    return fragment("live_now.html", rounds=rounds_in_progress(corpus), latest=latest_proofs(corpus, 8))
