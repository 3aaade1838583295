"""Benchmarks that others wrote, in the corpus: usable theorems as rows, unusable ones with their reasons beside them.

flywheel bench load PATH          (python: `register_external`)
"""

from __future__ import annotations

from corpus.guard import classes_of, guarded
from corpus.records import BenchmarkRecord, TheoremRecord
from corpus.store import Corpus
from lean_env.benchmark.external import PREFIX, External, Known, Usable
from lean_env.benchmark.external.text_class import class_of_statement
from lean_env.benchmark.lean_core.benchmark import NAME as LEAN_CORE
from lean_env.benchmark.lean_core.benchmark import load_lean_core
from lean_env.benchmark.splits import TRAIN
from prover.rounds.round import record_of


def register_external(corpus: Corpus, external: External) -> BenchmarkRecord:
    """Stores what can be attempted; its valid and test statements join the guard, and with them those that read like
    one in what was loaded before. The same one again changes nothing.

    The record's meta says where it came from (path, SHA-256 of the files) and lists what cannot be attempted, with why.
    """
    meta = {
        "source": str(external.source),
        "sha256": external.digest,
        "format": external.format.value,
        "files": external.files,
        "core": external.core,
        "unusable": [
            {
                "name": one.row.name,
                "split": one.row.split,
                "place": one.row.place,
                # Printed states of LeanDojo's 100,000 theorems would be read with every list of benchmarks.
                "statement": "" if one.row.library else one.row.statement,
                "text_hash": one.row.text_hash,
                "reason": one.reason,
            }
            for one in external.unusable
        ],
    }
    records = [_record(one, external.classes[one.theorem.name]) for one in external.usable]
    corpus.set_guard(row.text_class for row in external.rows if row.split != TRAIN)
    record = corpus.add_benchmark(
        external.key, external.revision, external.library_digest, records, meta, external.classes
    )
    guard_copies_of_texts(corpus)
    return record


def guard_copies_of_texts(corpus: Corpus) -> None:
    """What Lean cannot read here is known to the guard by its text alone. A train theorem that Lean does read, of any
    loaded benchmark, and whose text reads the same, says what it says: the class of its statement joins the guard.

    lean-core and lean-logic are compared by what Lean read only: their splits share texts without sharing a statement.
    """
    for benchmark in corpus.benchmarks():
        if not benchmark.name.startswith(PREFIX):
            continue
        classes = classes_of(corpus.engine, benchmark.key)
        texts = [(one, class_of_statement(one.statement)) for one in corpus.theorems(benchmark.key, TRAIN)]
        held_out = guarded(corpus.engine, (text for _, text in texts))
        # Benchmarks that an older version stored have no classes; then the statement alone is known.
        corpus.set_guard(classes.get(one.name, one.statement_hash) for one, text in texts if text in held_out)


def find_external(corpus: Corpus, key: str, digest: str | None = None) -> BenchmarkRecord | None:
    """The newest benchmark stored under `key` (`external/NAME` or with its revision), of files with this SHA-256."""
    name, _, revision = key.partition("@")
    found = [
        record
        for record in corpus.benchmarks()
        if record.name == name and revision in ("", record.revision) and digest in (None, record.meta.get("sha256"))
    ]
    return found[-1] if found else None


def known_statements(corpus: Corpus, *, but: str) -> list[Known]:
    """Every statement of the corpus and of lean-core, the benchmark named `but` excepted."""
    manifest = load_lean_core()
    known = [
        Known(LEAN_CORE, entry.name, entry.split, entry.expression_hash, entry.statement_class)
        for entry in manifest.entries
    ]
    for benchmark in corpus.benchmarks():
        if benchmark.name == but or benchmark.name.startswith(LEAN_CORE):
            continue
        classes = classes_of(corpus.engine, benchmark.key)
        known += [
            Known(benchmark.key, theorem.name, theorem.split, theorem.statement_hash, classes.get(theorem.name, ""))
            for theorem in corpus.theorems(benchmark.key)
        ]
    return known


def _record(usable: Usable, statement_class: str) -> TheoremRecord:
    row = usable.row
    details = {
        **row.extra,
        "class": statement_class,
        "place": row.place,
        "header": row.scope.header(),
        "proved": row.proved,
        "notes": list(usable.notes),
    }
    return record_of(usable.theorem, extra=details)
