"""One proof, to be stepped through."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Annotated

from fastapi import APIRouter, Query
from fastapi.responses import HTMLResponse

from corpus.pages import words
from corpus.pages.asked import Asked
from corpus.pages.goals import ShownGoal, shown
from corpus.pages.shell import page
from corpus.query import show_proof, theorem_id_of
from corpus.records import StepRecord
from corpus.scores import scores_of

router = APIRouter()


@dataclass(frozen=True, slots=True)
class Place:
    """A place between two tactics: the step that led there (None before the first) and the goals there, with what the
    step changed in them."""

    number: int
    step: StepRecord | None
    goals: tuple[ShownGoal, ...]


@router.get("/proofs/{proof_id}")
def proof(
    corpus: Asked,
    proof_id: int,
    step: Annotated[int, Query(ge=0)] = 0,
    all_: Annotated[bool, Query(alias="all")] = False,
) -> HTMLResponse:
    """`step`: after how many tactics it opens; `all`: every state under the other."""
    view = show_proof(corpus, proof_id)
    steps = view.proof.steps
    places = [Place(0, None, shown(steps[0].state))]
    places += [Place(n, taken, shown(taken.state_after, taken.state)) for n, taken in enumerate(steps, start=1)]
    return page(
        "proof.html",
        "theorems",
        view=view,
        proof=view.proof,
        places=places,
        at=min(step, len(steps)),
        all=all_,
        theorem_id=theorem_id_of(corpus, proof_id),
        scores=scores_of(corpus, proof_id),
        certificate=words.certificate(view.proof.certificate, view.proof.theorem),
    )
