"""Which goals of a failed search are kept: whole proofs, the longest first."""

from __future__ import annotations

import pytest

from lean_env.embedded.pool import WorkerPool
from lean_env.session.dojo import Dojo
from lean_env.session.leandojo import TacticState
from lean_env.theorem import Environment, Theorem
from prover.policy import PolicyQuery, Proposal
from prover.search.and_or import AndOr
from prover.search.and_or_nodes import Place, Problem, Proof, Status
from prover.search.budget import Budget, Ended
from prover.search.closed import MOST_GOALS, ClosedGoal, closed_goals
from prover.search.graph import ProofStep


def proof(text: str, tactic: str, *parts: Proof, size: int = 1) -> Proof:
    return Proof(text, size, ProofStep(tactic), 0, parts)


def problem(known: Proof | None, status: Status = Status.PROVED) -> Problem:
    place = Place(TacticState("", 0), 0, ("⊢ p",), 0, 1)
    return Problem(place, ("p",), 0.0, 0, 0.0, None, status=status, proof=known)


LEAF = proof("⊢ q", "trivial")
TWO = proof("⊢ p", "constructor", LEAF)
THREE = proof("⊢ r", "intro h", proof("h : r\n⊢ p", "cases h", LEAF))


def test_what_is_part_of_another_proof_is_not_kept_by_itself():
    kept = closed_goals(map(problem, [LEAF, TWO, THREE, *THREE.parts]))
    assert kept == (
        ClosedGoal("⊢ r", ("intro h", "cases h", "trivial")),
        ClosedGoal("⊢ p", ("constructor", "trivial")),
    )


@pytest.mark.parametrize(
    "left_out",
    [
        problem(None),
        problem(TWO, Status.OPEN),
        problem(LEAF),
        problem(proof("⊢ p\n\n⊢ q", "constructor", LEAF, size=2)),
        problem(proof("⊢ p ?a", "constructor", LEAF)),
        problem(proof(f"⊢ {'p ∧ ' * 600}p", "constructor", LEAF)),
    ],
    ids=["no proof", "open", "one tactic", "two goals", "a metavariable", "long"],
)
def test_what_says_little_or_cannot_be_stated_is_not_kept(left_out):
    assert closed_goals([left_out]) == ()


def test_so_many_at_most_the_longest_first():
    chains = [proof(f"⊢ p{n}", "step") for n in range(MOST_GOALS + 4)]
    for n in range(len(chains)):
        for depth in range(n + 1):
            chains[n] = proof(f"⊢ p{n} {depth}", f"step {depth}", chains[n])
    kept = closed_goals(map(problem, chains))
    assert [len(one.tactics) for one in kept] == [13, 12, 11, 10, 9, 8, 7, 6]


class Stubborn:
    """Splits conjunctions, closes what `p` gives by two tactics, and has nothing that closes q but many ideas."""

    name, portable = "stubborn", True

    def propose(self, queries: list[PolicyQuery]) -> list[list[Proposal]]:
        return [[*map(self.proposal, self.tactics(query.state.partition("\n\n")[0]))] for query in queries]

    @staticmethod
    def tactics(goal: str) -> list[str]:
        conclusion = goal.rpartition("⊢ ")[2]
        if conclusion == "p ∨ q":
            return ["left", "skip"]
        if conclusion == "p":
            return ["exact hp"]
        return ["refine ⟨?_, ?_⟩", *(f"exact q{n}" for n in range(9))]

    @staticmethod
    def proposal(tactic: str) -> Proposal:
        return Proposal(tactic, -0.1, tactic)


def test_on_the_real_lean(pool: WorkerPool):
    theorem = Theorem("t", "(p q : Prop) (hp : p) : (p ∨ q) ∧ q", Environment(("Init.Core",)))
    with Dojo(theorem, pool) as (dojo, root):
        found = AndOr(leaves=2).prove(dojo, root, theorem, Stubborn(), Budget(9))
    assert found.ended is Ended.STEPS and found.proof is None
    ((goal, tactics),) = ((one.goal, one.tactics) for one in found.closed)
    assert tactics == ("left", "exact hp") and goal.endswith("hp : p\n⊢ p ∨ q")
