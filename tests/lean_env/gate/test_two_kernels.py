"""What becomes of a proof that the embedded kernel accepts, by what the second one says."""

from __future__ import annotations

import json
from collections.abc import Callable, Iterator
from pathlib import Path

import pytest
from handmade import (
    IDENTITY,
    IDENTITY_PROOF,
    LIE,
    NAT,
    ONE,
    app,
    export,
    fun,
    number,
    refl,
    stated,
    text_theorem,
    theorem,
)

from lean_env import paths
from lean_env.embedded.installation import Installation
from lean_env.embedded.pool import WorkerPool
from lean_env.gate.certificate import Certificate, KernelVerdict
from lean_env.gate.disagreement import KernelsDisagree
from lean_env.gate.gate import Gate, GateError
from lean_env.gate.second_kernel.client import NoSecondKernel, SecondKernel, SecondOpinion
from lean_env.library.expression import Sort
from lean_env.library.index import Library

Decider = Callable[[object], Installation]
LYING_PROOF = export(theorem(LIE, refl(number(1))))


@pytest.fixture(scope="module")
def library(installation: Installation) -> Iterator[Library]:
    with Library.open(installation) as library:
        yield library


@pytest.fixture
def own_cache(installation: Installation, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    monkeypatch.setenv("FLYWHEEL_CACHE", str(tmp_path / "cache"))
    return tmp_path / "cache"


def certificate(library: Library, decider: Installation, second: SecondOpinion | None, proof: str) -> Certificate:
    with WorkerPool(decider, 1, role="decide", spares=0) as pool:
        verdict = Gate(library, pool, second).check(text_theorem(), proof, stated(IDENTITY))
    assert isinstance(verdict, Certificate)
    return verdict


def test_a_lie_that_the_first_kernel_lets_through_stops_everything(
    library: Library, second: SecondKernel, decider_that_says: Decider, own_cache: Path
) -> None:
    """The embedded kernel is a fake that accepts whatever it is shown; the second one is real."""
    pool = WorkerPool(decider_that_says({"verdict": "accept"}), 1, role="decide", spares=0)
    with pool, pytest.raises(KernelsDisagree) as alarm:
        Gate(library, pool, second).check(text_theorem(), LYING_PROOF, stated(LIE))
    assert not isinstance(alarm.value, GateError)
    assert "ALARM" in str(alarm.value) and "declTypeMismatch" in str(alarm.value)
    kept = alarm.value.kept
    assert kept is not None and kept.parent == paths.disagreements() and str(kept) in str(alarm.value)
    case = json.loads(kept.read_text())
    assert case["proof_ndjson"] == LYING_PROOF and case["theorem"]["name"] == "by_hand"
    assert case["statement"] == stated(LIE).expression_ndjson


def test_a_case_that_cannot_be_written_is_in_the_message(
    library: Library, second: SecondKernel, decider_that_says: Decider, own_cache: Path
) -> None:
    own_cache.parent.joinpath("cache").write_text("a file where the folder should be")
    pool = WorkerPool(decider_that_says({"verdict": "accept"}), 1, role="decide", spares=0)
    with pool, pytest.raises(KernelsDisagree) as alarm:
        Gate(library, pool, second).check(text_theorem(), LYING_PROOF, stated(LIE))
    assert alarm.value.kept is None
    assert json.dumps(LYING_PROOF, ensure_ascii=False) in str(alarm.value)


def test_without_a_second_kernel_the_certificate_says_so(library: Library, decider_that_says: Decider) -> None:
    decider, proof = decider_that_says({"verdict": "accept"}), export(theorem(IDENTITY, IDENTITY_PROOF))
    for second, reason in ((None, "opened without one"), (NoSecondKernel("no such platform"), "no such platform")):
        found = certificate(library, decider, second, proof)
        verdict, why = found.kernels["second"]
        assert verdict is KernelVerdict.UNAVAILABLE and reason in why
        assert "then" not in found.gate_version


def test_what_the_second_kernel_declines_is_stored_with_its_reason(
    library: Library, installation: Installation, second: SecondKernel
) -> None:
    """The image lacks `IO.Promise`, whose private parts the distribution lacks."""
    proof = export(theorem(IDENTITY, app(fun(Sort(ONE), to=IDENTITY_PROOF), app("IO.Promise", NAT))))
    opinion = certificate(library, installation, second, proof).kernels["second"]
    assert opinion.verdict is KernelVerdict.DECLINED
    assert str(opinion) == "declined: unknownConstant: IO.Promise"
