"""Premises: read right, found, and never from outside the environment."""

import pytest
from small_library import ARRAYS, LESS, LISTS, MAP_APPEND, NAT, THEOREMS, closure, retriever

from lean_env.library.index import Library
from lean_env.theorem import Environment
from prover.actions.premises import Shape, read_premise
from prover.actions.retrieval import PremiseIndex, Retriever
from prover.goal import parse_goal


def names(found):
    return [premise.name for premise in found]


def test_the_lemma_that_states_the_goal_comes_first():
    assert names(retriever().premises(LISTS, parse_goal(MAP_APPEND)))[0] == "List.map_append"
    assert names(retriever().premises(NAT, parse_goal(LESS)))[0] == "Nat.le_of_lt"


def test_only_what_the_environment_holds_is_returned():
    in_lists = set(names(retriever().premises(LISTS, parse_goal(MAP_APPEND), count=50)))
    in_arrays = set(names(retriever().premises(ARRAYS, parse_goal(MAP_APPEND), count=50)))
    assert in_arrays - in_lists == {"Array.map_append"}
    assert "Int.add_comm" not in in_arrays
    assert not retriever().holds(LISTS, "Array.map_append")
    assert retriever().definitions(LISTS, parse_goal("⊢ Array.map f xs = ys")) == ()
    assert retriever().definitions(ARRAYS, parse_goal("⊢ Array.map f xs = ys")) == ("Array.map",)


def test_required_names_are_added_but_never_from_outside():
    goal = parse_goal(LESS)
    found = retriever().premises(LISTS, goal, count=2, required=["List.map_map", "Int.add_comm", "no.such"])
    assert names(found) == ["Nat.le_of_lt", "List.map_map"]
    assert [premise.required for premise in found] == [False, True]


def test_a_required_name_that_was_found_stays_at_its_place():
    goal = parse_goal(MAP_APPEND)
    plain = retriever().premises(LISTS, goal, count=3)
    asked = retriever().premises(LISTS, goal, count=3, required=[plain[0].name])
    assert names(asked) == names(plain)
    assert [premise.required for premise in asked] == [True, False, False]


def test_a_side_fits_when_the_goal_has_its_symbols_and_its_types():
    by_name = {p.name: p for p in retriever().premises(LISTS, parse_goal(MAP_APPEND), count=50)}
    assert by_name["List.map_append"].left_fits and by_name["List.map_append"].conclusion_fits
    assert not by_name["List.length_append"].left_fits
    integers = parse_goal("a b : Int\n⊢ a + b = b + a")
    index = PremiseIndex(*zip(*[(n, "M", s) for n, _, s in THEOREMS], strict=True))
    found = {p.name: p for p in Retriever(index, lambda _: frozenset({"M"})).premises(LISTS, integers)}
    assert found["Int.add_comm"].left_fits
    assert not found["Nat.add_comm"].left_fits


@pytest.mark.parametrize(
    ("statement", "shape", "hypotheses", "left"),
    [
        ("∀ (n m : Nat), n + m = m + n", Shape.EQUATION, 0, {"+"}),
        ("∀ {n m : Nat}, n < m → n ≤ m", Shape.IMPLICATION, 1, set()),
        ("∀ {a b : Nat}, a = b → (b = a ↔ a ≤ b)", Shape.IMPLICATION, 1, set()),
        ("∀ {a b : Nat}, a ∣ b ↔ b % a = 0", Shape.IFF, 0, {"∣"}),
        ("∀ (n : Nat), n ≤ n", Shape.FACT, 0, set()),
        ("∀ (p : Nat → Prop), (∀ n, p n) → List.all p = true ∧ True", Shape.IMPLICATION, 1, set()),
    ],
)
def test_shapes(statement, shape, hypotheses, left):
    premise = read_premise("x", statement)
    assert (premise.shape, premise.hypotheses, set(premise.left)) == (shape, hypotheses, left)


def test_the_order_of_the_index_does_not_matter():
    rows = [(n, m, s) for n, m, s in THEOREMS]
    shuffled = Retriever(PremiseIndex(*zip(*reversed(rows), strict=True)), closure)
    for text in (MAP_APPEND, LESS):
        goal = parse_goal(text)
        assert shuffled.premises(ARRAYS, goal) == retriever().premises(ARRAYS, goal)


def test_an_empty_index_offers_nothing():
    empty = Retriever(PremiseIndex([], [], []), closure)
    assert empty.premises(LISTS, parse_goal(MAP_APPEND)) == ()


def test_parallel_lists_must_agree():
    with pytest.raises(ValueError, match="differ in length"):
        PremiseIndex(["a"], [], [])


def test_over_the_real_library_nothing_comes_from_outside_the_closure(installation):
    with Library.open(installation) as library:
        index = PremiseIndex.of(library, Environment(("Init",)))
        module_of = dict(zip(index.names, index.modules, strict=True))
        assert "List.take" in index.definitions
        assert "Nat.gcd" not in index.definitions, "its body is not in the distribution: nothing can unfold it"
        assert "List.map_append" in module_of
        found = Retriever(index, library.closure)
        for module in ("Init.Data.List.Lemmas", "Init.Data.Array.Lemmas"):
            environment = library.strict_environment(module)
            premises = found.premises(environment, parse_goal(MAP_APPEND), count=50)
            assert premises
            assert {module_of[premise.name] for premise in premises} <= library.closure(environment)
            assert "List.map_append" in names(premises) or module == "Init.Data.List.Lemmas"
            assert "List.map_append" not in names(premises) or module != "Init.Data.List.Lemmas"


def test_std_is_retrieved_where_it_is_imported_and_changes_nothing_elsewhere(installation):
    goal = parse_goal("m : Std.HashMap Nat Nat\nk v : Nat\n⊢ (Std.HashMap.insert m k v)[k]? = some v")
    init, with_std = Environment(("Init",)), Environment(("Init", "Std.Data.HashMap"))
    with Library.open(installation) as library:
        retriever = Retriever.of(library)
        assert not [p.name for p in retriever.premises(init, goal) if p.name.startswith("Std.HashMap")]
        alone = Retriever(PremiseIndex.of(library, init), library.closure)
        assert retriever.premises(init, goal) == alone.premises(init, goal)
        assert "Std.HashMap.getElem?_insert_self" in [p.name for p in retriever.premises(with_std, goal)]
        assert retriever.holds(with_std, "Std.HashMap.getElem?_insert_self")
        assert "Std.HashMap.insert" in retriever.definitions(with_std, goal)
