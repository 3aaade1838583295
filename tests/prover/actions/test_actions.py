"""The action space: complete, invertible, and nothing that cannot be written."""

import numpy as np
import pytest
from small_library import ARRAYS, DISJUNCTION, LESS, LISTS, MAP_APPEND, NAT, action_space

from prover.actions.templates import TEMPLATES


@pytest.fixture(scope="module")
def space():
    return action_space()


def texts(situation):
    return [situation.text(action) for action in range(len(situation.candidates))]


@pytest.mark.parametrize(("environment", "state"), [(LISTS, MAP_APPEND), (NAT, LESS), (LISTS, DISJUNCTION)])
def test_every_action_is_found_from_its_own_text(space, environment, state):
    situation = space.look(environment, state)
    for action, tactic in enumerate(texts(situation)):
        found = situation.find(tactic)
        assert found is not None and found <= action
        assert situation.text(found) == tactic
        assert "{" not in tactic


def test_the_forms_that_proofs_need_are_there(space):
    in_lists = set(texts(space.look(LISTS, MAP_APPEND)))
    assert {
        "induction xs <;> simp_all",
        "cases ys <;> cases xs <;> simp_all",
        "rw [List.map_append]",
        "exact List.map_append ..",
        "simp [List.map]",
        "simp_all [List.map_append]",
        "induction xs generalizing ys h",
        "rw [h]",
    } <= in_lists
    assert {"exact Nat.le_of_lt h", "apply Nat.le_of_lt", "omega"} <= set(texts(space.look(NAT, LESS)))
    assert {"left", "by_cases h : q"} <= set(texts(space.look(LISTS, DISJUNCTION)))


def test_what_cannot_be_written_is_not_offered(space):
    state = "α : Type u\nx : α\nh✝ : x = x\ninst : BEq α\nn : Nat\n⊢ x = x"
    situation = space.look(NAT, state)
    assert [local.name for local in situation.locals] == ["x", "n"]
    offered = set(texts(situation))
    assert not any("✝" in tactic or "inst" in tactic.split() for tactic in offered)
    # Nothing to split on an element of a type variable, and nothing gained from data that the goal does not mention.
    assert "cases x" not in offered and "cases n" not in offered


@pytest.mark.parametrize(
    ("tactic", "shows", "lacks"),
    [
        ("intros", "⊢ ∀ (x : Nat), x = x", "⊢ id (p → q)"),
        ("split", "n : Nat\n⊢ (if n = 0 then 1 else 2) = 1", "n : Nat\n⊢ n = 1"),
        ("left", DISJUNCTION, "⊢ id (p ∨ q)"),
        ("assumption", LESS, "n m : Nat\n⊢ n ≤ m"),
    ],
)
def test_a_form_is_offered_where_the_state_shows_what_it_needs(space, tactic, shows, lacks):
    assert space.look(LISTS, shows).find(tactic) is not None
    assert space.look(LISTS, lacks).find(tactic) is None


def test_a_shadowed_name_means_the_last_local(space):
    situation = space.look(NAT, "n : Nat\nh : n = 0\nn : Nat\n⊢ n = n")
    assert [local.name for local in situation.locals] == ["h", "n"]


def test_spaces_and_line_breaks_do_not_matter_when_reading_back(space):
    situation = space.look(LISTS, MAP_APPEND)
    assert situation.find("induction  xs\n  <;> simp_all") == situation.find("induction xs <;> simp_all") is not None
    assert situation.find("induction xs with | nil => rfl") is None


def test_a_hand_written_step_keeps_its_lemma(space):
    """`rw` with a lemma that retrieval would not offer there, or not for rewriting."""
    plain = space.look(ARRAYS, LESS)
    tactic = "rw [Array.map_append]"
    assert plain.find(tactic) is None
    assert space.premises_in(ARRAYS, tactic) == ["Array.map_append"]
    required = space.look(ARRAYS, LESS, ["Array.map_append"])
    assert required.text(required.find(tactic)) == tactic


def test_the_first_goal_is_the_one_acted_on(space):
    situation = space.look(NAT, LESS + "\n\ncase b\nzs : Nat\n⊢ zs = zs")
    assert situation.goal_count == 2
    assert "zs" not in {pointer.name for pointer in situation.pointers}


def test_candidates_of_a_template_are_neighbours_and_pairs_never_repeat(space):
    candidates = space.look(LISTS, MAP_APPEND).candidates
    assert (np.diff(candidates.template) >= 0).all()
    both = candidates.second >= 0
    assert (candidates.first[both] != candidates.second[both]).all()


def test_an_unreadable_state_still_has_actions(space):
    assert "simp_all" in texts(space.look(LISTS, "no goals"))


def test_template_names_and_forms_are_unique():
    assert len({template.name for template in TEMPLATES}) == len(TEMPLATES)
    assert len({(template.form, template.slots) for template in TEMPLATES}) == len(TEMPLATES)
    for template in TEMPLATES:
        for slot in range(2):
            assert (f"{{{slot}}}" in template.form) == (slot < len(template.slots))
