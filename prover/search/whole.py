"""Whole proofs in place of a search: the policy writes proofs, one tactic a line, and Lean runs them.

    result = WholeProofs(every=True).prove(session, root, theorem, policy, Budget(128), seed=1)

What the proofs of one draw begin with in common is run once. A line that begins with `--` is a comment, which Lean
never sees. The first proof in the policy's order that leaves no goals is the one that is claimed. With `every` the
others are run too, and each sample is reported with its end; without it the search ends there, and while its budget
lasts it draws again.
"""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import asdict, dataclass, field, replace
from typing import Any

from lean_env.session.leandojo import DojoCrashError, LeanError, TacticState
from lean_env.session.outcomes import Outcome, ProofSession
from lean_env.theorem import Theorem
from prover.policy import Policy, Proposal
from prover.search.budget import Budget, Ended, Spending, never
from prover.search.contract import SearchResult
from prover.search.graph import ProofStep
from prover.search.options import SearchOptions
from prover.search.running import Running
from prover.search.samples import Sample, SampleOutcome, tactics_of
from prover.search.streams import stream_seed

#: So much is kept of what Lean says of a line that it refuses.
_REASON = 200


@dataclass(frozen=True, slots=True)
class WholeProofs:
    """Runs what the policy writes. `draws`: how often it is asked at most. `max_lines`: tactics of one proof."""

    every: bool = False
    draws: int = 4
    max_lines: int = 40

    @property
    def settings(self) -> dict[str, Any]:
        """Its fields, under the name of this search."""
        return {"kind": "whole-proofs", **asdict(self)}

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
        """See `Search.prove`. A step is a line that is run; what was run before is free."""
        running = Running(
            session, theorem, policy, SearchOptions(edges_per_state=10**6), seed, Spending(budget, stopped)
        )
        tries = _Tries(running, self, root)
        try:
            ended = tries.run(seed)
            session.drop(tries.live)
        except DojoCrashError:
            ended = Ended.CRASHED
        samples = tuple(tries.samples) if self.every else ()
        claimed = next((one for one in tries.samples if one.outcome is SampleOutcome.CLOSED), None)
        if claimed is None or ended in (Ended.CRASHED, Ended.STOPPED):
            return replace(running.result(ended, None), samples=samples)
        proof = tuple(ProofStep(line) for line in claimed.tactics)
        result = running.result(Ended.PROVED, proof, tries.orders[claimed.tactics])
        return replace(result, samples=samples)


@dataclass(frozen=True, slots=True)
class _Reached:
    """Where the lines of a prefix lead: a live state with its node, or an end."""

    outcome: SampleOutcome
    state: TacticState | None = None
    node: int = 0
    reason: str = ""


@dataclass(slots=True)
class _Tries:
    running: Running
    config: WholeProofs
    root: TacticState
    #: By the lines that were run. Only prefixes that were run are there.
    reached: dict[tuple[str, ...], _Reached] = field(default_factory=dict)
    #: The steps of the search that the lines of a prefix are.
    orders: dict[tuple[str, ...], tuple[int, ...]] = field(default_factory=lambda: {(): ()})
    samples: list[Sample] = field(default_factory=list)
    live: list[TacticState] = field(default_factory=list)

    def run(self, seed: int) -> Ended:
        root, known = self.root, set[str]()
        node = self.running.graph.add_state((), root.pp, root.num_goals, 0)
        self.reached[()] = _Reached(SampleOutcome.OPEN, root, node)
        for draw in range(self.config.draws):
            self.running.seed = seed if draw == 0 else stream_seed(seed, "draw", draw)
            for kept in [one.a for one in self.running.propose([root.pp])[0]]:
                if kept.tactic in known:
                    continue
                known.add(kept.tactic)
                if limit := self.running.spending.limit():
                    if not self.config.every or limit is Ended.STOPPED:
                        return limit
                    self.samples.append(_sample(kept, _Reached(SampleOutcome.UNRUN)))
                    continue
                reached = self.try_one(tactics_of(kept.tactic))
                self.samples.append(_sample(kept, reached))
                if reached.outcome is SampleOutcome.CLOSED and not self.config.every:
                    return Ended.PROVED
        return self.running.spending.limit() or Ended.EXHAUSTED

    def try_one(self, lines: tuple[str, ...]) -> _Reached:
        """Runs what of these lines was not run yet, until one of them ends it."""
        if not lines or len(lines) > self.config.max_lines:
            return _Reached(SampleOutcome.REFUSED, reason="no tactic" if not lines else "too long")
        known = self.reached[()]
        for end in range(1, len(lines) + 1):
            prefix = lines[:end]
            if prefix not in self.reached:
                if self.running.spending.limit():
                    return _Reached(SampleOutcome.UNRUN)
                self.reached[prefix] = self.step(prefix)
            known = self.reached[prefix]
            if known.state is None:
                # Lines behind the last goal are no part of a proof.
                if known.outcome is SampleOutcome.CLOSED and end < len(lines):
                    return _Reached(SampleOutcome.REFUSED, reason=f"no goals are left at: {lines[end]}")
                return known
        return known

    def step(self, prefix: tuple[str, ...]) -> _Reached:
        before, line = self.reached[prefix[:-1]], prefix[-1]
        assert before.state is not None
        step = self.running.run(before.state, line, errors=self.config.every)
        self.running.spending.charge(step.heartbeats)
        graph, proposal = self.running.graph, Proposal(line, 0.0)
        if isinstance(state := step.result, TacticState):
            node = graph.add_state(prefix, state.pp, state.num_goals, len(prefix))
            order = graph.add_step(before.node, proposal, step, node)
            self.live.append(state)
            found = _Reached(SampleOutcome.OPEN, state, node)
        else:
            order = graph.add_step(before.node, proposal, step, str(step.outcome))
            if step.outcome is Outcome.PROVED:
                found = _Reached(SampleOutcome.CLOSED)
            else:
                said = step.result.error if isinstance(step.result, LeanError) else ""
                first = " ".join(said.split())[:_REASON]
                found = _Reached(
                    SampleOutcome.REFUSED, reason=f"{step.outcome}: {line}" + (f": {first}" if first else "")
                )
        self.orders[prefix] = (*self.orders[prefix[:-1]], order)
        return found


def _sample(proposal: Proposal, reached: _Reached) -> Sample:
    return Sample(
        text=proposal.tactic,
        tactics=tactics_of(proposal.tactic),
        log_prob=proposal.log_prob,
        count=proposal.count,
        outcome=reached.outcome,
        reason=reached.reason or ("goals are left" if reached.outcome is SampleOutcome.OPEN else ""),
    )
