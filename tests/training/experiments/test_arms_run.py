"""`flywheel experiment` with arms, on the real Lean: killed in the middle and called again, it goes on where it was."""

from __future__ import annotations

import os
import signal
import subprocess
import sys
from collections.abc import Sequence
from pathlib import Path

import pytest
from sums import Sums

from corpus.beginning import TAKEN_FROM
from corpus.records import RoundKind
from corpus.store import Corpus
from prover.benchmarks.registry import BENCHMARKS, register
from prover.lean import Lean
from training.events import Event
from training.experiments.ablation import Ablation, beginnings, in_order, run_variants
from training.experiments.beginning import worth_waiting
from training.experiments.side_runs import Order, SideRuns
from training.experiments.variants import variants_of

pytestmark = [pytest.mark.long, pytest.mark.timeout(600)]

FILE = """
benchmark = "sums"
name = "arms"
generations = 1
seed_proofs = false
easy_theorems = 0
grammar_theorems = 4
grammar_steps = 24
[round]
theorems = 4
steps = 8
portfolio_share = 0
canaries = 1
[evaluation]
strata = ["true"]
theorems = 3
steps = 8
whole_budget = true
[train]
vocabulary = 200
epochs = 2
model = { hidden = 16, layers = 1, heads = 1, feed_forward = 32 }
[[arm]]
name = "flywheel"
seeds = 2
[[arm]]
name = "frozen"
retrain = false
[[arm]]
name = "continued"
continued = true
last_round = true
"""


def run(home: Path, jobs: int = 1) -> Ablation:
    """All of it, with a line on standard output after each arm and seed; `jobs` of them at once in processes of their
    own."""
    BENCHMARKS["sums"] = Sums()
    variants = variants_of(home / "arms.toml", 1, workers=1)
    config = variants[0].config
    heard: list[Event] = []
    database = str(home / "corpus.db")
    orders = [
        Order(own, one is variants[0], database, home / own.name, tuple(beginnings(variants, one, seed)))
        for one, seed in in_order(variants)
        for own in [one.run(seed)]
    ]
    with Lean(1, config.limits) as lean, Corpus.open(database) as corpus:
        register(corpus, "sums", lean)

        def held(order: Order, running: Sequence[str]) -> bool:
            return worth_waiting(order.like, order.config, running, corpus)

        with SideRuns(orders, jobs, heard.append, held) as sooner:
            spent = {}

            def before(name: str) -> None:
                spent[name] = sooner.wait(name)

            for found in run_variants(variants, lean, corpus, lambda run: home / run, before=before):
                print(len(found.runs), "done", flush=True)
    assert all(jobs == 1 or one["round 0"].wall > 0 for one in spent.values()), "a run says where its time went"
    assert not any("ended before its time" in event.note for event in heard), heard
    assert all(event.note.startswith("arms-") for event in heard if event.lasting), "which run it is about"
    return found


def test_arms_times_seeds_survive_a_kill(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setitem(BENCHMARKS, "sums", Sums())
    (tmp_path / "arms.toml").write_text(FILE, encoding="utf-8")
    with subprocess.Popen(
        [sys.executable, __file__, str(tmp_path)],
        stdout=subprocess.PIPE,
        text=True,
        env={**os.environ, "PYTHONPATH": os.pathsep.join(sys.path)},
    ) as child:
        assert child.stdout is not None
        assert child.stdout.readline() == "1 done\n"
        child.send_signal(signal.SIGKILL)
    with Corpus.open(str(tmp_path / "corpus.db"), create=False) as corpus:
        before = {round.id: round for round in corpus.rounds("arms-flywheel-s0")}
        weights = [one.model_hash for one in corpus.generations("arms-flywheel-s0")]
        assert len(weights) == 2 and all(round.finished_at for round in before.values())
    found = run(tmp_path)
    assert list(found.runs) == [("flywheel", 0), ("frozen", 0), ("continued", 0), ("flywheel", 1)]
    assert found.missing == []
    with Corpus.open(str(tmp_path / "corpus.db"), create=False) as corpus:
        # What was done before the kill was read and not run again.
        assert {round.id: round for round in corpus.rounds("arms-flywheel-s0")} == before
        assert [one.model_hash for one in corpus.generations("arms-flywheel-s0")] == weights
        rounds = {name: corpus.rounds(f"arms-{name}-s0", RoundKind.TRAIN) for name in ("flywheel", "frozen")}
        assert [round.selected for round in rounds["frozen"]] == [round.selected for round in rounds["flywheel"]]
        assert [one.number for one in corpus.generations("arms-frozen-s0")] == [0]
        base, continued = (corpus.generations(f"arms-{name}-s0")[1] for name in ("flywheel", "continued"))
        assert continued.metrics["states"] < base.metrics["states"], "the last round alone is less than the whole"
        assert continued.model_hash != base.model_hash
        for name in ("frozen", "continued"):  # round 0 and M_0 are not made again
            m_0 = corpus.generations(f"arms-{name}-s0")[0]
            assert m_0.metrics[TAKEN_FROM] == "arms-flywheel-s0" and m_0.model_hash == weights[0]
        assert TAKEN_FROM not in corpus.generations("arms-flywheel-s1")[0].metrics
    beside = {name: {arm.name for arm in run.run.evaluations[0].arms} for (name, _), run in found.runs.items()}
    assert beside["frozen"] == {"M_0"} and beside["continued"] == {"M_0", "M_1"}
    assert {"grammar", "portfolio", "M_0 at the whole budget"} <= beside["flywheel"]
    rows = {row.label: row for row in found.rows("true")}
    assert {"flywheel", "frozen", "continued", "flywheel: M_0 at the whole budget"} <= rows.keys()
    assert rows["flywheel"].seeds == (0, 1) and rows["frozen"].seeds == (0,)
    # The frozen arm's last generation is the M_0 that the flywheel began with.
    m_0 = found.runs["flywheel", 0].run.evaluations[0].arm("M_0").solved
    assert found.runs["frozen", 0].run.evaluations[0].arm("M_0").solved == m_0
    assert rows["frozen"].train_steps[0] > 0 and rows["frozen"].train_solved[0] > 0

    (tmp_path / "beside").mkdir()
    (tmp_path / "beside" / "arms.toml").write_text(FILE, encoding="utf-8")
    again = run(tmp_path / "beside", jobs=2)
    assert list(again.runs) == list(found.runs)
    with Corpus.open(str(tmp_path / "beside" / "corpus.db"), create=False) as corpus:
        # The next seed had its turn while the first arm made M_0.
        for name in ("frozen", "continued"):
            m_0 = corpus.generations(f"arms-{name}-s0")[0]
            assert m_0.metrics[TAKEN_FROM] == "arms-flywheel-s0" and m_0.model_hash == weights[0]
    for key, one in found.runs.items():
        other = again.runs[key]
        assert other.learned.base == one.learned.base and other.train_steps == one.train_steps
        arms = [[(arm.name, arm.solved) for arm in each.run.evaluations[0].arms] for each in (one, other)]
        assert arms[0] == arms[1], key


if __name__ == "__main__":
    run(Path(sys.argv[1]))
