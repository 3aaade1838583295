"""The real loop on small lean-logic, as the tests of the health panel turn it: one search process, minutes at most.

By hand, one run with its panel: `python tests/training/health_loop.py collapse` (PYTHONPATH the repository's root).
"""

from __future__ import annotations

import sys
import tempfile
from collections.abc import Mapping
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

from corpus.health import FIGURES, Health
from corpus.snapshot import SnapshotFilter, take_snapshot
from corpus.store import Corpus
from lean_env.benchmark.lean_logic import LogicConfig
from lean_env.benchmark.lean_logic.config import SizeLimits
from lean_env.benchmark.lean_logic.problem import Family
from prover.benchmarks.lean_logic import LogicBenchmark
from prover.lean import Lean
from training.config import FlywheelConfig
from training.data.from_corpus import trainable, training_proofs
from training.data.unverified import unverified_proofs
from training.flywheel import Flywheel, Turn
from training.trainers.choice import trainer_of

LOGIC = LogicConfig(
    train=600,
    held_out=60,
    beyond=2,
    non_theorems=2,
    families={Family.PROPOSITIONAL: 1.0},
    limits={Family.PROPOSITIONAL: SizeLimits(least=3, train_max_size=9, beyond_max_size=12)},
)

#: Small rounds, one stratum, 32 attempts at each of eight held-out theorems whatever they cost.
USUAL: Mapping[str, Any] = {
    "benchmark": "lean-logic",
    "generations": 3,
    "workers": 1,
    "grammar_theorems": 200,
    "grammar_steps": 48,
    "round__theorems": 80,
    "round__steps": 32,
    "round__disproofs": 0,
    "round__canaries": 0,
    "evaluation__strata": ("same-size",),
    "evaluation__theorems": 30,
    "evaluation__steps": 32,
    "evaluation__whole_budget": False,
    "train__epochs": 6,
    "health__share": 10,
    "health__theorems": 8,
    "health__steps": 24,
}
#: No noise, low temperature, one proof a theorem, nothing to learn from but itself.
_COLLAPSE: Mapping[str, Any] = {
    "round__temperature": 0.2,
    "round__noise": 0.0,
    "round__prior": 0.0,
    "train__data__proofs_per_theorem": 1,
    "sources": ("policy",),
    "generations": 4,
}
#: What the model is sure of, not what the kernel accepted.
_UNVERIFIED: Mapping[str, Any] = {"unverified": 0.5, "trees__training": 1.0, "sources": ("policy",)}
RUNS: Mapping[str, Mapping[str, Any]] = {
    "usual": {},
    "collapse": _COLLAPSE,
    "collapse-seeds": {**_COLLAPSE, "sources": ()},
    "collapse-hot": {**_COLLAPSE, "health__remedies__collapse": "temperature", "health__temperature": 2.0},
    "unverified": _UNVERIFIED,
    "verified": {"sources": ("policy",), "trees__training": 1.0},
    "unverified-seeds": {**_UNVERIFIED, "sources": ()},
    "bounded": {**_UNVERIFIED, "health__remedies__overconfidence": "stop"},
    "family": {"generations": 2, "trees__training": 1.0},
    "control": {
        "generations": 2,
        "trees__training": 1.0,
        "seed": 1,
        "train__model__hidden": 48,
        "train__model__layers": 1,
        "train__model__heads": 2,
        "train__model__feed_forward": 128,
    },
}


@dataclass
class Loops:
    """Runs of one corpus; each is made when it is first asked for."""

    lean: Lean
    corpus: Corpus
    folder: Path
    done: dict[str, list[Turn]] = field(default_factory=dict)

    def fly(self, name: str) -> Flywheel:
        """A flywheel of the run."""
        return Flywheel(settings_of(name), self.lean, self.corpus, self.folder / name)

    def __getitem__(self, name: str) -> list[Turn]:
        if name not in self.done:
            self.done[name] = self.fly(name).run()
        return self.done[name]

    def health(self, name: str) -> list[Health]:
        """Of its generations."""
        return [turn.health for turn in self[name]]

    def student(self, teacher: str, verified: bool = True) -> Path:
        """A network of the usual family, trained on what the teacher's models found (`verified`) or were sure of, and
        on nothing else."""
        self[teacher]
        flywheel = self.fly("family")
        taught = take_snapshot(self.corpus, SnapshotFilter(run=teacher, sources=("policy",)))
        accepted = training_proofs(self.corpus, taught.hash, flywheel.benchmark.repertoire)
        out = self.folder / f"student of {teacher}{'' if verified else ', unverified'}"
        trainer_of(flywheel.config.train, flywheel.actions).train(
            accepted if verified else unverified_proofs(self.corpus, teacher, 0.5),
            out,
            seed=flywheel.rounds.seed("train"),
            statements=[one.statement for one in trainable(self.corpus, "lean-logic")],
        )
        return out


def settings_of(name: str) -> FlywheelConfig:
    """Of a run in RUNS."""
    return FlywheelConfig.load(None, name=name, **{**USUAL, **RUNS[name]})


def opened(lean: Lean, folder: Path) -> Loops:
    """An empty corpus with the statements in it."""
    corpus = Corpus.open(str(folder / "corpus.db"))
    LogicBenchmark(LOGIC).register(corpus, lean)
    return Loops(lean, corpus, folder)


def table(turns: list[Turn]) -> str:
    """All figures of a run, a line each, then its alarms and remedies."""
    health = {f"M_{turn.generation.number}": turn.health for turn in turns}
    lines = [f"{'':44}" + "".join(f"{name:>9}" for name in health)]
    for name, figure in FIGURES.items():
        lines.append(f"{figure.label:44}" + "".join(f"{figure.text(one.figures[name]):>9}" for one in health.values()))
    for count in ("solved", "states"):
        lines.append(f"{f'held-out {count}':44}" + "".join(f"{one.counts[count]:>9}" for one in health.values()))
    for number, one in health.items():
        lines += [f"{number} {alarm.failure}: {alarm.text}" for alarm in one.alarms]
        lines += [f"{number} {remedy}" for remedy in one.remedies]
    return "\n".join(lines)


if __name__ == "__main__":
    with tempfile.TemporaryDirectory() as made, Lean(1, settings_of(sys.argv[1]).limits) as lean_:
        loops = opened(lean_, Path(made))
        for asked in sys.argv[1:]:
            print(f"{asked}: {dict(RUNS[asked])}\n{table(loops[asked])}\n", flush=True)
