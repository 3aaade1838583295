"""The loop over generations, the one place besides the command line that sees Lean, models and the corpus at once.

    with Lean(workers=2) as lean, Corpus.open("corpus.db") as corpus:
        Flywheel(config, lean, corpus, Path("models")).run()

One turn: freeze M_n, search the train split with it, let the gate certify, store; snapshot the corpus; train M_{n+1}
from base on the whole snapshot; evaluate it beside its frozen ancestor M_0. Round 0 has no model: hand-written seed
proofs, portfolio-1 on easy theorems and a stochastic grammar on hard ones make the corpus that M_0 learns from.

Every part is keyed in the corpus by what it depends on, so that running the same configuration again after a kill does
what is missing and nothing else.
"""

from __future__ import annotations

import platform
import threading
from collections.abc import Callable, Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass, field, replace
from importlib import metadata
from pathlib import Path
from typing import Any

from corpus.guard import held_back, withheld
from corpus.human import count_traces, snapshot_traces
from corpus.records import AttemptStatus, GenerationRecord, RoundKind
from corpus.round_results import history, outcomes, searched_steps
from corpus.snapshot import SnapshotFilter, snapshot_proofs, take_snapshot
from corpus.store import Corpus
from lean_env.theorem import Environment, Theorem
from prover.actions.elementary import ELEMENTARY, require_elementary
from prover.actions.repertoire import LIBRARY
from prover.actions.space import ActionSpace
from prover.benchmarks.contract import Benchmark
from prover.benchmarks.registry import benchmark_of
from prover.evaluation.evaluate import Arm, Evaluation, evaluate, portfolio_1
from prover.lean import Lean
from prover.policies.batching import BatchingPolicy
from prover.policies.grammar import GrammarPolicy
from prover.policies.portfolio import PORTFOLIO_EDGES, PortfolioPolicy
from prover.policies.ranker.checkpoint import load_ranker
from prover.policies.ranker.policy import RankerOptions
from prover.policy import Policy
from prover.rounds.attempt import Phase
from prover.rounds.matchmaker import MatchmakerConfig, budget, select
from prover.rounds.round import Plan, Progress, RoundConfig, RoundSummary, run_round, theorem_of
from prover.search.best_first import BestFirst
from prover.search.budget import Budget
from prover.search.minimize import CHEAP_CLOSERS
from prover.search.streams import stream_seed
from training.config import BESIDE_RESULTS, FlywheelConfig
from training.data.dataset import HUMAN_SOURCE, TrainingProof
from training.data.seed_round import store_seeds
from training.meter import Meter
from training.trainers.ranker import Progress as TrainProgress
from training.trainers.ranker import train

#: What a training round may use beside tactic steps: the wall clock is a net (30 s a step would be 60 times the mean).
_WALL_SECONDS_PER_STEP = 10.0


#: A certificate was given, whether or not the proof was stored.
_CERTIFIED = (AttemptStatus.PROVED, AttemptStatus.WITHHELD)


class CanaryAccepted(Exception):
    """A statement known to be false was proved and certified: the gate leaks, and nothing of this round is to be
    trusted. The text names it."""


class Interrupted(Exception):
    """The loop was asked to stop; what was accepted is stored and the same command goes on from there."""


@dataclass(frozen=True, slots=True)
class Event:
    """Something worth telling: `phase` names the part of the loop, `note` is a line for people, and `done` of `total`
    says how far the phase is where that is known."""

    phase: str
    note: str
    done: float | None = None
    total: float | None = None


@dataclass(frozen=True, slots=True)
class Turn:
    """A generation and how it did beside its baselines, on each stratum by itself."""

    generation: GenerationRecord
    evaluations: tuple[Evaluation, ...]


def say_nothing(_event: Event) -> None:
    """The default report."""


@dataclass(slots=True)
class Flywheel:
    """One run. `models` is the folder of its checkpoints; `report` is told what happens; `stop`, once set, ends it."""

    config: FlywheelConfig
    lean: Lean
    corpus: Corpus
    models: Path
    report: Callable[[Event], None] = say_nothing
    stop: threading.Event = field(default_factory=threading.Event)
    meter: Meter = field(init=False)
    benchmark: Benchmark = field(init=False)
    actions: ActionSpace = field(init=False)

    def __post_init__(self) -> None:
        self.meter = Meter(self.lean)
        self.benchmark = benchmark_of(self.config.benchmark)
        self.actions = self.lean.space(self.benchmark.repertoire)
        self.corpus.start_run(self.config.name, self.config.model_dump(mode="json", exclude=set(BESIDE_RESULTS)))

    def run(self) -> list[Turn]:
        """All generations that the configuration asks for, M_0 first. Raises Interrupted, RoundFailed."""
        self.begin()
        turns = [self.turn(0)]
        for number in range(1, self.config.generations + 1):
            self.search(number - 1)
            if self.config.retrain:
                turns.append(self.turn(number))
        return turns

    def turn(self, number: int) -> Turn:
        """Learn generation `number` from what the corpus holds, and evaluate it."""
        generation = self.learn(number)
        return Turn(generation, self.evaluate(number))

    # --- round 0 ----------------------------------------------------------------------------------------------------

    def begin(self) -> None:
        """The corpus that M_0 learns from: seeds, portfolio-1 on the easy, the grammar on what rounds search later."""
        config = self.config
        with self.meter.measure("round 0"):
            if config.seed_proofs:
                store_seeds(self.corpus, self.lean, config.name, self.stop)
                self._check_stop()
            if config.easy_theorems:
                arm = portfolio_1()
                self._round(
                    "portfolio-1",
                    "easy",
                    self._first("easy", config.easy_theorems),
                    Plan(Phase(BatchingPolicy(arm.policy), arm.budget, arm.search, arm.source)),
                    {"policy": "portfolio-1"},
                )
            policy, steps = GrammarPolicy(self.actions), config.grammar_steps or config.round.steps
            self._round(
                "grammar",
                self.benchmark.train_stratum,
                self._first(self.benchmark.train_stratum, config.grammar_theorems),
                Plan(Phase(BatchingPolicy(policy), self._budget(steps), self._search(), "grammar")),
                {"policy": policy.name, "steps": steps},
            )

    # --- one turn ---------------------------------------------------------------------------------------------------

    def search(self, number: int) -> RoundSummary:
        """The round that follows M_number: train theorems searched with it (with M_0 if the run does not retrain);
        accepted proofs go into the corpus. Beside it disproofs of false statements, whose proofs go there too, and the
        false statements themselves, which must not be proved. Raises CanaryAccepted."""
        settings, benchmark = self.config.round, self.benchmark
        model = number if self.config.retrain else 0
        policy = self.policy(model, RankerOptions(prior_weight=settings.prior, time_discount=settings.cost_discount))
        plan = Plan(
            Phase(BatchingPolicy(policy), self._budget(settings.steps), self._search(settings.noise)),
            portfolio=self._portfolio() if settings.portfolio_share else None,
            portfolio_share=settings.portfolio_share,
        )
        with self.meter.measure(f"round {number + 1}"):
            identifier = self.generation(model).id
            summary = self._matched("policy", benchmark.train_stratum, settings.theorems, plan, identifier, number)
            if settings.disproofs and benchmark.disproof_stratum:
                self._matched("disproof", benchmark.disproof_stratum, settings.disproofs, plan, identifier, number)
            if settings.canaries:
                self._canaries(plan, identifier, number + 1)
        return summary

    def _matched(self, arm: str, stratum: str, count: int, plan: Plan, generation_id: int, number: int) -> RoundSummary:
        """A round over `count` train theorems of the stratum, which and with what budgets by the matchmaker."""
        settings = self.config.round
        matchmaker = MatchmakerConfig(steps=settings.steps, growth=settings.growth, solved_share=settings.again)
        log = history(self.corpus, self.config.benchmark, "train", self.config.name)
        past = {name: log[name] for name in self._trainable(stratum)}
        chosen = select(past, self._seed("round", number), count, matchmaker)
        plan = replace(plan, budgets={name: self._budget(budget(past[name], matchmaker).steps) for name in chosen})
        return self._round(arm, stratum, chosen, plan, settings.model_dump(), generation_id, number + 1)

    def _canaries(self, plan: Plan, generation_id: int, number: int) -> None:
        """Searches for proofs of statements that are false. Raises CanaryAccepted if the gate lets one through."""
        names = [t.name for t in self.corpus.theorems(self.config.benchmark, "train", self.benchmark.false_stratum)]
        drawn = sorted(names, key=lambda name: self._seed("canary", number, name))[: self.config.round.canaries]
        stratum = self.benchmark.false_stratum
        # Of kind `eval`, so that no snapshot takes what such a round stores; told from the rows, so that a resumed run
        # stops here again.
        self._round("canary", stratum, drawn, plan, {}, generation_id, number, RoundKind.EVAL)
        rounds = [r for r in self.corpus.rounds(self.config.name) if r.seed == self._seed("round", number)]
        (canaries,) = (r for r in rounds if (r.kind, r.arm, r.stratum) == (RoundKind.EVAL, "canary", stratum))
        accepted = [o.theorem for o in outcomes(self.corpus, canaries) if o.status in _CERTIFIED]
        if accepted:
            reason = f"quarantined: {accepted[0]}, known to be false, was certified in round {number}"
            proofs = self.corpus.quarantine(rounds, reason)
            raise CanaryAccepted(
                f"THE GATE LEAKS. Round {number}: {len(accepted)} of {len(drawn)} statements known to be false were "
                f"certified, {accepted[0]} first. All {proofs} proofs of this round are quarantined: they stay stored "
                "and no snapshot takes them. Look at the false one with `flywheel corpus list` and `corpus show`, "
                "check earlier rounds with `flywheel corpus verify`, and train on nothing before the leak is found."
            )

    def learn(self, number: int) -> GenerationRecord:
        """M_number, trained from base on a snapshot of the whole corpus, unless it is trained already."""
        known = {record.number: record for record in self.corpus.generations(self.config.name)}
        if number in known and known[number].finished_at is not None:
            return known[number]
        snapshot = take_snapshot(self.corpus, SnapshotFilter(run=self.config.name, human=self.config.human))
        kept_out = {
            "statements": len(held_back(self.corpus.engine, self.config.benchmark)),
            "proofs": snapshot.withheld + withheld(self.corpus.engine, self.config.name),
            "human": sum(count_traces(self.corpus, key)[1] for key in self.config.human),
        }
        note = f"{snapshot.proofs} proofs of {snapshot.theorems} theorems"
        if self.config.human:
            note += f", steps of {snapshot.human} human proofs"
        if any(kept_out.values()):
            note += f"; {sum(kept_out.values())} kept out for what they share with held-out statements"
        self.report(Event(f"train M_{number}", note))
        seed = self._seed("train")  # the same for every generation: what differs between them is the corpus
        identifier = self.corpus.start_generation(
            run=self.config.name,
            number=number,
            parent=known[number - 1].id if number else None,
            recipe="expert-iteration",
            config=self.config.train.model_dump(mode="json"),
            config_hash=self.config.digest(),
            seeds={"train": seed},
            versions=versions(self.lean),
            snapshot_hash=snapshot.hash,
        )
        folder = self.models / f"M_{number}"
        with self.meter.measure(f"train {number}"):
            outcome = train(
                self._training_proofs(snapshot.hash),
                self.actions,
                self.config.train,
                folder,
                seed=seed,
                statements=self._train_statements(),
                report=lambda progress: self._training_progress(number, progress),
            )
        metrics = {
            "states": outcome.train.states,
            "train_loss": outcome.train.loss,
            "valid_loss": outcome.valid.loss,
            "valid_top_1": outcome.valid.top_1,
            "valid_top_8": outcome.valid.top_8,
            "seconds": outcome.seconds,
            "data": outcome.data,
            "human": snapshot.human,
            "kept_out": kept_out,
        }
        self.corpus.finish_generation(
            identifier, model_path=str(folder), model_hash=outcome.weights_sha256, metrics=metrics
        )
        return self.corpus.generation(identifier)

    def evaluate(self, *numbers: int, guests: Sequence[Policy] = (), last: bool = False) -> tuple[Evaluation, ...]:
        """These generations beside the frozen M_0, grammar, portfolio-1 and portfolio search, on held-out theorems,
        each stratum by itself; `guests` are policies from elsewhere. `last`: with the arm at the whole budget, too.

        What the corpus holds already is read, not run again.
        """
        arms = [*self.arms(numbers), *map(self._guest, guests)]
        if last and self.config.evaluation.whole_budget:
            arms.append(self._whole_budget())
        return tuple(self._evaluate(stratum, arms, max(numbers)) for stratum in self.config.evaluation.strata)

    def _evaluate(self, stratum: str, arms: Sequence[Arm], number: int) -> Evaluation:
        settings = self.config.evaluation
        stratum = "" if stratum == "all" else stratum
        names = [
            theorem.name for theorem in self.corpus.theorems(self.config.benchmark, settings.split, stratum or None)
        ]
        with self.meter.measure(f"evaluation {number}"):
            evaluation = evaluate(
                self.corpus,
                arms,
                self._sample(names, settings.theorems, "evaluation"),
                run=self.config.name,
                benchmark=self.config.benchmark,
                split=settings.split,
                stratum=stratum,
                seed=self._seed("evaluation"),
                tools=self.lean.tools,
                config=self._round_config(RoundKind.EVAL),
                on_progress=lambda arm, progress: self._round_progress(f"evaluate {arm}", progress),
                stop=self.stop,
            )
        self._check_stop()
        return evaluation

    def arms(self, numbers: Iterable[int]) -> list[Arm]:
        """The arms of every evaluation. Those without a model, and M_0, run once: later turns read their rows."""
        budget, search = self._budget(self.config.evaluation.steps), self._search()
        options = RankerOptions(
            prior_weight=self.config.evaluation.prior, time_discount=self.config.evaluation.cost_discount
        )
        models = [
            Arm(
                f"M_{n}",
                self.policy(n, options),
                budget,
                search,
                generation_id=self.generation(n).id,
                settings=options.model_dump(),
            )
            for n in sorted({0, *numbers})
        ]
        return [
            portfolio_1(),
            Arm("grammar", GrammarPolicy(self.actions), budget, search, source="grammar"),
            Arm("portfolio", PortfolioPolicy(self.lean.actions), budget, self._wide_search(), source="portfolio"),
            *models,
        ]

    def _whole_budget(self) -> Arm:
        """M_0 with what the flywheel had in all: the steps of its rounds, shared out evenly over the held-out theorems,
        on top of an attempt's own."""
        settings = self.config.evaluation
        theorems = settings.theorems * len(settings.strata)
        steps = settings.steps + -(-searched_steps(self.corpus, self.config.name) // theorems)
        options = RankerOptions(prior_weight=settings.prior, time_discount=settings.cost_discount)
        return Arm(
            "M_0 at the whole budget",
            self.policy(0, options),
            self._budget(steps),
            self._search(),
            generation_id=self.generation(0).id,
            settings=options.model_dump(),
        )

    def _portfolio(self) -> Phase:
        """Portfolio search with a round's budget."""
        policy = BatchingPolicy(PortfolioPolicy(self.lean.actions))
        return Phase(policy, self._budget(self.config.round.steps), self._wide_search(), "portfolio")

    def _guest(self, policy: Policy) -> Arm:
        return Arm(policy.name, policy, self._budget(self.config.evaluation.steps), self._search())

    # --- pieces -----------------------------------------------------------------------------------------------------

    def generation(self, number: int) -> GenerationRecord:
        """The finished generation `number` of this run."""
        return next(g for g in self.corpus.generations(self.config.name) if g.number == number)

    def policy(self, number: int, options: RankerOptions) -> Policy:
        return load_ranker(self.models / f"M_{number}", self.actions, options, name=f"M_{number}")

    def _round(
        self,
        arm: str,
        stratum: str,
        selection: list[str],
        plan: Plan,
        settings: Mapping[str, Any],
        generation_id: int | None = None,
        number: int = 0,
        kind: RoundKind = RoundKind.TRAIN,
    ) -> RoundSummary:
        record = self.corpus.start_round(
            run=self.config.name,
            generation_id=generation_id,
            benchmark=self.config.benchmark,
            split="train",
            stratum=stratum,
            arm=arm,
            kind=kind,
            seed=self._seed("round", number),
            config={**settings, "config_hash": self.config.digest()},
            selection=selection,
        )
        title = f"round {number} {arm}"
        summary = run_round(
            self.corpus,
            record,
            plan,
            self.lean.tools,
            self._round_config(kind),
            on_progress=lambda progress: self._round_progress(title, progress),
            stop=self.stop,
        )
        self._check_stop()
        return summary

    def _round_config(self, kind: RoundKind) -> RoundConfig:
        closers = CHEAP_CLOSERS if self.benchmark.repertoire is LIBRARY else ()
        trees = self.config.trees.evaluation if kind is RoundKind.EVAL else self.config.trees.training
        return RoundConfig(threads=self.config.workers, closers=closers, trees=trees)

    def _search(self, noise: float = 0.0) -> BestFirst:
        return replace(self.config.search.as_search(), noise=noise)

    def _wide_search(self) -> BestFirst:
        return replace(self._search(), edges_per_state=PORTFOLIO_EDGES)

    @staticmethod
    def _budget(steps: int) -> Budget:
        return Budget(steps, wall_seconds=steps * _WALL_SECONDS_PER_STEP)

    def _seed(self, *parts: object) -> int:
        return stream_seed(self.config.seed, *parts)

    def _first(self, stratum: str, count: int) -> list[str]:
        return self._sample(self._trainable(stratum), count, "train")

    def _trainable(self, stratum: str) -> list[str]:
        """Train theorems but for copies of held-out ones, whose proofs no snapshot would take."""
        kept_out = held_back(self.corpus.engine, self.config.benchmark)
        found = self.corpus.theorems(self.config.benchmark, "train", stratum)
        return [theorem.name for theorem in found if theorem.name not in kept_out]

    def _sample(self, names: list[str], count: int, purpose: str) -> list[str]:
        """`count` names drawn by hash: the same on every machine, a smaller count a prefix of a larger one."""
        return sorted(names, key=lambda name: stream_seed("sample", purpose, name))[:count]

    def _training_proofs(self, snapshot_hash: str) -> Iterator[TrainingProof]:
        for proof in snapshot_proofs(self.corpus, snapshot_hash):
            if self.benchmark.repertoire is ELEMENTARY:
                require_elementary(proof.theorem.name, (step.tactic for step in proof.steps))
            yield TrainingProof(theorem_of(proof.theorem, proof.benchmark), proof.steps, proof.source)
        for trace in snapshot_traces(self.corpus, snapshot_hash):
            theorem = Theorem(trace.name, "", Environment.from_key(trace.environment))
            yield TrainingProof(theorem, trace.steps, HUMAN_SOURCE)

    def _train_statements(self) -> list[str]:
        kept_out = held_back(self.corpus.engine, self.config.benchmark)
        found = self.corpus.theorems(self.config.benchmark, "train")
        return [theorem.statement for theorem in found if theorem.name not in kept_out]

    def _check_stop(self) -> None:
        if self.stop.is_set():
            raise Interrupted(f"run {self.config.name!r} stopped; what was accepted is stored, --resume goes on")

    def _round_progress(self, title: str, progress: Progress) -> None:
        note = (
            f"{progress.solved} proved of {progress.done}/{progress.total}, {progress.steps_per_second:.0f} steps/s, "
            f"{progress.seconds_left:.0f} s left"
        )
        self.report(Event(title, note, progress.done, progress.total))

    def _training_progress(self, number: int, progress: TrainProgress) -> None:
        note = f"epoch {progress.epoch} of {progress.epochs}, loss {progress.loss:.3f}, {progress.seconds:.0f} s"
        self.report(Event(f"train M_{number}", note, progress.epoch, progress.epochs))


def versions(lean: Lean) -> dict[str, str]:
    """What a generation was made with."""
    packages = {name: metadata.version(name) for name in ("lean-flywheel", "torch", "transformers", "lean-dojo")}
    return {"python": platform.python_version(), "embedded_lean": lean.installation.version, **packages}
