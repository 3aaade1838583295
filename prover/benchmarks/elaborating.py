"""Generated statements as Lean reads them: each with its canonical hash and its class."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from concurrent.futures import ThreadPoolExecutor
from dataclasses import replace
from typing import TYPE_CHECKING

from corpus.guard import classes_of
from corpus.records import BenchmarkRecord
from corpus.store import Corpus
from lean_env.benchmark.external import Classes
from lean_env.session.stating import state_text
from lean_env.theorem import Theorem
from prover.benchmarks.contract import Report

if TYPE_CHECKING:
    from prover.lean import Lean


def stored(corpus: Corpus, name: str, revision: str, digest: str) -> BenchmarkRecord | None:
    """The benchmark of this revision over this library, if the corpus has it with its classes."""
    for known in corpus.benchmarks():
        if (known.name, known.revision, known.library_digest) == (name, revision, digest) and classes_of(
            corpus.engine, known.key
        ):
            return known
    return None


def elaborated(lean: Lean, theorems: Sequence[Theorem], report: Report | None) -> Iterator[tuple[Theorem, str]]:
    """The theorems in their order, with expression hashes, and the class of each. Raises StatementRefused."""
    classify = Classes(lean.library)
    with ThreadPoolExecutor(lean.workers) as executor:
        read = executor.map(lambda one: state_text(lean.staters, one).read(), theorems)
        for number, (theorem, stated) in enumerate(zip(theorems, read, strict=True), start=1):
            yield replace(theorem, expression_hash=stated.expression_hash), classify.of(stated.type)
            if report is not None:
                report(number, len(theorems))
