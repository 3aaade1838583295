"""Benchmarks that others wrote, in the corpus: usable theorems as rows, unusable ones with their reasons beside them.

flywheel bench load PATH          (python: `register_external`)
"""

from __future__ import annotations

from collections import Counter
from collections.abc import Sequence
from dataclasses import dataclass, replace
from difflib import get_close_matches
from typing import TYPE_CHECKING

from corpus.certified import certified
from corpus.guard import classes_of, guarded
from corpus.records import BenchmarkRecord, TheoremRecord
from corpus.store import Corpus
from lean_env.benchmark.external import PREFIX, STRATUM, External, Known, Unusable, Usable
from lean_env.benchmark.external.text_class import class_of_statement
from lean_env.benchmark.lean_core.benchmark import PARTS, load_manifest
from lean_env.benchmark.splits import TRAIN
from prover.actions.repertoire import LIBRARY, Repertoire
from prover.benchmarks.contract import OpenCorpus, OtherLibrary, Report, Sheet, UnknownBenchmark, counts_table
from prover.benchmarks.labels import contradicted, reason
from prover.rounds.plan import record_of

if TYPE_CHECKING:
    from prover.lean import Lean


@dataclass(frozen=True, slots=True)
class ExternalBenchmark:
    """A benchmark that was loaded into a corpus and is nowhere else. Nobody has measured which theorems are easy."""

    name: str
    about: str = "somebody else's benchmark"
    repertoire: Repertoire = LIBRARY
    train_stratum: str = STRATUM
    false_stratum: str = ""
    disproof_stratum: str = ""
    two_sided: bool = False

    def register(self, corpus: Corpus, lean: Lean, report: Report | None = None) -> BenchmarkRecord:
        """The newest revision that is stored. Raises UnknownBenchmark, OtherLibrary."""
        record = self._record(corpus)
        if record.library_digest != lean.library.digest:
            core = " --core" if record.meta.get("core") else ""
            raise OtherLibrary(
                f"{record.key} was stated over the library {record.library_digest[:16]}, and the embedded Lean has "
                f"{lean.library.digest[:16]}: `flywheel bench load {record.meta['source']} --name "
                f"{self.name.removeprefix(PREFIX)}{core}` states it over this one"
            )
        return record

    def theorems(
        self, corpus: OpenCorpus, split: str | None = None, stratum: str | None = None
    ) -> Sequence[TheoremRecord]:
        """The usable ones, in the order of the files."""
        return self._stored(corpus, split, stratum)[1]

    def overview(self, corpus: OpenCorpus) -> Sheet:
        """How many are usable by split, and why others are not."""
        record, theorems = self._stored(corpus)
        counts: dict[str, dict[str, int]] = {}
        for split, count in sorted(Counter(one.split for one in theorems).items()):
            counts[split] = {STRATUM: count}
        columns, rows = counts_table(counts)
        unusable = record.meta["unusable"]
        notes = [f"{len(unusable)} unusable; `flywheel bench load` says why"] if unusable else []
        with corpus() as opened:
            notes += [one.text for one in contradicted(opened, theorems)]
        return Sheet(f"{record.key}: usable theorems, from {record.meta['source']}", rows, columns, notes, counts)

    def show(self, corpus: OpenCorpus, theorem: str) -> Sheet:
        """Where it comes from and what was changed for this Lean. Raises KeyError."""
        one = {one.name: one for one in self.theorems(corpus)}[theorem]
        rows = [
            ("from", one.extra["place"]),
            ("its header", one.extra["header"]),
            ("imports here", ", ".join(one.imports)),
            *([("stands under", one.header.text.strip("\n"))] if one.header is not None else []),
            ("changed", "; ".join(one.extra["notes"]) or "nothing"),
            ("split", one.split),
            ("expression hash", one.statement_hash),
        ]
        return Sheet(f"{one.name} {one.statement}", rows, data=one)

    def _stored(
        self, corpus: OpenCorpus, split: str | None = None, stratum: str | None = None
    ) -> tuple[BenchmarkRecord, list[TheoremRecord]]:
        with corpus() as opened:
            record = self._record(opened)
            return record, opened.theorems(record.key, split, stratum)

    def _record(self, corpus: Corpus) -> BenchmarkRecord:
        if (record := find_external(corpus, self.name)) is None:
            known = {record.name for record in corpus.benchmarks() if record.name.startswith(PREFIX)}
            near = get_close_matches(self.name, known, 1)
            meant = f"did you mean {near[0]}? " if near else ""
            raise UnknownBenchmark(
                f"this corpus has no benchmark {self.name!r}; {meant}`flywheel bench load PATH` adds one"
            )
        return record


def register_external(corpus: Corpus, external: External) -> BenchmarkRecord:
    """Stores what can be attempted; its valid and test statements join the guard, and with them those that read like
    one in what was loaded before. The same one again changes nothing.

    A row whose label says the opposite of what this corpus has certified is kept apart with the unusable ones.
    The record's meta says where it came from (path, SHA-256 of the files) and lists what cannot be attempted, with why.
    """
    external = without_contradicted(corpus, external)
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
    corpus.set_guard(key for row in external.rows if row.split != TRAIN for key in row.text_classes)
    record = corpus.add_benchmark(
        external.key, external.revision, external.library_digest, records, meta, external.classes
    )
    guard_copies_of_texts(corpus)
    return record


def without_contradicted(corpus: Corpus, external: External) -> External:
    """The rows whose label contradicts a certified proof in this corpus are unusable, both theorems of each."""
    denied = {
        one.theorem.expression_hash: one.row.place for one in external.usable if one.row.extra.get("label") == "false"
    }
    places = {denied[found.statement_hash]: found for found in certified(corpus.engine, denied)}
    if not places:
        return external
    apart = [
        Unusable(
            one.row,
            f"its label contradicts a certified proof, {reason(places[one.row.place])}",
        )
        for one in external.usable
        if one.row.place in places
    ]
    return replace(
        external,
        usable=tuple(one for one in external.usable if one.row.place not in places),
        unusable=(*external.unusable, *apart),
        classes={
            name: class_ for name, class_ in external.classes.items() if name not in {one.row.name for one in apart}
        },
    )


def guard_copies_of_texts(corpus: Corpus) -> None:
    """What Lean cannot read here is known to the guard by its text alone. A train theorem that Lean does read, of any
    loaded benchmark, and whose text reads the same, says what it says: the class of its statement joins the guard.

    lean-core and lean-logic are compared by what Lean read only: their splits share texts without sharing a statement.
    """
    for benchmark in corpus.benchmarks():
        if not benchmark.name.startswith(PREFIX):
            continue
        classes = classes_of(corpus.engine, benchmark.key)
        texts = [(one, _text_class(one)) for one in corpus.theorems(benchmark.key, TRAIN)]
        held_out = guarded(corpus.engine, (text for _, text in texts))
        # Benchmarks that an older version stored have no classes; then the statement alone is known.
        corpus.set_guard(classes.get(one.name, one.statement_hash) for one, text in texts if text in held_out)


def _text_class(theorem: TheoremRecord) -> str:
    return class_of_statement(theorem.statement, theorem.header.text if theorem.header is not None else "")


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
    """Every statement of the corpus, of lean-core and of lean-std, the benchmark named `but` excepted."""
    known = [
        Known(part.name, entry.name, entry.split, entry.expression_hash, entry.statement_class)
        for part in PARTS
        for entry in load_manifest(part).entries
    ]
    for benchmark in corpus.benchmarks():
        if benchmark.name == but or benchmark.name.startswith(tuple(part.name for part in PARTS)):
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
    return record_of(usable.theorem, extra=details, header_ndjson=usable.header_ndjson)
