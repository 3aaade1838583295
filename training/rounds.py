"""The rounds of a run: which theorems they try, and what is kept of them."""

from __future__ import annotations

import threading
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, replace
from typing import Any

from corpus.records import AttemptStatus, RoundKind, RoundRecord, TheoremRecord
from corpus.round_results import history, outcomes
from corpus.store import Corpus
from prover.benchmarks.contract import Benchmark
from prover.evaluation.evaluate import Arm, Evaluation, evaluate
from prover.lean import Lean
from prover.rounds.frontier import Probe, allocate
from prover.rounds.matchmaker import History, MatchmakerConfig, budget, select
from prover.rounds.plan import Plan, RoundConfig
from prover.rounds.progress import Job, Progress
from prover.rounds.round import RoundSummary, run_round, run_rounds
from prover.rounds.verify import OnceEach
from prover.search.minimize import CHEAP_CLOSERS
from prover.search.streams import stream_seed
from training.arms import Model, budget_of
from training.budgets import own_steps
from training.canaries import require_none_accepted
from training.config import ConfigError, FlywheelConfig
from training.data.from_corpus import trainable
from training.data.goal_round import store_closed_goals
from training.events import Event, Interrupted, Report
from training.scope import within
from training.sides import counterparts, open_side, require_one_side

NOTHING: Mapping[str, Any] = {}


@dataclass(frozen=True, slots=True)
class Rounds:
    """Rounds of `config` over `benchmark`. What is stored already is not run again."""

    config: FlywheelConfig
    lean: Lean
    corpus: Corpus
    benchmark: Benchmark
    report: Report
    stop: threading.Event

    def matched(
        self,
        arm: str,
        stratum: str,
        count: int,
        plan: Plan,
        model: Model,
        number: int,
        said: Mapping[str, Any] = NOTHING,
    ) -> RoundSummary:
        """A round over `count` train theorems of the stratum, which and with what budgets by the matchmaker. `said`: in
        what else the plan differs from the settings, and why."""
        settings = self.config.round
        matchmaker = MatchmakerConfig(
            growth=settings.growth, solved_share=settings.again, known_share=settings.known if arm == "policy" else 0.0
        )
        log = history(self.corpus, self.config.benchmark, "train", self.config.name)
        theorems = self.wanted(trainable(self.corpus, self.config.benchmark, stratum))
        past = {theorem.name: log[theorem.name] for theorem in theorems}
        # Disproofs are not graded.
        first = own_steps(theorems, settings.steps, settings.steps_per_effort if arm == "policy" else 0.0)
        if settings.frontier and arm == "policy":
            rungs = {theorem.name: int(theorem.extra["rung"]) for theorem in theorems if "rung" in theorem.extra}
            return self.frontier(rungs, first, past, matchmaker, count, stratum, plan, model, number, said)
        stored = settings.model_dump() | dict(said)
        if self.benchmark.two_sided:
            side = open_side(theorems, log, stratum)
            past = {name: past[name] for name in side.theorems}
            # What is said of a round that was begun before stays as it was: it is part of what names the round.
            known = self._begun(arm, stratum, number + 1)
            stored |= {"matchmaker": "both sides", "why": list(side.why) if known is None else known.config["why"]}
        chosen = select(past, self.seed("round", number), count, matchmaker)
        # Of all of them: a resumed round has others pending than would be chosen now.
        budgets = {name: budget_of(budget(past[name], first[name], matchmaker).steps) for name in past}
        plan = replace(plan, budgets=budgets)
        return self.run(arm, stratum, chosen, plan, stored, model.generation_id, number + 1)

    def _begun(self, arm: str, stratum: str, number: int) -> RoundRecord | None:
        """The round of this number that was begun before a kill."""
        wanted = (arm, stratum, self.seed("round", number))
        found = self.corpus.rounds(self.config.name, RoundKind.TRAIN)
        return next((one for one in found if (one.arm, one.stratum, one.seed) == wanted), None)

    def require_one_side(self) -> None:
        """Raises BothSidesCertified if any rounds of this run certified a statement and its denial."""
        if self.benchmark.two_sided:
            theorems = self.corpus.theorems(self.config.benchmark)
            require_one_side(self.corpus, theorems, self.corpus.rounds(self.config.name))

    def frontier(
        self,
        rungs: Mapping[str, int],
        budgets: Mapping[str, int],
        past: Mapping[str, History],
        matchmaker: MatchmakerConfig,
        count: int,
        stratum: str,
        plan: Plan,
        model: Model,
        number: int,
        said: Mapping[str, Any] = NOTHING,
    ) -> RoundSummary:
        """Probes each rung with the model, then searches where it solves some and not all, in as many steps as `count`
        attempts take. Where the steps go follows from the probes alone, so a resumed round finds the same; the words
        for it are stored with the round. Raises ConfigError where no theorem is in a rung."""
        settings, seed = self.config.round, self.seed("round", number)
        if not rungs:
            raise ConfigError(
                f"round.frontier needs train theorems in rungs; {self.config.benchmark} has none, lean-logic-rungs has"
            )
        by_rung = {rung: [name for name in rungs if rungs[name] == rung] for rung in sorted(set(rungs.values()))}
        drawn = [
            name
            for names in by_rung.values()
            for name in sorted(names, key=lambda name: self.seed("probe", number, name))[: settings.frontier]
        ]
        plan = replace(plan, budgets={name: budget_of(steps) for name, steps in budgets.items()})
        self.run("probe", stratum, drawn, plan, {**settings.model_dump(), **said}, model.generation_id, number + 1)
        (probed,) = (
            one
            for one in self.corpus.rounds(self.config.name, RoundKind.TRAIN)
            if (one.arm, one.seed) == ("probe", self.seed("round", number + 1))
        )
        found: dict[int, list[bool]] = {rung: [] for rung in by_rung}
        for outcome in outcomes(self.corpus, probed):
            if outcome.status not in (None, AttemptStatus.ERROR):
                found[rungs[outcome.theorem]].append(outcome.status is AttemptStatus.PROVED)
        probes = {rung: Probe(sum(solved), len(solved)) for rung, solved in found.items()}
        whole = round(count * sum(budgets[name] for name in rungs) / len(rungs))
        left = max(0, whole - sum(budgets[name] for name in drawn))
        mean = {rung: round(sum(budgets[name] for name in names) / len(names)) for rung, names in by_rung.items()}
        shared = allocate(probes, left, mean)
        chosen: list[str] = []
        for rung, names in by_rung.items():
            open_ = {name: past[name] for name in names if name not in drawn}
            chosen += select(open_, seed, shared.attempts[rung], matchmaker)
        # What a rung has too few statements for goes to the broad share.
        left -= sum(budgets[name] for name in chosen)
        taken = {*drawn, *chosen}
        for name in select({name: past[name] for name in rungs if name not in taken}, seed, None, matchmaker):
            if budgets[name] <= left:
                left -= budgets[name]
                chosen.append(name)
        why = {"matchmaker": "frontier", "why": list(shared.why)}
        return self.run(
            "policy", stratum, chosen, plan, {**settings.model_dump(), **said, **why}, model.generation_id, number + 1
        )

    def closed_goals(self, arm: str, stratum: str, number: int) -> None:
        """Goals that the failed attempts of the round of M_number closed, as theorems with proofs. Raises
        Interrupted."""
        searched = self._begun(arm, stratum, number + 1)
        if searched is None:
            raise LookupError(f"run {self.config.name!r} has no round {number + 1} of {arm}")

        def progress(done: int, total: int) -> None:
            self.report(Event(f"round {number + 1} closed goals", f"{done}/{total}", done, total))

        posed = store_closed_goals(self.corpus, self.lean, searched, self.stop, progress)
        self.check_stop()
        note = f"{posed.claimed} claimed by failed attempts, {posed.posed} of them new, {posed.refused} not readable"
        self.report(Event(f"round {number + 1} closed goals", note, lasting=True))

    def canaries(self, plan: Plan, model: Model, number: int, arm: str = "canary") -> None:
        """Searches for proofs of statements that are false. Raises CanaryAccepted if the gate lets one through."""
        stratum = self.benchmark.false_stratum
        names = [theorem.name for theorem in self.corpus.theorems(self.config.benchmark, "train", stratum)]
        drawn = sorted(names, key=lambda name: self.seed("canary", number, name))[: self.config.round.canaries]
        # Of kind `eval`, so that no snapshot takes what such a round stores.
        self.run(arm, stratum, drawn, plan, {}, model.generation_id, number, RoundKind.EVAL)
        rounds = [r for r in self.corpus.rounds(self.config.name) if r.seed == self.seed("round", number)]
        (canaries,) = (r for r in rounds if (r.kind, r.arm, r.stratum) == (RoundKind.EVAL, arm, stratum))
        require_none_accepted(self.corpus, canaries, rounds, number)

    def run(
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
        """Starts or resumes a round over these train theorems. Raises Interrupted, RoundFailed."""
        library = {} if plan.lending is None else {"library": plan.lending.snapshot}
        record = self.corpus.start_round(
            run=self.config.name,
            generation_id=generation_id,
            benchmark=self.config.benchmark,
            split="train",
            stratum=stratum,
            arm=arm,
            kind=kind,
            seed=self.seed("round", number),
            config={**settings, "config_hash": self.config.digest(), **library},
            selection=selection,
        )
        title = f"round {number} {arm}"
        summary = run_round(
            self.corpus,
            record,
            plan,
            self.lean.crew,
            self.lean.tools.verify,
            self._round_config(kind),
            on_progress=lambda progress: self._round_progress(title, progress),
            stop=self.stop,
        )
        self.check_stop()
        return summary

    def evaluate(self, stratum: str, arms: Sequence[Arm]) -> Evaluation:
        """All arms on the held-out theorems of a stratum, `all` for any."""
        settings = self.config.evaluation
        stratum = "" if stratum == "all" else stratum
        theorems = self.wanted(self.corpus.theorems(self.config.benchmark, settings.split, stratum or None))
        # Both sides of a statement, or neither.
        opposite = counterparts(theorems) if self.benchmark.two_sided else {}
        names = {theorem.name: min(theorem.name, opposite.get(theorem.name, theorem.name)) for theorem in theorems}
        if factor := settings.steps_per_effort:
            steps = own_steps(theorems, settings.steps, factor)
            arms = [_with_own_steps(arm, steps, settings.steps, factor) for arm in arms]
        evaluation = evaluate(
            self.corpus,
            arms,
            _sample(names, settings.theorems, "evaluation"),
            run=self.config.name,
            benchmark=self.config.benchmark,
            split=settings.split,
            stratum=stratum,
            seed=self.seed("evaluation"),
            crew=self.lean.crew,
            verify=self.lean.tools.verify,
            config=self._round_config(RoundKind.EVAL),
            on_progress=lambda arm, progress: self._round_progress(f"evaluate {arm}", progress),
            stop=self.stop,
        )
        self.check_stop()
        return evaluation

    def held_out(self, split: str, stratum: str, count: int) -> list[str]:
        """`count` names of held-out theorems of a stratum ('' for any), the same for every seed."""
        theorems = self.wanted(self.corpus.theorems(self.config.benchmark, split, stratum or None))
        return _sample({theorem.name: theorem.name for theorem in theorems}, count, "health")

    def repeated(
        self, arm: str, split: str, stratum: str, names: Sequence[str], plan: Plan, attempts: int, generation_id: int
    ) -> RoundRecord:
        """A round of kind `eval` with so many attempts at each theorem, each with random streams of its own; no search
        tree of them is kept. Raises Interrupted, RoundFailed."""
        phase = plan.policy
        record = self.corpus.start_round(
            run=self.config.name,
            generation_id=generation_id,
            benchmark=self.config.benchmark,
            split=split,
            stratum=stratum,
            arm=arm,
            kind=RoundKind.EVAL,
            seed=self.seed("health"),
            config={"steps": phase.budget.steps, "search": phase.search.settings, "attempts": attempts},
            selection=names,
        )
        jobs = [Job(record, plan, ordinal=ordinal) for ordinal in range(attempts)]
        config = replace(self._round_config(RoundKind.EVAL), minimize_steps=0, trees=0.0)
        for done, job in enumerate(jobs):
            job.tell = lambda _progress, done=done: self.report(Event(arm, "repeated attempts", done, attempts))
        run_rounds(self.corpus, iter(jobs), self.lean.crew, OnceEach(self.lean.tools.verify), config, stop=self.stop)
        self.check_stop()
        return record

    def _round_config(self, kind: RoundKind) -> RoundConfig:
        closers = () if self.benchmark.repertoire.allows else CHEAP_CLOSERS
        trees = self.config.trees.evaluation if kind is RoundKind.EVAL else self.config.trees.training
        closed = self.config.round.closed_goals if kind is RoundKind.TRAIN else 0
        if self.config.writes_proofs:  # a sample that is certified is stored as it was written
            return RoundConfig(closers=closers, trees=trees, minimize_steps=0)
        return RoundConfig(closers=closers, trees=trees, closed_goals=closed)

    def seed(self, *parts: object) -> int:
        """Of a part of the run."""
        return stream_seed(self.config.seed, *parts)

    def first(self, stratum: str, count: int) -> list[str]:
        """`count` names of train theorems, the same for every seed."""
        theorems = self.wanted(trainable(self.corpus, self.config.benchmark, stratum))
        return _sample({theorem.name: theorem.name for theorem in theorems}, count, "train")

    def wanted(self, theorems: Sequence[TheoremRecord]) -> list[TheoremRecord]:
        """Of these those of the part of the benchmark that the run stays in."""
        return within(self.config, self.corpus, theorems)

    def check_stop(self) -> None:
        """Raises Interrupted if the run was asked to stop."""
        if self.stop.is_set():
            raise Interrupted(f"run {self.config.name!r} stopped; what was accepted is stored, --resume goes on")

    def _round_progress(self, title: str, progress: Progress) -> None:
        note = (
            f"{progress.solved} proved of {progress.done}/{progress.total}, {progress.steps_per_second:.0f} steps/s, "
            f"{progress.seconds_left:.0f} s left"
        )
        self.report(Event(title, note, progress.done, progress.total))


def _with_own_steps(arm: Arm, steps: Mapping[str, int], least: int, factor: float) -> Arm:
    """The arm with what each theorem has beyond `least` on top of its own budget, so that M_0 at the whole budget keeps
    what it has more than others. An arm that needs less than `least` is left alone: portfolio-1 tries six tactics."""
    if arm.budget.steps < least:
        return arm
    budgets = {name: budget_of(arm.budget.steps + own - least) for name, own in steps.items()}
    return replace(arm, budgets=budgets, settings={**arm.settings, "steps_per_effort": factor})


def _sample(names: Mapping[str, str], count: int, purpose: str) -> list[str]:
    """`count` names drawn by the hashes of what they map to: the same on every machine, a smaller count a prefix of a
    larger one."""
    return sorted(names, key=lambda name: stream_seed("sample", purpose, names[name]))[:count]
