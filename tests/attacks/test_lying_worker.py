"""Exports of real proofs, damaged or exchanged on their way to the gate: what a corrupted worker could send."""

from __future__ import annotations

import json
import random
import tomllib
from collections.abc import Iterator
from dataclasses import dataclass, replace
from pathlib import Path

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st
from mutation import mutate
from term_mutation import mutate_terms

from lean_env.embedded.installation import Installation
from lean_env.embedded.pool import WorkerPool
from lean_env.gate.certificate import Certificate, Check, Rejection
from lean_env.gate.gate import Gate
from lean_env.gate.proof_term import ProofTerm
from lean_env.gate.statement import CleanStatement
from lean_env.library.index import Library
from lean_env.library.ndjson import read_declarations
from lean_env.library.ndjson_writer import write_declarations
from lean_env.session.replay import replay
from lean_env.session.stating import state_text
from lean_env.theorem import Environment, Theorem
from tests.fresh import Acceptances

#: The first twenty honest proofs: every pair of them is tried.
HONEST = tomllib.loads((Path(__file__).parent / "honest" / "attack.toml").read_text())["case"][:20]
#: Larger exports take longer to check than random damage to them is worth.
SMALL = 12_000


@dataclass(frozen=True)
class Exported:
    theorem: Theorem
    stated: CleanStatement | None
    ndjson: str


@pytest.fixture(scope="module")
def library(installation: Installation) -> Iterator[Library]:
    with Library.open(installation) as library:
        yield library


@pytest.fixture(scope="module")
def gate(installation: Installation, library: Library) -> Iterator[Gate]:
    with WorkerPool(installation, 1, role="decide", spares=0) as deciders:
        yield Gate(library, deciders)


@pytest.fixture(scope="module")
def exports(pool: WorkerPool, library: Library) -> dict[str, Exported]:
    """The honest proofs of this folder, as the worker exports them."""
    found = {}
    for case in HONEST:
        if "library" in case:
            constant = library.constant(case["library"])
            assert constant is not None
            environment = library.strict_environment(constant.module)
            theorem = Theorem(constant.name, "", environment, constant.module)
            stated = None
        else:
            theorem = Theorem("honest", case["statement"], Environment(("Init",)))
            stated = state_text(pool, theorem)
        found[case["name"]] = Exported(theorem, stated, replay(pool, theorem, case["tactics"]).proof_ndjson)
    return found


def test_every_proof_is_accepted_for_its_own_statement_and_for_no_other(
    gate: Gate, exports: dict[str, Exported]
) -> None:
    for claimed in exports.values():
        for offered in exports.values():
            verdict = gate.check(claimed.theorem, offered.ndjson, claimed.stated)
            if claimed is offered:
                assert isinstance(verdict, Certificate), verdict
            else:
                assert isinstance(verdict, Rejection) and verdict.check is Check.TYPE


def test_another_proofs_value_under_the_right_type(gate: Gate, exports: dict[str, Exported]) -> None:
    proofs = {name: ProofTerm.read(export.ndjson) for name, export in exports.items()}
    for name, claimed in exports.items():
        for other, offered in proofs.items():
            grafted = replace(proofs[name].target, value=offered.target.value)
            if other == name or grafted.level_params != offered.target.level_params:
                continue
            text = write_declarations([*offered.auxiliaries, grafted])
            verdict = gate.check(claimed.theorem, text, claimed.stated)
            assert isinstance(verdict, Rejection) and verdict.check in (Check.CONSTANTS, Check.KERNEL)


def test_without_one_of_its_auxiliaries_no_proof_stands(gate: Gate, exports: dict[str, Exported]) -> None:
    dropped = 0
    for export in exports.values():
        proof = ProofTerm.read(export.ndjson)
        for missing in proof.auxiliaries:
            rest = [auxiliary for auxiliary in proof.auxiliaries if auxiliary is not missing]
            verdict = gate.check(export.theorem, write_declarations([*rest, proof.target]), export.stated)
            assert isinstance(verdict, Rejection) and verdict.check is Check.CONSTANTS
            dropped += 1
    assert dropped >= 3


def test_cut_off_anywhere_no_proof_stands(gate: Gate, exports: dict[str, Exported]) -> None:
    for export in exports.values():
        for cut in random.Random(0).sample(range(len(export.ndjson) - 1), 20):
            verdict = gate.check(export.theorem, export.ndjson[:cut], export.stated)
            assert isinstance(verdict, Rejection) and verdict.check is Check.TERM


def test_an_axiom_in_front_spoils_every_proof(gate: Gate, exports: dict[str, Exported]) -> None:
    for export in exports.values():
        *lines, last = export.ndjson.splitlines()
        target = json.loads(last)["thm"]
        axiom = {"name": target["name"], "levelParams": [], "type": target["type"], "isUnsafe": False}
        text = "\n".join([*lines, json.dumps({"axiom": axiom}), last]) + "\n"
        verdict = gate.check(export.theorem, text, export.stated)
        assert isinstance(verdict, Rejection) and verdict.check is Check.TERM


def test_the_gates_own_spelling_of_an_export_gives_the_same_certificate(
    gate: Gate, exports: dict[str, Exported]
) -> None:
    for export in exports.values():
        first = gate.check(export.theorem, export.ndjson, export.stated)
        again = gate.check(export.theorem, ProofTerm.read(export.ndjson).kernel_ndjson(), export.stated)
        assert isinstance(first, Certificate) and isinstance(again, Certificate)
        assert replace(again, auxiliaries=first.auxiliaries) == first


def test_mutated_exports(
    gate: Gate, exports: dict[str, Exported], installation: Installation, library: Library
) -> None:
    """Lines or terms are changed. Whatever is accepted proves the statement that was asked for, and is accepted again
    in our spelling, and by processes that saw no mutant."""
    small = sorted(name for name, export in exports.items() if len(export.ndjson) < SMALL)
    accepted = Acceptances()

    @settings(max_examples=120, deadline=None, suppress_health_check=[HealthCheck.too_slow])
    @given(st.sampled_from(small), st.booleans(), st.randoms(use_true_random=False), st.integers(1, 3))
    def mutants(name: str, terms: bool, rng: random.Random, times: int) -> None:
        export = exports[name]
        if terms:
            changed = write_declarations(mutate_terms(read_declarations(export.ndjson), rng, times))
        else:
            changed = mutate(export.ndjson, rng, times)
        verdict = gate.check(export.theorem, changed, export.stated)
        if isinstance(verdict, Certificate):
            honest = gate.check(export.theorem, export.ndjson, export.stated)
            assert isinstance(honest, Certificate) and verdict.statement_hash == honest.statement_hash
            again = gate.check(export.theorem, ProofTerm.read(changed).kernel_ndjson(), export.stated)
            assert isinstance(again, Certificate) and again.proof_hash == verdict.proof_hash
            accepted.add(export.theorem, changed, export.stated, verdict)

    mutants()
    assert accepted.decide_again(installation, library) >= 5
