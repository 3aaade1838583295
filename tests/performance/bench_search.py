"""Settings of AND/OR search beside each other: what they prove in equal steps, and how often they ask the model.

    python -m tests.performance.bench_search --home HOME --run NAME --generation 6 leaves=2 leaves=4 leaves=8
    python -m tests.performance.bench_search --home HOME --run NAME kind=best-first widening=1,exploration=0.1

The same held-out theorems (valid), steps and model for each; the first line is AND/OR search as it comes. A question is
one call of the policy. In brackets: theorems that these settings prove and the first line's do not : the other way
round.
"""

from __future__ import annotations

import argparse
from collections.abc import Sequence
from contextlib import closing
from dataclasses import dataclass, field
from pathlib import Path

from corpus.store import Corpus
from prover.benchmarks.registry import benchmark_of
from prover.cli.policies import policy_of
from prover.lean import Lean
from prover.policy import Policy, PolicyQuery, Proposal
from prover.rounds.plan import theorem_of
from prover.search.budget import Budget, Ended
from prover.search.kinds import StepSearch
from training.config import FlywheelConfig


@dataclass
class Arm:
    """One setting with its account: the policy as it is asked by it, and what came of it."""

    name: str
    search: StepSearch
    policy: Policy
    proved: set[str] = field(default_factory=set)
    steps: int = 0
    questions: int = 0
    states: int = 0

    def propose(self, queries: Sequence[PolicyQuery]) -> list[list[Proposal]]:
        self.questions += 1
        self.states += len(queries)
        return self.policy.propose(queries)


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("settings", nargs="+", help="FIELD=VALUE of [search], several joined by commas")
    parser.add_argument("--home", type=Path, required=True)
    parser.add_argument("--run", required=True)
    parser.add_argument("--generation", type=int, default=4)
    parser.add_argument("--theorems", type=int, default=100)
    parser.add_argument("--steps", type=int, default=128)
    asked = parser.parse_args()
    with closing(Corpus.open(str(asked.home / "corpus.db"))) as corpus:
        (record,) = (one for one in corpus.runs() if one.name == asked.run)
        config = FlywheelConfig.load(started=record.config)
        held_out = corpus.theorems(config.benchmark, "valid")
    chosen = held_out[:: max(1, len(held_out) // asked.theorems)][: asked.theorems]
    with Lean(1, config.limits) as lean:
        space = lean.space(benchmark_of(config.benchmark).repertoire)
        model = policy_of(str(asked.home / "models" / asked.run / f"M_{asked.generation}"), space)
        arms = []
        for text in ("kind=andor", *asked.settings):
            changes = dict(one.split("=", 1) for one in text.split(","))
            arms.append(Arm(text, config.search.changed({"kind": "andor", **changes}).as_search(), model))
        for number, theorem in enumerate(map(theorem_of, chosen)):
            for arm in arms:
                with lean.open_session(theorem) as (session, root):
                    result = arm.search.prove(session, root, theorem, arm, Budget(asked.steps), seed=0)
                arm.steps += result.steps
                if result.ended is Ended.PROVED:
                    arm.proved.add(theorem.name)
            print(f"{number + 1}/{len(chosen)}", end="\r", flush=True)
    print(f"{len(chosen)} theorems, {asked.steps} steps, {asked.run}/M_{asked.generation}")
    first = arms[0].proved
    for arm in arms:
        print(
            f"{arm.name}: {len(arm.proved)} proved ({len(arm.proved - first)} : {len(first - arm.proved)}), "
            f"{arm.steps} steps, {arm.questions} questions about {arm.states} states"
        )


if __name__ == "__main__":
    main()
