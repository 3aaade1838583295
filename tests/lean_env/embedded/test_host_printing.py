"""Goals are put together from known lines: byte for byte what Lean's own `ppGoal` prints, whatever came before."""

from __future__ import annotations

import random
from collections.abc import Iterator
from typing import Any

import pytest

from lean_env.benchmark.lean_core.benchmark import load_lean_core
from lean_env.benchmark.lean_logic.benchmark import load_lean_logic
from lean_env.benchmark.lean_logic.config import LogicConfig
from lean_env.embedded.installation import Installation
from lean_env.embedded.worker import Worker
from lean_env.theorem import Environment, Theorem
from prover.actions.elementary import ELEMENTARY
from prover.actions.space import ActionSpace
from training.data.seeds import load_seeds

INIT = Environment(("Init",))
#: 116 characters; with a name, ` : ` and a little more the line is full.
LONG = " ∧ ".join(["aaaaaaaa = bbbbbbbb"] * 5) + " ∧ c"

MATCH = "have m : (match n with | 0 => 1 | k + 1 => k) = 0 ∨ n = 1 := Or.inr h"


@pytest.fixture(scope="module")
def worker(installation: Installation) -> Iterator[Worker]:
    worker = Worker(installation, "elaborate")
    worker.await_ready()
    yield worker
    worker.close()


def compared(worker: Worker, reply: dict[str, Any], after: str) -> dict[str, Any]:
    assert reply["goals"] == worker.request("print_goals", state=reply["state"])["goals"], after
    return reply


def run(worker: Worker, state: int, tactic: str) -> dict[str, Any]:
    """The result; the goals of a new state are compared with Lean's."""
    (result,) = worker.request("run", state=state, tactics=[tactic], heartbeats=20_000)["results"]
    return compared(worker, result, tactic) if result["outcome"] == "advanced" else result


def open_theorem(worker: Worker, theorem: Theorem) -> dict[str, Any]:
    imports = list(theorem.environment.imports)
    if theorem.module is None:
        return compared(worker, worker.request("open_text", imports=imports, statement=theorem.statement), "open")
    return compared(worker, worker.request("open_library", imports=imports, name=theorem.name), "open")


def play(worker: Worker, statement: str, *tactics: str) -> list[str]:
    """The goals after a line of tactics, all of which must advance; compared at every step, and on the way back."""
    replies = [open_theorem(worker, Theorem("t", statement, INIT))]
    for tactic in tactics:
        replies.append(run(worker, replies[-1]["state"], tactic))
        assert replies[-1]["outcome"] == "advanced", (tactic, replies[-1])
    for reply in reversed(replies):
        assert run(worker, reply["state"], "skip")["goals"] == reply["goals"]
    goals: list[str] = replies[-1]["goals"]
    return goals


def test_a_bound_variable_is_renamed_by_what_the_context_has_taken(worker: Worker) -> None:
    lines = ["intro x", "have h2 := h x", "have x_1 : Nat := 0", "have x_2 : Nat := 0", "clear x_1"]
    (goal,) = play(worker, "(P : Nat → Nat → Prop) (h : ∀ a : Nat, ∃ x : Nat, P a x) : ∀ x : Nat, P x x", *lines[:-1])
    assert "h2 : ∃ x_3, P x x_3" in goal
    (goal,) = play(worker, "(P : Nat → Nat → Prop) (h : ∀ a : Nat, ∃ x : Nat, P a x) : ∀ x : Nat, P x x", *lines)
    assert "h2 : ∃ x_1, P x x_1" in goal


def test_a_nested_bound_variable_is_renamed_too(worker: Worker) -> None:
    statement = "(P : Nat → Nat → Prop) (h : ∀ a : Nat, ∃ x : Nat, P a x) : True"
    (goal,) = play(worker, statement, "have h2 := fun x => h x", "have x_1 := 0", "have x_2 := 0", "clear x_1")
    assert "h2 : ∀ (x : Nat), ∃ x_1, P x x_1" in goal
    play(worker, "(h : ∃ x : Nat, ∃ x_1 : Nat, x = x_1) : True", "have x := 3", "have x_1 := 4", "cases h", "clear x")


@pytest.mark.parametrize("taken", ["Or", "id", "List", "length", "Nat", "a", "Not"])
def test_a_constant_is_written_otherwise_when_a_local_has_its_name(worker: Worker, taken: str) -> None:
    statement = (
        "(p q : Prop) (a b : Nat) (l : List Nat) (h : id p ∨ ¬q) (k : List.length l = a + b) : (p → q) ∨ List.Mem a l"
    )
    before = play(worker, statement)
    after = play(
        worker, statement, f"have {taken} : True := trivial", "have again := h", f"clear {taken}", "clear again"
    )
    assert before == after or taken == "a"


def test_a_renamed_variable_is_renamed_everywhere(worker: Worker) -> None:
    (goal,) = play(worker, "(n : Nat) (h : n = n) : n + 0 = n", "rename Nat => m", "have k := h")
    assert goal == "m : Nat\nh k : m = m\n⊢ m + 0 = m"


def test_one_variable_is_not_taken_for_another_of_a_sibling_state(worker: Worker) -> None:
    """Sibling states number their new variables alike. An implicit argument is not printed, an explicit one is."""
    root = open_theorem(worker, Theorem("t", "(p : Prop) : p ∨ True", INIT))["state"]
    functions = ["Nat → Nat → Prop", "{_ : Nat} → Nat → Prop", "Nat → {_ : Nat} → Prop"]
    for _ in range(2):
        for name in ("f", "g"):
            for kind in functions:
                state = run(worker, root, f"have {name} : {kind} := @fun _ _ => True")["state"]
                state = run(worker, state, f"have h : @{name} 0 1 → True := fun _ => trivial")["state"]
                run(worker, state, f"have k : @{name} 0 1 ∨ True := Or.inr trivial")


@pytest.mark.parametrize("name", ["h", "hh", "hhh", "hhhh", "hhhhh", "α", "«odd name»", "«at»", "h'", "«a.b»"])
def test_lines_break_where_lean_breaks_them(worker: Worker, name: str) -> None:
    statement = f"(aaaaaaaa bbbbbbbb : Nat) (c d : Prop) ({name} : {LONG}) : {LONG} → {LONG} ∧ (c → d) ∧ ({LONG} → c)"
    play(worker, statement, "intro long", f"have longer := {name}", "have x := longer", "refine ⟨?_, ?_⟩")


def test_neighbours_of_one_type_share_a_line(worker: Worker) -> None:
    statement = "(p : Nat → Prop) (a : Nat) (h : ∀ x, p x) (k : ∀ y, p y) (b c : Nat) (l : ∀ y, p y) : p a"
    assert "h k : ∀ (y : Nat), p y" in play(worker, statement)[0]
    assert "h k l : ∀ (y : Nat), p y" in play(worker, statement, "clear b c")[0]


@pytest.mark.parametrize(
    ("statement", "tactics"),
    [
        ("(p q : Prop) (h : p ∧ q) : q", ["cases h", "have left := trivial", "have := left"]),
        ("(p q : Prop) (h : p) : q", ["have h := h", "have h := h", "exfalso", "rename_i u v"]),
        ("∀ (n m : Nat), n + m = m + n", ["intro n", "induction n", "intro m", "all_goals intros", "rotate_left"]),
        ("(n : Nat) : ∃ m, n < m", ["let x := n + 1", "have y : x = n + 1 := rfl", "refine ⟨?w, ?h⟩", "rotate_left"]),
        ("(n : Nat) : ∃ m k, n < m + k", ["apply Exists.intro", "apply Exists.intro", "have : n = n := rfl"]),
        ("{α : Type} [BEq α] [Inhabited α] (l : List α) : l = l", ["generalize l = k", "cases k", "all_goals skip"]),
        ("∀ {α : Type} [BEq α] [LawfulBEq α] (a b : α), a = b → b = a", ["intros", "subst_vars"]),
        ("(n : Nat) (h : n = 1) : n ≤ n", [MATCH, "have x := n", "have k := n", "cases m", "split at h_1"]),
        ("(n : Nat) : (let x := n; x + 1) = (fun x => x + 1) n", ["have x := n", "intro y", "show _ = _"]),
        ("(s : Nat × Nat) : s.1 = s.fst ∧ s = (s.1, s.2)", ["have fst := s.1", "constructor"]),
        (
            "(p : Prop) : p ∨ ¬p",
            ["have h : (∃ x : Nat, x = 0) ∧ ∃ x : Nat, x = 1 := by simp", "have x := 0", "by_cases p"],
        ),
        ("(p : Prop) : " + "¬" * 70 + "p", ["intro h", "exfalso"]),
        ("(p : Prop) : " + "(" * 60 + "p" + " → p)" * 60, ["intro h"]),
        ("(p : Prop) (h : p) : p", ["have __unseen := h", "have x := h", "have y := __unseen"]),
        (
            "(P Q : Nat → Prop) (h : ∃ w, P w ∧ Q w) : ∃ x, Q x",
            ["cases h", "cases h_1", "have w_1 := left", "exists w"],
        ),
        (
            "(a b : Nat) : a + b = b + a",
            ["suffices h : True from Nat.add_comm a b", "show True", "have k : a = a := rfl"],
        ),
        ("(f : {n : Nat} → Fin n → Nat) (i : Fin 3) : f i = f i", ["have n := 3", "have j := i", "rename Nat => k"]),
        ('(s : String) : s = "⊢ a\\nb" ∨ s ≠ "« »"', ["have t := s", "have Ne := t"]),
    ],
)
def test_what_is_out_of_the_ordinary_is_printed_all_the_same(
    worker: Worker, statement: str, tactics: list[str]
) -> None:
    state = open_theorem(worker, Theorem("t", statement, INIT))["state"]
    for tactic in tactics:
        state = run(worker, state, tactic).get("state", state)


def test_the_seeds_print_as_lean_prints_them(worker: Worker) -> None:
    for seed in load_seeds()[::3]:
        kept = [open_theorem(worker, seed.theorem)["state"]]
        for tactic in seed.tactics:
            kept.append(run(worker, kept[-1], tactic)["state"])
        worker.request("drop", states=kept)


def test_random_elementary_steps_print_as_lean_prints_them(worker: Worker) -> None:
    stream = random.Random(1)
    space = ActionSpace(None, ELEMENTARY)
    for theorem in load_lean_logic(LogicConfig(train=12, held_out=3, beyond=6, non_theorems=3)).theorems():
        states = [open_theorem(worker, theorem)]
        for _ in range(12):
            parent = stream.choice(states[-3:])
            situation = space.look(INIT, "\n\n".join(parent["goals"]))
            actions = len(situation.candidates)
            result = run(worker, parent["state"], situation.text(stream.randrange(actions)) if actions else "intros")
            if result["outcome"] == "advanced":
                states.append(result)
        worker.request("drop", states=[state["state"] for state in states])


def formula(stream: random.Random, depth: int) -> str:
    """Fully bracketed, so that where Lean writes brackets is its own choice."""
    if depth == 0 or stream.random() < 0.1:
        return stream.choice(["p", "q", "True", "False", "P a", "R a b", "a = b", "n + 1 = m", "f a n = b", "l = [n]"])
    left, right = formula(stream, depth - 1), formula(stream, depth - 1)
    term, list_ = data(stream, depth - 1), f"({data(stream, 1)} :: {data(stream, 1)} :: {stream.choice(['l', '[]'])})"
    return stream.choice(
        [
            f"(({left}) ∧ ({right}))",
            f"(({left}) ∨ ({right}))",
            f"(({left}) → ({right}))",
            f"(({left}) ↔ ({right}))",
            f"(¬({left}))",
            f"(({left}) = ({right}))",
            f"(({left}) ≠ ({right}))",
            f"({term} = {term})",
            f"(Q ({left}) {term})",
            f"({list_} = {list_})",
            f"(∀ x, R a x → ({left}))",
            f"(n ≠ {term} ∨ {term} < n)",
        ]
    )


def data(stream: random.Random, depth: int) -> str:
    if depth <= 0:
        return stream.choice(["n", "m", "0", "7", "4294967296", "(Nat.succ n)"])
    left, right = data(stream, depth - 1), data(stream, depth - 1)
    return stream.choice([f"({left} + {right})", f"(g {left})", f"(Nat.succ {left})", f"({left} * {right})"])


def test_random_formulas_print_as_lean_prints_them(worker: Worker) -> None:
    """What is put together from parts has brackets where Lean writes them, and breaks lines where Lean does."""
    stream = random.Random(2)
    variables = "(p q : Prop) {α : Type} (P : α → Prop) (R : α → α → Prop) (a b : α) (n m : Nat) (l : List Nat)"
    functions = "(f : α → Nat → α) (g : Nat → Nat) (Q : Prop → Nat → Prop)"
    for _ in range(150):
        hypotheses = " ".join(f"(h{i} : {formula(stream, stream.randint(1, 4))})" for i in range(3))
        goal = formula(stream, stream.randint(1, 4))
        root = open_theorem(worker, Theorem("t", f"{variables} {functions} {hypotheses} : {goal}", INIT))
        states = [root["state"]]
        for tactic in (
            "cases h0",
            "by_cases k : p ∧ (q → p)",
            "have succ := h1",
            "have List := h2",
            "have y : 1 = 1 + 0 := rfl",
        ):
            result = run(worker, states[-1], tactic)
            if result["outcome"] == "advanced":
                states.append(result["state"])
        worker.request("drop", states=states)


def test_library_theorems_print_as_lean_prints_them(worker: Worker) -> None:
    tactics = ["intros", "constructor", "simp", "apply funext", "exfalso", "ext", "have h : 1 = 1 := rfl", "unfold Not"]
    for theorem in load_lean_core().theorems()[::150]:
        root = open_theorem(worker, theorem)
        first = run(worker, root["state"], "intros")
        for tactic in tactics:
            run(worker, first.get("state", root["state"]), tactic)


def test_what_is_known_from_before_changes_no_count(worker: Worker) -> None:
    statement = "(p q : Prop) (l : List Nat) (h : p ∧ q) (n : Nat) : n + 0 = n ∧ (q ∨ List.length l = 0)"
    tactics = ["constructor", "cases h", "by_cases k : p", "exact h", "simp", "induction n", "refine ⟨?_, Or.inl h.2⟩"]
    root = open_theorem(worker, Theorem("t", statement, INIT))["state"]
    counts = [[run(worker, root, tactic)["heartbeats"] for tactic in tactics] for _ in range(3)]
    again = open_theorem(worker, Theorem("t", statement, INIT))["state"]
    counts.append([run(worker, again, tactic)["heartbeats"] for tactic in tactics])
    assert all(count == counts[0] for count in counts)
