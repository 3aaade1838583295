"""What further tactic forms reach: portfolio search with those of composed_forms.py and without, in equal steps.

    python -m tests.performance.bench_forms --theorems 100 --steps 256

Hard theorems of lean-core's random split, drawn by hash, of the train split unless another one is named, so that valid
stays unseen where forms are chosen. What a search claims is certified by the gate, or it does not count. In brackets:
proved with the forms and not without : the other way round.
"""

from __future__ import annotations

import argparse
import hashlib
import tempfile
from collections import Counter
from dataclasses import replace
from pathlib import Path

from corpus.records import AttemptStatus
from corpus.store import Corpus
from prover.actions.forms import Slot
from prover.actions.repertoire import LIBRARY
from prover.actions.space import ActionSpace
from prover.benchmarks.registry import register
from prover.lean import Lean
from prover.policies.portfolio import PORTFOLIO_EDGES, PortfolioPolicy
from prover.rounds.attempt import Phase, attempt
from prover.rounds.plan import theorem_of
from prover.search.best_first import BestFirst
from prover.search.budget import Budget
from tests.performance.composed_forms import COMPOSED

BENCHMARK = "lean-core-random"
#: A state's candidates are three times as many.
_EDGES = 3 * PORTFOLIO_EDGES
WIDE = replace(
    LIBRARY,
    templates=LIBRARY.templates + COMPOSED,
    pair_limits={**LIBRARY.pair_limits, Slot.REWRITE_BACK: 4, Slot.CLOSER: 5},
)


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--theorems", type=int, default=100)
    parser.add_argument("--steps", type=int, default=256)
    parser.add_argument("--split", default="train")
    asked = parser.parse_args()
    new = {one.name for one in COMPOSED}
    with Lean(1) as lean, tempfile.TemporaryDirectory() as folder:
        with Corpus.open(str(Path(folder) / "corpus.db")) as corpus:
            register(corpus, BENCHMARK, lean)
            hard = corpus.theorems(BENCHMARK, asked.split, "hard")
        chosen = sorted(hard, key=lambda one: hashlib.sha256(one.name.encode()).hexdigest())[: asked.theorems]
        plain = lean.space(LIBRARY)
        arms = {
            "without": Phase(PortfolioPolicy(plain), Budget(asked.steps), BestFirst(edges_per_state=PORTFOLIO_EDGES)),
            "with": Phase(
                PortfolioPolicy(ActionSpace(plain.retriever, WIDE), _EDGES),
                Budget(asked.steps),
                BestFirst(edges_per_state=_EDGES),
            ),
        }
        proved: dict[str, set[str]] = {arm: set() for arm in arms}
        used: Counter[str] = Counter()
        for number, record in enumerate(chosen):
            for arm, phase in arms.items():
                done = attempt(theorem_of(record), phase, 0, lean.tools)
                if done is not None and done.status is AttemptStatus.PROVED and done.proof is not None:
                    proved[arm].add(record.name)
                    forms = {step.template for step in done.proof.steps} & new
                    used.update(forms)
                    if forms:
                        print(f"{record.name}: {'; '.join(step.tactic for step in done.proof.steps)}")
            print(f"{number + 1}/{len(chosen)}", end="\r", flush=True)
    more, fewer = proved["with"] - proved["without"], proved["without"] - proved["with"]
    print(
        f"{len(chosen)} {asked.split} theorems, {asked.steps} steps: {len(proved['without'])} proved without the forms,"
    )
    print(f"{len(proved['with'])} with them ({len(more)} : {len(fewer)}); in proofs: {dict(used) or 'none of them'}")


if __name__ == "__main__":
    main()
