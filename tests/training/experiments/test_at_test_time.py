"""Learning at test time beside search alone in the same seconds, on the real Lean, and `prove --variants` after a
kill."""

from __future__ import annotations

import os
import signal
import sqlite3
import time
from collections import Counter
from contextlib import closing
from dataclasses import replace
from pathlib import Path

import pytest
from commands import start

from corpus.records import AttemptStatus, RoundKind
from corpus.round_results import TheoremOutcome, outcomes
from corpus.store import Corpus
from lean_env.benchmark.lean_logic.rungs import RungConfig
from prover.benchmarks.lean_logic import rungs_benchmark
from prover.lean import Lean
from training.config import FlywheelConfig
from training.events import Event, Interrupted
from training.experiments.at_test_time import ALONE, WITH, Compared, NothingToTry, Pair, Trial, TrialSettings
from training.experiments.at_test_time_report import as_json, render
from training.flywheel import Flywheel

pytestmark = pytest.mark.timeout(1800)


def outcome(name: str, proved: bool, seconds: float = 2.0) -> TheoremOutcome:
    status = AttemptStatus.PROVED if proved else AttemptStatus.UNPROVED
    return TheoremOutcome(name, "hard", status, 5 if proved else None, 9, 0, 0.0, 0.0, 0.0, 0, seconds)


def test_both_directions_are_counted_and_p_is_mcnemars() -> None:
    sides = [(True, False)] * 7 + [(False, True)] + [(True, True)] * 2 + [(False, False)] * 5
    pairs = tuple(
        Pair(f"t{n}", "hard", outcome(f"t{n}", a, 3.0), outcome(f"t{n}", b)) for n, (a, b) in enumerate(sides)
    )
    found = Compared("run", 40, pairs)
    assert (found.proved(WITH), found.proved(ALONE), found.wins, found.losses) == (9, 3, 7, 1)
    assert found.p == pytest.approx(2 * (1 + 8) / 2**8), "two tails of eight coins"
    assert found.interval.low <= 6 / 15 <= found.interval.high
    assert (found.seconds(WITH), found.seconds(ALONE)) == (3.0, 2.0)
    told = as_json(found)
    assert (told["won"], told["lost"], told["done"], told["wanted"]) == (7, 1, 15, 40)
    words = "".join(str(part) for part in render(found).renderables)  # type: ignore[attr-defined]
    assert "won : lost 7 : 1, McNemar's exact p = 0.07; not resolved" in words
    assert Compared("run", 40, ()).p == 1.0 and render(Compared("run", 40, ())) is not None


@pytest.mark.long
def test_open_statements_are_tried_both_ways_in_the_same_seconds_and_a_stopped_one_begins_anew(tmp_path: Path) -> None:
    config = FlywheelConfig.load(
        None,
        benchmark="lean-logic-rungs",
        name="tried",
        generations=0,
        workers=1,
        grammar_theorems=12,
        grammar_steps=24,
        evaluation__theorems=12,
        evaluation__steps=12,
        evaluation__whole_budget=False,
        train__epochs=2,
    )
    with Lean(1, config.limits) as lean, Corpus.open(str(tmp_path / "corpus.db")) as corpus:
        rungs_benchmark(RungConfig(train=40, held_out=2, non_theorems=2, rungs=6)).register(corpus, lean)
        said: list[Event] = []
        flywheel = Flywheel(config, lean, corpus, tmp_path / "models", said.append)
        wanted = TrialSettings(theorems=2, variants=4, turns=1, split="valid", steps=16)
        with pytest.raises(NothingToTry, match="has no trained generation"):
            list(Trial(flywheel, wanted, tmp_path / "own").rows())
        flywheel.run()
        with pytest.raises(NothingToTry, match="leaves no statement of that kind open on valid"):
            list(Trial(flywheel, replace(wanted, strata=("rung-99",)), tmp_path / "own").rows())

        def stop_in_the_wheel(event: Event) -> None:
            if "policy" in event.phase:
                flywheel.stop.set()

        flywheel.report = stop_in_the_wheel
        with pytest.raises(Interrupted):
            list(Trial(flywheel, wanted, tmp_path / "own").rows())
        flywheel.stop.clear()
        flywheel.report = said.append
        steps = list(Trial(flywheel, wanted, tmp_path / "own").rows())
        assert [len(one.pairs) for one in steps] == [0, 1, 2]
        (m_0,) = (one for one in corpus.rounds("tried", RoundKind.EVAL) if one.arm == "M_0")
        left = {one.theorem for one in outcomes(corpus, m_0) if one.status == "unproved"}
        assert {one.theorem for one in steps[-1].pairs} <= left, "what the model left open"
        for pair in steps[-1].pairs:
            assert pair.with_variants.cpu_seconds > 0
            if pair.alone.status == "unproved":
                assert pair.with_variants.cpu_seconds <= pair.alone.cpu_seconds <= 1.5 * pair.with_variants.cpu_seconds
                assert pair.alone.steps > 16, "more than the attempt that had failed"
                assert pair.with_variants.steps > 16, "as many at once, and those of the wheel"
        rounds = len(corpus.rounds("tried"))
        (again,) = Trial(flywheel, wanted, tmp_path / "own").rows()
        assert again == steps[-1] and len(corpus.rounds("tried")) == rounds, "what is done is read"
        assert not [one for one in corpus.benchmarks() if one.name.startswith("variants")], "theirs are apart"


#: It does not hold, so that the wheel turns to its end; some of its variants do.
STATEMENT = "(f : Nat → Nat) (n : Nat) (h : f 0 = 0) (p q r : Prop) (hp : p ∧ q ∧ r) : f n = 0 ∧ (q ∧ r)"


def proofs(database: Path) -> Counter[tuple[int, str]]:
    with closing(sqlite3.connect(f"file:{database}?mode=ro", uri=True, timeout=30)) as connection:
        return Counter(connection.execute("SELECT theorem_id, content_hash FROM proof").fetchall())


@pytest.mark.long
def test_prove_with_variants_goes_on_after_a_kill_and_loses_nothing(tmp_path: Path) -> None:
    arguments = ["prove", STATEMENT, "--variants", "12", "--turns", "1", "--steps", "12", "--json"]
    arguments += ["--workers", "1", "--home", str(tmp_path)]
    killed: list[Counter[tuple[int, str]]] = []
    for _ in range(2):
        command = start(*arguments)
        deadline = time.monotonic() + 600
        while command.poll() is None and time.monotonic() < deadline:
            databases = list(tmp_path.glob("variants/*/corpus.db"))
            known = _known(databases)
            if known.total() > (killed[-1].total() if killed else 0):
                break
            time.sleep(0.2)
        assert command.poll() is None, "it ended before it could be killed"
        os.killpg(command.pid, signal.SIGKILL)
        command.communicate()
        (database,) = databases
        killed.append(proofs(database))
    assert killed[0] and not killed[0] - killed[1], "an accepted proof was lost"
    last = start(*arguments)
    err = last.communicate(timeout=1200)[1]
    assert last.returncode == 1 and "no proof: of " in err, err
    after = proofs(database)
    assert not killed[1] - after and set(after.values()) == {1}, "nothing is lost, nothing is there twice"
    assert list(tmp_path.glob("variants/*/corpus.db")) == [database], "the same command, the same corpus"
    with Corpus.open(str(database), create=False) as corpus:
        assert len(corpus.benchmarks()) == 1, "variants are made once"
        arms = Counter((one.arm, one.stratum) for one in corpus.rounds("specialist"))
        assert set(arms.values()) == {1}, "no round is begun twice"
    again = start(*arguments)
    assert again.communicate(timeout=600)[1].splitlines()[-1] == err.splitlines()[-1] and again.returncode == 1
    assert proofs(database) == after, "a command that is done does nothing more"


def _known(databases: list[Path]) -> Counter[tuple[int, str]]:
    """None while its tables are being made."""
    try:
        return proofs(databases[0]) if databases else Counter()
    except sqlite3.OperationalError:
        return Counter()
