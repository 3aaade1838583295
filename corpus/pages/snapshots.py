"""Snapshots, one of them, and what two of them differ in."""

from __future__ import annotations

from typing import Annotated

from fastapi import APIRouter, Query
from fastapi.responses import HTMLResponse

from corpus.pages.asked import Asked
from corpus.pages.shell import page
from corpus.snapshot import snapshots as all_snapshots
from corpus.snapshot_views import describe, diff

router = APIRouter()

Hash = Annotated[str, Query(max_length=64)]
#: Changed theorems that a page lists.
MOST = 500


@router.get("/snapshots")
def snapshots(corpus: Asked) -> HTMLResponse:
    """All of them, the newest first."""
    return page("snapshots.html", "snapshots", snapshots=all_snapshots(corpus)[::-1])


@router.get("/snapshots/diff")
def difference(corpus: Asked, a: Hash, b: Hash) -> HTMLResponse:
    """Who entered and who left from `a` to `b`; the beginning of a hash is enough."""
    found = diff(corpus, a, b)
    return page("snapshot_diff.html", "snapshots", diff=found, shown=found.theorems[:MOST])


@router.get("/snapshots/{snapshot_hash}")
def snapshot(corpus: Asked, snapshot_hash: str) -> HTMLResponse:
    """One, by its hash or the beginning of it."""
    return page("snapshot.html", "snapshots", view=describe(corpus, snapshot_hash))
