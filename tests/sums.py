"""A benchmark beside the product's own, as somebody would add one: sums of small numbers, stated as text."""

from __future__ import annotations

from dataclasses import dataclass, replace

from corpus.records import BenchmarkRecord
from corpus.store import Corpus
from lean_env.theorem import Environment, Theorem
from prover.actions.repertoire import LIBRARY, Repertoire
from prover.benchmarks.contract import OpenCorpus, Report, Sheet
from prover.lean import Lean
from prover.rounds.plan import record_of


def _theorems() -> list[Theorem]:
    return [
        Theorem(
            f"sums.{a}_{b}",
            f": {a} + {b} = {a + b}" if (a + b) % 4 else f": {a} + {b} = {a + b + 1}",
            Environment(("Init",)),
            benchmark="sums",
            split="valid" if a == 3 else "train",
            stratum="true" if (a + b) % 4 else "false",
        )
        for a in range(4)
        for b in range(1, 4)
    ]


@dataclass(frozen=True, slots=True)
class Sums:
    """Nine train statements and three of valid; every fourth sum is wrong."""

    name: str = "sums"
    about: str = "sums of two numbers below four"
    repertoire: Repertoire = LIBRARY
    train_stratum: str = "true"
    false_stratum: str = "false"
    disproof_stratum: str = ""
    two_sided: bool = False

    def register(self, corpus: Corpus, lean: Lean, report: Report | None = None) -> BenchmarkRecord:
        stated = [replace(one, expression_hash=lean.stated(one).read().expression_hash) for one in _theorems()]
        return corpus.add_benchmark(self.name, "1", lean.library.digest, map(record_of, stated))

    def theorems(self, corpus: OpenCorpus, split: str | None = None, stratum: str | None = None) -> list[Theorem]:
        return [one for one in _theorems() if split in (None, one.split) and stratum in (None, one.stratum)]

    def overview(self, corpus: OpenCorpus) -> Sheet:
        return Sheet(
            "sums, right and wrong", [["train", "9"], ["valid", "3"]], ["split", "all"], ["no sum is left out"]
        )

    def show(self, corpus: OpenCorpus, theorem: str) -> Sheet:
        one = {one.name: one for one in _theorems()}[theorem]
        return Sheet(f"{one.name} {one.statement}", [("split", one.split)], data=one)
