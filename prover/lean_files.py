"""The corpus as Lean files that a person can read: one a module, each of which elaborates.

    flywheel corpus export --to FOLDER --format lean

A theorem is restated in the imports that its proof was found in, below its header, with its shortest proof. What Lean
does not take as text (a printed statement that does not read back as itself) is left out and listed in left_out.jsonl.
"""

from __future__ import annotations

import re
from collections.abc import Callable, Iterable
from dataclasses import dataclass, field
from pathlib import Path, PurePosixPath

from corpus.card import card
from corpus.export import Exported, new_folder, write_lines
from corpus.records import StoredProof
from corpus.snapshot import snapshot_proofs
from corpus.store import Corpus
from lean_env.embedded.worker import LeanRefused, WorkerDied
from lean_env.lean_text.written import written
from lean_env.theorem import HEADER_PREFIX, Environment
from prover.lean import Lean
from prover.rounds.plan import theorem_of

#: What may become a path. The name comes from a benchmark, which may be somebody else's.
_MODULE = re.compile(r"\w+(\.\w+)*")


@dataclass
class _Module:
    """One file: its imports and header, and the shortest proof of each of its theorems."""

    environment: Environment
    proofs: dict[str, StoredProof] = field(default_factory=dict)

    def add(self, proof: StoredProof) -> None:
        known = self.proofs.get(proof.theorem.name)
        if known is None or len(proof.text) < len(known.text):
            self.proofs[proof.theorem.name] = proof


def export_lean(
    corpus: Corpus, folder: Path, snapshot: str, lean: Lean, report: Callable[[int, int], None] = lambda _d, _t: None
) -> Exported:
    """Writes a snapshot's theorems as Lean files into a new folder, each checked by Lean as it was written.

    Raises NotFound, SnapshotCorrupt, and CorpusError when the folder has something in it.
    """
    done = Exported(folder, snapshot)
    modules: dict[str, _Module] = {}
    for proof in snapshot_proofs(corpus, snapshot):
        modules.setdefault(_file(proof), _Module(theorem_of(proof.theorem).environment)).add(proof)
    left_out: list[dict[str, str]] = []
    with new_folder(folder) as partial:
        for index, (name, module) in enumerate(sorted(modules.items()), start=1):
            kept, refused = _elaborating(list(module.proofs.values()), module.environment, lean)
            left_out += [{"theorem": proof.theorem.name, "file": name, "reason": why} for proof, why in refused]
            if kept:
                path = partial / name
                path.parent.mkdir(parents=True, exist_ok=True)
                path.write_text(
                    _imports(module.environment) + _above(module.environment) + _body(kept), encoding="utf-8"
                )
            for proof in kept:
                done.proofs += 1
                done.steps += len(proof.steps)
                done.by_split["train"] += 1
                done.by_source[proof.source] += 1
                done.by_benchmark[proof.benchmark] += 1
            report(index, len(modules))
        done.theorems = done.proofs
        write_lines(partial / "left_out.jsonl", left_out)
        text = card(corpus, done.__dict__, "lean")
        (partial / "README.md").write_text(f"{text}\n{len(left_out)} theorems are left out, see left_out.jsonl.\n")
    return done


def _file(proof: StoredProof) -> str:
    """Where a theorem goes: its module's place, or one file for each benchmark and environment of stated ones."""
    theorem = proof.theorem
    if theorem.module is not None and _MODULE.fullmatch(theorem.module):
        return str(PurePosixPath(*theorem.module.split(".")).with_suffix(".lean"))
    name, _, _ = proof.benchmark.partition("@")
    parts = [_camel(part) or "Unnamed" for part in name.split("/")]
    imports, _, header = theorem.environment.partition("#")
    imports = "" if imports == "Init" else "_" + _camel(imports.replace(".", "-").replace(",", "-"))
    own = f"_{header}" if header else ""
    return str(PurePosixPath("Stated", *parts[:-1], f"{parts[-1]}{imports[:80]}{own}.lean"))


def _camel(text: str) -> str:
    return "".join(part[:1].upper() + part[1:] for part in "".join(c if c.isalnum() else "-" for c in text).split("-"))


def _imports(environment: Environment) -> str:
    """Without `prelude` Lean imports all of Init, where a library theorem would be there already."""
    imports = environment.imports
    return ("" if imports == ("Init",) else "prelude\n") + "".join(f"import {name}\n" for name in imports) + "\n"


def _above(environment: Environment) -> str:
    """The header, as Lean elaborates it here."""
    return "" if environment.header is None else f"{HEADER_PREFIX}\n{environment.header.text.rstrip()}\n\n"


def _body(proofs: Iterable[StoredProof]) -> str:
    return "\n".join(f"{_text(proof).rstrip()}\n" for proof in proofs)


def _text(proof: StoredProof) -> str:
    """Older proofs were stored with names that Lean does not read back: lean-logic's, whose last part is a number."""
    return proof.text.replace(f"theorem {proof.theorem.name} ", f"theorem {written(proof.theorem.name)} ", 1)


def _elaborating(
    proofs: list[StoredProof], environment: Environment, lean: Lean
) -> tuple[list[StoredProof], list[tuple[StoredProof, str]]]:
    """The proofs with which the file elaborates, and the others with Lean's reason. A file that elaborates as a whole
    costs one question."""
    if not _trouble(proofs, environment, lean):
        return proofs, []
    kept: list[StoredProof] = []
    refused = []
    for proof in proofs:
        if trouble := _trouble([proof], environment, lean):
            refused.append((proof, trouble))
        else:
            kept.append(proof)
    while kept and (trouble := _trouble(kept, environment, lean)):
        refused.append((kept.pop(), f"beside the others: {trouble}"))
    return kept, refused


def _trouble(proofs: list[StoredProof], environment: Environment, lean: Lean) -> str:
    """The first error that Lean has with a file of these proofs, '' for none. `sorry` is one."""
    try:
        messages = lean.messages(environment, _body(proofs))
    except (LeanRefused, WorkerDied) as error:
        return str(error).splitlines()[0]
    bad = [one.data for one in messages if one.severity == "error" or "declaration uses 'sorry'" in one.data]
    return bad[0] if bad else ""
