"""Runs the attacks of this folder end to end: real tactics in a real worker, the export to the real gate.

Each folder is a class of docs/TRUST.md with an `attack.toml`. A case has a `statement` (text, under `import Init` or
`imports`) or the name of a `library` theorem (in its strict environment), the `tactics`, and how it must end:

    tactic_failed       Lean itself says no
    given_up            the worker noticed a sorry
    stopped             Lean says no, or a limit ends it, or the worker dies: whichever comes first on this machine
    rejected:CHECK      the worker claims a proof, the gate refuses it at that check
    error               the worker claims a proof, the gate cannot decide it
    accepted            the gate certifies it; `axioms` are then the certificate's

With `proved` the worker is given that statement while the gate holds `statement`.
"""

from __future__ import annotations

import tomllib
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest

from lean_env.certificate import Certificate, KernelVerdict, Rejection
from lean_env.dojo import Dojo
from lean_env.embedded.install import Installation
from lean_env.embedded.pool import WorkerPool
from lean_env.gate import Gate, GateError
from lean_env.leandojo import ProofFinished, TacticState
from lean_env.library.index import Library
from lean_env.limits import Limits
from lean_env.outcomes import Outcome
from lean_env.prefilter import body_is_one_tactic_block
from lean_env.second_kernel.client import SecondKernel
from lean_env.statement import StatedText, state_text
from lean_env.theorem import Environment, Theorem

CASES = [
    pytest.param(case, id=f"{file.parent.name}-{case['name']}")
    for file in sorted(Path(__file__).parent.glob("*/attack.toml"))
    for case in tomllib.loads(file.read_text())["case"]
]
STOPPED = {Outcome.FAILED, Outcome.TIMED_OUT, Outcome.CRASHED}
#: Small enough for a test, large enough for every honest proof here on a busy machine.
LIMITS = Limits(soft_ms=10_000, hard_margin_ms=1_500)


@pytest.fixture(scope="module")
def hostile_pool(installation: Installation) -> Iterator[WorkerPool]:
    """Where the attacks run."""
    with WorkerPool(installation, 1, LIMITS) as pool:
        yield pool


@pytest.fixture(scope="module")
def clean_pool(installation: Installation) -> Iterator[WorkerPool]:
    """Where statements are elaborated and no proof ever is."""
    with WorkerPool(installation, 1, spares=0) as pool:
        yield pool


@pytest.fixture(scope="module")
def library(installation: Installation) -> Iterator[Library]:
    with Library.open(installation) as library:
        yield library


@pytest.fixture(scope="module")
def gate(installation: Installation, library: Library, second: SecondKernel) -> Iterator[Gate]:
    """With both kernels: should they disagree, KernelsDisagree fails the test."""
    with WorkerPool(installation, 1, LIMITS, role="decide", spares=0) as deciders:
        yield Gate(library, deciders, second)


@pytest.mark.parametrize("case", CASES)
def test_attack(
    case: dict[str, Any], library: Library, hostile_pool: WorkerPool, clean_pool: WorkerPool, gate: Gate
) -> None:
    theorem, stated = _theorem(case, library, clean_pool)
    claimed = theorem if "proved" not in case else Theorem(theorem.name, case["proved"], theorem.environment)
    outcome, export, reason = _run(claimed, case["tactics"], hostile_pool)
    expected = case["verdict"]
    if expected == "stopped":
        assert outcome in STOPPED, reason
        return
    if export is None and expected == "error":  # on a slow machine the bomb meant for the gate ends before it
        assert outcome in STOPPED, reason
        return
    if export is None:
        assert expected == {Outcome.FAILED: "tactic_failed", Outcome.GIVEN_UP: "given_up"}.get(outcome), reason
        return
    try:
        verdict = gate.check(theorem, export, stated)
    except GateError as error:
        assert expected == "error", error
        return
    if isinstance(verdict, Rejection):
        assert expected == f"rejected:{verdict.check}", verdict.reason
        return
    assert expected == "accepted", verdict
    assert isinstance(verdict, Certificate)
    assert verdict.kernels["second"] == (KernelVerdict.ACCEPT, "")
    if "axioms" in case:
        assert sorted(verdict.axioms) == sorted(case["axioms"])


@pytest.mark.parametrize("case", [c for c in CASES if c.id.startswith(("D17", "D24"))])
def test_bodies_that_go_on_with_commands_are_refused_unread(case: dict[str, Any]) -> None:
    assert body_is_one_tactic_block("\n".join(case["tactics"]))


@pytest.mark.parametrize("case", [c for c in CASES if c.id.startswith("honest")])
def test_honest_bodies_pass_the_prefilter(case: dict[str, Any]) -> None:
    assert body_is_one_tactic_block("\n".join(case["tactics"])) is None


def _theorem(case: dict[str, Any], library: Library, clean_pool: WorkerPool) -> tuple[Theorem, StatedText | None]:
    if "library" in case:
        constant = library.constant(case["library"])
        assert constant is not None
        environment = library.strict_environment(constant.module)
        return Theorem(constant.name, "", environment, constant.module, constant.type_hash), None
    theorem = Theorem("attack", case["statement"], Environment(tuple(case.get("imports", ["Init"]))))
    return theorem, state_text(clean_pool, theorem)


def _run(theorem: Theorem, tactics: list[str], pool: WorkerPool) -> tuple[Outcome, str | None, str]:
    """The last outcome, the export if a proof was claimed, and the worker's reason otherwise."""
    with Dojo(theorem, pool) as (dojo, root):
        state = root
        for tactic in tactics:
            (step,) = dojo.run_tacs(state, [tactic])
            if isinstance(step.result, ProofFinished):
                assert tactic is tactics[-1], "the proof was over before its last tactic"
                return step.outcome, dojo.export_proof(step.result), ""
            if not isinstance(step.result, TacticState):
                return step.outcome, None, f"{step.outcome}: {step.result}"
            state = step.result
    return Outcome.ADVANCED, None, f"goals are left:\n{state.pp}"
