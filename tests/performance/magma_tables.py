"""What more refutations teach, without Lean: the network is trained on train statements of lean-magma with tables that
refute them, and asked for its order of the 40 tables on valid ones.

    python -m tests.performance.magma_tables [--statements 40 150 400] [--tables 1] [--epochs 12] [--batch 8]

Printed: of the valid statements that one of the 40 refutes, how many the first k tables refute, for the network and for
two fixed orders. `--tables`: so many of those that refute a train statement are learned from, drawn at random.
"""

from __future__ import annotations

import argparse
import random
import tempfile
import time
from collections.abc import Callable, Sequence
from pathlib import Path

import numpy as np

from corpus.records import StepRecord
from lean_env.benchmark.lean_magma import MagmaConfig, load_lean_magma
from lean_env.benchmark.lean_magma.benchmark import Implication
from lean_env.benchmark.lean_magma.laws import Equation, law
from lean_env.benchmark.lean_magma.statements import universal
from lean_env.benchmark.lean_magma.tables import satisfied
from prover.actions.magma import MAGMA
from prover.actions.refuting import REFUTATIONS, TABLES
from prover.actions.space import ActionSpace
from prover.policies.ranker.checkpoint import load_ranker
from prover.policies.ranker.policy import RankerOptions
from training.config import FlywheelConfig
from training.data.dataset import TrainingProof
from training.trainers.ranker_config import TrainConfig
from training.trainers.ranker_training import train

MARKS = (1, 4, 8, 12, 24)

#: Places in TABLES, the most promising first.
Order = Callable[[Implication], Sequence[int]]


def refuting(one: Implication) -> list[int]:
    """Places of the tables in which the hypothesis holds and the conclusion does not."""
    holds = satisfied([law(one.hypothesis).equation, law(one.conclusion).equation], TABLES)
    return [int(place) for place in np.flatnonzero(holds[0] & ~holds[1])]


def state(one: Implication) -> str:
    """The denial's goal as Lean prints it."""
    return (
        f"⊢ ¬∀ (G : Type) (op : G → G → G), ({_printed(law(one.hypothesis).equation)}) → "
        f"{_printed(law(one.conclusion).equation)}"
    )


def _printed(equation: Equation) -> str:
    names, _, body = universal(equation).removeprefix("∀ ").partition(" : G, ")
    return f"∀ ({names} : G), {body}"


def counts(valid: dict[Implication, list[int]], order: Order) -> str:
    """`8: 35` for each mark: so many statements have a table that refutes among the first eight."""
    ranks = []
    for one, tables in valid.items():
        places = list(order(one))
        ranks.append(min(places.index(table) for table in tables))
    return ", ".join(f"{mark}: {sum(rank < mark for rank in ranks)}" for mark in MARKS)


def learned(proofs: Sequence[TrainingProof], statements: Sequence[str], config: TrainConfig) -> Order:
    """The order of a network that was trained on these proofs."""
    space = ActionSpace(None, MAGMA)
    with tempfile.TemporaryDirectory() as folder:
        train(proofs, space, config, Path(folder) / "model", seed=0, statements=statements)
        policy = load_ranker(Path(folder) / "model", space, RankerOptions(), "pilot")
    environment = proofs[0].theorem.environment

    def order(one: Implication) -> list[int]:
        situation = space.look_at(environment, state(one), 1)
        # A denial has the tables for candidates and nothing else, in their order.
        return [int(place) for place in np.argsort(-policy.log_probs(situation))]

    return order


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--statements", type=int, nargs="+", default=[40, 150, 400])
    parser.add_argument("--tables", type=int, default=1)
    parser.add_argument("--epochs", type=int, default=12)
    parser.add_argument("--batch", type=int, default=8)
    options = parser.parse_args()
    magma = load_lean_magma(MagmaConfig())
    theorems = {theorem.name: theorem for theorem in magma.theorems()}
    splits: dict[str, dict[Implication, list[int]]] = {"train": {}, "valid": {}}
    for one in magma.implications:
        if one.split in splits and one.table is not None and not one.canary and (tables := refuting(one)):
            splits[one.split][one] = tables
    known, valid = splits["train"], splits["valid"]
    print(f"{len(valid)} valid statements")
    print("in the order of TABLES:", counts(valid, lambda _one: range(len(TABLES))))
    refuted = np.bincount([table for tables in known.values() for table in tables], minlength=len(TABLES))
    print("by train statements refuted:", counts(valid, lambda _one: [int(place) for place in np.argsort(-refuted)]))
    config = FlywheelConfig.load(benchmark="lean-magma").train
    assert isinstance(config, TrainConfig)
    config = config.model_copy(update={"epochs": options.epochs, "batch_size": options.batch})
    for count in options.statements:
        draw, started = random.Random(0), time.process_time()
        proofs = []
        for one in draw.sample(list(known), min(count, len(known))):
            tables = list(known[one])
            draw.shuffle(tables)
            proofs += [
                TrainingProof(
                    theorems[one.denial_name], (StepRecord(state(one), REFUTATIONS[table], "no goals"),), "policy"
                )
                for table in tables[: options.tables]
            ]
        found = counts(valid, learned(proofs, [state(one) for one in known], config))
        print(f"trained on {min(count, len(known))}:", found, f"({time.process_time() - started:.0f} s)", flush=True)


if __name__ == "__main__":
    main()
