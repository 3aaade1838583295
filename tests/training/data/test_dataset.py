"""From accepted proofs to training states: what is kept, merged, weighted and left out."""

import pytest
from small_library import ARRAYS, LESS, LISTS, MAP_APPEND, action_space, theorem

from corpus.records import StepRecord
from training.data.dataset import DatasetConfig, TrainingProof, build_dataset

SPACE = action_space()


def proof(name, *steps, source="policy", environment=LISTS, milliseconds=0.0):
    records = tuple(StepRecord(state, tactic, "", milliseconds=milliseconds) for state, tactic in steps)
    return TrainingProof(theorem(name, environment), records, source)


def build(*proofs, **config):
    return build_dataset(proofs, SPACE, DatasetConfig(valid_share=0.0, **config))


def tactics(state):
    return {state.situation.text(action): weight for action, weight in state.targets.items()}


def test_the_targets_of_one_state_share_it():
    states, report = build(
        proof("a", (MAP_APPEND, "simp"), source="seed"),
        proof("a", (MAP_APPEND, "induction xs <;> simp_all")),
        proof("b", (MAP_APPEND, "simp")),
        proof("b", (MAP_APPEND, "simp")),
    )
    assert [tactics(state) for state in states] == [{"simp": 0.5, "induction xs <;> simp_all": 0.5}]
    assert (report.proofs, report.duplicate_proofs, report.steps, report.states) == (3, 1, 3, 1)


def test_the_same_text_in_another_environment_is_another_state():
    states, _ = build(proof("a", (LESS, "omega")), proof("b", (LESS, "omega"), environment=ARRAYS))
    assert len(states) == 2


def test_at_most_so_many_distinct_proofs_of_a_theorem():
    ways = [proof("a", (LESS, tactic)) for tactic in ("omega", "simp_all", "exact Nat.le_of_lt h", "simp", "rfl")]
    states, report = build(*ways, proofs_per_theorem=3)
    assert set(tactics(states[0])) == {"omega", "simp_all", "exact Nat.le_of_lt h"}
    assert report.over_cap == 2


def test_steps_outside_the_action_space_are_counted_and_skipped():
    states, report = build(proof("a", (LESS, "calc n ≤ m := by omega"), (MAP_APPEND, "simp")))
    assert len(states) == 1
    assert report.outside == {"calc": 1}


def test_a_step_with_a_lemma_that_retrieval_missed_is_kept():
    states, report = build(proof("a", (LESS, "rw [List.map_map]"), source="seed"))
    assert tactics(states[0]) == {"rw [List.map_map]": 1.0}
    assert not report.outside
    outside, report = build(proof("a", (LESS, "rw [Array.map_append]"), source="seed"))
    assert outside == [] and report.outside == {"rw": 1}


def test_faster_targets_of_a_state_weigh_more():
    states, _ = build(
        proof("a", (LESS, "omega")), proof("a", (LESS, "simp_all"), milliseconds=60.0), half_weight_milliseconds=30.0
    )
    assert tactics(states[0]) == {"omega": pytest.approx(0.75), "simp_all": pytest.approx(0.25)}


@pytest.mark.parametrize("share", [0.2, 0.5])
def test_seed_proofs_have_their_share_of_the_weight(share):
    found = [proof("a", (LESS, "omega")), proof("b", (LESS.replace("n", "k"), "omega"))]
    seeds = [proof(f"s{i}", (MAP_APPEND + f" ++ [{i}]", "simp"), source="seed") for i in range(7)]
    states, report = build(*found, *seeds, seed_share=share)
    seeded = sum(state.weight for state in states if "simp" in tactics(state))
    assert seeded / sum(state.weight for state in states) == pytest.approx(share)
    assert report.seed_states == 7


def test_what_counts_as_a_seed_can_be_said():
    made = [proof("a", (LESS, "omega")), proof("g", (MAP_APPEND, "simp"), source="grammar")]
    states, report = build(*made, seed_share=0.75, seed_sources=("seed", "grammar"))
    assert report.seed_states == 1 and [state.weight for state in states] == [1.0, pytest.approx(3.0)]


def test_a_seed_share_of_zero_leaves_seeds_out():
    seed = proof("s", (MAP_APPEND, "simp"), source="seed")
    states, report = build(proof("a", (LESS, "omega")), seed, seed_share=0.0)
    assert [set(tactics(state)) for state in states] == [{"omega"}]
    assert report.seed_states == 0
    assert build(seed, seed_share=0.0)[0] == []
    assert len(build(seed, seed_share=0.3)[0]) == 1


def test_states_of_people_alone_have_a_weight_of_their_own():
    person = proof("h", (MAP_APPEND, "simp"), (LESS, "omega"), source="human")
    found = [proof("a", (LESS, "omega")), proof("b", (LESS.replace("n", "k"), "omega"))]
    states, report = build(*found, person, human_weight=0.25)
    assert sorted(state.weight for state in states) == [0.25, 1.0, 1.0]
    assert report.human_states == 1
    assert len(build(*found, person, human_weight=0.0)[0]) == 2


def test_a_template_cannot_flood_the_data():
    flood = [proof(f"t{i}", (MAP_APPEND + f" ++ [{i}]", "simp")) for i in range(5)]
    states, report = build(*flood, proof("b", (LESS, "omega")), states_per_template=2)
    assert len(states) == 3
    assert report.capped_states == 3


def test_held_out_theorems_are_the_same_every_time_and_never_learned_from():
    proofs = [proof(f"t{i}", (MAP_APPEND + f" ++ [{i}]", "simp")) for i in range(200)]
    states, report = build_dataset(proofs, SPACE, DatasetConfig(valid_share=0.1))
    assert 5 <= report.held_out_states == sum(state.held_out for state in states) <= 40
    again, _ = build_dataset(reversed(proofs), SPACE, DatasetConfig(valid_share=0.1))
    held = {state.situation.goal.conclusion for state in states if state.held_out}
    assert held == {state.situation.goal.conclusion for state in again if state.held_out}
    # A state that a learned theorem's proof also visits is not unseen.
    shared = next(p for p, state in zip(proofs, states, strict=True) if state.held_out)
    learned = next(p for p, state in zip(proofs, states, strict=True) if not state.held_out)
    both, _ = build_dataset(
        [shared, TrainingProof(learned.theorem, shared.steps, "policy")], SPACE, DatasetConfig(valid_share=0.1)
    )
    assert [state.held_out for state in both] == [False]


def test_a_state_knows_the_steps_of_its_shortest_proof_and_a_lone_step_none():
    long, short = MAP_APPEND.replace("xs", "long"), MAP_APPEND.replace("xs", "short")
    states, _ = build(
        proof("a", (long, "induction long <;> simp_all"), (MAP_APPEND, "simp_all"), (LESS, "omega")),
        proof("b", (short, "induction short <;> simp_all"), (MAP_APPEND, "simp")),
        TrainingProof(theorem("h", ARRAYS), (StepRecord(LESS, "omega", ""),), "human", whole=False),
    )
    assert [state.steps_left for state in states] == [3, 1, 1, 2, 0]
