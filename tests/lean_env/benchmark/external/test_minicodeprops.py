"""Rows in miniCodeProps' layout, of our own: found without a field map, with letters that nobody declared."""

from __future__ import annotations

import json
from collections.abc import Iterator

import pytest

from corpus.records import AttemptStatus
from lean_env.benchmark.external import External, load_external
from lean_env.benchmark.external.check import AUTO_BOUND
from lean_env.benchmark.external.json_rows import read_json
from prover.lean import Lean
from prover.policies.portfolio import PortfolioPolicy
from prover.rounds.attempt import Phase, attempt
from prover.search.budget import Budget

TWICE = "\n\ndef twice (xs : List α) : List α := xs ++ xs\n"
#: Name: theorem, what stands above it.
ROWS = {
    "letters": ("(f : α → β) (xs : List α) : (xs.map f).length = xs.length", "import Init"),
    "opened": ("(xs : List α) : pred 1 = 0 ∧ xs = xs", "import Init\nopen Nat"),
    "a_number": (": n < n + (1 : Nat)", "import Init"),
    "over_mathlib": ("(xs : List α) : xs ++ [] = xs", "import Mathlib"),
    "defined": ("(xs : List α) : (twice xs).length = 2 * xs.length", f"import Mathlib{TWICE}"),
    "closed": ("(n : Nat) : n + 0 = n", "import Mathlib"),
    "notation": (": 0 < π", "import Mathlib"),
    "real": ("(x : ℝ) : x = x", "import Mathlib"),
    "a_word": ("(xs : List Item) : xs = xs", "import Init"),
    "forbidden": ("(xs : List α) : xs = xs", "import Init\nset_option autoImplicit false"),
    "opens_more": ("(xs : List α) : xs = xs", "import Mathlib\nopen Finset"),
}


@pytest.fixture(scope="module")
def lean() -> Iterator[Lean]:
    with Lean(1) as lean:
        yield lean


@pytest.fixture(scope="module")
def external(lean: Lean, tmp_path_factory: pytest.TempPathFactory) -> External:
    path = tmp_path_factory.mktemp("rows") / "rows.jsonl"
    rows = [
        {"full_name": name, "prop_defn": f"theorem {name} {statement}:= by sorry", "deps": above, "score": 5}
        for name, (statement, above) in ROWS.items()
    ]
    path.write_text("\n".join(json.dumps(row) for row in rows) + "\n")
    return load_external(path, lean.staters, lean.library, core=True, under_header=lean.state_under_header)


def test_undeclared_letters_are_bound_where_lean_needs_it(external: External) -> None:
    headers = {one.theorem.name: one.theorem.environment.header for one in external.usable}
    assert {name: header and header.text for name, header in headers.items()} == {
        "letters": AUTO_BOUND,
        "opened": f"{AUTO_BOUND}open Nat\n",
        "a_number": AUTO_BOUND,
        "over_mathlib": AUTO_BOUND,
        "defined": f"set_option relaxedAutoImplicit false\n{TWICE.strip()}\n",
        "closed": None,
    }
    notes = {one.theorem.name: one.notes for one in external.usable}
    assert notes["letters"] == ("binds α, β",) and notes["closed"] == ("import Init for Mathlib",)


def test_names_of_a_library_that_is_not_here_are_no_variables(external: External) -> None:
    said = {one.row.name: one.reason for one in external.unusable}
    assert set(said) == {"notation", "real", "a_word", "forbidden", "opens_more"}
    assert "`π`, which stands for no type" in said["notation"] and "`ℝ`" in said["real"] and "`Item`" in said["a_word"]


def test_the_gate_certifies_a_proof_of_one(external: External, lean: Lean) -> None:
    theorem = next(one.theorem for one in external.usable if one.theorem.name == "letters")
    found = attempt(theorem, Phase(PortfolioPolicy(lean.actions), Budget(16)), 0, lean.tools)
    assert found.status is AttemptStatus.PROVED and found.proof is not None


def test_a_field_of_that_name_in_another_layout_is_not_read() -> None:
    rows = read_json(json.dumps({"name": "t", "formal_statement": "theorem t : 1 = 1", "deps": ["def x"]}), "f", "", {})
    assert rows[0].conclusion == "1 = 1" and not rows[0].scope.declared
    mapped = read_json(
        json.dumps({"full_name": "t", "prop_defn": "theorem t : 1 = 1", "deps": "", "mine": "theorem t : 2 = 2"}),
        "f", "", {"statement": "mine"},
    )  # fmt: skip
    assert mapped[0].conclusion == "2 = 2"
