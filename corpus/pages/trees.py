"""One attempt and the trees of its searches."""

from __future__ import annotations

from typing import Annotated, Any

from fastapi import APIRouter, Query
from fastapi.responses import HTMLResponse

from corpus.attempts import AttemptView, show_attempt
from corpus.errors import NotFound
from corpus.pages.asked import Asked
from corpus.pages.shell import page
from corpus.pages.tree import graph, walk
from corpus.records import SearchTree

router = APIRouter()

#: A search of more states is cut off in the page: browsers lay out so many folded branches in about a second.
MOST_STATES = 3000


@router.get("/attempts/{attempt_id}")
def attempt(corpus: Asked, attempt_id: int, search: Annotated[int, Query(ge=0)] = 0) -> HTMLResponse:
    """`search`: which of the attempt's searches, from 0."""
    view = show_attempt(corpus, attempt_id)
    tree = _tree(view, search) if view.trees else None
    return page(
        "attempt.html",
        "theorems",
        view=view,
        line=view.line,
        tree=tree,
        search=search,
        items=walk(tree, MOST_STATES) if tree is not None else (),
        cut=tree is not None and len(tree.states) > MOST_STATES,
    )


@router.get("/attempts/{attempt_id}/graph.json")
def attempt_graph(corpus: Asked, attempt_id: int, search: Annotated[int, Query(ge=0)] = 0) -> dict[str, Any]:
    """Nodes and edges, for the drawing."""
    view = show_attempt(corpus, attempt_id)
    return graph(_tree(view, search))


def _tree(view: AttemptView, search: int) -> SearchTree:
    if view.trees is None or search >= len(view.trees):
        raise NotFound(f"Attempt {view.line.id} has no stored search {search}.")
    return view.trees[search]
