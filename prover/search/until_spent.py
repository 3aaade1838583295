"""A search that something else than its budget ends, such as an allowance of processor seconds.

UntilSpent(BestFirst(), lambda: meter.spent >= 60).prove(session, root, theorem, policy, Budget(10**9))
"""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass, replace
from typing import Any

from lean_env.session.leandojo import TacticState
from lean_env.session.outcomes import ProofSession
from lean_env.theorem import Theorem
from prover.policy import Policy
from prover.search.budget import Budget, Ended, never
from prover.search.contract import Search, SearchResult


@dataclass(frozen=True, slots=True)
class UntilSpent:
    """A search that ends once `spent` says so, as one that came to nothing."""

    inner: Search
    spent: Callable[[], bool]

    @property
    def settings(self) -> dict[str, Any]:
        """Those of the search."""
        return self.inner.settings

    def prove(
        self,
        session: ProofSession,
        root: TacticState,
        theorem: Theorem,
        policy: Policy,
        budget: Budget,
        *,
        seed: int = 0,
        stopped: Callable[[], bool] = never,
    ) -> SearchResult:
        """See `Search.prove`."""

        def over() -> bool:
            return stopped() or self.spent()

        result = self.inner.prove(session, root, theorem, policy, budget, seed=seed, stopped=over)
        return replace(result, ended=Ended.SECONDS) if result.ended is Ended.STOPPED and not stopped() else result
