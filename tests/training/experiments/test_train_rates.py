"""The train line of a climb's picture: graded statements alone, one point a model."""

from __future__ import annotations

from corpus.climb import NO_RUNG, Climb
from training.experiments.run_report import train_rates


def test_disproofs_and_rounds_of_one_model_make_no_dents() -> None:
    climbed = [
        Climb(1, "grammar", None, {0: 10}, {0: 2}, 100),
        Climb(2, "policy", 0, {0: 15, 1: 5}, {0: 7, 1: 1}, 200),
        # Ten disproofs, of which none was found, would pull the line down.
        Climb(3, "disproof", 0, {0: 15, 1: 5, NO_RUNG: 10}, {0: 7, 1: 1, NO_RUNG: 0}, 300),
        Climb(4, "policy", 1, {0: 20, 1: 10, NO_RUNG: 10}, {0: 12, 1: 3, NO_RUNG: 1}, 400),
    ]
    assert train_rates(climbed) == [0.2, 0.4, 0.5]
    assert train_rates([]) == []
