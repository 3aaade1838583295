"""Which theorems that were proved here a theorem may borrow: those of modules with the same imports, from a snapshot.

    lending = Lending(lendable(corpus, snapshot_hash), lean.library)
    lending(theorem)    # the same theorem, its environment with lemmas

Never lent to a theorem are itself, its near-copies, and what rests on any of these. What is held out is not in any
snapshot. All of it is decided by names and classes; that a lemma holds is the gate's business.
"""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Collection, Iterable, Mapping, Sequence
from dataclasses import replace

from corpus.guard import classes_of
from corpus.library import LentProof, lendable
from corpus.store import Corpus
from lean_env.lemmas import MAX_LEMMA_BYTES, MAX_LEMMAS_BYTES, Lemma, Lemmas
from lean_env.library.index import Library
from lean_env.theorem import Environment, Theorem


class Lending:
    """Lends the proofs of one snapshot, given in an order in which each stands after those that it names."""

    def __init__(
        self,
        lent: Sequence[LentProof],
        library: Library,
        classes: Mapping[str, str] | None = None,
        snapshot: str = "",
    ) -> None:
        """`classes`: the statement classes of the theorems that will ask, by name. `snapshot`: whose proofs these are,
        which rounds that borrow are known by."""
        self.snapshot = snapshot
        self._names = {one.proof_id: one.theorem.name for one in lent}
        self._library = library
        self._class_of = {**(classes or {}), **{one.theorem.name: one.statement_class for one in lent}}
        self._hash_of = {one.theorem.name: one.theorem.statement_hash for one in lent}
        self._marks: dict[str, Mapping[str, str]] = {}
        by_environment: defaultdict[str, list[LentProof]] = defaultdict(list)
        for one in lent:
            by_environment[one.theorem.environment].append(one)
        self._lemmas = {key: self._bounded(key, ones) for key, ones in by_environment.items()}
        self._kept: dict[tuple[str, frozenset[str]], Lemmas | None] = {}

    def __call__(self, theorem: Theorem) -> Theorem:
        """The theorem with what it may borrow; as it is where that is nothing."""
        environment = theorem.environment
        if theorem.module is None or environment.header is not None:
            return theorem
        lemmas = self._for(environment.key, self._barred(theorem))
        return theorem if lemmas is None else replace(theorem, environment=replace(environment, lemmas=lemmas))

    def sizes(self) -> dict[str, tuple[int, int]]:
        """How many lemmas each environment lends, and their bytes."""
        return {key: (len(ones), sum(len(one.term) for one in ones)) for key, ones in self._lemmas.items()}

    def _for(self, key: str, barred: frozenset[str]) -> Lemmas | None:
        if (key, barred) not in self._kept:
            kept = without(self._lemmas.get(key, ()), barred)
            self._kept[key, barred] = Lemmas(kept) if kept else None
        return self._kept[key, barred]

    def _barred(self, theorem: Theorem) -> frozenset[str]:
        """The lemmas of its environment that say what it says."""
        own = self._class_of.get(theorem.name, "")

        def alike(name: str) -> bool:
            if name == theorem.name or (own and self._class_of.get(name) == own):
                return True
            return bool(theorem.expression_hash) and self._hash_of[name] == theorem.expression_hash

        return frozenset(one.name for one in self._lemmas.get(theorem.environment.key, ()) if alike(one.name))

    def _bounded(self, key: str, lent: Iterable[LentProof]) -> tuple[Lemma, ...]:
        """The lemmas of one environment, as many as fit, oldest first."""
        environment, size = Environment.from_key(key), 0
        kept: dict[str, Lemma] = {}
        for one in lent:
            needs = tuple(self._names[id] for id in one.borrowed)
            fits = len(one.term) <= MAX_LEMMA_BYTES and size + len(one.term) <= MAX_LEMMAS_BYTES
            if not fits or not kept.keys() >= set(needs) or not self._is_free(one, environment):
                continue
            size += len(one.term)
            module = one.theorem.module or ""
            mark = self._marks_of(module).get(one.theorem.name, "")
            command = f"attribute [local {mark}] {one.theorem.name}" if mark else ""
            kept[one.theorem.name] = Lemma(
                one.theorem.name, module, one.theorem.statement, one.term, needs, command, one.proof_id
            )
        return tuple(kept.values())

    def _is_free(self, one: LentProof, environment: Environment) -> bool:
        """Whether it is a theorem of the library whose name the environment does not have: only then is a mark's text
        the library's own, and no constant is hidden."""
        constant = self._library.constant(one.theorem.name)
        return (
            constant is not None
            and constant.module == one.theorem.module
            and self._library.constant(one.theorem.name, environment) is None
        )

    def _marks_of(self, module: str) -> Mapping[str, str]:
        if module not in self._marks:
            self._marks[module] = self._library.simp_marks(module)
        return self._marks[module]


def without(lemmas: Sequence[Lemma], barred: Collection[str]) -> tuple[Lemma, ...]:
    """The lemmas but these and those that rest on them."""
    out: set[str] = set(barred)
    kept = []
    for lemma in lemmas:
        if lemma.name in out or not out.isdisjoint(lemma.needs):
            out.add(lemma.name)
        else:
            kept.append(lemma)
    return tuple(kept)


def lending_of(corpus: Corpus, snapshot_hash: str, library: Library, benchmarks: Iterable[str]) -> Lending:
    """What theorems of these benchmarks may borrow of a snapshot. Raises NotFound, SnapshotCorrupt."""
    classes: dict[str, str] = {}
    for benchmark in benchmarks:
        classes |= classes_of(corpus.engine, benchmark)
    return Lending(lendable(corpus, snapshot_hash), library, classes, snapshot_hash)


def lent_exactly(theorem: Theorem, lent: Sequence[LentProof], library: Library) -> Theorem:
    """A theorem with just the lemmas that a stored proof of it borrowed, to replay that."""
    return Lending(lent, library)(theorem) if lent else theorem
