"""The models: a list by run, and one of them beside its parent."""

from __future__ import annotations

from fastapi import APIRouter
from fastapi.responses import HTMLResponse

from corpus.curves import solve_curves, solve_curves_of
from corpus.generations import diff
from corpus.health import FIGURES, KEY, Health, health_of
from corpus.pages.asked import Asked
from corpus.pages.charts import solve_chart
from corpus.pages.shell import page
from corpus.records import GenerationRecord

router = APIRouter()


@router.get("/generations")
def generations(corpus: Asked) -> HTMLResponse:
    """Every run with its models, the run started last first."""
    runs = corpus.runs()[::-1]
    curves = solve_curves_of(corpus, [run.name for run in runs])
    found = [(run, corpus.generations(run.name), curves[run.name]) for run in runs]
    return page("generations.html", "generations", runs=found)


@router.get("/generations/{generation_id}")
def generation(corpus: Asked, generation_id: int) -> HTMLResponse:
    """Where it came from, how it was trained, and what it proves that its parent did not."""
    record = corpus.generation(generation_id)
    parent = corpus.generation(record.parent_id) if record.parent_id is not None else None
    compared = diff(corpus, f"{parent.run}/M_{parent.number}", f"{record.run}/M_{record.number}") if parent else None
    curves = solve_curves(corpus, record.run)
    return page(
        "generation.html",
        "generations",
        record=record,
        training={name: value for name, value in record.metrics.items() if name != KEY},
        health=health_of(record),
        figures=FIGURES,
        beside=_beside(corpus, record),
        parent=parent,
        diff=compared,
        rates=[(curve, point) for curve in curves for point in curve.points if point.generation_id == record.id],
        curves=[(curve, solve_chart([curve])) for curve in curves],
    )


def _beside(corpus: Asked, record: GenerationRecord) -> list[tuple[str, Health]]:
    """The health of M_0 and of the generation before, where they were examined."""
    wanted = {0, record.number - 1} - {-1, record.number}
    others = [(one.number, health_of(one)) for one in corpus.generations(record.run) if one.number in wanted]
    return [(f"M_{number}", health) for number, health in others if health is not None]
