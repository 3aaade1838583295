"""From a finished state to the kernel's verdict: one worker elaborates and is not believed, another decides."""

from __future__ import annotations

import json
from collections.abc import Iterator
from typing import Any

import pytest

from lean_env.embedded.installation import Installation
from lean_env.embedded.worker import LeanRefused, RefusalKind, Worker
from lean_env.library.ndjson import read_declarations

INIT = ["Init"]


@pytest.fixture(scope="module")
def elaborator(installation: Installation) -> Iterator[Worker]:
    worker = Worker(installation, "elaborate")
    worker.await_ready()
    yield worker
    worker.close()


@pytest.fixture(scope="module")
def decider(installation: Installation) -> Iterator[Worker]:
    worker = Worker(installation, "decide")
    worker.await_ready()
    yield worker
    worker.close()


def prove(worker: Worker, statement: str, *tactics: str, levels: tuple[str, ...] = ()) -> tuple[dict[str, Any], str]:
    """The statement as a target, and the exported proof."""
    opened = worker.request("open_text", imports=INIT, statement=statement, levels=list(levels))
    state = opened["state"]
    for tactic in tactics:
        (result,) = worker.request("run", state=state, tactics=[tactic])["results"]
        assert result["outcome"] in ("advanced", "proved"), result
        state = result["state"]
    worker.tainted = False
    target = {"expression": opened["expression"], "levels": opened["levels"]}
    return target, worker.request("export_proof", root=opened["state"], state=state)["ndjson"]


def verdict(
    decider: Worker, target: dict[str, Any], proof: str, imports: list[str] = INIT, **fields: Any
) -> tuple[str, str]:
    reply = decider.request("kernel_check", imports=imports, target=target, proof=proof, **fields)
    return reply["verdict"], reply["reason"]


HONEST = [
    ("(a b c : Nat) (h : a ≤ b) : a + c ≤ b + c", "induction c", "· exact h", "· omega"),
    ("(x y : Int) (h : 2*x + 3*y = 7) (h2 : x > 0) (h3 : y > 0) : x = 2 ∧ y = 1", "omega"),
    ("(x y : Int) (h : 2*x + 3*y = 7) (h2 : x > 0) (h3 : y > 0) : x = 2 ∧ y = 1", "grind"),
    ("{α : Type} (l : List α) : (l ++ []).length = l.length", "simp"),
    ("2^64 % 7 = 2", "decide"),
    ("2^64 % 7 = 2", "decide +kernel"),
    ("10^40 * 10^40 = 10^80", "rfl"),
    ('"añ𝔸\\x00b".length = 5', "decide"),
    ("(l : List Nat) : l.reverse.length = l.length", "induction l with\n| nil => rfl\n| cons a t ih => simp"),
    ("(f : Nat → Nat) : (fun x => f x + 0) = f", "funext x", "rfl"),
    ("(p q : Prop) (h : p ↔ q) : p = q", "exact propext h"),
    ("(p : Prop) : p ∨ ¬p", "exact Classical.em p"),
    ("(p : Nat × Nat) : (p.1, p.2) = p", "rfl"),
    ("(a : Nat) : let b := a; b = a", "intro b", "exact rfl"),
    ("(n : Nat) : n < 5 → n < 6", "match n with | 0 => decide | n + 1 => intro h; omega"),
]


@pytest.mark.parametrize("case", HONEST, ids=lambda case: f"{case[0]} by {case[-1]}"[:60])
def test_an_honest_proof_is_accepted(elaborator: Worker, decider: Worker, case: tuple[str, ...]) -> None:
    statement, *tactics = case
    target, proof = prove(elaborator, statement, *tactics)
    assert verdict(decider, target, proof) == ("accept", "")
    # again: nothing of the first check stays in the environment
    assert verdict(decider, target, proof) == ("accept", "")
    # and the strict reader of the gate takes what the worker writes
    assert read_declarations(proof)[-1].name == "flywheel.target"


def test_universe_polymorphic(elaborator: Worker, decider: Worker) -> None:
    statement = "(α : Type u) (β : Type v) (p : α × β) : (p.1, p.2) = p"
    target, proof = prove(elaborator, statement, "rfl", levels=("v", "u"))
    assert target["levels"] == ["v", "u"]
    assert verdict(decider, target, proof) == ("accept", "")
    assert verdict(decider, {**target, "levels": ["u", "v"]}, proof)[0] == "reject"


def test_a_library_statement_is_its_own_target(elaborator: Worker, decider: Worker) -> None:
    imports = ["Init.Core", "Init.SimpLemmas"]
    opened = elaborator.request("open_library", imports=imports, name="Nat.zero_add")
    tactic = "intro n; induction n with | zero => rfl | succ n ih => exact congrArg Nat.succ ih"
    (result,) = elaborator.request("run", state=opened["state"], tactics=[tactic])["results"]
    assert result["outcome"] == "proved", result
    proof = elaborator.request("export_proof", root=opened["state"], state=result["state"])["ndjson"]
    assert verdict(decider, {"library": "Nat.zero_add"}, proof, imports) == ("accept", "")
    assert verdict(decider, {"library": "Nat.add_zero"}, proof, imports)[0] == "reject"


def test_a_constant_outside_the_environment_is_unknown(elaborator: Worker, decider: Worker) -> None:
    target, proof = prove(elaborator, "∀ n m : Nat, n + m = m + n", "exact Nat.add_comm")
    assert verdict(decider, target, proof, ["Init"])[0] == "accept"
    kind, reason = verdict(decider, target, proof, ["Init.Core"])
    assert kind == "reject" and "unknownConstant" in reason


def test_another_statement_is_rejected(elaborator: Worker, decider: Worker) -> None:
    _, proof = prove(elaborator, "True", "trivial")
    false, _ = prove(elaborator, "False → 1 = 2", "intro h; exact h.elim")
    assert verdict(decider, false, proof) == ("reject", "the theorem states something else")


def test_an_edited_term_is_rejected(elaborator: Worker, decider: Worker) -> None:
    target, proof = prove(elaborator, "(p q : Prop) (hp : p) (hq : q) : q ∧ p", "exact ⟨hq, hp⟩")
    lines = [json.loads(line) for line in proof.splitlines()]
    theorem = lines[-1]["thm"]
    rejected = 0
    for line in lines:
        if "ie" in line and line["ie"] < theorem["value"] and line["ie"] != theorem["type"]:
            edited = [*lines[:-1], {"thm": {**theorem, "value": line["ie"]}}]
            rejected += verdict(decider, target, "\n".join(map(json.dumps, edited)))[0] == "reject"
    assert rejected == sum("ie" in line for line in lines) - 2


def test_what_the_kernel_was_told_to_skip_is_checked_here(elaborator: Worker, decider: Worker) -> None:
    target, proof = prove(elaborator, "1 = 2", "set_option debug.skipKernelTC true in decide +kernel")
    kind, reason = verdict(decider, target, proof)
    assert kind == "reject" and "_proof_1" in reason


def test_compiled_code_is_never_run(elaborator: Worker, decider: Worker) -> None:
    target, proof = prove(elaborator, "2^64 % 7 = 2", "native_decide")
    kind, reason = verdict(decider, target, proof)
    assert kind == "reject" and "compiled code" in reason


def test_a_missing_auxiliary_is_rejected(elaborator: Worker, decider: Worker) -> None:
    target, proof = prove(elaborator, "(x y : Int) (h : 2*x + 3*y = 7) (h2 : x > 0) (h3 : y > 0) : x = 2", "omega")
    lines = proof.splitlines()
    kept = [line for line in lines[:-1] if not line.startswith('{"thm"')]
    assert len(kept) < len(lines) - 1
    kind, reason = verdict(decider, target, "\n".join([*kept, lines[-1]]))
    assert kind == "reject" and "unknownConstant" in reason


def test_a_declaration_of_another_kind_is_refused(elaborator: Worker, decider: Worker) -> None:
    target, proof = prove(elaborator, "True", "trivial")
    lines = proof.splitlines()
    theorem = json.loads(lines[-1])["thm"]
    for kind in ("axiom", "inductive", "quot"):
        bad = json.dumps({kind: {**theorem, "isUnsafe": False}})
        with pytest.raises(LeanRefused) as refused:
            verdict(decider, target, "\n".join([*lines[:-1], bad, lines[-1]]))
        assert refused.value.kind is RefusalKind.BAD_REQUEST
    unsafe = {"def": {**theorem, "hints": "opaque", "safety": "unsafe"}}
    assert verdict(decider, target, "\n".join([*lines[:-1], json.dumps(unsafe)]))[0] == "reject"


@pytest.mark.parametrize(
    "proof",
    [
        "",
        "not json",
        "[]",
        "7",
        "null",
        '{"thm":{"name":7,"levelParams":[],"type":0,"value":0,"all":[]}}',
        '{"bvar":-1,"ie":0}',
        '{"bvar":1e99,"ie":0}',
        '{"natVal":"12x","ie":0}',
        '{"sort":0,"ie":0}\n{"sort":0,"ie":0}',
        '{"app":{"fn":1,"arg":1},"ie":0}',
        '{"str":{"pre":0,"str":5},"in":1}',
        '{"lam":{"name":0,"type":0,"body":0,"binderInfo":"loud"},"ie":0}',
    ],
)
def test_malformed_text_is_an_error_and_no_verdict(decider: Worker, proof: str) -> None:
    try:
        assert verdict(decider, {"library": "Nat.add_comm"}, proof)[0] == "reject"
    except LeanRefused as refused:
        assert refused.kind is RefusalKind.BAD_REQUEST
    assert decider.alive


def test_a_kernel_that_gives_up_gives_no_verdict(elaborator: Worker, decider: Worker) -> None:
    target, proof = prove(elaborator, "∀ x, x < 250 → x * x ≥ x", "decide +kernel")
    for limit in ({"heartbeats": 1}, {"soft_ms": 1}):
        with pytest.raises(LeanRefused) as refused:
            verdict(decider, target, proof, **limit)
        assert refused.value.kind is RefusalKind.LIMIT
    assert verdict(decider, target, proof)[0] == "accept"


@pytest.mark.parametrize(
    ("op", "fields"),
    [
        ("check_text", {"imports": INIT, "source": "#eval 1"}),
        ("open_text", {"imports": INIT, "statement": "True"}),
        ("open_library", {"imports": INIT, "name": "Nat.add_comm"}),
        ("run", {"state": 1, "tactics": ["skip"]}),
        ("print", {"imports": INIT, "names": ["Nat.add_comm"], "round_trip": True}),
        ("probe", {"imports": INIT}),
    ],
)
def test_the_deciding_worker_elaborates_nothing(decider: Worker, op: str, fields: dict[str, Any]) -> None:
    with pytest.raises(LeanRefused, match="role decide"):
        decider.request(op, **fields)


def test_export_needs_a_finished_state_of_the_same_theorem(elaborator: Worker) -> None:
    one, other = (elaborator.request("open_text", imports=INIT, statement=s)["state"] for s in ("True", "1 = 1"))
    with pytest.raises(LeanRefused, match="metavariables"):
        elaborator.request("export_proof", root=one, state=one)
    (result,) = elaborator.request("run", state=other, tactics=["rfl"])["results"]
    with pytest.raises(LeanRefused) as refused:
        elaborator.request("export_proof", root=one, state=result["state"])
    assert refused.value.kind is RefusalKind.BAD_REQUEST
