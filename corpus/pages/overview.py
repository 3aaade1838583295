"""The first page: what the corpus holds, whether the curves rise, what was proved last."""

from __future__ import annotations

from fastapi import APIRouter
from fastapi.responses import HTMLResponse

from corpus.curves import growth, solve_curves
from corpus.live import latest_proofs, rounds_in_progress
from corpus.pages.asked import Asked
from corpus.pages.charts import growth_chart, solve_chart
from corpus.pages.shell import page
from corpus.query import totals

router = APIRouter()


@router.get("/")
def overview(corpus: Asked, run: str | None = None) -> HTMLResponse:
    """`run`: whose curves; else those of the run started last."""
    runs = [record.name for record in corpus.runs()]
    chosen = run or (runs[-1] if runs else None)
    curves = solve_curves(corpus, chosen) if chosen is not None else []
    return page(
        "overview.html",
        "overview",
        totals=totals(corpus),
        runs=runs,
        run=chosen,
        curves=[(curve, solve_chart([curve])) for curve in curves],
        growth=growth_chart(growth(corpus)),
        latest=latest_proofs(corpus),
        busy=[round for round in rounds_in_progress(corpus) if round.moving],
    )
