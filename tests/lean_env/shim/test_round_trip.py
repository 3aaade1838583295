"""What search finds through LeanDojo is replayed and certified like everything else."""

from __future__ import annotations

import pytest

from corpus.records import AttemptRecord, AttemptStatus
from lean_env.benchmark.lean_core.benchmark import load_lean_core
from lean_env.embedded.installation import Installation
from lean_env.theorem import Environment, Theorem
from prover.lean import Backend, Lean
from prover.policies.batching import BatchingPolicy
from prover.policies.portfolio import PortfolioPolicy
from prover.rounds.attempt import Phase, attempt
from prover.search.budget import Budget

TEXT = Theorem("swap", "(p q : Prop) : p ∧ q → q ∧ p", Environment(("Init",)))


def attempts(installation: Installation, backend: Backend) -> list[AttemptRecord]:
    with Lean(workers=1, installation=installation, backend=backend) as lean:
        lean.stated(TEXT)
        policy = BatchingPolicy(PortfolioPolicy(lean.actions))
        theorems = [TEXT, load_lean_core().theorem("List.map_append"), load_lean_core().theorem("Nat.add_sub_cancel")]
        records = [attempt(theorem, Phase(policy, Budget(48)), 0, lean.tools) for theorem in theorems]
    return [record for record in records if record is not None]


def test_both_backends_find_and_certify_the_same_proofs(installation: Installation) -> None:
    embedded, dojo = (attempts(installation, backend) for backend in ("embedded", "dojo"))
    assert [record.status for record in dojo] == [AttemptStatus.PROVED, AttemptStatus.PROVED, AttemptStatus.UNPROVED]
    for one, other in zip(embedded, dojo, strict=True):
        assert (one.status, one.steps, one.nodes, one.heartbeats) == (
            other.status,
            other.steps,
            other.nodes,
            other.heartbeats,
        )
    for one, other in zip(embedded[:2], dojo[:2], strict=True):
        assert one.proof is not None and other.proof is not None
        assert one.proof.text == other.proof.text
        assert one.proof.certificate.proof_hash == other.proof.certificate.proof_hash


@pytest.mark.parametrize("backend", ["embedded", "dojo"])
def test_no_process_is_left(installation: Installation, backend: Backend) -> None:
    with Lean(workers=1, installation=installation, backend=backend) as lean:
        with lean.open_session(TEXT) as (session, root):
            assert session.run_tacs(root, ["intro h"])
        pids = lean.searchers.pids
    assert pids and not lean.searchers.pids
