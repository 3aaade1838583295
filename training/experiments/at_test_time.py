"""Does learning at test time help? Statements that a run's newest model leaves open, each with variants of it, and then
by search alone in the same processor seconds.

    for found in Trial(flywheel, settings, folder).rows(): ...          # flywheel experiment variants

Seconds are those of everything: search, training, gate, Lean. The first search is in both. Each side of a statement is
an attempt in a round of kind `eval`, stored when it is done, so that a killed comparison goes on. What a killed
specialist had cost nobody knows: its statement begins anew.
"""

from __future__ import annotations

import shutil
from collections.abc import Iterator, Sequence
from dataclasses import dataclass, replace
from functools import cached_property
from pathlib import Path
from typing import Any

from corpus.records import AttemptRecord, AttemptStatus, GenerationRecord, RoundKind, RoundRecord, TheoremRecord
from corpus.round_results import STRENGTH, TheoremOutcome, certified_in, outcomes
from corpus.store import Corpus
from lean_env.theorem import Theorem
from prover.benchmarks.variants import REPERTOIRES, NoVariants
from prover.evaluation.statistics import Interval, bootstrap_interval, sign_test
from prover.rounds.attempt import Refused, Undecided, attempt
from prover.rounds.plan import theorem_of
from prover.search.budget import Budget
from prover.search.graph import ProofStep
from prover.search.streams import stream_seed
from prover.search.until_spent import UntilSpent
from training.config import FlywheelConfig
from training.events import Interrupted
from training.experiments.first_try import as_m_0, first_try, fitted
from training.experiments.specialist import NAME, Specialist, settings_for
from training.flywheel import Flywheel

WITH, ALONE = "with variants", "search alone"
#: Of a search that processor seconds end: more steps than any of them takes.
_NO_LIMIT = 10**9


class NothingToTry(Exception):
    """The comparison cannot be made. The text says why, and what would help."""


@dataclass(frozen=True, slots=True)
class TrialSettings:
    """`theorems` open statements of `split`, of these strata alone if any are named; `variants` of each, `turns` of the
    wheel on them. `steps`: tactic steps of each try at the statement itself; None: as in the run's evaluations."""

    theorems: int
    variants: int
    turns: int
    split: str
    strata: tuple[str, ...] = ()
    steps: int | None = None


@dataclass(frozen=True, slots=True)
class Pair:
    """One statement, both ways."""

    theorem: str
    stratum: str
    with_variants: TheoremOutcome
    alone: TheoremOutcome


@dataclass(frozen=True)
class Compared:
    """What is done so far, `wanted` in all. `wins`: proved with variants alone; `losses`: by search alone alone; `p`:
    McNemar's exact test of these."""

    run: str
    wanted: int
    pairs: tuple[Pair, ...]

    def proved(self, side: str) -> int:
        return sum(_proved(self._side(pair, side)) for pair in self.pairs)

    def seconds(self, side: str) -> float:
        """Mean processor seconds a statement."""
        return sum(self._side(pair, side).cpu_seconds for pair in self.pairs) / max(1, len(self.pairs))

    @property
    def wins(self) -> int:
        return sum(_proved(pair.with_variants) and not _proved(pair.alone) for pair in self.pairs)

    @property
    def losses(self) -> int:
        return sum(_proved(pair.alone) and not _proved(pair.with_variants) for pair in self.pairs)

    @property
    def p(self) -> float:
        return sign_test(self.wins, self.losses)

    @cached_property
    def interval(self) -> Interval:
        """Of the difference of the rates, by a bootstrap over statements."""
        return bootstrap_interval([float(_proved(one.with_variants)) - _proved(one.alone) for one in self.pairs])

    @staticmethod
    def _side(pair: Pair, side: str) -> TheoremOutcome:
        return pair.with_variants if side == WITH else pair.alone


@dataclass(slots=True)
class Trial:
    """`flywheel`: the run whose newest model is tried. `folder`: of the specialists' corpora, one a statement."""

    flywheel: Flywheel
    settings: TrialSettings
    folder: Path

    def rows(self) -> Iterator[Compared]:
        """After each statement what there is so far. Raises NothingToTry, Interrupted, and what a specialist raises."""
        corpus, generation = self.flywheel.corpus, self._newest()
        names = self._open(generation)
        rounds = {side: self._round(side, generation, names) for side in (WITH, ALONE)}
        by_name = {one.name: one for one in corpus.theorems(self.flywheel.config.benchmark, self.settings.split)}
        yield self._compared(rounds)
        # A round that was begun keeps what it had selected.
        for name in [one.theorem for one in outcomes(corpus, rounds[WITH])]:
            record = by_name[name]
            todo = [side for side, round in rounds.items() if name in {one.name for one in corpus.pending(round)}]
            if not todo:
                continue
            if WITH in todo:
                corpus.record_attempt(rounds[WITH], self._with_variants(record, generation))
            ours = next(one for one in outcomes(corpus, rounds[WITH]) if one.theorem == name)
            if ALONE in todo and _has_verdict(ours):
                corpus.record_attempt(rounds[ALONE], self._alone(record, generation, ours.cpu_seconds))
            yield self._compared(rounds)
        for round in rounds.values():
            corpus.finish_round(round)

    def _newest(self) -> GenerationRecord:
        name = self.flywheel.config.name
        found = [one for one in self.flywheel.corpus.generations(name) if one.finished_at]
        if not found:
            raise NothingToTry(f"run {name!r} has no trained generation; `flywheel run --name {name}` makes one")
        if self.flywheel.config.train.kind != "ranker" or self._repertoire not in REPERTOIRES:
            raise NothingToTry("variants are learned from by a ranker, on lean-core, lean-std or lean-logic's kinds")
        return max(found, key=lambda one: one.number)

    @property
    def _repertoire(self) -> str:
        return self.flywheel.benchmark.repertoire.name

    def _open(self, generation: GenerationRecord) -> list[str]:
        """What the model's evaluations left open, drawn by seed and name. Raises NothingToTry."""
        corpus, config, wanted = self.flywheel.corpus, self.flywheel.config, self.settings
        arm = f"M_{generation.number}"
        found: dict[str, bool] = {}
        for round in corpus.rounds(config.name, RoundKind.EVAL):
            if (round.arm, round.split, round.generation_id) == (arm, wanted.split, generation.id):
                for one in outcomes(corpus, round):
                    if _has_verdict(one) and one.stratum in (wanted.strata or [one.stratum]):
                        found[one.theorem] = found.get(one.theorem, False) or _proved(one)
        left = [name for name, proved in found.items() if not proved]
        if not left:
            what = "no statement of that kind" if not found else f"none of {len(found)} statements"
            raise NothingToTry(
                f"{arm} of {config.name!r} leaves {what} open on {wanted.split}; `flywheel eval --name {config.name} "
                f"--split {wanted.split} --theorems N` tries more"
            )
        return sorted(left, key=lambda name: stream_seed(config.seed, "at test time", name))[: wanted.theorems]

    def _round(self, side: str, generation: GenerationRecord, names: Sequence[str]) -> RoundRecord:
        config, settings = self.flywheel.config, self.settings
        return self.flywheel.corpus.start_round(
            run=config.name,
            generation_id=generation.id,
            benchmark=config.benchmark,
            split=settings.split,
            stratum="",
            arm=side,
            kind=RoundKind.EVAL,
            seed=config.seed,
            config={
                "variants": settings.variants,
                "turns": settings.turns,
                "steps": self._steps,
                "search": config.search.stored(),
                "strata": list(settings.strata),
            },
            selection=names,
        )

    @property
    def _steps(self) -> int:
        return self.settings.steps or self.flywheel.config.evaluation.steps

    def _specialists(self) -> FlywheelConfig:
        """A specialist's settings, with the run's own search and limits."""
        run, wanted = self.flywheel.config, self.settings
        name = f"variants/{self._repertoire}"
        made = settings_for(name, wanted.variants, self._steps, wanted.turns, run.seed, run.workers)
        return made.model_copy(
            update={"search": run.search, "heartbeats": run.heartbeats, "soft_ms": run.soft_ms, "trees": run.trees}
        )

    def _with_variants(self, record: TheoremRecord, generation: GenerationRecord) -> AttemptRecord:
        """A specialist from nothing, and what it took."""
        flywheel, config = self.flywheel, self._specialists()
        theorem, own = theorem_of(record, config.benchmark), self.folder / record.name.replace("/", "-")
        shutil.rmtree(own, ignore_errors=True)
        own.mkdir(parents=True)
        begun = flywheel.meter.spent
        with Corpus.open(str(own / "corpus.db")) as corpus:
            proof, steps, more = self._specialist(theorem, config, corpus, own / "models", generation)
        status, reason = AttemptStatus.UNPROVED, ""
        if proof is not None:
            try:  # by the same gate, for the statement as the run's corpus has it
                certified = flywheel.lean.tools.verify(theorem, proof, "policy")
                status = AttemptStatus.PROVED
            except Refused as error:
                status, reason = AttemptStatus.REJECTED, str(error)
            except Undecided as error:
                status, reason = AttemptStatus.ERROR, str(error)
        proved = status is AttemptStatus.PROVED
        return AttemptRecord(
            theorem=record.name,
            status=status,
            steps=steps,
            heartbeats=0,
            steps_to_proof=steps if proved else None,
            reason=reason,
            stats={"cpu_seconds": flywheel.meter.spent - begun, **more},
            proof=certified if proved else None,
        )

    def _specialist(
        self, theorem: Theorem, config: FlywheelConfig, corpus: Corpus, models: Path, generation: GenerationRecord
    ) -> tuple[list[ProofStep] | None, int, dict[str, Any]]:
        """The target's proof, the tactic steps that were taken, and what became of the variants."""
        flywheel, own = self.flywheel, config.evaluation.steps
        lean, model = flywheel.lean, Path(generation.model_path or "")
        phase = as_m_0(model, lean.space(flywheel.benchmark.repertoire), config)
        count = self.settings.variants
        try:
            found = first_try(theorem, phase, config, lean, corpus, count, flywheel.report, flywheel.stop.is_set)
        except NoVariants as error:
            return None, own, {"no_variants": str(error)}
        if found is not None:
            return [ProofStep(step.tactic) for step in found.steps], own, {"variants": 0}
        wheel = Specialist(fitted(config, corpus), lean, corpus, models, model, flywheel.report, flywheel.stop)
        turned = wheel.turn()
        more = {"variants": turned.variants, "proved": turned.proved, "denied": turned.denied}
        return _target_proof(corpus), own + turned.steps, more

    def _alone(self, record: TheoremRecord, generation: GenerationRecord, allowed: float) -> AttemptRecord:
        """One search until `allowed` seconds are used up; where it has nothing left before that, further ones with a
        round's noise."""
        flywheel, config = self.flywheel, self._specialists()
        lean, theorem = flywheel.lean, theorem_of(record, config.benchmark)
        phase = as_m_0(Path(generation.model_path or ""), lean.space(flywheel.benchmark.repertoire), config)
        begun, made = flywheel.meter.spent, list[AttemptRecord]()

        def spent() -> bool:
            return flywheel.meter.spent - begun >= allowed

        while not made or not (spent() or made[-1].status is AttemptStatus.PROVED):
            search = replace(config.search.as_search(), noise=config.round.noise if made else 0.0)
            now = replace(phase, budget=Budget(_NO_LIMIT), search=UntilSpent(search, spent))
            seed = stream_seed(config.seed, "alone", len(made))
            one = attempt(theorem, now, seed, lean.tools, closers=(), stopped=flywheel.stop.is_set)
            if one is None:
                raise Interrupted("the comparison was stopped; the same command goes on")
            made.append(one)
        best = min(made, key=lambda one: STRENGTH.index(one.status))
        steps = sum(one.steps for one in made)
        seconds = {"cpu_seconds": flywheel.meter.spent - begun, "allowed": allowed}
        return replace(
            best,
            steps=steps,
            steps_to_proof=None if best.proof is None else steps,
            stats={**best.stats, **seconds, "searches": [one.reason for one in made]},
        )

    def _compared(self, rounds: dict[str, RoundRecord]) -> Compared:
        ours, alone = (
            {one.theorem: one for one in outcomes(self.flywheel.corpus, rounds[side])} for side in (WITH, ALONE)
        )
        done = [name for name in ours if _has_verdict(ours[name]) and _has_verdict(alone[name])]
        pairs = tuple(Pair(name, ours[name].stratum, ours[name], alone[name]) for name in done)
        return Compared(self.flywheel.config.name, len(ours), pairs)


def _proved(outcome: TheoremOutcome) -> bool:
    return outcome.status is AttemptStatus.PROVED


def _has_verdict(outcome: TheoremOutcome) -> bool:
    """An error says nothing, and the same command tries again."""
    return outcome.status not in (None, AttemptStatus.ERROR)


def _target_proof(corpus: Corpus) -> list[ProofStep] | None:
    """The tactics of the target's proof in a specialist's corpus."""
    for round in corpus.rounds(NAME, RoundKind.EVAL):
        for proof in certified_in(corpus, round).values():
            return [ProofStep(step.tactic) for step in proof.steps]
    return None
