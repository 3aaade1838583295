"""Headers as text, hostile and honest: two clean workers elaborate them, both kernels are asked, then proof and gate.

python -m pytest tests/attacks/headers
"""

from __future__ import annotations

import tomllib
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest
from arena import LIMITS

from lean_env.embedded.installation import Installation
from lean_env.embedded.pool import WorkerPool
from lean_env.gate.certificate import Certificate, KernelVerdict
from lean_env.gate.gate import Gate, HeaderRefused
from lean_env.session.replay import ReplayFailed, replay
from lean_env.session.stating import StatementRefused, state_text
from lean_env.theorem import Environment, Header, Theorem

HERE = Path(__file__).parent


def cases(file: str) -> list[Any]:
    return [pytest.param(c, id=c["name"]) for c in tomllib.loads((HERE / file).read_text(encoding="utf-8"))["case"]]


@pytest.fixture(scope="module")
def witness_pool(installation: Installation) -> Iterator[WorkerPool]:
    with WorkerPool(installation, 1, LIMITS, spares=0) as pool:
        yield pool


@pytest.fixture
def pools(clean_pool: WorkerPool, witness_pool: WorkerPool, hostile_pool: WorkerPool) -> tuple[WorkerPool, ...]:
    return clean_pool, witness_pool, hostile_pool


def outcome(case: dict[str, Any], pools: tuple[WorkerPool, ...], gate: Gate) -> tuple[str, Certificate | None]:
    """How it ended, in the words of hostile.toml with the whole reason, and the certificate if there is one."""
    clean_pool, witness_pool, hostile_pool = pools
    environment = Environment(tuple(case.get("imports", ["Init"])), Header(case["header"]))
    theorem = Theorem("attack", case.get("statement", ": True"), environment)
    try:
        stated = state_text(clean_pool, theorem, witness_pool)
        gate.check_header(environment, stated.header_ndjson)
    except (StatementRefused, HeaderRefused) as refused:
        return f"refused: {refused}", None
    try:
        proof = replay(hostile_pool, theorem, case.get("tactics", ["trivial"]), LIMITS).proof_ndjson
    except ReplayFailed as failed:
        return f"tactic_failed: {failed}", None
    verdict = gate.check(theorem, proof, stated)
    return ("accepted", verdict) if isinstance(verdict, Certificate) else (f"rejected:{verdict.check}", None)


@pytest.mark.parametrize("case", cases("hostile.toml"))
def test_hostile_header(case: dict[str, Any], pools: tuple[WorkerPool, ...], gate: Gate) -> None:
    found, _ = outcome(case, pools, gate)
    verdict, _, words = case["verdict"].partition(": ")
    assert found.startswith(verdict) and words in found, found


@pytest.mark.parametrize("case", cases("honest.toml"))
def test_honest_header(case: dict[str, Any], pools: tuple[WorkerPool, ...], gate: Gate) -> None:
    found, certificate = outcome(case, pools, gate)
    assert certificate is not None, found
    assert certificate.kernels["second"] == (KernelVerdict.ACCEPT, "")
    assert len(certificate.header_digest) == 64
    assert set(case.get("axioms", [])) <= set(certificate.axioms)
