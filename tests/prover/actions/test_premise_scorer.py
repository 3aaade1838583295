"""The scorer of premises: it sees what retrieval sees, keeps to the environment, and can be written and read."""

import numpy as np
import pytest
from small_library import ARRAYS, LESS, LISTS, MAP_APPEND, NAT, THEOREMS, action_space, retriever

from lean_env.library.index import Library
from lean_env.theorem import Environment
from prover.actions.prefilter import usable
from prover.actions.premise_scorer import WIDTH, PremiseScorer, sight_of
from prover.actions.premise_table import BUCKETS, DYNAMIC, STATIC, PremiseTable, bucket
from prover.actions.premises import GoalView, read_premise
from prover.actions.retrieval import Retriever
from prover.goal import parse_goal

SUMS = "a b : Nat\nh : a ≤ b\n⊢ a + b = b + a"


def scorer(seed=0, **liked):
    """Random weights; `liked` names premises (dots as two underscores) that it likes beyond all measure."""
    random = np.random.default_rng(seed)
    draw = lambda *shape: random.normal(0, 0.3, shape).astype(np.float32)  # noqa: E731
    premise = draw(BUCKETS, 1 + WIDTH)
    for name, worth in liked.items():
        premise[bucket(f"name {name.replace('__', '.')}"), 0] = worth
    return PremiseScorer(draw(len(STATIC)), draw(len(DYNAMIC)), draw(BUCKETS, WIDTH), premise)


def names(found):
    return [premise.name for premise in found]


def fits_of(premises, goal):
    """What the table says of each premise beside what looking at it alone says."""
    table, view = PremiseTable.of(premises), GoalView.of(goal)
    found = table.dynamic(view, np.zeros(len(premises), dtype=np.float32))
    columns = [DYNAMIC.index(name) for name in ("foreign", "left-fits", "right-fits", "conclusion-fits")]
    alone = [view.fit(premise, 0.0) for premise in premises]
    return found[:, columns].astype(bool).tolist(), [
        [not one.typed, one.left_fits, one.right_fits, one.conclusion_fits] for one in alone
    ]


@pytest.mark.parametrize("goal", [MAP_APPEND, LESS, SUMS, "⊢ False"])
def test_the_table_sees_the_fits_that_retrieval_sees(goal):
    at_once, alone = fits_of([read_premise(name, text) for name, _, text in THEOREMS], parse_goal(goal))
    assert at_once == alone


def test_the_table_sees_them_in_the_real_library(installation):
    with Library.open(installation) as library:
        theorems = [one for one in library.theorems() if one.module.startswith("Init.Data.Nat")]
    assert len(theorems) > 1000
    at_once, alone = fits_of([read_premise(one.name, one.statement) for one in theorems], parse_goal(SUMS))
    assert at_once == alone
    assert 10 < sum(one[1] for one in alone) < 1000


def test_its_score_is_the_sum_that_it_says():
    premises = [read_premise(name, text) for name, _, text in sorted(THEOREMS)]
    table, one, goal = PremiseTable.of(premises), scorer(), parse_goal(SUMS)
    relative = np.linspace(0, 1, len(premises), dtype=np.float32)
    sight = sight_of(table, goal, relative, np.ones(len(premises), dtype=bool))
    u = sum(one.goal[word] for word in sight.words) / np.sqrt(len(sight.words))
    for place, score in enumerate(one.scores(sight, one.of_table(table)).tolist()):
        bag = table.bags[table.starts[place] : table.starts[place + 1]]
        pooled = sum(one.premise[word] for word in bag) / np.sqrt(len(bag))
        dense = table.static[place] @ one.static + sight.dynamic[place] @ one.dynamic
        assert score == pytest.approx(dense + pooled[0] + pooled[1:] @ u, abs=1e-3)


def test_what_it_likes_comes_first_but_never_from_outside():
    fond = scorer(Array__map_append=200.0, Nat__mul_comm=100.0)
    goal = parse_goal(MAP_APPEND)
    assert names(retriever().premises(ARRAYS, goal, scorer=fond))[:2] == ["Array.map_append", "Nat.mul_comm"]
    in_lists = names(retriever().premises(LISTS, goal, scorer=fond))
    assert in_lists[0] == "Nat.mul_comm" and "Array.map_append" not in in_lists
    nat = names(retriever().premises(NAT, goal, count=50, scorer=fond))
    assert set(nat) <= {name for name, module, _ in THEOREMS if module == "Nat"}
    assert retriever().premises(Environment(("Nat",)), parse_goal("⊢ True"), count=1, scorer=fond)


def test_after_the_first_ones_only_what_can_be_used_is_offered():
    goal, one, library = parse_goal(LESS), scorer(5), retriever()
    sight, places = library.sight(LISTS, goal)
    by_place = {place: name for name, place in places.items()}
    order = [by_place[place] for place in one.order(sight, one.of_table(sight.table), 50)]
    statements = {name: text for name, _, text in THEOREMS}
    kept = [name for name in order[4:] if usable(statements[name], goal.conclusion)]
    assert names(library.premises(LISTS, goal, scorer=one)) == order[:4] + kept
    assert len(order) == 10 and 0 < len(kept) < 6


def test_required_premises_are_kept():
    found = retriever().premises(
        LISTS, parse_goal(LESS), count=2, required=["List.map_map", "Int.add_comm"], scorer=scorer(Nat__le_refl=90.0)
    )
    assert names(found) == ["Nat.le_refl", "List.map_map"]
    assert [premise.required for premise in found] == [False, True]


def test_lists_in_tactics_are_filled_in_its_order():
    plain, fond = action_space(), action_space().with_scorer(scorer(Nat__mul_comm=90.0))
    goal = "a b c : Nat\n⊢ a * b + c = c + b * a"
    without, with_it = (space.look(NAT, goal) for space in (plain, fond))
    first = lambda situation: next(  # noqa: E731
        text for text in map(situation.text, range(len(situation.candidates))) if text.startswith("simp_all [")
    )
    assert with_it.premises[0].name == "Nat.mul_comm"
    assert first(with_it).startswith("simp_all [Nat.mul_comm, ")
    assert first(without) != first(with_it)


def test_a_list_of_another_scorer_is_the_same_form():
    situation = action_space().with_scorer(scorer()).look(LISTS, MAP_APPEND)
    other = "induction xs <;> simp_all [List.mem_append, Nat.le_refl, Nat.mul_comm]"
    assert situation.find(other) is None
    action = situation.find_form(other)
    assert situation.template(action).name == "induction_simp_all_few"
    assert situation.find_form("simp_all [Nat.le_refl, Nat.mul_comm]") is None
    assert situation.find_form("nonsense [A, B, C]") is None


def test_it_is_written_and_read(tmp_path):
    one = scorer(3)
    one.save(tmp_path / "premises.safetensors")
    again = PremiseScorer.load(tmp_path / "premises.safetensors")
    for name in ("static", "dynamic", "goal", "premise"):
        assert np.array_equal(getattr(one, name), getattr(again, name))
    small = PremiseScorer(one.static, one.dynamic, one.goal[:10], one.premise)
    small.save(tmp_path / "small.safetensors")
    with pytest.raises(ValueError, match="no premise scorer"):
        PremiseScorer.load(tmp_path / "small.safetensors")


def test_an_empty_index_offers_nothing():
    assert Retriever.premises(retriever(), Environment(("Int",)), parse_goal("⊢ 1 = 1"), scorer=scorer())
    from prover.actions.retrieval import PremiseIndex

    empty = Retriever(PremiseIndex([], [], []), lambda _environment: frozenset())
    assert empty.premises(NAT, parse_goal(LESS), scorer=scorer()) == ()
