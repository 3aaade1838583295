"""`flywheel prove STATEMENT --variants N`: a model that becomes this statement's own."""

from __future__ import annotations

import hashlib
from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING

from lean_env.theorem import Theorem
from prover.cli.output import Ticker, UserError, WorkFailed, console, emit_json, errors

if TYPE_CHECKING:
    from corpus.records import AttemptRecord, SearchTree
    from corpus.store import Corpus
    from prover.actions.space import ActionSpace
    from prover.goal import Goal
    from prover.lean import Lean
    from prover.rounds.attempt import Phase
    from training.config import FlywheelConfig
    from training.events import Event


@dataclass(frozen=True, slots=True)
class VariantOptions:
    """What the command says. `model`: a ranker's folder, or None."""

    model: str | None
    variants: int
    turns: int
    steps: int
    seed: int
    workers: int | None
    home: Path
    json: bool


def prove_with_variants(theorem: Theorem, options: VariantOptions) -> None:
    """Searches; where that fails makes variants and turns the wheel on them. Raises UserError, WorkFailed."""
    repertoire = _repertoire_of(options.model)
    folder = options.home / "variants" / _digest(theorem, options)
    from corpus.store import Corpus
    from lean_env.session.stating import StatementRefused
    from prover.lean import Lean
    from training.experiments.specialist import NAME, Specialist, settings_for

    name = f"variants/{repertoire}"
    config = settings_for(name, options.variants, options.steps, options.turns, options.seed, options.workers)
    folder.mkdir(parents=True, exist_ok=True)
    with (
        Lean(config.workers, config.limits, say=errors.print) as lean,
        Corpus.open(str(folder / "corpus.db")) as corpus,
        Ticker(NAME) as tick,
    ):
        if missing := [module for module in theorem.environment.imports if module not in lean.library.modules]:
            raise UserError(f"--import {missing[0]}: the embedded Lean has Init and Std and no such module")
        try:
            lean.stated(theorem)
        except StatementRefused as error:
            raise UserError(str(error)) from error
        if (proved := _begin(theorem, options, config, lean, corpus, tick)) is not None:
            return _tell(lean, theorem, proved, options.json, {"variants": None})

        def report(event: Event) -> None:
            if event.lasting:
                errors.print(f"{NAME}: {event.note}", markup=False, highlight=False, soft_wrap=True)
            else:
                tick(f"{event.phase}: {event.note}", event.done, event.total)

        config = _fitted(config, corpus)
        generalist = Path(options.model).expanduser() if options.model else None
        found = Specialist(config, lean, corpus, folder / "models", generalist, report).turn()
        if not found.proof:
            raise WorkFailed(
                f"no proof: of {found.variants} variants {found.proved} were proved and {found.denied} denied in "
                f"{found.steps} steps, and no model of {found.generations} proves the statement; --turns and "
                f"--variants give it more. They are in {folder}"
            )
        errors.print(
            f"M_{found.generation} proves it; of {found.variants} variants {found.proved} were proved and "
            f"{found.denied} denied before, in {found.steps} steps",
            markup=False,
            soft_wrap=True,
        )
        _tell(lean, theorem, found.proof, options.json, {"variants": found, "folder": str(folder)})


def _begin(
    theorem: Theorem, options: VariantOptions, config: FlywheelConfig, lean: Lean, corpus: Corpus, tick: Ticker
) -> str | None:
    """The proof, if search finds one at once; or else the variants are in the corpus, if they were not before."""
    from prover.benchmarks.variants import REPERTOIRES, NoVariants, make_variants, stored_variants
    from prover.rounds.attempt import attempt
    from prover.rounds.verify import proof_text
    from prover.search.minimize import CHEAP_CLOSERS

    if stored_variants(corpus) is not None:
        return None
    tick("searching for the statement itself")
    name = config.benchmark
    repertoire = REPERTOIRES[name.rpartition("/")[2]]
    phase = _phase(options, config, lean.space(repertoire))
    closers = () if repertoire.allows else CHEAP_CLOSERS
    record = attempt(theorem, phase, options.seed, lean.tools, minimize_steps=64, closers=closers, keep_trees=True)
    if record is None:
        raise WorkFailed("the search was stopped")
    if record.proof is not None:
        return proof_text(theorem, [step.tactic for step in record.proof.steps])
    goal, stuck = _goals(theorem, record, options.variants)
    errors.print(f"{record.steps} steps find no proof ({record.reason}); making variants", markup=False)
    try:
        made = make_variants(
            corpus, lean, theorem, name, goal, stuck, options.variants, lambda done, all: tick("variants", done, all)
        )
    except NoVariants as error:
        raise WorkFailed(str(error)) from error
    errors.print(
        f"{made.meta['variants']} variants, each with its denial; dropped: {made.meta['dropped']}", markup=False
    )
    return None


def _phase(options: VariantOptions, config: FlywheelConfig, space: ActionSpace) -> Phase:
    """The model as the specialist's M_0 will be asked, so that what it proves at once needs no variants; without a
    model portfolio search."""
    from prover.cli.policies import phase_of
    from prover.rounds.attempt import Phase
    from training.arms import budget_of

    if options.model is None:
        return phase_of(None, space, options.steps)
    from prover.policies.ranker.checkpoint import load_ranker
    from prover.policies.ranker.policy import RankerOptions

    asked = config.evaluation
    how = RankerOptions(prior_weight=asked.prior, time_discount=asked.cost_discount)
    policy = load_ranker(Path(options.model).expanduser(), space, how)
    return Phase(policy, budget_of(options.steps), config.models_search())


def _goals(theorem: Theorem, record: AttemptRecord, count: int) -> tuple[Goal, list[Goal]]:
    """The statement as Lean prints it once its variables are introduced, and goals that the search left open: at most a
    quarter of the variants, the shortest first."""
    from prover.benchmarks.variant_texts import goal_of

    trees: Sequence[SearchTree] = record.trees
    if not trees or not trees[0].states:
        raise WorkFailed(f"the statement could not be searched: {record.reason}")
    tree = trees[0]
    introduced = next((step.target for step in tree.steps if step.source == 0 and step.tactic == "intros"), None)
    states = [state.text for state in tree.states]
    goal = goal_of(states[introduced or 0])
    stuck = sorted({text for text in states[1:] if text and text != states[introduced or 0]}, key=lambda t: (len(t), t))
    return goal, [goal_of(text) for text in stuck[: max(1, count // 4)]]


def _fitted(config: FlywheelConfig, corpus: Corpus) -> FlywheelConfig:
    """As many attempts a round as there are variants: there may be fewer than were asked for."""
    from prover.benchmarks.variants import stored_variants

    made = stored_variants(corpus)
    count = int(made.meta["variants"]) if made is not None else 1
    round = config.round.model_copy(update={"theorems": count, "disproofs": max(1, count // 2)})
    return config.model_copy(update={"grammar_theorems": count, "round": round})


def _tell(lean: Lean, theorem: Theorem, text: str, json: bool, more: dict[str, object]) -> None:
    """Prints the proof, which elaborates as text. Raises WorkFailed."""
    source = "".join(f"import {module}\n" for module in theorem.environment.imports) + "\n" + text
    if complaints := lean.check_text(theorem.environment, text):
        raise WorkFailed(f"the certified proof does not elaborate as text: {complaints[0]}\n{source}")
    if json:
        emit_json({"theorem": theorem.name, "text": source, **more})
    else:
        console.print(source, markup=False, soft_wrap=True, end="")


def _repertoire_of(model: str | None) -> str:
    """What a ranker was trained to choose from. Raises UserError for what is no ranker."""
    if model is None:
        return "library"
    from prover.actions.elementary import ELEMENTARY
    from prover.policies.folder import is_checkpoint, read_meta

    folder = Path(model).expanduser()
    if not is_checkpoint(folder) or "templates" not in (meta := read_meta(folder)):
        raise UserError(f"--variants goes on from a ranker's weights, and --model {model} is none")
    return "elementary" if meta["templates"] == ELEMENTARY.names else "library"


def _digest(theorem: Theorem, options: VariantOptions) -> str:
    """What one specialist is known by: the same command again goes on with it."""
    parts = (theorem.environment.key, theorem.statement, options.model, options.variants, options.turns, options.steps)
    return hashlib.sha256(repr((*parts, options.seed)).encode()).hexdigest()[:16]
