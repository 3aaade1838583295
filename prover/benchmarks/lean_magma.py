"""lean-magma: implications between laws of magmas, each with its denial, elaborated by Lean when they first come into a
corpus."""

from __future__ import annotations

from dataclasses import asdict, dataclass, field
from functools import lru_cache
from typing import TYPE_CHECKING

from corpus.records import BenchmarkRecord, TheoremRecord
from corpus.store import Corpus
from lean_env.benchmark.external.text_class import class_of_statement
from lean_env.benchmark.lean_magma.benchmark import (
    DENY,
    NAME,
    NON_THEOREM,
    PROVE,
    Implication,
    MagmaConfig,
    load_lean_magma,
)
from lean_env.benchmark.lean_magma.laws import implication_class, law
from lean_env.benchmark.splits import TRAIN
from lean_env.theorem import Theorem
from prover.actions.magma import MAGMA
from prover.actions.repertoire import Repertoire
from prover.benchmarks.contract import OpenCorpus, Report, Sheet, counts_table
from prover.benchmarks.elaborating import elaborated, stored
from prover.rounds.plan import record_of

if TYPE_CHECKING:
    from prover.lean import Lean

_load = lru_cache(maxsize=4)(load_lean_magma)


@dataclass(frozen=True, slots=True)
class MagmaBenchmark:
    """What the generator makes of `config`. A theorem's denial is called `not.` and its name."""

    config: MagmaConfig = field(default_factory=MagmaConfig)
    name: str = NAME
    about: str = "does one law of magmas imply another: to prove, or to refute by a finite table"
    repertoire: Repertoire = MAGMA
    train_stratum: str = PROVE
    false_stratum: str = NON_THEOREM
    disproof_stratum: str = DENY
    two_sided: bool = True

    def register(self, corpus: Corpus, lean: Lean, report: Report | None = None) -> BenchmarkRecord:
        """Stores it. Lean elaborates every statement the first time, for its canonical hash."""
        magma = _load(self.config)
        if (known := stored(corpus, self.name, magma.revision, lean.library.digest)) is not None:
            return known
        records: list[TheoremRecord] = []
        classes: dict[str, str] = {}
        for theorem, class_ in elaborated(lean, magma.theorems(), report):
            classes[theorem.name] = class_
            records.append(record_of(theorem, extra=details(magma.implication(theorem.name), theorem.name)))
        meta = {"config": magma.config.model_dump(mode="json"), "distribution": magma.distribution()}
        corpus.set_guard(class_of_statement(record.statement) for record in records if record.split != TRAIN)
        return corpus.add_benchmark(self.name, magma.revision, lean.library.digest, records, meta, classes)

    def theorems(self, corpus: OpenCorpus, split: str | None = None, stratum: str | None = None) -> list[Theorem]:
        """In the order in which they are generated, a denial behind its theorem."""
        return _load(self.config).theorems(split, stratum)

    def overview(self, corpus: OpenCorpus) -> Sheet:
        """How many statements there are of each grade."""
        magma = _load(self.config)
        counts = {split: dict(found) for split, found in magma.distribution().items()}
        columns, rows = counts_table(counts)
        notes = [
            "false-N: refuted by a table of N elements; true-N: proved in N rewrites (true-6: or more)",
            "each statement has two theorems, its own and that of its denial (not.NAME)",
        ]
        return Sheet(f"{self.name}@{magma.revision}: statements by split and grade", rows, columns, notes, counts)

    def show(self, corpus: OpenCorpus, theorem: str) -> Sheet:
        """Both laws and what is known. Raises KeyError."""
        magma = _load(self.config)
        one = magma.implication(theorem)
        statement = next(each.statement for each in magma.theorems(one.split) if each.name == theorem)
        rows = [
            (f"law {one.hypothesis}", law(one.hypothesis).text()),
            (f"law {one.conclusion}", law(one.conclusion).text()),
            ("split", one.split),
            ("grade", one.grade),
            ("known", one.verdict),
        ]
        return Sheet(f"{theorem} {statement}", rows, data=asdict(one) | {"statement": statement})


def details(one: Implication, theorem: str) -> dict[str, object]:
    """What the corpus stores beside a theorem: laws, grade, what is known, and the theorem that says the opposite."""
    counterpart = one.name if theorem == one.denial_name else one.denial_name
    return {
        "hypothesis": one.hypothesis,
        "conclusion": one.conclusion,
        "class": "{}-{}".format(*implication_class(one.hypothesis, one.conclusion)),
        "grade": one.grade,
        "known": one.verdict,
        **({} if one.canary else {"counterpart": counterpart}),
    }
