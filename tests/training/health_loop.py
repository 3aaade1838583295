"""The real loop on small lean-logic, as the tests of the health panel turn it: one Lean process, minutes at most."""

from __future__ import annotations

from dataclasses import dataclass
from pathlib import Path
from typing import Any

from corpus.health import FIGURES, Health
from corpus.store import Corpus
from lean_env.benchmark.lean_logic import LogicConfig
from lean_env.benchmark.lean_logic.config import SizeLimits
from lean_env.benchmark.lean_logic.problem import Family
from prover.benchmarks.lean_logic import LogicBenchmark
from prover.lean import Lean
from training.config import FlywheelConfig
from training.flywheel import Flywheel, Turn

LOGIC = LogicConfig(
    train=600,
    held_out=60,
    beyond=2,
    non_theorems=2,
    families={Family.PROPOSITIONAL: 1.0},
    limits={Family.PROPOSITIONAL: SizeLimits(least=3, train_max_size=9, beyond_max_size=12)},
)


@dataclass(frozen=True)
class Home:
    """A corpus with the statements in it, and a place for models: several runs share it."""

    lean: Lean
    corpus: Corpus
    folder: Path

    def fly(self, name: str, **settings: Any) -> Flywheel:
        """A flywheel of these settings over the usual ones."""
        return Flywheel(settings_of(name, **settings), self.lean, self.corpus, self.folder / name)

    def run(self, name: str, **settings: Any) -> list[Turn]:
        """All of its generations."""
        return self.fly(name, **settings).run()


def opened(lean: Lean, folder: Path) -> Home:
    corpus = Corpus.open(str(folder / "corpus.db"))
    LogicBenchmark(LOGIC).register(corpus, lean)
    return Home(lean, corpus, folder)


def settings_of(name: str, **settings: Any) -> FlywheelConfig:
    """Small rounds, one stratum, and 24 attempts at each of 10 held-out theorems whatever they cost."""
    usual: dict[str, Any] = {
        "benchmark": "lean-logic",
        "generations": 4,
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
        "health__theorems": 12,
        "health__steps": 24,
        "health__attempts": 32,
    }
    return FlywheelConfig.load(None, name=name, **usual | settings)


def table(turns: list[Turn]) -> str:
    """All figures of a run, a line each."""
    lines = [f"{'':44}" + "".join(f"{f'M_{turn.generation.number}':>9}" for turn in turns)]
    health: list[Health] = [turn.health for turn in turns]
    for name, figure in FIGURES.items():
        lines.append(f"{figure.label:44}" + "".join(f"{figure.text(one.figures[name]):>9}" for one in health))
    lines.append(f"{'held-out solved':44}" + "".join(f"{one.counts['solved']:>9}" for one in health))
    for turn in turns:
        lines += [f"M_{turn.generation.number} {one.failure}: {one.text}" for one in turn.health.alarms]
    return "\n".join(lines)
