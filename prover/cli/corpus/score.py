"""`flywheel corpus score`."""

from __future__ import annotations

from typing import TYPE_CHECKING, Annotated

import typer

from prover.cli.context import DEFAULT_HOME, DatabaseOption, HomeOption, JsonOption, Place
from prover.cli.output import Ticker, UserError, console, emit_json, errors
from prover.cli.tables import WideOption, show_table

if TYPE_CHECKING:
    from corpus.records import GenerationRecord
    from corpus.scores import GenerationScores
    from corpus.store import Corpus
    from prover.policies.ranker.policy import RankerPolicy


def score(
    proofs: Annotated[list[int], typer.Argument(metavar="PROOF...", help="Ids of proofs.")],
    generation: Annotated[
        list[str] | None, typer.Option(help="RUN/M_3, or M_3; may be given again. Else all that are on this disk.")
    ] = None,
    wide: WideOption = False,
    home: HomeOption = DEFAULT_HOME,
    db: DatabaseOption = None,
    json: JsonOption = False,
) -> None:
    """What generations give each step of a proof: its natural log-probability in the state before it, and in brackets
    its place among all actions there. It is stored, so that the proof's page shows it too.

    Examples: flywheel corpus score 17
              flywheel corpus score 17 18 --generation first/M_1
    """
    from corpus.query import show_proof
    from corpus.scores import scores_of

    with Place.of(home, db).corpus() as corpus:
        views = [show_proof(corpus, id) for id in proofs]
        left_out = _fill_in(corpus, proofs, generation)
        found = {id: scores_of(corpus, id) for id in proofs}
    if left_out and not any(found.values()):
        raise UserError("No generation could be asked. " + " ".join(left_out))
    for said in left_out:
        errors.print(said, markup=False, soft_wrap=True)
    if json:
        emit_json(found)
        return
    for view in views:
        scores = found[view.proof.id]
        console.print(f"proof {view.proof.id} of {view.proof.theorem.name}", markup=False, soft_wrap=True)
        headers = ("tactic", *(f"{one.run}/M_{one.number}" for one in scores))
        rows = [(step.tactic, *(_shown(one, n) for one in scores)) for n, step in enumerate(view.proof.steps)]
        show_table(headers, rows, wide=wide, cut=(0,))


def _fill_in(corpus: Corpus, proofs: list[int], names: list[str] | None) -> list[str]:
    """Computes what is not stored yet; returns a sentence for each generation that cannot be asked. Raises UserError
    for one that was named."""
    from corpus.database import reading
    from corpus.generations import generation_row
    from corpus.query import show_proof
    from corpus.scores import scores_of, store_scores
    from prover.benchmarks.registry import benchmark_of
    from prover.evaluation.scoring import load
    from prover.evaluation.scoring import score as score_steps
    from prover.lean import Lean
    from prover.policies.folder import CheckpointError

    if names:
        with reading(corpus.engine) as session:
            wanted = [generation_row(session, name).id for name in names]
    else:
        wanted = [one.id for run in corpus.runs() for one in corpus.generations(run.name)]
    models = [corpus.generation(id) for id in wanted]
    missing: dict[int, list[GenerationRecord]] = {}
    for id in proofs:
        stored = {one.generation_id for one in scores_of(corpus, id)}
        missing[id] = [model for model in models if model.id not in stored]
    if not any(missing.values()):
        return []
    policies: dict[tuple[int, str], RankerPolicy | str] = {}
    with Lean(workers=1) as lean, Ticker("scoring") as tick:
        for place, (id, todo) in enumerate(missing.items()):
            tick(f"proof {id}", place, len(missing))
            proof = show_proof(corpus, id).proof
            space = lean.space(benchmark_of(proof.benchmark.partition("@")[0]).repertoire)
            for model in todo:
                key = model.id, space.repertoire.name
                if key not in policies:
                    try:
                        policies[key] = load(model, space)
                    except CheckpointError as error:
                        policies[key] = f"Not scored by {model.run}/M_{model.number}: {error}."
                policy = policies[key]
                if not isinstance(policy, str):
                    store_scores(corpus, id, model.id, score_steps(proof, policy))
                elif names:
                    raise UserError(policy)
    return list(dict.fromkeys(said for said in policies.values() if isinstance(said, str)))


def _shown(scores: GenerationScores, step: int) -> str:
    one = scores.steps[step]
    return "cannot" if one.log_probability is None else f"{one.log_probability:.2f} ({one.rank})"
