"""What goes into and comes out of the corpus: plain frozen records, so that no caller writes SQL or sees a session."""

from __future__ import annotations

import math
from collections.abc import Mapping
from dataclasses import dataclass, field
from datetime import datetime
from enum import StrEnum
from typing import Any


class AttemptStatus(StrEnum):
    """PROVED: certified by the gate. REJECTED: search claimed a proof, the gate said no. UNPROVED: the budget was spent
    or no edge was left. ERROR: crash, no worker, gate error: not a failed attempt, will be tried again on resume.
    WITHHELD: certified, but a held-out statement is among its goals, so the corpus did not take the proof (only the
    corpus gives this status)."""

    PROVED = "proved"
    REJECTED = "rejected"
    UNPROVED = "unproved"
    ERROR = "error"
    WITHHELD = "withheld"


class RoundKind(StrEnum):
    """TRAIN: its proofs are for training, so it runs on the train split only. EVAL: an evaluation."""

    TRAIN = "train"
    EVAL = "eval"


@dataclass(frozen=True, slots=True)
class HeaderRecord:
    """The declarations and scopes above a theorem, part of what it says: show `text` with the statement.

    `key`: the environment that it makes (`Init#0123456789abcdef`). `ndjson`: its declarations as Lean exported them.
    `digest`: SHA-256 of these."""

    key: str
    text: str
    ndjson: str
    digest: str


@dataclass(frozen=True, slots=True)
class TheoremRecord:
    """A row of a benchmark. `environment` is the imports' key, `module` None for a typed statement. `header`: what the
    environment has beside its imports, None for most."""

    name: str
    statement: str
    statement_hash: str
    environment: str
    module: str | None
    split: str
    stratum: str
    family: str = ""
    extra: Mapping[str, Any] = field(default_factory=dict)
    header: HeaderRecord | None = None

    @property
    def imports(self) -> tuple[str, ...]:
        """The modules of its environment."""
        return tuple(filter(None, self.environment.partition("#")[0].split(",")))


@dataclass(frozen=True, slots=True)
class StepRecord:
    """One tactic of a proof as a clean worker replayed it. `goal_hashes`: canonical hashes of the state's goals with
    their context reverted ('' where a goal has metavariables), for the leakage guard."""

    state: str
    tactic: str
    state_after: str
    template: str = ""
    milliseconds: float = 0.0
    heartbeats: int = 0
    goal_hashes: tuple[str, ...] = ()


@dataclass(frozen=True, slots=True)
class CertificateRecord:
    """The gate's certificate, in the order of its checks."""

    statement_hash: str
    environment_digest: str
    proof_hash: str
    axioms: tuple[str, ...]
    kernels: Mapping[str, str]
    gate_version: str
    auxiliaries: tuple[str, ...] = ()
    #: Covers the declarations of the theorem's header; '' without one.
    header_digest: str = ""


@dataclass(frozen=True, slots=True)
class ProofRecord:
    """An accepted proof, its source (`seed`, `human`, `portfolio`, `grammar`, `policy`) and its certificate.

    `term`: its own part as it can be lent to other theorems (`lean_env.lemmas`), '' where it is not known. `borrowed`:
    the stored proofs whose theorems it names as lemmas.
    """

    steps: tuple[StepRecord, ...]
    source: str
    certificate: CertificateRecord
    text: str
    term_bytes: int = 0
    term: str = ""
    borrowed: tuple[int, ...] = ()


@dataclass(frozen=True, slots=True)
class HumanTraceRecord:
    """Steps that a person took for a theorem, printed states and tactics, where no proof was certified (`reason` says
    why). `environment`: whose premises they are read with. `keys`: what the leakage guard knows the trace by."""

    name: str
    place: str
    environment: str
    reason: str
    steps: tuple[StepRecord, ...]
    keys: frozenset[str] = frozenset()


@dataclass(frozen=True, slots=True)
class TreeState:
    """One tactic state of a search; `depth` counts tactics from the theorem, 0 for the theorem itself."""

    text: str
    goals: int
    depth: int


@dataclass(frozen=True, slots=True)
class TreeStep:
    """One tactic that was run, the `order`-th of its search (from 0).

    source: the state's index. target: the index of the state that it led to, or None where it led to none that was
    searched from. outcome: what Lean said. pruned: why the state after it was not searched from, '' if it was; a
    `merged` one has the state that was known before as its target. new: it is the step that made its target.
    """

    order: int
    source: int
    target: int | None
    tactic: str
    template: str
    log_prob: float
    outcome: str
    pruned: str
    new: bool
    milliseconds: float
    heartbeats: int

    @property
    def prior(self) -> float:
        """The probability that the policy gave the tactic."""
        return math.exp(min(0.0, self.log_prob))


@dataclass(frozen=True, slots=True)
class SearchTree:
    """One search of an attempt. source: what its proof is credited to; ended: why it ended; solved: the indices in
    `steps` of the steps of the proof it claims, first tactic first, () without one."""

    source: str
    ended: str
    states: tuple[TreeState, ...]
    steps: tuple[TreeStep, ...]
    solved: tuple[int, ...] = ()


@dataclass(frozen=True, slots=True)
class AttemptRecord:
    """One budgeted search for one theorem. Times are in seconds, of Lean, of the model, and of all else. `trees`: what
    its searches tried, one after the other, where that is to be kept."""

    theorem: str
    status: AttemptStatus
    steps: int
    heartbeats: int
    lean_seconds: float = 0.0
    model_seconds: float = 0.0
    wall_seconds: float = 0.0
    wall_limit_hits: int = 0
    nodes: int = 0
    steps_to_proof: int | None = None
    reason: str = ""
    ordinal: int = 0
    stats: Mapping[str, Any] = field(default_factory=dict)
    proof: ProofRecord | None = None
    trees: tuple[SearchTree, ...] = ()


@dataclass(frozen=True, slots=True)
class BenchmarkRecord:
    """A stored benchmark. `key` (`name@revision`) names exactly this one wherever a benchmark is asked for."""

    id: int
    name: str
    revision: str
    library_digest: str
    theorems: int
    meta: Mapping[str, Any]

    @property
    def key(self) -> str:
        return f"{self.name}@{self.revision}"


@dataclass(frozen=True, slots=True)
class RunRecord:
    """One flywheel loop: its name, its resolved configuration and when it was first started."""

    id: int
    name: str
    config: Mapping[str, Any]
    created_at: datetime


@dataclass(frozen=True, slots=True)
class GenerationRecord:
    """One model of a run, with all that is needed to say where it came from. Unfinished: no model path and hash."""

    id: int
    run: str
    number: int
    parent_id: int | None
    snapshot_hash: str | None
    recipe: str
    config: Mapping[str, Any]
    config_hash: str
    seeds: Mapping[str, Any]
    versions: Mapping[str, Any]
    model_path: str | None
    model_hash: str | None
    metrics: Mapping[str, Any]
    started_at: datetime
    finished_at: datetime | None


@dataclass(frozen=True, slots=True)
class RoundRecord:
    """One arm against a selection of theorems. `generation_id` is None for arms without a model."""

    id: int
    run: str
    generation_id: int | None
    benchmark: str
    split: str
    stratum: str
    arm: str
    kind: RoundKind
    seed: int
    config: Mapping[str, Any]
    selected: int
    started_at: datetime
    finished_at: datetime | None


@dataclass(frozen=True, slots=True)
class Recorded:
    """What `record_attempt` did. `proof_id` is the stored proof's, also when it was known before; None without one.
    `new_attempt` is False when this attempt had been recorded already and nothing was written."""

    attempt_id: int
    proof_id: int | None
    status: AttemptStatus
    new_attempt: bool
    new_proof: bool


@dataclass(frozen=True, slots=True)
class StoredProof:
    """An accepted proof as it lies in the corpus. `benchmark` is the key of the benchmark that `theorem` is a row of;
    `content_hash` covers what training reads (corpus/hashing.py); `borrowed` are those of the proofs that it names as
    lemmas, sorted."""

    id: int
    benchmark: str
    theorem: TheoremRecord
    source: str
    steps: tuple[StepRecord, ...]
    certificate: CertificateRecord
    text: str
    term_bytes: int
    content_hash: str
    created_at: datetime
    borrowed: tuple[str, ...] = ()
