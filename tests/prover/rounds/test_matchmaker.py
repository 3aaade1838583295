"""Who is tried, in which order, with how much."""

from __future__ import annotations

from corpus.round_results import TheoremHistory
from prover.rounds.matchmaker import MatchmakerConfig, budget, select

LOG = {
    **{f"unseen{i}": TheoremHistory(0, 0) for i in range(40)},
    **{f"failed_once{i}": TheoremHistory(1, 0) for i in range(40)},
    **{f"failed_twice{i}": TheoremHistory(2, 0) for i in range(40)},
    **{f"solved{i}": TheoremHistory(2, 1) for i in range(400)},
}


def kinds(names):
    return [name.rstrip("0123456789") for name in names]


def test_unseen_then_failed_then_few_solved():
    names = select(LOG, seed=1)
    order = list(dict.fromkeys(kinds(names)))
    assert order == ["unseen", "failed_once", "failed_twice", "solved"]
    assert [kinds(names).count(kind) for kind in order[:3]] == [40, 40, 40]
    assert 5 <= kinds(names).count("solved") <= 40
    assert select(LOG, seed=1, limit=50) == names[:50]


def test_a_share_of_a_round_may_be_of_solved_theorems():
    config = MatchmakerConfig(solved_share=0.0, known_share=0.4)
    names = select(LOG, seed=1, limit=50, config=config)
    assert len(names) == len(set(names)) == 50
    assert kinds(names) == ["solved"] * 20 + ["unseen"] * 30
    assert names == select(dict(reversed(LOG.items())), seed=1, limit=50, config=config)
    # Where there are not so many, the others take their places; without a limit there is nothing to share out.
    few = {name: past for name, past in LOG.items() if not name.startswith("solved") or name == "solved7"}
    assert kinds(select(few, seed=1, limit=50, config=config)) == ["solved"] + ["unseen"] * 40 + ["failed_once"] * 9
    assert select(LOG, seed=1, config=config) == select(LOG, seed=1, config=MatchmakerConfig(solved_share=0.0))


def test_the_choice_depends_on_the_seed_alone():
    assert select(LOG, seed=1) == select(dict(reversed(LOG.items())), seed=1) != select(LOG, seed=2)


def test_budgets_grow_with_failures_up_to_a_bound():
    config = MatchmakerConfig(growth=1.5, max_steps=80, heartbeats_per_step=10)
    steps = [budget(TheoremHistory(fails + 1, 1), 32, config).steps for fails in range(5)]
    assert steps == [32, 48, 72, 80, 80]
    # What a first attempt gets is never taken back.
    assert budget(TheoremHistory(3, 0), 400, config).steps == 400
    assert budget(TheoremHistory(0, 0), 32, config).heartbeats == 320
