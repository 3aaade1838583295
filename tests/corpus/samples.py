"""Small made-up rows for the corpus tests: theorems, proofs and attempts whose content follows from a number."""

from __future__ import annotations

import hashlib
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import replace

from sqlalchemy import Connection

from corpus.append_only import unprotect
from corpus.records import (
    AttemptRecord,
    AttemptStatus,
    CertificateRecord,
    HeaderRecord,
    HumanTraceRecord,
    ProofRecord,
    RoundKind,
    RoundRecord,
    SearchTree,
    StepRecord,
    TheoremRecord,
    TreeState,
    TreeStep,
)
from corpus.store import Corpus


def sha(text: str) -> str:
    return hashlib.sha256(text.encode()).hexdigest()


def theorem(name: str, split: str = "train", stratum: str = "hard") -> TheoremRecord:
    return TheoremRecord(
        name=name,
        statement=f"∀ a b : Nat, {name} a b = {name} b a",
        statement_hash=sha(f"statement {name}"),
        environment="Init.Core,Init.Data.Nat.Basic",
        module="Init.Data.Nat.Lemmas",
        split=split,
        stratum=stratum,
        family="Nat",
        extra={"levels": [], "round_trips": True},
    )


def under_header(name: str, split: str = "train", body: str = "n + 1") -> TheoremRecord:
    """A typed theorem under a header of its own; the same `body`, the same header."""
    text = f"def f (n : Nat) : Nat := {body}\n"
    ndjson = f'{{"def": "{body}"}}\n'
    header = HeaderRecord(f"Init,Std#{sha(text)[:16]}", text, ndjson, sha(ndjson))
    return replace(theorem(name, split), environment=header.key, module=None, header=header)


def proof(
    of: TheoremRecord, *tactics: str, source: str = "policy", goals: tuple[str, ...] | None = None
) -> ProofRecord:
    """`goals`: the goal hashes of the first step's state."""
    tactics = tactics or ("intro a b", "rfl")
    states = [f"⊢ {of.statement}", *(f"after {t}" for t in tactics[:-1]), "no goals"]
    steps = tuple(
        StepRecord(
            state=states[i],
            tactic=tactic,
            state_after=states[i + 1],
            template=tactic.split()[0],
            milliseconds=1.5 * i,
            heartbeats=7 + i,
            goal_hashes=goals if goals is not None and i == 0 else (sha(f"{of.name} {states[i]}"), ""),
        )
        for i, tactic in enumerate(tactics)
    )
    certificate = CertificateRecord(
        statement_hash=of.statement_hash,
        environment_digest=sha(of.environment),
        proof_hash=sha(f"{of.name} {tactics}"),
        axioms=("propext",),
        kernels={"embedded": "4.28.0-pre accept"},
        gate_version="1",
        auxiliaries=("flywheel.target._proof_1",),
        header_digest=of.header.digest if of.header is not None else "",
    )
    return ProofRecord(steps, source, certificate, text="by\n  " + "\n  ".join(tactics), term_bytes=512)


def trace(name: str, *keys: str) -> HumanTraceRecord:
    """Two steps of a person; `keys` are what the guard knows them by."""
    steps = (StepRecord(f"⊢ {name}", "constructor", "case left"), StepRecord("case left", "norm_num", "no goals"))
    return HumanTraceRecord(name, f"train.json:{name}", "Init", "its statement is not here", steps, frozenset(keys))


def attempt(
    of: TheoremRecord,
    status: AttemptStatus = AttemptStatus.UNPROVED,
    proof: ProofRecord | None = None,
    steps_to_proof: int = 5,
    ordinal: int = 0,
) -> AttemptRecord:
    """PROVED when there is a proof."""
    return AttemptRecord(
        theorem=of.name,
        status=AttemptStatus.PROVED if proof else status,
        steps=steps_to_proof if proof else 64,
        heartbeats=1000,
        lean_seconds=0.5,
        model_seconds=0.25,
        wall_seconds=1.0,
        nodes=9,
        steps_to_proof=steps_to_proof if proof else None,
        ordinal=ordinal,
        stats={"merged": 3},
        proof=proof,
    )


def search_tree(of: TheoremRecord) -> SearchTree:
    """Four tactics: one advances, one goes back to the start, one fails, one proves."""
    states = (TreeState(f"⊢ {of.statement}", 1, 0), TreeState(f"a : Nat\n⊢ {of.name} a", 1, 1))
    rows = [
        ("intro a", 0, 1, "advanced", "", True),
        ("skip", 1, 0, "advanced", "merged", False),
        ("omega", 1, None, "failed", "", False),
        ("rfl", 1, None, "proved", "", False),
    ]
    steps = tuple(
        TreeStep(order, source, target, tactic, tactic.split()[0], -0.5 * order, outcome, pruned, new, 1.25, 10 * order)
        for order, (tactic, source, target, outcome, pruned, new) in enumerate(rows)
    )
    return SearchTree("policy", "proved", states, steps, (0, 3))


def fill(corpus: Corpus, train: int = 4, valid: int = 2, test: int = 2) -> dict[str, list[TheoremRecord]]:
    """Adds benchmark `core@1` and run `run`; returns the theorems by split."""
    sizes = {"train": train, "valid": valid, "test": test}
    splits = {split: [theorem(f"{split}_{i}", split) for i in range(n)] for split, n in sizes.items()}
    corpus.add_benchmark("core", "1", "library", [t for ts in splits.values() for t in ts], {"built": "by hand"})
    corpus.start_run("run", {"generations": 3})
    return splits


def start_round(
    corpus: Corpus, theorems: list[TheoremRecord], kind: RoundKind = RoundKind.TRAIN, **changes: object
) -> RoundRecord:
    values: dict[str, object] = {
        "run": "run",
        "generation_id": None,
        "benchmark": "core",
        "split": theorems[0].split,
        "stratum": "",
        "arm": "policy",
        "kind": kind,
        "seed": 1,
        "config": {"steps": 64},
        "selection": [t.name for t in theorems],
    }
    return corpus.start_round(**{**values, **changes})  # type: ignore[arg-type]


@contextmanager
def by_hand(corpus: Corpus) -> Iterator[Connection]:
    """Somebody who owns the database and takes its triggers away."""
    with corpus.engine.begin() as connection:
        unprotect(connection)
        yield connection
