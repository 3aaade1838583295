"""What the gate does not decide is an error: limits, crashes, and answers that are none."""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path

import pytest
from handmade import IDENTITY, IDENTITY_PROOF, app, equal, export, number, refl, stated, text_theorem, theorem

from lean_env.embedded.installation import Installation
from lean_env.embedded.pool import WorkerPool
from lean_env.gate.certificate import Certificate
from lean_env.gate.gate import Gate, GateError
from lean_env.library.index import Library
from lean_env.limits import Limits


def test_a_kernel_that_does_not_end_is_an_error_and_its_worker_is_replaced(
    library: Library, installation: Installation
) -> None:
    power = app("Nat.add", app("Nat.pow", number(2), number(16777215)), app("Nat.pow", number(3), number(10_000_000)))
    endless = equal(app("Nat.mod", power, number(7)), number(0))
    limits = Limits(soft_ms=1000, hard_margin_ms=500)
    with WorkerPool(installation, 1, limits, role="decide", spares=0) as pool:
        gate = Gate(library, pool)
        honest = export(theorem(IDENTITY, IDENTITY_PROOF))
        assert isinstance(gate.check(text_theorem(), honest, stated(IDENTITY)), Certificate)
        before = pool.pids
        with pytest.raises(GateError):
            gate.check(text_theorem(), export(theorem(endless, refl(number(0)))), stated(endless))
        assert isinstance(gate.check(text_theorem(), honest, stated(IDENTITY)), Certificate)
        assert not before & pool.pids


def test_a_worker_is_replaced_after_its_share_of_checks(
    library: Library, installation: Installation, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("lean_env.gate.gate.REQUESTS_PER_WORKER", 1)
    with WorkerPool(installation, 1, role="decide", spares=0) as pool:
        gate = Gate(library, pool)
        seen = set()
        for _ in range(2):
            honest = export(theorem(IDENTITY, IDENTITY_PROOF))
            assert isinstance(gate.check(text_theorem(), honest, stated(IDENTITY)), Certificate)
            seen |= pool.pids
        assert pool.counters.recycled >= 1


ANSWERS = {
    "another word": {"verdict": "perhaps"},
    "a shout": {"verdict": "ACCEPT"},
    "a truth value": {"verdict": True},
    "a list": {"verdict": ["accept"]},
    "nothing": {},
    "a refusal": {"ok": False, "error": {"kind": "limit", "message": "heartbeats"}},
    "a fatal error": {"ok": False, "error": {"kind": "fatal", "message": "the stack was not rewound"}},
    "an error of no kind": {"ok": False},
    "an accept for another request": {"id": 999, "verdict": "accept"},
    "not even a flag": {"ok": "yes", "verdict": "accept"},
}


@pytest.mark.parametrize("answer", ANSWERS.values(), ids=ANSWERS.keys())
def test_an_answer_that_is_none_is_an_error(
    library: Library, tmp_path: Path, answer: dict[str, object], decider_that_says: Callable[[object], Installation]
) -> None:
    with WorkerPool(decider_that_says(answer), 1, role="decide", spares=0) as pool, pytest.raises(GateError):
        Gate(library, pool).check(text_theorem(), export(theorem(IDENTITY, IDENTITY_PROOF)), stated(IDENTITY))


def test_the_fake_decider_is_believed_when_it_accepts(
    library: Library, decider_that_says: Callable[[object], Installation]
) -> None:
    """So that the errors above come from the answers and not from the fake."""
    with WorkerPool(decider_that_says({"verdict": "accept"}), 1, role="decide", spares=0) as pool:
        proof = export(theorem(IDENTITY, IDENTITY_PROOF))
        assert isinstance(Gate(library, pool).check(text_theorem(), proof, stated(IDENTITY)), Certificate)
