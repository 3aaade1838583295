"""Two runs or two generations beside each other."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Annotated, Any

from fastapi import APIRouter, Query
from fastapi.responses import HTMLResponse

from corpus.curves import Curve, solve_curves_of
from corpus.generations import GenerationDiff, diff
from corpus.pages.asked import Asked
from corpus.pages.charts import Chart, solve_chart
from corpus.pages.shell import page
from corpus.pages.words import flat
from corpus.records import GenerationRecord
from corpus.store import Corpus

router = APIRouter()

Name = Annotated[str, Query(max_length=300)]

#: The generations of each run, read once for the whole page.
Known = Mapping[str, list[GenerationRecord]]


@dataclass(frozen=True, slots=True)
class Setting:
    """One key of two configurations; None where one has it not."""

    key: str
    a: Any
    b: Any

    @property
    def differs(self) -> bool:
        return bool(self.a != self.b)


@router.get("/compare")
def compare(corpus: Asked, a: Name = "", b: Name = "") -> HTMLResponse:
    """`a` and `b`: a run's name, or `run/M_n`. Without both, a form to choose them."""
    runs = corpus.runs()
    known = {run.name: corpus.generations(run.name) for run in runs}
    names = [name for run, models in known.items() for name in (run, *(f"{run}/M_{m.number}" for m in models))]
    values: dict[str, Any] = {"names": names, "a": a, "b": b, "settings": (), "charts": (), "diff": None}
    if a and b:
        values |= {
            "settings": _settings(_config(corpus, known, a), _config(corpus, known, b)),
            "charts": _charts(*_curves(corpus, _run(a), _run(b))),
            "diff": _diff(corpus, known, a, b),
        }
    return page("compare.html", "compare", **values)


def _run(name: str) -> str:
    return name.rpartition("/M_")[0] or name


def _config(corpus: Corpus, known: Known, name: str) -> dict[str, Any]:
    record = corpus.run(_run(name))
    model = _model(known, name)
    config = flat(record.config)
    return config if model is None else config | {f"M_n.{key}": value for key, value in flat(model.seeds).items()}


def _model(known: Known, name: str) -> GenerationRecord | None:
    """The generation that a name says; of a run's name the last one that is finished."""
    finished = [record for record in known.get(_run(name), []) if record.finished_at is not None]
    number = name.rpartition("/M_")[2] if _run(name) != name else None
    wanted = [record for record in finished if number is None or str(record.number) == number]
    return wanted[-1] if wanted else None


def _settings(a: dict[str, Any], b: dict[str, Any]) -> list[Setting]:
    return [Setting(key, a.get(key), b.get(key)) for key in sorted(a.keys() | b.keys())]


def _curves(corpus: Corpus, a: str, b: str) -> tuple[list[Curve], list[Curve]]:
    """Of two runs, read together. Raises NotFound."""
    found = solve_curves_of(corpus, [a, b])
    return found[a], found[b]


def _charts(a: list[Curve], b: list[Curve]) -> list[tuple[Curve, Chart]]:
    """The strata that both evaluated, one chart each; twice the same run is drawn once."""
    mine = {(curve.benchmark, curve.split, curve.stratum): curve for curve in a}
    pairs = [(mine[key], curve) for curve in b if (key := (curve.benchmark, curve.split, curve.stratum)) in mine]
    return [(one, solve_chart([one] if one.run == other.run else [one, other])) for one, other in pairs]


def _diff(corpus: Corpus, known: Known, a: str, b: str) -> GenerationDiff | None:
    first, second = _model(known, a), _model(known, b)
    if first is None or second is None:
        return None
    return diff(corpus, f"{first.run}/M_{first.number}", f"{second.run}/M_{second.number}")
