"""The real loop on small lean-logic, as the tests of the health panel turn it: one search process, minutes at most.

By hand, one run with its panel: `python tests/training/health_loop.py collapse` (PYTHONPATH the repository's root).
"""

from __future__ import annotations

import sys
import tempfile
from collections.abc import Iterable, Iterator, Mapping
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

from corpus.health import FIGURES, Health
from corpus.records import RoundKind, StepRecord
from corpus.round_trees import round_trees
from corpus.store import Corpus
from lean_env.benchmark.lean_logic import LogicConfig
from lean_env.benchmark.lean_logic.config import SizeLimits
from lean_env.benchmark.lean_logic.problem import Family
from lean_env.theorem import Theorem
from prover.benchmarks.lean_logic import LogicBenchmark
from prover.lean import Lean
from prover.policies.ranker.checkpoint import load_ranker
from prover.policies.ranker.config import ModelConfig
from prover.policies.ranker.policy import RankerPolicy
from prover.rounds.plan import theorem_of
from prover.search.streams import stream_seed
from training.config import FlywheelConfig
from training.data.dataset import TrainingProof
from training.data.from_corpus import trainable
from training.data.unverified import UNVERIFIED
from training.flywheel import ROUND_0, Flywheel, Turn
from training.trainers.ranker import RankerTrainer
from training.trainers.ranker_config import TrainConfig

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
_UNVERIFIED: Mapping[str, Any] = {
    "unverified": 0.5,
    "trees__training": 1.0,
    "sources": ("policy",),
    "generations": 2,
}
RUNS: Mapping[str, Mapping[str, Any]] = {
    "usual": {},
    "collapse": _COLLAPSE,
    "collapse-seeds": {**_COLLAPSE, "sources": (), "generations": 2},
    "collapse-hot": {
        **_COLLAPSE,
        "generations": 2,
        "health__remedies__collapse": "temperature",
        "health__temperature": 2.0,
    },
    "unverified": _UNVERIFIED,
    "verified": {"sources": ("policy",), "trees__training": 1.0, "generations": 2},
    "bounded": {**_COLLAPSE, "health__remedies__collapse": "stop"},
}
#: A network of another family: other sizes, and it starts from other weights.
CONTROL = ModelConfig(hidden=48, layers=1, heads=2, feed_forward=128)


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

    def load(self, name: str, number: int) -> RankerPolicy:
        """M_number of a run."""
        return load_ranker(self.folder / name / f"M_{number}", self.fly(name).actions)

    def taught(
        self,
        name: str,
        proofs: Iterable[TrainingProof],
        *,
        seed: int,
        model: ModelConfig | None = None,
        seed_share: float | None = None,
    ) -> RankerPolicy:
        """A network that learned these steps and nothing else, of the usual family or of another `model`; round 0's
        proofs among them get `seed_share` of the weight."""
        flywheel = self.fly("unverified")
        settings = flywheel.config.train
        assert isinstance(settings, TrainConfig)
        mixed = {"proofs_per_theorem": 1000, "seed_share": seed_share, "seed_sources": ROUND_0}
        data = settings.data.model_copy(update=mixed)
        settings = settings.model_copy(update={"epochs": 8, "data": data, "model": model or settings.model})
        out = self.folder / name
        statements = [one.statement for one in trainable(self.corpus, "lean-logic")]
        RankerTrainer(flywheel.actions, settings).train(proofs, out, seed=seed, statements=statements)
        return load_ranker(out, flywheel.actions)

    def favourites(self, teacher: RankerPolicy, most: int = 500) -> Iterator[TrainingProof]:
        """In states of train theorems that the searches of the run `unverified` met, what the teacher likes best."""
        met: dict[str, Theorem] = {}
        for round in self.corpus.rounds("unverified", RoundKind.TRAIN):
            for record, trees in round_trees(self.corpus, round) if round.generation_id is not None else ():
                theorem = theorem_of(record, round.benchmark)
                met |= {state.text: met.get(state.text, theorem) for tree in trees for state in tree.states}
        space = self.fly("unverified").actions
        for text in sorted(met, key=lambda text: stream_seed("drift", text))[:most]:
            situation = space.look(met[text].environment, text)
            if len(situation.candidates):
                tactic = situation.text(int(teacher.log_probs(situation).argmax()))
                yield TrainingProof(met[text], (StepRecord(text, tactic, ""),), UNVERIFIED)


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
