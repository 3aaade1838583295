"""The loop over generations, the one place besides the command line that sees Lean, models and the corpus at once.

    with Lean(workers=2) as lean, Corpus.open("corpus.db") as corpus:
        Flywheel(config, lean, corpus, Path("models")).run()

`Flywheel.search` freezes M_n, searches the train split with it, and stores what the gate certifies. `Flywheel.turn`
takes a snapshot of the corpus, makes M_{n+1} of it as the run's recipe says (the default: from base on all of it), and
evaluates it beside M_0. Round 0 has no model: hand-written seed proofs, portfolio-1 on easy theorems and a stochastic
grammar on hard ones make the corpus that M_0 learns from.

Every part is keyed in the corpus by what it depends on, so that running the same configuration again after a kill does
what is missing and nothing else.
"""

from __future__ import annotations

import platform
import shutil
import threading
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass, field, replace
from importlib import metadata
from itertools import chain
from pathlib import Path
from typing import Any

from corpus.guard import held_back, withheld
from corpus.health import Health, health_of
from corpus.human import count_traces
from corpus.records import GenerationRecord
from corpus.round_results import searched_steps
from corpus.snapshot import Snapshot
from corpus.store import Corpus
from prover.actions.space import ActionSpace
from prover.benchmarks.contract import Benchmark
from prover.benchmarks.registry import benchmark_of
from prover.evaluation.evaluate import Evaluation
from prover.evaluation.height import heights
from prover.lean import Lean
from prover.policies.folder import remove_leftovers
from prover.policy import Policy
from prover.rounds.lending import Lending, lending_of
from prover.rounds.plan import Plan
from prover.rounds.round import RoundSummary
from training.arms import Arms, Model, of_these
from training.config import EvaluationSettings, FlywheelConfig, RoundSettings, SearchSettings
from training.data.dataset import SEED_SOURCE, TrainingProof
from training.data.from_corpus import trainable, training_proofs
from training.data.seed_round import store_seeds
from training.data.unverified import UNVERIFIED_RECIPE, unverified_proofs
from training.events import Event, Report, say_nothing
from training.health.measure import Examination
from training.health.rules import Treatment
from training.meter import Meter
from training.recipes.choice import recipe_of
from training.recipes.recipe import Learning, Recipe, Sampling
from training.rounds import Rounds
from training.trainers.averaging import average
from training.trainers.choice import require_trainable, trainer_of
from training.trainers.halfway import Halfway, NotTheSame
from training.trainers.ranker_config import TrainConfig
from training.trainers.trainer import Progress as TrainingProgress
from training.trainers.trainer import Trainer

#: Where the proofs of round 0 come from, apart from portfolio-1, whose source later rounds have, too.
ROUND_0 = (SEED_SOURCE, "grammar")


@dataclass(frozen=True, slots=True)
class Turn:
    """A generation and how it did beside its baselines, on each stratum by itself."""

    generation: GenerationRecord
    evaluations: tuple[Evaluation, ...]
    health: Health


@dataclass(slots=True)
class Flywheel:
    """One run. `report` is told what happens; `stop`, once set, ends it."""

    config: FlywheelConfig
    lean: Lean
    corpus: Corpus
    #: Folder of the run's models, one folder each.
    models: Path
    report: Report = say_nothing
    stop: threading.Event = field(default_factory=threading.Event)
    #: What makes the models; that of the settings (`[train] kind`) if none is given.
    trainer: Trainer | None = None
    #: Whether generations are evaluated beside what has no model, and M_0 at the whole budget: in an experiment one run
    #: a seed does that for all its arms.
    baselines: bool = True
    recipe: Recipe = field(init=False)
    meter: Meter = field(init=False)
    benchmark: Benchmark = field(init=False)
    actions: ActionSpace = field(init=False)
    arms: Arms = field(init=False)
    rounds: Rounds = field(init=False)
    #: By the hash of the snapshot.
    _lendings: dict[str, Lending] = field(default_factory=dict, init=False)

    def __post_init__(self) -> None:
        self.recipe = recipe_of(self.config)
        self.meter = Meter(self.lean)
        self.benchmark = benchmark_of(self.config.benchmark)
        self.actions = self.lean.space(self.benchmark.repertoire)
        self.use(self.config)
        remove_leftovers(self.models)
        # A run's earlier generations do not depend on how many follow.
        self.corpus.start_run(self.config.name, self.config.stored(), may_grow=("generations",))

    def use(self, config: FlywheelConfig) -> None:
        """From now on these settings of the same run: another benchmark to be evaluated on, other budgets."""
        self.config = config
        self.arms = Arms(self.lean, self.actions, config, self.model, self.lending)
        self.rounds = Rounds(config, self.lean, self.corpus, self.benchmark, self.report, self.stop)

    def run(self) -> list[Turn]:
        """All generations that the configuration asks for, M_0 first. Raises Interrupted, RoundFailed."""
        self._require_trainable()
        self.begin()
        turns = [self.turn(0)]
        for number in range(1, self.config.generations + 1):
            if self.config.retrain and self.treatment(number - 1).stop:
                self.report(Event(f"M_{number - 1}", turns[-1].health.remedies[-1], lasting=True))
                break
            self.search(number - 1)
            if self.config.retrain:
                turns.append(self.turn(number))
        return turns

    def turn(self, number: int) -> Turn:
        """Learn generation `number` from what the corpus holds, evaluate and examine it."""
        generation, evaluations = self.learn(number), self.evaluate(number)
        for evaluation in evaluations:
            self.report(Event(f"M_{number}", standing(evaluation, number), lasting=True))
        return Turn(generation, evaluations, self.examine(number))

    def begin(self) -> None:
        """Round 0, the corpus that M_0 learns from: seeds, portfolio-1 on the easy theorems, the grammar on those that
        later rounds search."""
        config, stratum = self.config, self.benchmark.train_stratum
        with self.meter.measure("round 0"):
            if config.seed_proofs:
                store_seeds(self.corpus, self.lean, config.name, self.stop)
                self.rounds.check_stop()
            if config.easy_theorems:
                names = self.rounds.first("easy", config.easy_theorems)
                self.rounds.run("portfolio-1", "easy", names, self.arms.automation(), {"policy": "portfolio-1"})
            plan = self.arms.grammar()
            settings = {"policy": plan.policy.policy.name, "steps": plan.policy.budget.steps}
            sides = [stratum, *([self.benchmark.disproof_stratum] if self.benchmark.two_sided else [])]
            for side in sides:
                self.rounds.run("grammar", side, self.rounds.first(side, config.grammar_theorems), plan, settings)

    def search(self, number: int) -> RoundSummary:
        """The round that follows M_number. M_0 searches all rounds of a run that does not retrain.

        Train theorems are searched, and accepted proofs go into the corpus. Beside it disproofs of false statements are
        searched, whose proofs go there too, and the false statements themselves, which must not be proved.
        Raises CanaryAccepted, BothSidesCertified.
        """
        model_of = number if self.config.retrain else 0
        treated = self.treatment(model_of) if self.config.retrain else Treatment()
        plan, model = self.arms.round(model_of, treated.temperature)
        plan = replace(plan, lending=self.lending(model_of))
        summary = self._search(plan, model, number, treated.of_a_round)
        stratum = self.benchmark.train_stratum
        self.recipe.sample_more(Sampling(self.config, self.corpus, self.rounds, stratum, number, plan, model))
        return summary

    def search_with(self, guest: Policy) -> RoundSummary:
        """A round that a policy from elsewhere makes in place of the newest generation: the same kinds of theorems,
        the same budgets, false statements beside it. Raises as `search` does."""
        finished = [record.number for record in self.corpus.generations(self.config.name) if record.finished_at]
        newest = max(finished, default=None)
        plan = replace(self.arms.guest_round(guest), lending=None if newest is None else self.lending(newest))
        about = getattr(guest, "settings", {})
        return self._search(plan, Model(guest, about, None), newest or 0, about, f"{guest.name} ")

    def _search(self, plan: Plan, model: Model, number: int, said: Mapping[str, Any], whose: str = "") -> RoundSummary:
        """The rounds that go with M_number. `said` is stored with them. `whose`: how their arms' names begin, if the
        model is from elsewhere."""
        settings, benchmark = self.config.round, self.benchmark
        arm = whose.strip() or "policy"
        with self.meter.measure(f"round {number + 1}"):
            summary = self.rounds.matched(arm, benchmark.train_stratum, settings.theorems, plan, model, number, said)
            if settings.closed_goals:
                self.rounds.closed_goals(arm, benchmark.train_stratum, number)
            if settings.disproofs and benchmark.disproof_stratum:
                arm = f"{whose}disproof"
                self.rounds.matched(arm, benchmark.disproof_stratum, settings.disproofs, plan, model, number, said)
            if settings.canaries:
                self.rounds.canaries(plan, model, number + 1, f"{whose}canary")
            self.rounds.require_one_side()
        return summary

    def learn(self, number: int) -> GenerationRecord:
        """M_number, made by the recipe of a snapshot of the corpus, unless it is there already."""
        known = {record.number: record for record in self.corpus.generations(self.config.name)}
        if number in known and known[number].finished_at is not None:
            return known[number]
        self._require_trainable()
        snapshot = self.recipe.freeze(self.corpus, self.config, number)
        return self._train(number, snapshot, known[number - 1] if number else None)

    def evaluate(
        self,
        *numbers: int,
        guests: Sequence[Policy] = (),
        searches: Sequence[SearchSettings] = (),
        last: bool = False,
        only: Sequence[str] = (),
    ) -> tuple[Evaluation, ...]:
        """These generations beside the frozen M_0, grammar, portfolio-1 and portfolio search, on held-out theorems,
        each stratum by itself; `guests` are policies from elsewhere, with the newest generation's library. `searches`:
        the newest of them also with these. `last`: with M_0 and the newest at the whole budget, too, if the settings
        say so. `only`: these arms of them.

        What the corpus holds already is read, not run again.
        """
        arms = self.arms.evaluation(numbers, self.baselines)
        arms += [self.arms.guest(guest, max(numbers)) for guest in guests]
        arms += [self.arms.otherwise(max(numbers), other) for other in searches if other != self.config.search]
        if last and self.baselines and self.config.evaluation.whole_budget:
            arms += self.arms.whole_budget(searched_steps(self.corpus, self.config.name), max(numbers))
        arms = of_these(arms, only)
        with self.meter.measure(f"evaluation {max(numbers)}"):
            found = tuple(self.rounds.evaluate(stratum, arms) for stratum in self.config.evaluation.strata)
            self.rounds.require_one_side()
            return found

    def examine(self, number: int) -> Health:
        """M_number's health, measured and stored, unless it is stored already. Raises Interrupted, RoundFailed."""
        with self.meter.measure(f"health {number}"):
            beside = self.evaluate(*{max(0, number - 1), number})
            health = self._examination().of(number, beside)
        for alarm in health.alarms:
            self.report(Event(f"M_{number}", f"alarm, {alarm.failure}: {alarm.text}", lasting=True))
        return health

    def treatment(self, number: int) -> Treatment:
        """What the health of M_0 to M_number asks of the round after it and of the next training. It follows from what
        is stored; a run that asks for no remedy needs nothing stored."""
        if not self.config.health.acts:
            return Treatment()
        if health_of(self.generation(number)) is None:
            self.examine(number)
        return self._examination().treatment(number)

    def _examination(self) -> Examination:
        def load(number: int) -> Policy:
            return self.model(number, self.config.evaluation).policy

        return Examination(self.config, self.corpus, self.rounds, load)

    def evaluate_portfolio(self, guests: Sequence[Policy] = ()) -> tuple[Evaluation, ...]:
        """Portfolio search and `guests` on held-out theorems, each stratum by itself. No generation is needed."""
        arms = [self.arms.portfolio(), *map(self.arms.guest, guests)]
        with self.meter.measure("evaluation"):
            return tuple(self.rounds.evaluate(stratum, arms) for stratum in self.config.evaluation.strata)

    # --- models -----------------------------------------------------------------------------------------------------

    def generation(self, number: int) -> GenerationRecord:
        """The finished generation `number` of this run."""
        return next(g for g in self.corpus.generations(self.config.name) if g.number == number)

    def model(self, number: int, settings: RoundSettings | EvaluationSettings) -> Model:
        """M_number, frozen, with the prior and the discount of these settings."""
        name = f"M_{number}"
        folder = self.models / name
        if isinstance(settings, RoundSettings):
            folder = self.recipe.sampler(folder)
        loaded = self._trainer().load(
            folder,
            name,
            prior=settings.prior,
            cost_discount=settings.cost_discount,
            temperature=settings.temperature if isinstance(settings, RoundSettings) else 1.0,
        )
        return Model(loaded.policy, loaded.options, self.generation(number).id)

    def lending(self, number: int) -> Lending | None:
        """What theorems may borrow of the snapshot that M_number was trained on; None where the run has no library."""
        snapshot = self.generation(number).snapshot_hash
        return self._lending_of(snapshot) if snapshot else None

    def _lending_of(self, snapshot: str) -> Lending | None:
        if self.config.library == "none":
            return None
        if snapshot not in self._lendings:
            self._lendings[snapshot] = lending_of(self.corpus, snapshot, self.lean.library, [self.config.benchmark])
        return self._lendings[snapshot]

    def _trainer(self, halfway: Halfway | None = None, treated: Treatment | None = None) -> Trainer:
        settings = self.config.train
        if treated is not None and treated.seed_share is not None and isinstance(settings, TrainConfig):
            update = {"seed_share": treated.seed_share, "seed_sources": ROUND_0}
            settings = settings.model_copy(update={"data": settings.data.model_copy(update=update)})
        return self.trainer or trainer_of(settings, self.actions, self.config.device, halfway)

    def _require_trainable(self) -> None:
        """Raises what `require_trainable` does, before hours of search end in it."""
        if self.trainer is None:
            require_trainable(self.config.train, self.config.device, self.actions.repertoire)

    def _train(self, number: int, snapshot: Snapshot, parent: GenerationRecord | None) -> GenerationRecord:
        treated = self.treatment(number - 1) if number else Treatment()
        unverified = self.config.unverified if number else 0.0
        kept_out = self._kept_out(snapshot)
        note = f"{snapshot.proofs} proofs of {snapshot.theorems} theorems"
        if self.config.human:
            note += f", steps of {snapshot.human} human proofs"
        if any(kept_out.values()):
            note += f"; {sum(kept_out.values())} kept out for what they share with held-out statements"
        self.report(Event(f"train M_{number}", note))
        folder = self.models / f"M_{number}"
        halfway = Halfway(folder.with_name(f".{folder.name}.halfway"))
        trainer = self._trainer(halfway, treated)
        base = self.models / f"M_{number - 1}" if self.config.continued and number and not treated.restart else None
        seed = self.rounds.seed("train")  # the same for every generation: what differs between them is the corpus
        identifier = self.corpus.start_generation(
            run=self.config.name,
            number=number,
            parent=parent.id if parent is not None else None,
            recipe=UNVERIFIED_RECIPE if unverified else " without ".join([self.recipe.name, *self.config.without]),
            config=trainer.settings,
            config_hash=self.config.digest(),
            seeds={"train": seed},
            versions=versions(self.lean),
            snapshot_hash=snapshot.hash,
        )
        lending = self._lending_of(snapshot.hash)

        def proofs() -> Iterator[TrainingProof]:
            accepted = training_proofs(self.corpus, snapshot.hash, self.benchmark.repertoire, lending)
            if not unverified:
                return accepted
            sure = unverified_proofs(self.corpus, self.config.name, unverified)
            return chain((proof for proof in accepted if proof.source != "policy"), sure)

        learning = Learning(
            config=self.config,
            corpus=self.corpus,
            number=number,
            parent=parent,
            snapshot=snapshot,
            folder=folder,
            stages=folder.with_name(f".{folder.name}.stages"),
            seed=seed,
            base=base,
            statements=tuple(one.statement for one in trainable(self.corpus, self.config.benchmark)),
            trainer=trainer,
            proofs=proofs,
            report=lambda progress: self._training_progress(number, progress),
        )
        with self.meter.measure(f"train {number}"):
            try:
                trained = self.recipe.update(learning)
            except NotTheSame:  # the corpus has grown since the kill: another snapshot, another training
                halfway.clear()
                trained = self.recipe.update(learning)
        weights = trained.weights_sha256
        if treated.average is not None:
            weights = average(folder, self.models / "M_0", treated.average, self.actions.repertoire)
        metrics = {**trained.metrics, "human": snapshot.human, "kept_out": kept_out}
        metrics["cpu_seconds"] = self.meter.phases[f"train {number}"].own_seconds
        if treated.words:
            metrics["remedies"] = list(treated.words)
        self.corpus.finish_generation(identifier, model_path=str(folder), model_hash=weights, metrics=metrics)
        shutil.rmtree(learning.stages, ignore_errors=True)
        return self.corpus.generation(identifier)

    def _kept_out(self, snapshot: Snapshot) -> dict[str, int]:
        """What is not trained on for what it shares with held-out statements."""
        return {
            "statements": len(held_back(self.corpus.engine, self.config.benchmark)),
            "proofs": snapshot.withheld + withheld(self.corpus.engine, self.config.name),
            "human": sum(count_traces(self.corpus, key)[1] for key in self.config.human),
        }

    def _training_progress(self, number: int, progress: TrainingProgress) -> None:
        note = f"epoch {progress.epoch} of {progress.epochs}, loss {progress.loss:.3f}, {progress.seconds:.0f} s"
        share = progress.epoch if progress.share is None else progress.share * progress.epochs
        self.report(Event(f"train M_{number}", note, share, progress.epochs))


def standing(evaluation: Evaluation, number: int) -> str:
    """How M_number does beside M_0, in a line."""
    found = {height.arm: height for height in heights(evaluation)}
    words = []
    for name in dict.fromkeys((f"M_{number}", "M_0")):
        arm = evaluation.arm(name)
        words.append(f"{name} solves {len(arm.solved)} of {len(arm.outcomes)}")
        if name in found:
            low, high = found[name].interval.low, found[name].interval.high
            words[-1] += f", height {found[name].height:.2f} [{low:.2f}, {high:.2f}]"
    return f"{evaluation.stratum or 'all'} {evaluation.split}: {'; '.join(words)}"


def versions(lean: Lean) -> dict[str, str]:
    """What a generation was made with."""
    packages = {name: metadata.version(name) for name in ("lean-flywheel", "torch", "transformers", "lean-dojo")}
    return {"python": platform.python_version(), "embedded_lean": lean.installation.version, **packages}
