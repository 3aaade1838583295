"""The worker's operations on statements, states and the library, against the real Lean."""

from __future__ import annotations

from collections.abc import Iterator
from typing import Any

import pytest

from lean_env.embedded import worker as worker_module
from lean_env.embedded.installation import Installation
from lean_env.embedded.worker import LeanRefused, RefusalKind, Worker, worker_command
from lean_env.library.expression import goal_hash
from lean_env.library.ndjson import read_expression

INIT = ["Init"]
#: What `Nat.add_comm`'s own module imports.
NAT_BASIC = ["Init.Core", "Init.Data.Nat.Basic"]


@pytest.fixture(scope="module")
def worker(installation: Installation) -> Iterator[Worker]:
    worker = Worker(installation, "elaborate")
    worker.await_ready()
    yield worker
    worker.close()


def open_text(worker: Worker, statement: str, imports: list[str] = INIT, **fields: Any) -> dict[str, Any]:
    return worker.request("open_text", imports=imports, statement=statement, **fields)


def step(worker: Worker, state: int, tactic: str, **fields: Any) -> dict[str, Any]:
    (result,) = worker.request("run", state=state, tactics=[tactic], **fields)["results"]
    assert isinstance(result, dict)
    return result


def play(worker: Worker, statement: str, *tactics: str) -> dict[str, Any]:
    """The result of the last tactic; those before must advance."""
    state = open_text(worker, statement)["state"]
    for tactic in tactics[:-1]:
        result = step(worker, state, tactic)
        assert result["outcome"] == "advanced", result
        state = result["state"]
    return step(worker, state, tactics[-1])


def test_the_worker_introduces_itself(worker: Worker) -> None:
    assert worker.greeting["lean"] == "4.28.0-pre"
    assert worker.greeting["githash"] == "38f3c0c45b8df6da2652faff6dcaa15afb5a6981"
    assert worker.greeting["role"] == "elaborate"


# ---- statements from text


def test_binders_before_the_colon_are_introduced_under_their_names(worker: Worker) -> None:
    opened = open_text(worker, "(a b : Nat) {p : Prop} [inst : Decidable p] (h : p) : a + b = b + a")
    assert opened["goals"] == ["a b : Nat\np : Prop\ninst : Decidable p\nh : p\n⊢ a + b = b + a"]


def test_a_bare_proposition_stays_closed(worker: Worker) -> None:
    assert open_text(worker, "∀ a b : Nat, a + b = b + a")["goals"] == ["⊢ ∀ (a b : Nat), a + b = b + a"]


def test_both_forms_of_a_statement_have_the_same_expression(worker: Worker) -> None:
    forms = ["(a b : Nat) : a + b = b + a", ": ∀ a b : Nat, a + b = b + a", "∀ (x y : Nat), x + y = y + x"]
    assert len({goal_hash(read_expression(open_text(worker, form)["expression"])) for form in forms}) == 1


def test_universe_parameters_keep_the_declared_order(worker: Worker) -> None:
    opened = open_text(worker, "(α : Type u) (β : Type v) : α = α ∧ β = β", levels=["v", "u"])
    assert opened["levels"] == ["v", "u"]
    assert open_text(worker, ".{u} (α : Type u) : α = α")["levels"] == ["u"]


@pytest.mark.parametrize(
    "statement",
    [
        "True := trivial\naxiom bad : False",
        "True := trivial\n-- ",
        "True := by trivial\n/- ",
        "True := sorry\n\ntheorem x : False",
        "True where field : Nat",
        "True /-",
        "True\nend",
        "True\n#eval 1",
        "True := fun (x",
        "(p : Prop) : p → p := fun h => h",
        "True := by have x : Nat",
        "True := let x",
        "True | x",
        '"',
        "",
    ],
)
def test_a_text_that_is_more_or_less_than_a_statement_is_refused(worker: Worker, statement: str) -> None:
    with pytest.raises(LeanRefused) as refused:
        open_text(worker, statement)
    assert refused.value.kind is RefusalKind.LEAN
    # and nothing of it stays
    messages = worker.request("check_text", imports=INIT, source="#check (bad : False)\n#check x")["messages"]
    assert [message["severity"] for message in messages] == ["error", "error"]


@pytest.mark.parametrize(
    "statement",
    [
        "a + b = b + a",  # no variable appears by itself
        "sorry = 1",
        "Nat",
        "(a : Nat) : statement a = a",
        "(n : Nat) : (match n with | 0 => 1 | _ => 2) > 0",  # needs a matcher of its own
        "(List.range 3).nope = 3",
    ],
)
def test_a_statement_that_lean_cannot_take_as_it_stands_is_refused(worker: Worker, statement: str) -> None:
    with pytest.raises(LeanRefused) as refused:
        open_text(worker, statement)
    assert refused.value.kind is RefusalKind.LEAN


def test_universe_names_cannot_smuggle_either(worker: Worker) -> None:
    with pytest.raises(LeanRefused):
        open_text(worker, "True", levels=["u} : False := sorry --"])


def test_the_theorem_itself_is_out_of_reach(worker: Worker) -> None:
    for tactic in ("exact statement", "exact template", "exact «statement»", "assumption", "exact _root_.statement"):
        assert play(worker, ": (1 : Nat) = 2", tactic)["outcome"] == "failed"


# ---- statements of the library


def test_a_library_theorem_is_absent_from_its_own_environment(worker: Worker) -> None:
    imports = ["Init.Core", "Init.SimpLemmas"]
    opened = worker.request("open_library", imports=imports, name="Nat.add_comm")
    assert opened["goals"] == ["⊢ ∀ (n m : Nat), n + m = m + n"]
    for tactic in ("exact Nat.add_comm", "simp [Nat.add_comm]", "intro n m; rw [Nat.add_comm]"):
        assert step(worker, opened["state"], tactic)["outcome"] == "failed"
    whole = worker.request("open_library", imports=INIT, name="Nat.add_comm")
    assert step(worker, whole["state"], "exact Nat.add_comm")["outcome"] == "proved"


def test_a_statement_that_the_environment_cannot_express_is_refused(worker: Worker) -> None:
    with pytest.raises(LeanRefused, match="does not have"):
        worker.request("open_library", imports=["Init.Core"], name="List.map_append")


@pytest.mark.parametrize(
    ("imports", "name", "why"),
    [
        (["Init.Prelude"], "Nat.zero_le", "no tactic blocks"),
        (["Init"], "Nat.nope", "no Nat.nope"),
        (["Init.Nope"], "Nat.zero_le", "Init.Nope"),
    ],
)
def test_what_cannot_be_opened_says_why(worker: Worker, imports: list[str], name: str, why: str) -> None:
    with pytest.raises(LeanRefused, match=why):
        worker.request("open_library", imports=imports, name=name)


def test_environments_beyond_the_cache_are_forgotten_but_not_under_a_state(worker: Worker) -> None:
    first = worker.request("open_library", imports=["Init.Core"], name="Nat.add_comm")["state"]
    modules = [
        "Init.Core",
        "Init.Classical",
        "Init.SimpLemmas",
        "Init.WF",
        "Init.Data.Nat.Basic",
        "Init.Data.Bool",
        "Init.Meta",
    ]
    for a in modules:
        for b in modules:
            worker.request("fingerprint", imports=["Init.Tactics", a, b] if a != b else ["Init.Tactics", a])
    assert worker.request("memory")["environments"] <= 48
    assert step(worker, first, "intro n m")["outcome"] == "advanced"


# ---- steps


def test_outcomes(worker: Worker) -> None:
    statement = "(a b : Nat) : a + b = b + a"
    assert play(worker, statement, "induction a")["goals"] == [
        "case zero\nb : Nat\n⊢ 0 + b = b + 0",
        "case succ\nb n : Nat\na_1 : n + b = b + n\n⊢ n + 1 + b = b + (n + 1)",
    ]
    proved = play(worker, statement, "omega")
    assert (proved["outcome"], proved["goals"]) == ("proved", [])
    failed = play(worker, statement, "rfl")
    assert failed["outcome"] == "failed" and "rfl" in failed["error"] and "state" not in failed
    assert play(worker, statement, "this is no tactic")["outcome"] == "failed"
    assert play(worker, statement, "sorry")["outcome"] == "given_up"


def test_a_step_leaves_its_parent_as_it_was(worker: Worker) -> None:
    root = open_text(worker, "(p q : Prop) (hp : p) (hq : q) : p ∧ q")["state"]
    first, second = (step(worker, root, "constructor") for _ in range(2))
    assert first["goals"] == second["goals"] and first["state"] != second["state"]
    assert step(worker, first["state"], "exact hp")["goals"] == ["case right\np q : Prop\nhp : p\nhq : q\n⊢ q"]
    assert step(worker, root, "exact ⟨hp, hq⟩")["outcome"] == "proved"


@pytest.mark.parametrize(
    "tactics",
    [
        ["intro h", "cases h", "case intro => exact ⟨right, left⟩"],
        ["intro h; exact ⟨h.2, h.1⟩"],
        ["intro h\nexact ⟨h.2, h.1⟩ -- done"],
        ["rintro ⟨a, b⟩", "constructor", "· exact b", "exact a"],
        ["intro h\nconstructor\n· exact h.2\n· exact h.1"],
    ],
)
def test_one_tactic_or_several_in_a_step(worker: Worker, tactics: list[str]) -> None:
    assert play(worker, "(p q : Prop) : p ∧ q → q ∧ p", *tactics)["outcome"] == "proved"


@pytest.mark.parametrize("tactic", ["skip)\n(skip", "skip\n)\n#eval 1\n(", "skip /-", "exact trivial) (", "skip\nend"])
def test_a_step_cannot_leave_its_block(worker: Worker, tactic: str) -> None:
    assert play(worker, "True", tactic)["outcome"] == "failed"


def test_names_are_what_a_person_can_write(worker: Worker) -> None:
    """`tactic.hygienic` is off: names that Lean invents can be used."""
    assert play(worker, "∀ n m : Nat, n + m = m + n", "intros", "exact Nat.add_comm n m")["outcome"] == "proved"
    steps = ["intro h; cases h", "exact Or.inr h_1", "exact Or.inl h_1"]
    assert play(worker, "(p q : Prop) : p ∨ q → q ∨ p", *steps)["outcome"] == "proved"


def test_constants_print_with_their_full_names(worker: Worker) -> None:
    assert open_text(worker, "(l : List Nat) : l.length = l.length")["goals"] == [
        "l : List Nat\n⊢ List.length l = List.length l"
    ]


@pytest.mark.parametrize(
    "tactics",
    [
        ["sorry"],
        ["admit"],
        ["exact sorryAx _ true"],
        ["exact (by sorry)"],
        ["have h : p := sorry", "exact h"],
        ["set_option warn.sorry false in sorry"],
        ["first | exact undefinedIdentifier | sorry"],
        ["have h : 1 = 2 := by sorry", "exact absurd h (by decide)"],
    ],
)
def test_sorry_is_given_up_however_it_is_written(worker: Worker, tactics: list[str]) -> None:
    assert play(worker, "(p : Prop) : p", *tactics)["outcome"] == "given_up"


def test_an_error_inside_a_term_fails_the_tactic(worker: Worker) -> None:
    """With error recovery it would become a sorry and a message."""
    for tactic in (
        "exact undefinedIdentifier",
        "have h : p := undefinedIdentifier",
        "refine ⟨undefinedIdentifier, ?_⟩",
    ):
        assert play(worker, "(p : Prop) : p ∧ p", tactic)["outcome"] == "failed"


def test_a_term_that_is_not_closed_is_no_proof(worker: Worker) -> None:
    assert play(worker, ": False", "let rec f : False := f\nexact f")["outcome"] == "failed"


def test_a_batch_stops_at_a_proof_when_asked(worker: Worker) -> None:
    root = open_text(worker, "(a b : Nat) : a + b = b + a")["state"]
    tactics = ["rfl", "omega", "induction a"]
    stopped = worker.request("run", state=root, tactics=tactics, stop_at_proof=True)["results"]
    assert [result["outcome"] for result in stopped] == ["failed", "proved"]
    whole = worker.request("run", state=root, tactics=tactics, stop_at_proof=False)["results"]
    assert [result["outcome"] for result in whole] == ["failed", "proved", "advanced"]


def test_states_are_dropped_and_their_theorem_with_them(worker: Worker) -> None:
    before = worker.request("memory")["states"]
    root = open_text(worker, "(a b : Nat) : a + b = b + a")["state"]
    child = step(worker, root, "induction a")["state"]
    worker.request("drop", states=[root, root, 10**6])
    assert step(worker, child, "all_goals omega")["outcome"] == "proved"
    proved = step(worker, child, "all_goals omega")["state"]
    worker.request("drop", states=[child, proved])
    with pytest.raises(LeanRefused) as refused:
        step(worker, child, "skip")
    assert refused.value.kind is RefusalKind.BAD_REQUEST
    assert worker.request("memory")["states"] == before + 1


@pytest.mark.parametrize(
    ("op", "fields"),
    [
        ("nonsense", {}),
        ("run", {"state": 1}),
        ("run", {"state": "1", "tactics": []}),
        ("run", {"state": 10**9, "tactics": []}),
        ("run", {"state": 1, "tactics": [1]}),
        ("run", {"state": 1, "tactics": [], "heartbeats": -1}),
        ("run", {"state": 1, "tactics": [], "soft_ms": 0}),
        ("open_text", {"imports": "Init", "statement": "True"}),
        ("open_text", {"imports": ["Init\nimport Lean"], "statement": "True"}),
        ("open_text", {"imports": [], "statement": "True"}),
        ("kernel_check", {"imports": INIT, "target": {"library": "Nat.add_comm"}, "proof": ""}),
        ("drop", {}),
    ],
)
def test_a_bad_request_changes_nothing(worker: Worker, op: str, fields: dict[str, Any]) -> None:
    with pytest.raises(LeanRefused) as refused:
        worker.request(op, **fields)
    assert refused.value.kind is RefusalKind.BAD_REQUEST
    assert worker.alive


# ---- goals as types, texts, the library


def test_a_goal_is_exported_with_its_context_reverted(worker: Worker) -> None:
    def hashes(statement: str, *tactics: str) -> list[str]:
        state = open_text(worker, statement)["state"]
        for tactic in tactics:
            state = step(worker, state, tactic)["state"]
        exported = worker.request("export_goals", state=state)["goals"]
        return [goal_hash(read_expression(goal)) for goal in exported]

    whole = hashes("∀ a b : Nat, a + b = b + a")
    assert hashes("(x y : Nat) : x + y = y + x") == whole == hashes("∀ a b : Nat, a + b = b + a", "intro x", "intro y")
    assert hashes("(x y : Nat) : x + y = y + x", "revert y") == whole
    assert len(set(hashes("(p q : Prop) (hp : p) (hq : q) : p ∧ q", "constructor"))) == 2


def test_a_goal_that_depends_on_a_metavariable_is_not_exported(worker: Worker) -> None:
    root = open_text(worker, "∃ n : Nat, n > 3")["state"]
    state = step(worker, root, "refine ⟨?n, ?h⟩")["state"]
    goals = worker.request("export_goals", state=state)["goals"]
    assert None in goals and any(goals)


def test_a_text_is_elaborated_with_positions(worker: Worker) -> None:
    source = "theorem t (a b : Nat) : a + b = b + a := by\n  omega\n\nexample : 1 = 2 := by\n  decide\n#eval 1 + 1\n"
    messages = worker.request("check_text", imports=INIT, source=source)["messages"]
    assert [(message["severity"], message["line"], message["column"]) for message in messages] == [
        ("error", 5, 2),
        ("information", 6, 0),
    ]
    assert messages[1]["data"] == "2"


def test_stored_statements_print_and_say_whether_the_print_means_the_same(worker: Worker) -> None:
    names = ["Nat.add_comm", "List.map_append", "Option.map_id"]
    statements = worker.request("print", imports=INIT, names=names, round_trip=True)["statements"]
    assert statements[0] == {
        "name": "Nat.add_comm",
        "text": "∀ (n m : Nat), n + m = m + n",
        "levels": [],
        "round_trips": True,
    }
    assert "List.map f (l₁ ++ l₂)" in statements[1]["text"] and statements[1]["levels"] == ["u_1", "u_2"]
    silent = worker.request("print", imports=INIT, names=names, round_trip=False)["statements"]
    assert [statement["round_trips"] for statement in silent] == [None, None, None]
    assert [statement["text"] for statement in silent] == [statement["text"] for statement in statements]


def test_the_library_lists_the_theorems_that_people_named(worker: Worker) -> None:
    theorems = worker.request("list_library", modules=["Init.Core"])["theorems"]
    named = {theorem["name"]: theorem for theorem in theorems}
    assert named["ne_self_iff_false"]["module"] == "Init.Core"
    assert not [name for name in named if name.endswith((".injEq", ".sizeOf_spec", ".brecOn")) or "._" in name]


def test_a_probe_tells_syntax_from_a_tactic_that_runs(worker: Worker) -> None:
    whole = worker.request("probe", imports=INIT)
    assert whole["tactics"] and all(whole["runs"].values())
    assert set(whole["runs"]) == {"simp", "simp_all", "omega", "grind", "rcases"}
    assert worker.request("probe", imports=["Init.Prelude"])["tactics"] is False
    early = worker.request("probe", imports=["Init.Data.List.Lemmas"])["runs"]
    assert early["simp"] and not early["grind"]


def test_an_environment_of_a_restored_worker_equals_one_of_a_cold_worker(
    fresh_worker: Worker, installation: Installation, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Constants with their types, the simp set and the instances. A fresh worker: hostile tests share the other one."""
    monkeypatch.setattr(worker_module, "worker_command", lambda *args: [*worker_command(*args), "cold"])
    cold = Worker(installation, "elaborate")
    try:
        cold.await_ready()
        for imports in (INIT, ["Init.Data.List.Lemmas"], ["Init.Core"], ["Init.Prelude"]):
            restored, made = (one.request("fingerprint", imports=imports) for one in (fresh_worker, cold))
            for field in ("constants", "names_hash", "simp_hash", "instances_hash"):
                assert restored[field] == made[field], (imports, field)
        assert fresh_worker.request("fingerprint", imports=INIT)["constants"] > 45_000
        modules = ("Init.Core", "Init.SimpLemmas")
        different = {fresh_worker.request("fingerprint", imports=[m])["simp_hash"] for m in modules}
        assert len(different) == 2
    finally:
        cold.close()


@pytest.mark.parametrize(
    "source", ["theorem t : 1 = 2 := (\n", "hello\n", "theorem t : True := by exact «everything\n"]
)
def test_a_text_that_does_not_parse_has_errors(worker: Worker, source: str) -> None:
    messages = worker.request("check_text", imports=INIT, source=source)["messages"]
    assert [message["severity"] for message in messages if message["severity"] == "error"], messages
    honest = worker.request("check_text", imports=INIT, source="theorem t : True := trivial\n")["messages"]
    assert honest == []
