"""lean-logic: generated statements, elaborated by Lean when they first come into a corpus."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import asdict, dataclass, field, replace
from functools import partial
from typing import TYPE_CHECKING, Any

from corpus.records import BenchmarkRecord, TheoremRecord
from corpus.store import Corpus
from lean_env.benchmark.external.text_class import class_of_statement
from lean_env.benchmark.lean_logic import LeanLogic, LogicConfig, load_lean_logic
from lean_env.benchmark.lean_logic.benchmark import DISPROOF, NAME
from lean_env.benchmark.lean_logic.rungs import GRADED, LOW, LowRungs, RungConfig, Rungs, load_rungs, rung_of
from lean_env.benchmark.lean_logic.rungs import NAME as RUNGS
from lean_env.benchmark.splits import TRAIN
from lean_env.theorem import Theorem
from prover.actions.elementary import ELEMENTARY
from prover.actions.repertoire import Repertoire
from prover.benchmarks.contract import NON_THEOREM, OpenCorpus, Report, Sheet
from prover.benchmarks.elaborating import elaborated, stored
from prover.rounds.plan import record_of

if TYPE_CHECKING:
    from prover.lean import Lean


@dataclass(frozen=True, slots=True)
class LogicBenchmark:
    """What the generator makes of `config`."""

    config: Any = field(default_factory=LogicConfig)
    name: str = NAME
    about: str = "generated statements, proved one rule or one rewrite a step"
    #: What makes the statements of `config`.
    load: Callable[[Any], LeanLogic] = load_lean_logic
    #: The revision of its generator.
    generator: int = LeanLogic.generator
    repertoire: Repertoire = ELEMENTARY
    train_stratum: str = "same-size"
    false_stratum: str = NON_THEOREM
    disproof_stratum: str = DISPROOF
    two_sided: bool = False

    def register(self, corpus: Corpus, lean: Lean, report: Report | None = None) -> BenchmarkRecord:
        """Stores it. The first time the statements are made (rungs: about a minute) and Lean elaborates each, for its
        canonical hash. What the corpus has of the same generator and configuration is not made again."""
        made_by = {"generator": self.generator, "config": self.config.model_dump(mode="json")}
        for known in corpus.benchmarks():
            same = known.name == self.name and known.library_digest == lean.library.digest
            if same and made_by.items() <= known.meta.items():
                return known
        logic = self.load(self.config)
        if (known_before := stored(corpus, self.name, logic.revision, lean.library.digest)) is not None:
            return known_before
        records: list[TheoremRecord] = []
        classes: dict[str, str] = {}
        for theorem, class_ in elaborated(lean, [*logic.theorems(), *logic.disproofs()], report):
            classes[theorem.name] = class_
            records.append(_record(logic, theorem))
        meta = {**made_by, "distribution": [asdict(row) for row in logic.distribution()]}
        corpus.set_guard(class_of_statement(record.statement) for record in records if record.split != TRAIN)
        return corpus.add_benchmark(self.name, logic.revision, lean.library.digest, records, meta, classes)

    def theorems(self, corpus: OpenCorpus, split: str | None = None, stratum: str | None = None) -> list[Theorem]:
        """In the order in which they are generated."""
        return self.load(self.config).theorems(split, stratum)

    def overview(self, corpus: OpenCorpus) -> Sheet:
        """How many statements there are of each kind; depths together, sizes across."""
        logic = self.load(self.config)
        found = logic.distribution()
        sizes = sorted({row.sizes for row in found}, key=lambda text: int(text.split("-")[0]))
        rows = []
        for group in dict.fromkeys((row.split, row.stratum, row.family, row.logic) for row in found):
            own = [row for row in found if (row.split, row.stratum, row.family, row.logic) == group]
            counts = [sum(row.count for row in own if row.sizes == size) for size in sizes]
            rows.append([*(str(value or "") for value in group), *(str(n or "") for n in counts), str(sum(counts))])
        title = f"{self.name}@{logic.revision}: statements by split, stratum, family, logic and size"
        return Sheet(title, rows, ["split", "stratum", "family", "logic", *sizes, "all"], data=found)

    def show(self, corpus: OpenCorpus, theorem: str) -> Sheet:
        """The statement, and how it is known to hold or not to. Raises KeyError."""
        logic = self.load(self.config)
        problem = logic.problem(theorem)
        rows = [
            *((key, str(value)) for key, value in _grade(logic, theorem).items()),
            ("family", problem.family),
            ("theorem", f"yes, {problem.logic}" if problem.theorem else f"no: {problem.counterexample}"),
            ("size", str(problem.size)),
            ("depth", str(problem.depth)),
        ]
        return Sheet(f"{problem.name} {problem.statement}", rows, data=problem)


def rungs_benchmark(config: RungConfig | None = None) -> LogicBenchmark:
    """The same families graded by what a proof takes: held-out statements in rungs, train statements of all of them."""
    return LogicBenchmark(
        config or RungConfig(),
        RUNGS,
        "generated statements in rungs, each asking for 1.3 times the effort of the one below",
        load_rungs,
        Rungs.generator,
        train_stratum=GRADED,
    )


def low_benchmark(config: RungConfig | None = None) -> LogicBenchmark:
    """The four lowest rungs by themselves, with 1,500 train statements in each: a language model from scratch learns to
    write such proofs."""
    rungs = rungs_benchmark(config or RungConfig(train=6000, held_out=60, rungs=4))
    about = "the four lowest rungs by themselves, 6,000 train statements: for models that write proofs"
    return replace(rungs, name=LOW, about=about, load=partial(load_rungs, kind=LowRungs))


def _grade(logic: LeanLogic, theorem: str) -> dict[str, int]:
    """Rung and effort, where theorems are graded."""
    effort = logic.efforts.get(theorem) if isinstance(logic, Rungs) else None
    return {} if effort is None else {"rung": rung_of(effort), "effort": effort}


def _record(logic: LeanLogic, theorem: Theorem) -> TheoremRecord:
    problem = logic.problem(theorem.name.removeprefix("not."))
    details = {
        "size": problem.size,
        "depth": problem.depth,
        "logic": str(problem.logic or ""),
        "class": problem.canonical,
        "counterexample": problem.counterexample,
        **_grade(logic, theorem.name),
    }
    return record_of(theorem, str(problem.family), details)
