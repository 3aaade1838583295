"""The list of theorems, and one theorem."""

from __future__ import annotations

from typing import Annotated
from urllib.parse import urlencode

from fastapi import APIRouter, Query
from fastapi.responses import HTMLResponse

from corpus.attempts import attempts_at, theorem_at
from corpus.pages.asked import Asked
from corpus.pages.shell import page
from corpus.query import proofs_at
from corpus.theorem_list import Order, Standing, TheoremFilter, facets, list_theorems

router = APIRouter()

PAGE = 50


@router.get("/theorems")
def theorems(
    corpus: Asked,
    benchmark: str = "",
    split: str = "",
    stratum: str = "",
    status: Annotated[str, Query(pattern="^(proved|tried|untried)?$")] = "",
    q: Annotated[str, Query(max_length=500)] = "",
    sort: Annotated[str, Query(pattern="^(benchmark|name|newest)$")] = "benchmark",
    page_: Annotated[int, Query(alias="page", ge=1, le=1_000_000)] = 1,
) -> HTMLResponse:
    """Every filter is in the address, so that a list can be kept and sent to somebody."""
    wanted = TheoremFilter(
        benchmark=benchmark or None,
        split=split or None,
        stratum=stratum or None,
        standing=Standing(status) if status else None,
        text=q.strip() or None,
    )
    found = list_theorems(corpus, wanted, order=Order(sort), limit=PAGE, offset=(page_ - 1) * PAGE)
    chosen = {"benchmark": benchmark, "split": split, "stratum": stratum, "status": status, "q": q, "sort": sort}

    def address(number: int) -> str:
        values = {key: value for key, value in chosen.items() if value and (key, value) != ("sort", "benchmark")}
        return "/theorems?" + urlencode(values | ({"page": str(number)} if number > 1 else {}))

    return page(
        "theorems.html",
        "theorems",
        found=found,
        facets=facets(corpus),
        chosen=chosen,
        number=page_,
        before=address(page_ - 1) if page_ > 1 else None,
        after=address(page_ + 1) if page_ * PAGE < found.total else None,
    )


@router.get("/theorems/{theorem_id}")
def theorem(corpus: Asked, theorem_id: int) -> HTMLResponse:
    """Statement, proofs, and what each generation did with it."""
    record, benchmark = theorem_at(corpus, theorem_id)
    attempts = attempts_at(corpus, theorem_id)
    first = next((attempt for attempt in attempts if attempt.proof_id is not None), None)
    return page(
        "theorem.html",
        "theorems",
        theorem=record,
        benchmark=benchmark,
        proofs=proofs_at(corpus, theorem_id),
        attempts=attempts,
        first=first,
    )
