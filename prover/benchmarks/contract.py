"""What a benchmark is to the loop and to the command line.

`Benchmark` is a protocol: lean_core.py, lean_logic.py and external.py implement it, and registry.py finds them by name.
"""

from __future__ import annotations

from collections.abc import Callable, Sequence
from contextlib import AbstractContextManager
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any, Protocol

if TYPE_CHECKING:
    from corpus.records import BenchmarkRecord, TheoremRecord
    from corpus.store import Corpus
    from lean_env.theorem import Theorem
    from prover.actions.repertoire import Repertoire
    from prover.lean import Lean

#: The stratum of statements that are false.
NON_THEOREM = "non-theorem"

#: Opens the corpus for those benchmarks that are nowhere else. Raises CorpusMissing.
OpenCorpus = Callable[[], "AbstractContextManager[Corpus]"]

#: Told how many statements of how many Lean has read.
Report = Callable[[int, int], None]


class UnknownBenchmark(ValueError):
    """No benchmark of this name. The message lists those there are."""


class OtherLibrary(ValueError):
    """A benchmark's statements were read over another library than the embedded Lean's. The message names both."""


@dataclass(frozen=True, slots=True)
class Sheet:
    """Something about a benchmark for people, and the same for scripts."""

    #: One line.
    title: str
    #: Cells of the table.
    rows: Sequence[Sequence[str]]
    #: Heads of its columns; without them the first column names what the second says.
    columns: Sequence[str] = ()
    #: Lines below the table.
    notes: Sequence[str] = ()
    #: What --json prints.
    data: Any = None


class Benchmark(Protocol):
    """A named set of theorems with splits and strata. Strata are '' where there is no such thing."""

    @property
    def name(self) -> str:
        """What `--bench` and the corpus call it, without a revision."""
        ...

    @property
    def about(self) -> str:
        """One line for the list of benchmarks."""
        ...

    @property
    def repertoire(self) -> Repertoire:
        """What trained policies and the grammar may do there."""
        ...

    @property
    def train_stratum(self) -> str:
        """The stratum of the train split that rounds search."""
        ...

    @property
    def false_stratum(self) -> str:
        """Train rows that are no theorems. Each round tries some: none may be certified."""
        ...

    @property
    def disproof_stratum(self) -> str:
        """Train theorems which say of some of these that they are false."""
        ...

    @property
    def two_sided(self) -> bool:
        """Whether the train theorems of both strata deny each other, so that a statement is searched on both sides."""
        ...

    def register(self, corpus: Corpus, lean: Lean, report: Report | None = None) -> BenchmarkRecord:
        """Stores it and guards its valid and test statements, all strata of them. Again is harmless.

        Raises Conflict when the same revision is stored with other theorems, StatementRefused, and UnknownBenchmark.
        """
        ...

    def theorems(
        self, corpus: OpenCorpus, split: str | None = None, stratum: str | None = None
    ) -> Sequence[Theorem | TheoremRecord]:
        """The theorems of a split and stratum (None: of all), always in the same order."""
        ...

    def overview(self, corpus: OpenCorpus) -> Sheet:
        """What is in it: counts, and what was left out."""
        ...

    def show(self, corpus: OpenCorpus, theorem: str) -> Sheet:
        """One theorem, all that is known of it. Raises KeyError."""
        ...


def counts_table(counts: dict[str, dict[str, int]]) -> tuple[list[str], list[list[str]]]:
    """Columns and rows of a table by split and stratum. `counts`: split -> stratum -> theorems."""
    strata = sorted({stratum for row in counts.values() for stratum in row})
    rows = [
        [split, *(str(row.get(stratum, 0)) for stratum in strata), str(sum(row.values()))]
        for split, row in counts.items()
    ]
    return ["split", *strata, "all"], rows
