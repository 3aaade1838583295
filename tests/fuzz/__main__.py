"""Coverage-guided fuzzing of the readers of proofs and headers: `make fuzz`, or `python -m tests.fuzz [SECONDS]`.

Whatever bytes come, `ProofTerm.read` refuses them with NdjsonError, or returns a proof that survives the gate's own
spelling: written for the kernel and read again, it has the same constants and the same hash over types and values. So
does `HeaderTerm.read` with what a header's constants count for. Half
of the inputs are libFuzzer's bytes, half keep the format and change what is said. Starts from the hand-made proofs of
`tests/handmade.py` and from FOLDER, where new inputs that reached new code are kept.
"""

from __future__ import annotations

import random
import sys
import tempfile
from pathlib import Path

import atheris

with atheris.instrument_imports(include=["lean_env"]):
    from lean_env.gate.header_term import HeaderTerm
    from lean_env.gate.proof_term import TARGET, ProofTerm
    from lean_env.library.ndjson import NdjsonError
    from lean_env.library.ndjson_writer import write_declarations

from lean_env.library.expression import Bound, Let, Literal, Projection
from tests.handmade import (
    ADD_COMM,
    IDENTITY,
    IDENTITY_PROOF,
    NAT,
    REFLEXIVITY,
    REFLEXIVITY_PROOF,
    app,
    beside,
    by_refl,
    definition,
    enumeration,
    export,
    fun,
    number,
    polymorphic_tree,
    theorem,
)
from tests.mutation import mutate

#: The largest input; honest exports of short proofs are smaller.
MAX_BYTES = 1 << 14
SECONDS = 300
SEEDS = (
    export(theorem(IDENTITY, IDENTITY_PROOF)),
    export(theorem(REFLEXIVITY, REFLEXIVITY_PROOF, "u")),
    export(theorem(ADD_COMM, by_refl(ADD_COMM))),
    beside(definition("helper.two", NAT, app("Nat.succ", number(1)))),
    beside(theorem(REFLEXIVITY, REFLEXIVITY_PROOF, "u", name="helper.refl")),
    beside(definition("helper.let", NAT, Let("x", NAT, number(7), Bound(0)))),
    beside(definition("helper.first", NAT, Projection("Prod", 0, app("Prod.mk", number(1), Literal("é"))))),
    beside(definition("helper.twice", fun(NAT, to=NAT), fun(NAT, to=app("Nat.add", Bound(0), Bound(0))))),
    write_declarations([enumeration("E", 2), definition("first", NAT, number(1))]),
    write_declarations([polymorphic_tree("T"), enumeration("F", 1)]),
)


def one_input(data: bytes) -> None:
    """One input of the fuzzer; anything but NdjsonError that comes out of it is a finding."""
    try:
        text = data.decode()
    except UnicodeDecodeError:
        return
    _header(text)
    try:
        proof = ProofTerm.read(text)
    except NdjsonError:
        return
    if proof.constants & {TARGET, *(auxiliary.name for auxiliary in proof.auxiliaries)}:
        return  # mentions itself or a later one: taken for the library's, which has none of that name, says the gate
    again = ProofTerm.read(proof.kernel_ndjson())
    if (again.proof_hash, again.constants) != (proof.proof_hash, proof.constants):
        raise AssertionError("the gate's own spelling says something else than the export")


def _header(text: str) -> None:
    try:
        header = HeaderTerm.read(text)
    except NdjsonError:
        return
    if HeaderTerm.read(write_declarations(header.declarations)).contents != header.contents:
        raise AssertionError("the gate's own spelling declares something else than the header")


def mutated(data: bytes, max_size: int, seed: int) -> bytes:
    """libFuzzer's custom mutator: every other time a change that keeps each line JSON."""
    if seed % 2:
        try:
            changed = mutate(data.decode(), random.Random(seed), 1 + seed % 3).encode()
            if changed and len(changed) <= max_size:
                return changed
        except Exception:  # what is no export any more is left to libFuzzer
            pass
    return bytes(atheris.Mutate(data, max_size))


def main() -> None:
    """Fuzzes for so many seconds (default 300); exits with 77 and the input's path at a finding."""
    seconds = int(sys.argv[1]) if len(sys.argv) > 1 else SECONDS
    folder = Path(sys.argv[2] if len(sys.argv) > 2 else tempfile.mkdtemp(prefix="flywheel-fuzz-"))
    folder.mkdir(parents=True, exist_ok=True)
    for place, seed in enumerate(SEEDS):
        (folder / f"handmade-{place}").write_text(seed, encoding="utf-8")
    options = [f"-max_total_time={seconds}", f"-max_len={MAX_BYTES}", "-print_final_stats=1", str(folder)]
    atheris.Setup([sys.argv[0], *options], one_input, custom_mutator=mutated)
    atheris.Fuzz()


if __name__ == "__main__":
    main()
