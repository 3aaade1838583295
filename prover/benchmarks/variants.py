"""Variants of one theorem as a benchmark, each with its denial; the theorem itself is what is held out.

    make_variants(corpus, lean, target, VARIANTS + "elementary", open_goals, count=40)

Such a benchmark lives in a corpus of its own: what is learned from variants of a theorem is for that theorem alone, and
other models are to be measured without it. `corpus merge` and archives refuse it (corpus/private.py).
"""

from __future__ import annotations

import hashlib
from collections import Counter
from collections.abc import Sequence
from dataclasses import dataclass, replace
from typing import TYPE_CHECKING

from corpus.private import PRIVATE
from corpus.records import BenchmarkRecord, TheoremRecord
from corpus.store import Corpus
from lean_env.benchmark.external import Classes
from lean_env.benchmark.splits import TRAIN, VALID
from lean_env.gate.statement import Statement
from lean_env.session.stating import StatementRefused, state_text
from lean_env.theorem import Theorem
from prover.actions.elementary import ELEMENTARY
from prover.actions.repertoire import LIBRARY, Repertoire
from prover.benchmarks.contract import OpenCorpus, Report, Sheet, UnknownBenchmark, counts_table
from prover.benchmarks.variant_texts import Variant, denial_of, statement_of, variants
from prover.goal import Goal
from prover.rounds.plan import record_of

if TYPE_CHECKING:
    from prover.lean import Lean

VARIANT, DENIAL, TARGET = "variant", "denial", "target"
#: By the last part of a benchmark's name, what may be done there.
REPERTOIRES = {"elementary": ELEMENTARY, "library": LIBRARY}
#: Texts that are looked at for each variant that is wanted: most of the others say the same as one before.
_LOOKED_AT = 6


class NoVariants(Exception):
    """No variant of a theorem can be made. The text says why."""


@dataclass(frozen=True, slots=True)
class Variants:
    """`variants/elementary` or `variants/library`, in a corpus of its own."""

    name: str
    about: str = "variants of one theorem, in a corpus of their own"
    train_stratum: str = VARIANT
    false_stratum: str = ""
    disproof_stratum: str = DENIAL
    two_sided: bool = True

    @property
    def repertoire(self) -> Repertoire:
        """What the theorem's policy may do."""
        return REPERTOIRES[self.name.removeprefix(PRIVATE)]

    def register(self, corpus: Corpus, lean: Lean, report: Report | None = None) -> BenchmarkRecord:
        """That of this corpus. Raises UnknownBenchmark."""
        return self._record(corpus)

    def theorems(
        self, corpus: OpenCorpus, split: str | None = None, stratum: str | None = None
    ) -> Sequence[TheoremRecord]:
        """In the order in which they were made."""
        with corpus() as opened:
            return opened.theorems(self._record(opened).key, split, stratum)

    def overview(self, corpus: OpenCorpus) -> Sheet:
        """Counts, and what was dropped."""
        with corpus() as opened:
            record = self._record(opened)
            theorems = opened.theorems(record.key)
        counts: dict[str, dict[str, int]] = {}
        for one in theorems:
            row = counts.setdefault(one.split, {})
            row[one.stratum] = row.get(one.stratum, 0) + 1
        columns, rows = counts_table(counts)
        return Sheet(f"{record.key}: variants of {record.meta['target']}", rows, columns, data=dict(record.meta))

    def show(self, corpus: OpenCorpus, theorem: str) -> Sheet:
        """How it was made. Raises KeyError."""
        one = {one.name: one for one in self.theorems(corpus)}[theorem]
        rows = [("made by", ", ".join(one.extra.get("made_by", ())) or "-"), ("split", one.split)]
        return Sheet(f"{one.name} {one.statement}", rows, data=one)

    def _record(self, corpus: Corpus) -> BenchmarkRecord:
        if (found := stored_variants(corpus)) is None or found.name != self.name:
            raise UnknownBenchmark(
                f"this corpus has no {self.name}: `flywheel prove STATEMENT --variants N` makes variants of a theorem, "
                "each theorem's in a corpus of its own"
            )
        return found


def stored_variants(corpus: Corpus) -> BenchmarkRecord | None:
    """The benchmark of variants in this corpus; there is one at most."""
    return next((one for one in corpus.benchmarks() if one.name.startswith(PRIVATE)), None)


def make_variants(
    corpus: Corpus,
    lean: Lean,
    target: Theorem,
    name: str,
    goal: Goal,
    open_goals: Sequence[Goal],
    count: int,
    report: Report | None = None,
) -> BenchmarkRecord:
    """Stores `count` variants of `target` at most, with their denials, and it; what is stored is not made again.

    `goal`: the target as it is printed, `open_goals`: of a failed search of it.

    Lean reads each text. What it refuses is dropped, and so is what says the same as the target or as another variant
    up to names and order (its class). Raises NoVariants, and StatementRefused for the target.
    """
    if (known := stored_variants(corpus)) is not None:
        return known
    classify = Classes(lean.library)
    if target.module is None:
        stated = state_text(lean.staters, target).read()
        type, hash = stated.type, stated.expression_hash
    else:  # its text is a print, which Lean need not read back: nobody declares the universes of `Type u_1`
        type, hash = lean.library.expression(target.name), target.expression_hash
    classes = {target.name: classify.of(type)}
    held_out = replace(target, expression_hash=hash, benchmark=name, split=VALID, stratum=TARGET)
    records = [record_of(held_out)]
    dropped: Counter[str] = Counter()
    seen = {classes[target.name]}
    kept = 0
    for looked, variant in enumerate(variants(goal, open_goals)):
        if kept == count or looked == _LOOKED_AT * count:
            break
        pair = _both_sides(lean, target, variant, kept + 1)
        if pair is None:
            dropped["refused by Lean"] += 1
            continue
        (one, one_read), (other, other_read) = pair
        hash = classify.of(one_read.type)
        if hash in seen:
            dropped["says the same as another"] += 1
            continue
        seen.add(hash)
        kept += 1
        for theorem, read, opposite in ((one, one_read, other.name), (other, other_read, one.name)):
            classes[theorem.name] = classify.of(read.type)
            extra = {"counterpart": opposite, "made_by": list(variant.made_by)}
            records.append(record_of(replace(theorem, expression_hash=read.expression_hash, benchmark=name), "", extra))
        if report is not None:
            report(kept, count)
    if not kept:
        raise NoVariants(
            f"no variant of {target.statement!r} can be made: {dict(dropped) or 'nothing to change in it'}"
        )
    revision = hashlib.sha256("\n".join(one.statement for one in records).encode()).hexdigest()[:16]
    meta = {"target": target.statement, "variants": kept, "dropped": dict(dropped)}
    return corpus.add_benchmark(name, revision, lean.library.digest, records, meta, classes)


def _both_sides(
    lean: Lean, target: Theorem, variant: Variant, number: int
) -> tuple[tuple[Theorem, Statement], tuple[Theorem, Statement]] | None:
    """The variant and its denial as Lean reads them; None where it refuses either. Their names have a mark of their
    target: one Lean states those of many targets, and a name stands for one statement there."""
    mark = hashlib.sha256(f"{target.environment.key}\n{target.statement}".encode()).hexdigest()[:8]
    found: list[tuple[Theorem, Statement]] = []
    for prefix, stratum, text in (
        ("variant", VARIANT, statement_of(variant.goal)),
        ("not_variant", DENIAL, denial_of(variant.goal)),
    ):
        theorem = Theorem(f"{prefix}_{mark}_{number:04}", text, target.environment, split=TRAIN, stratum=stratum)
        try:
            found.append((theorem, state_text(lean.staters, theorem).read()))
        except StatementRefused:
            return None
    return found[0], found[1]
