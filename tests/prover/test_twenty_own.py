"""Twenty `sorry`s of a file over its own definitions: structures, recursion, a hash map, two local modules."""

from __future__ import annotations

from pathlib import Path

import pytest

from corpus.records import AttemptRecord
from lean_env.gate.certificate import KernelVerdict
from lean_env.lean_text.modules import own_modules
from lean_env.limits import Limits
from lean_env.theorem import Theorem
from prover.cli.policies import phase_of
from prover.lean import Lean
from prover.rounds.attempt import attempt
from prover.sorries import Answer, LeanFile, Poser, fill

MAIN = Path(__file__).with_name("twenty_own") / "Shop/Main.lean"


@pytest.mark.long
@pytest.mark.timeout(3600)
def test_at_least_fifteen_are_proved_and_certified_by_both_kernels() -> None:
    text = MAIN.read_text(encoding="utf-8")
    records: list[AttemptRecord] = []
    with Lean(1, Limits(heartbeats=200_000, soft_ms=10_000)) as lean:
        modules = own_modules(MAIN, text, lean.library.modules)
        file = LeanFile(text, lean.messages, modules)
        phase = phase_of(None, lean.actions, 256)

        def search(theorem: Theorem) -> Answer:
            record = attempt(theorem, phase, 0, lean.tools, minimize_steps=64)
            assert record is not None
            records.append(record)
            return Answer(tuple(step.tactic for step in record.proof.steps) if record.proof else (), record.reason)

        new, found = fill(file, Poser(file.environment, lean.stated), search, lambda *_: None)
        said = file.messages(new)
    assert len(found) == 20 and len(records) == 20, [one.reason for one in found if not one.tactics]
    proved = [one for one in found if one.tactics]
    assert len(proved) >= 15, {one.declared: one.reason for one in found if not one.tactics}
    for record in records:
        if record.proof is not None:
            kernels = record.proof.certificate.kernels
            assert set(kernels.values()) == {KernelVerdict.ACCEPT} and len(kernels) == 2
            assert record.proof.certificate.header_digest
    assert not [message for message in said if message.severity == "error"]
    assert len([message for message in said if "declaration uses `sorry`" in message.data]) == 20 - len(proved)
