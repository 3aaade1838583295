"""The matchmaker of rungs: where the steps go, at equal steps, and why in words."""

from __future__ import annotations

from prover.rounds.frontier import BROAD, Probe, allocate

PROBES = {0: Probe(12, 12), 1: Probe(8, 8), 2: Probe(5, 8), 3: Probe(0, 8), 4: Probe(0, 3)}
STEPS = {0: 64, 1: 64, 2: 80, 3: 100, 4: 130}


def test_most_steps_go_where_some_and_not_all_are_solved_and_none_are_lost():
    found = allocate(PROBES, 10_000, STEPS)
    spent = {rung: found.attempts[rung] * STEPS[rung] for rung in PROBES}
    assert spent[2] > spent[1] > spent[0] == 0 and spent[2] > spent[3] > 0
    assert sum(spent.values()) + found.broad == 10_000
    assert BROAD * 10_000 <= found.broad <= BROAD * 10_000 + sum(STEPS.values())


def test_each_choice_is_said_in_words():
    words = allocate(PROBES, 10_000, STEPS).why
    assert words[0].startswith("rung 0: mastered, 12 of 12 solved; 0 attempts")
    assert "5 of 8 solved, so p(1 - p) is 0.24" in words[2]
    assert "3 attempts are too few to go by" in words[4]


def test_where_all_is_mastered_all_is_broad():
    assert allocate({0: Probe(12, 12)}, 640, {0: 64}).broad == 640
