"""What a round searches for and how: its settings, which search each theorem gets, and theorems in groups."""

from __future__ import annotations

import hashlib
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field, replace
from itertools import groupby
from typing import Any

from corpus.records import HeaderRecord, TheoremRecord
from lean_env.theorem import Environment, Theorem
from prover.rounds.attempt import Phase
from prover.rounds.lending import Lending
from prover.search.budget import Budget
from prover.search.graph import ProofStep
from prover.search.minimize import CHEAP_CLOSERS
from prover.search.streams import stream_seed

#: Theorems of one environment go to a search process in groups of at most so many: its worker has the environment warm
#: (importing one takes 30-150 ms).
GROUP = 8


@dataclass(frozen=True, slots=True)
class RoundConfig:
    """How a round works, whatever it searches."""

    #: How often an attempt that ended in an error is repeated.
    retries: int = 2
    #: Tactic steps for shortening a found proof, 0 for none.
    minimize_steps: int = 64
    #: What shortening may put in a proof's place.
    closers: tuple[ProofStep, ...] = CHEAP_CLOSERS
    #: After so many the round gives up with RoundFailed.
    errors_in_a_row: int = 25
    #: The share of attempts whose search tree is kept, drawn by seed and name.
    trees: float = 0.0
    #: So many goals at most that an attempt closed without a proof are kept with it.
    closed_goals: int = 0
    #: A policy that cannot be sent to the search processes is asked about one search's states at a time, so that its
    #: numbers do not depend on who else asks. Otherwise all that wait are one batch.
    deterministic: bool = True
    #: A search process that is at work and says nothing for so many seconds is ended, as if it had died. It speaks up
    #: every few seconds between two tactics; the longest pause is a proof that is being shortened.
    silence: float = 900.0


@dataclass(frozen=True, slots=True)
class Plan:
    """Which search a theorem gets."""

    policy: Phase
    #: Budgets by theorem, from the matchmaker, in place of the phase's own.
    budgets: Mapping[str, Budget] = field(default_factory=dict)
    #: What a share of the theorems, drawn by seed and name, gets in place of `policy`.
    portfolio: Phase | None = None
    portfolio_share: float = 0.0
    #: What theorems may borrow; None: nothing.
    lending: Lending | None = None

    def lent(self, theorem: Theorem) -> Theorem:
        """The theorem with what it may borrow."""
        return theorem if self.lending is None else self.lending(theorem)

    def phase(self, theorem: Theorem, seed: int) -> Phase:
        budget = self.budgets.get(theorem.name, self.policy.budget)
        drawn = stream_seed(seed, "portfolio share", theorem.name) < self.portfolio_share * 2**63
        if self.portfolio is not None and drawn:
            return replace(self.portfolio, budget=budget)
        return replace(self.policy, budget=budget)


def theorem_of(record: TheoremRecord, benchmark: str = "") -> Theorem:
    """The theorem that a benchmark row describes. Raises ValueError where its header is not the one that it names."""
    return Theorem(
        name=record.name,
        statement=record.statement,
        environment=Environment.from_key(record.environment, record.header.text if record.header else None),
        module=record.module,
        expression_hash=record.statement_hash,
        benchmark=benchmark,
        split=record.split,
        stratum=record.stratum,
    )


def record_of(
    theorem: Theorem, family: str = "", extra: Mapping[str, Any] | None = None, header_ndjson: str = ""
) -> TheoremRecord:
    """The benchmark row that describes a theorem. `header_ndjson`: the declarations of its header, as two workers
    exported them (`CleanStatement.header_ndjson`)."""
    return TheoremRecord(
        name=theorem.name,
        statement=theorem.statement,
        statement_hash=theorem.expression_hash,
        environment=theorem.environment.key,
        module=theorem.module,
        split=theorem.split,
        stratum=theorem.stratum,
        family=family,
        extra=extra or {},
        header=_header(theorem.environment, header_ndjson),
    )


def _header(environment: Environment, ndjson: str) -> HeaderRecord | None:
    if (environment.header is None) != (ndjson == ""):
        raise ValueError(f"{environment.key} has a header and no declarations of it, or the reverse")
    if environment.header is None:
        return None
    return HeaderRecord(environment.key, environment.header.text, ndjson, hashlib.sha256(ndjson.encode()).hexdigest())


def grouped_by_environment(theorems: Sequence[Theorem]) -> list[list[Theorem]]:
    """The theorems in groups of at most GROUP of one environment; groups of one environment follow each other."""
    by_environment = sorted(theorems, key=lambda theorem: theorem.environment.key)
    groups = []
    for _, same in groupby(by_environment, key=lambda theorem: theorem.environment.key):
        members = list(same)
        groups += [members[start : start + GROUP] for start in range(0, len(members), GROUP)]
    return groups
