"""lean-core, lean-std and their variants: theorems of Lean's own library, and false statements made from them."""

from __future__ import annotations

import hashlib
import re
from dataclasses import asdict, dataclass, replace
from typing import TYPE_CHECKING

from corpus.records import BenchmarkRecord, TheoremRecord
from corpus.store import Corpus
from lean_env.benchmark.lean_core.benchmark import LEAN_CORE, Part, Splitting, load_manifest, require
from lean_env.benchmark.lean_core.families import stable_hash
from lean_env.benchmark.lean_core.manifest import EnvironmentPolicy, Manifest
from lean_env.theorem import Theorem
from prover.actions.repertoire import LIBRARY, Repertoire
from prover.benchmarks.contract import NON_THEOREM, OpenCorpus, Report, Sheet, counts_table
from prover.rounds.plan import record_of

if TYPE_CHECKING:
    from prover.lean import Lean

#: False statements in the corpus. A round draws its own from them.
NEGATIONS = 400
#: A printed universe variable. Such a statement does not elaborate as text, which has no universe variables.
_UNIVERSE = re.compile(r"\b(Type|Sort) \(?[a-z]|\.\{")


@dataclass(frozen=True, slots=True)
class CoreBenchmark:
    """A manifest that ships with the program, in one of two splits, its theorems in one of two environments."""

    name: str
    environments: EnvironmentPolicy
    about: str
    part: Part = LEAN_CORE
    splitting: Splitting = Splitting.NOVEL
    repertoire: Repertoire = LIBRARY
    train_stratum: str = "hard"
    false_stratum: str = NON_THEOREM
    disproof_stratum: str = ""
    two_sided: bool = False

    def register(self, corpus: Corpus, lean: Lean, report: Report | None = None) -> BenchmarkRecord:
        """Stores the manifest. Lean is not asked: its hashes are in there. Raises ManifestError, and
        LibraryUnavailable where its part of the library is not installed."""
        require(self.part, lean.library)
        return self.store(corpus, self.manifest())

    def manifest(self) -> Manifest:
        """The shipped one, in this split. Raises ManifestError."""
        return load_manifest(self.part, self.splitting)

    def store(self, corpus: Corpus, manifest: Manifest) -> BenchmarkRecord:
        """Stores the benchmark as this manifest has it."""
        corpus.set_guard(manifest.guard())
        records = [
            record_of(theorem, manifest.modules[theorem.module or ""].family)
            for theorem in manifest.theorems(policy=self.environments)
        ]
        records += self.negations(manifest)
        content = repr([sorted(asdict(record).items()) for record in records])
        revision = hashlib.sha256(content.encode()).hexdigest()[:16]
        classes = {entry.name: entry.statement_class for entry in manifest.entries}
        return corpus.add_benchmark(
            self.name, revision, str(manifest.header["library_digest"]), records, classes=classes
        )

    def negations(self, manifest: Manifest) -> list[TheoremRecord]:
        """NEGATIONS false statements: each denies a theorem of the train split, in that theorem's environment.

        Nothing but an inconsistency could prove one. They are drawn by hash from what Lean reads back as printed.
        """
        readable = {entry.name for entry in manifest.entries if entry.round_trips}
        denied = sorted(
            (
                theorem
                for theorem in manifest.theorems(split="train", policy=self.environments)
                if theorem.name in readable and not _UNIVERSE.search(theorem.statement)
            ),
            key=lambda theorem: hashlib.sha256(f"negation\0{theorem.name}".encode()).digest(),
        )
        return [
            record_of(
                replace(
                    theorem,
                    name=f"not.{theorem.name}",
                    statement=f"¬ ({theorem.statement})",
                    module=None,
                    expression_hash="",
                    stratum=NON_THEOREM,
                ),
                manifest.modules[theorem.module or ""].family,
            )
            for theorem in denied[:NEGATIONS]
        ]

    def theorems(self, corpus: OpenCorpus, split: str | None = None, stratum: str | None = None) -> list[Theorem]:
        """In a stable random order."""
        found = self.manifest().theorems(split, stratum, self.environments)
        return sorted(found, key=lambda theorem: stable_hash(theorem.name))

    def overview(self, corpus: OpenCorpus) -> Sheet:
        """Theorems by split and stratum, and what was left out by reason."""
        manifest = self.manifest()
        counts = manifest.counts()
        columns, rows = counts_table(counts)
        notes = [f"left out, {reason}: {count}" for reason, count in manifest.header["left_out"].items()]
        return Sheet(f"{self.name}: theorems by split and stratum", rows, columns, notes, counts)

    def show(self, corpus: OpenCorpus, theorem: str) -> Sheet:
        """Statement, environment, which automation runs there, hashes. Raises KeyError."""
        manifest = self.manifest()
        entry, shown = manifest.entry(theorem), manifest.theorem(theorem, self.environments)
        module = manifest.modules[entry.module]
        runs = module.runs if self.environments is EnvironmentPolicy.STRICT else module.auto_runs
        running = [name for name, works in runs.items() if works]
        rows = [
            ("module", entry.module),
            ("imports", " ".join(shown.environment.imports)),
            ("runs there", ", ".join(running) or "nothing of simp, omega, grind, rcases"),
            ("split, stratum", f"{entry.split}, {entry.stratum.value}"),
            ("portfolio-1", entry.solver or "does not prove it"),
            ("family", module.family),
            ("text elaborates back", "yes" if entry.round_trips else "no"),
            ("expression hash", entry.expression_hash),
            ("environment digest", module.digest),
        ]
        data = {"theorem": shown, "entry": entry, "module": module}
        return Sheet(f"{shown.name}: {shown.statement}", rows, data=data)
