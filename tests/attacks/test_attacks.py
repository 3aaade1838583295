"""Runs the attacks of this folder end to end: real tactics in a real worker, the export to the real gate.

    python -m pytest tests/attacks

Each case is also put to the rules that others go by and to each kernel alone; the table at the end says what they made
of it. `README.md` says what a case holds and how it may end.
"""

from __future__ import annotations

import re

import pytest
from arena import HERE, Case, KernelsAlone, TextJudge, cases, classes, run_tactics, theorem_of
from scoreboard import Scoreboard

from lean_env.embedded.pool import WorkerPool
from lean_env.gate.certificate import Certificate, KernelVerdict, Rejection
from lean_env.gate.gate import Gate, GateError
from lean_env.gate.statement import CleanStatement
from lean_env.library.index import Library
from lean_env.session.outcomes import Outcome
from lean_env.session.stating import StatementRefused, state_text
from lean_env.theorem import Theorem

CASES = [pytest.param(case, id=str(case)) for case in cases()]
STOPPED = {Outcome.FAILED, Outcome.TIMED_OUT, Outcome.CRASHED}


@pytest.fixture
def bench(
    library: Library, hostile_pool: WorkerPool, clean_pool: WorkerPool, gate: Gate, impatient_gate: Gate
) -> tuple[Library, WorkerPool, WorkerPool, Gate, Gate]:
    return library, hostile_pool, clean_pool, gate, impatient_gate


@pytest.mark.parametrize("case", CASES)
def test_attack(
    case: Case,
    bench: tuple[Library, WorkerPool, WorkerPool, Gate, Gate],
    text_judge: TextJudge,
    kernels_alone: KernelsAlone,
    scoreboard: Scoreboard,
) -> None:
    library, hostile_pool, clean_pool, patient, impatient = bench
    theorem = theorem_of(case, library)
    exit_code = leandojo = first = second = certified = None
    if "export" not in case.fields:
        exit_code, leandojo = text_judge.judge(case, theorem)
    export: str | None = case.fields.get("export")
    try:
        stated = _stated(case, theorem, clean_pool)
    except StatementRefused as refused:
        found, reason = "statement_refused", str(refused)
    else:
        if export is None:
            claimed = theorem
            if "proved" in case.fields:
                claimed = Theorem(theorem.name, case.fields["proved"], theorem.environment)
            outcome, export, reason = run_tactics(claimed, case, hostile_pool)
            found = {Outcome.FAILED: "tactic_failed", Outcome.GIVEN_UP: "given_up"}.get(outcome, str(outcome))
            if outcome in STOPPED and case.verdict in ("stopped", "error"):
                found = case.verdict  # on a slow machine the bomb meant for the gate ends before it
            if case.verdict == "not_proved" and export is None:
                found = case.verdict
        if export is not None:
            gate = impatient if case.verdict in ("stopped", "error") else patient
            found, reason, certificate = _gate_says(gate, theorem, export, stated)
            certified = certificate is not None
            first, second = kernels_alone.judge(case, theorem, stated, export)
            if certificate is not None and case.verdict == "accepted":
                assert certificate.kernels["second"] == (KernelVerdict.ACCEPT, "")
                assert "axioms" not in case.fields or sorted(certificate.axioms) == sorted(case.fields["axioms"])
    scoreboard.record(
        case.row, exit_code=exit_code, leandojo=leandojo, gate=bool(certified), kernel_428=first, kernel_435=second
    )
    assert found == case.verdict, reason


def _stated(case: Case, theorem: Theorem, clean_pool: WorkerPool) -> CleanStatement | None:
    if "stated" in case.fields:
        stated = case.fields["stated"]
        assert isinstance(stated, CleanStatement)
        return stated
    return state_text(clean_pool, theorem) if theorem.module is None else None


def _gate_says(
    gate: Gate, theorem: Theorem, export: str, stated: CleanStatement | None
) -> tuple[str, str, Certificate | None]:
    try:
        verdict = gate.check(theorem, export, stated)
    except GateError as error:
        return "error", str(error), None
    if isinstance(verdict, Rejection):
        return f"rejected:{verdict.check}", verdict.reason, None
    return "accepted", str(verdict), verdict


def test_every_class_has_a_case_a_test_or_a_reason_why_not() -> None:
    numbers = {int(re.sub(r"\D", "", name.partition("_")[0])) for name in classes() if name != "honest"}
    assert numbers == set(range(1, 36))
    for name in classes():
        held = [*(HERE / name).glob("attack.toml"), *(HERE / name).glob("exports.py"), *(HERE / name).glob("test_*.py")]
        assert held, name


def test_there_are_sixty_honest_proofs_and_no_two_alike() -> None:
    honest = [case.fields for case in cases() if case.folder == "honest"]
    assert len(honest) >= 60
    assert len({case["name"] for case in honest}) == len(honest)
    assert len({tuple(case["tactics"]) for case in honest}) == len(honest)
