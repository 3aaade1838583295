"""Before a specialist is made of a statement: it is searched as its M_0 will be asked, and where that fails its
variants are made.

    proof = first_try(theorem, phase, config, lean, corpus, count)     # None: the variants are in the corpus

What is stored is not made again, so a killed command goes on with the variants that it had.
"""

from __future__ import annotations

from collections.abc import Callable, Sequence
from pathlib import Path

from corpus.records import AttemptRecord, ProofRecord, SearchTree
from corpus.store import Corpus
from lean_env.theorem import Theorem
from prover.actions.space import ActionSpace
from prover.benchmarks.variant_texts import goal_of
from prover.benchmarks.variants import REPERTOIRES, NoVariants, make_variants, stored_variants
from prover.goal import Goal
from prover.lean import Lean
from prover.policies.ranker.checkpoint import load_ranker
from prover.policies.ranker.policy import RankerOptions
from prover.rounds.attempt import Phase, attempt
from prover.search.minimize import CHEAP_CLOSERS
from training.arms import budget_of
from training.config import FlywheelConfig
from training.events import Event, Interrupted, Report, say_nothing


def as_m_0(folder: Path, space: ActionSpace, config: FlywheelConfig) -> Phase:
    """The ranker in `folder`, asked and searched with as a specialist's M_0 on its target. Raises CheckpointError."""
    asked = config.evaluation
    policy = load_ranker(folder, space, RankerOptions(prior_weight=asked.prior, time_discount=asked.cost_discount))
    return Phase(policy, budget_of(asked.steps), config.models_search())


def first_try(
    theorem: Theorem,
    phase: Phase,
    config: FlywheelConfig,
    lean: Lean,
    corpus: Corpus,
    count: int,
    report: Report = say_nothing,
    stopped: Callable[[], bool] = lambda: False,
) -> ProofRecord | None:
    """The proof, if `phase` finds one at once; or else `count` variants are in the corpus, if none were before. Raises
    NoVariants, StatementRefused, Interrupted."""
    if stored_variants(corpus) is not None:
        return None
    report(Event("variants", "searching for the statement itself"))
    repertoire = REPERTOIRES[config.benchmark.rpartition("/")[2]]
    closers = () if repertoire.allows else CHEAP_CLOSERS
    record = attempt(
        theorem,
        phase,
        config.seed,
        lean.tools,
        minimize_steps=64,
        closers=closers,
        stopped=stopped,
        keep_trees=True,
    )
    if record is None:
        raise Interrupted("the search was stopped; the same command begins it again")
    if record.proof is not None:
        return record.proof
    goal, stuck = _goals(record, count)
    report(Event("variants", f"{record.steps} steps find no proof ({record.reason}); making variants", lasting=True))

    def told(done: int, all: int) -> None:
        report(Event("variants", "made", done, all))

    made = make_variants(corpus, lean, theorem, config.benchmark, goal, stuck, count, told).meta
    note = f"{made['variants']} variants, each with its denial; dropped: {made['dropped']}"
    report(Event("variants", note, lasting=True))
    return None


def fitted(config: FlywheelConfig, corpus: Corpus) -> FlywheelConfig:
    """As many attempts a round as there are variants: there may be fewer than were asked for."""
    made = stored_variants(corpus)
    count = int(made.meta["variants"]) if made is not None else 1
    round = config.round.model_copy(update={"theorems": count, "disproofs": max(1, count // 2)})
    return config.model_copy(update={"grammar_theorems": count, "round": round})


def _goals(record: AttemptRecord, count: int) -> tuple[Goal, list[Goal]]:
    """The statement as Lean prints it once its variables are introduced, and goals that the search left open: at most a
    quarter of the variants, the shortest first."""
    trees: Sequence[SearchTree] = record.trees
    if not trees or not trees[0].states:
        raise NoVariants(f"the statement could not be searched: {record.reason}")
    tree = trees[0]
    introduced = next((step.target for step in tree.steps if step.source == 0 and step.tactic == "intros"), None)
    states = [state.text for state in tree.states]
    goal = goal_of(states[introduced or 0])
    stuck = sorted({text for text in states[1:] if text and text != states[introduced or 0]}, key=lambda t: (len(t), t))
    return goal, [goal_of(text) for text in stuck[: max(1, count // 4)]]
