"""Search processes: the same results however many there are, and what the death of one costs. The last run Lean."""

from __future__ import annotations

import os
import signal
import subprocess
import sys
import textwrap
import threading
import time
from collections.abc import Iterator
from pathlib import Path

import psutil
import pytest
from countdown import Countdown, PortablePolicy, theorem, verify_countdown
from sqlalchemy import select

from corpus import schema
from corpus.database import reading
from corpus.proof_list import list_proofs
from corpus.records import AttemptStatus, TheoremRecord
from corpus.round_results import outcomes
from corpus.store import Corpus
from lean_env.benchmark.lean_logic import LogicConfig, load_lean_logic
from prover.actions.elementary import ELEMENTARY
from prover.actions.space import ActionSpace
from prover.lean import Lean
from prover.policies.grammar import GrammarPolicy
from prover.rounds.attempt import Phase
from prover.rounds.crew import Crew
from prover.rounds.plan import Plan, RoundConfig, record_of
from prover.rounds.progress import RoundFailed
from prover.rounds.round import run_round
from prover.search.best_first import BestFirst
from prover.search.budget import Budget
from tests.begun import begin
from tests.found import content

NUMBERS = range(1, 25)
TACTICS = (("nonsense", -0.3), ("sub 3", -1.0), ("sub 1", -2.0))


@pytest.fixture
def corpus(tmp_path) -> Iterator[Corpus]:
    with Corpus.open(str(tmp_path / "corpus.db")) as corpus:
        records = [
            TheoremRecord(t.name, t.statement, t.expression_hash, t.environment.key, None, "train", "hard")
            for t in (theorem(n, module=f"M{n % 3}") for n in NUMBERS)
        ]
        corpus.add_benchmark("countdown", "1", "library", records)
        yield corpus


def start(corpus, arm="test"):
    return begin(corpus, "countdown", [theorem(n).name for n in NUMBERS], arm)


def plan(policy, steps=20) -> Plan:
    return Plan(Phase(policy, Budget(steps), BestFirst(noise=0.5)))


def test_a_search_process_that_dies_costs_nothing_but_its_attempt(corpus, crew, tmp_path):
    undisturbed, killed = start(corpus, arm="undisturbed"), start(corpus, arm="killed")
    run_round(corpus, undisturbed, plan(PortablePolicy(*TACTICS)), crew, verify_countdown, RoundConfig(trees=1.0))
    deaths = crew.deaths
    once = PortablePolicy(*TACTICS, trouble="dies", at="down_7", once=tmp_path / "died")
    summary = run_round(corpus, killed, plan(once), crew, verify_countdown, RoundConfig(trees=1.0))
    assert crew.deaths == deaths + 1 and len(crew.pids) == 2
    assert summary.progress.statuses[AttemptStatus.ERROR] == 0
    assert content(corpus, killed) == content(corpus, undisturbed)


def test_a_theorem_that_kills_its_process_three_times_is_recorded_as_crashed(corpus, crew):
    round, deaths = start(corpus), crew.deaths
    deadly = PortablePolicy(*TACTICS, trouble="dies", at="down_7")
    summary = run_round(corpus, round, plan(deadly), crew, verify_countdown)
    assert (crew.deaths - deaths, summary.pending) == (3, 1)
    (error,) = (o for o in outcomes(corpus, round) if o.status is AttemptStatus.ERROR)
    assert error.theorem == "down_7"
    with reading(corpus.engine) as session:
        (reason,) = session.scalars(select(schema.Attempt.reason).where(schema.Attempt.status == AttemptStatus.ERROR))
    assert reason == "crashed: 3 search processes ended under it, the last killed by SIGKILL"


def test_a_search_process_that_hangs_is_ended_and_its_attempt_made_again(corpus, crew, tmp_path):
    round, deaths = start(corpus), crew.deaths
    once = PortablePolicy(*TACTICS, trouble="hangs", at="down_7", once=tmp_path / "hung")
    summary = run_round(corpus, round, plan(once), crew, verify_countdown, RoundConfig(silence=3.0))
    assert (crew.deaths - deaths, summary.pending, len(crew.pids)) == (1, 0, 2)
    assert summary.progress.statuses[AttemptStatus.ERROR] == 0


def test_a_fault_in_a_search_process_is_raised_here_with_its_traceback(corpus, crew):
    round = start(corpus)
    faulty = PortablePolicy(*TACTICS, trouble="raises", at="down_7")
    with pytest.raises(ZeroDivisionError) as raised:
        run_round(corpus, round, plan(faulty), crew, verify_countdown)
    assert "In a search process" in raised.value.__notes__[0] and "countdown.py" in raised.value.__notes__[0]
    assert {o.status for o in outcomes(corpus, round) if o.theorem == "down_7"} == {None}
    assert run_round(corpus, round, plan(PortablePolicy(*TACTICS)), crew, verify_countdown).pending == 0


def test_a_search_process_imports_no_torch(corpus, crew):
    """300 MB a process, and seconds."""
    for module in ("torch", "transformers"):
        policy = PortablePolicy(*TACTICS, trouble=module, at="down_7")
        summary = run_round(corpus, start(corpus, arm=module), plan(policy), crew, verify_countdown)
        assert summary.progress.statuses[AttemptStatus.ERROR] == 0, module


class Nowhere(Countdown):
    """A kit that is no kit where it arrives."""

    def __reduce__(self):
        return os.path.join, ("no", "where")


def test_processes_that_do_not_start_end_the_round_with_advice(corpus, capfd):
    with Crew(Nowhere(), 2) as crew, pytest.raises(RoundFailed, match="flywheel doctor"):
        run_round(corpus, start(corpus), plan(PortablePolicy(*TACTICS)), crew, verify_countdown)
    assert "Traceback" in capfd.readouterr().err


def test_a_database_that_fails_leaves_no_search_behind(corpus, crew):
    """What is under way ends with its process; the crew is whole again in the next round."""

    class Full:
        pending, finish_round = corpus.pending, corpus.finish_round

        def record_attempts(self, attempts):
            raise OSError("no space left on device")

    round = start(corpus)
    with pytest.raises(OSError, match="no space"):
        run_round(Full(), round, plan(PortablePolicy(*TACTICS)), crew, verify_countdown)
    assert {o.status for o in outcomes(corpus, round)} == {None}
    assert run_round(corpus, round, plan(PortablePolicy(*TACTICS)), crew, verify_countdown).pending == 0


PARENT = """
    import sys
    from countdown import Countdown, PortablePolicy, theorem, verify_countdown
    from corpus.store import Corpus
    from prover.rounds.crew import Crew
    from prover.rounds.round import run_round
    from test_crew import plan, start

    with Corpus.open(sys.argv[1]) as corpus, Crew(Countdown(), 2) as crew:
        crew.fill()
        print(*crew.pids, flush=True)
        policy = PortablePolicy(("sub 1", -1.0), trouble="waits", at="down_9")
        run_round(corpus, start(corpus), plan(policy), crew, verify_countdown,
                  on_progress=lambda p: p.done == 5 and print("working", flush=True))
"""


@pytest.mark.parametrize("number", [signal.SIGKILL, signal.SIGINT])
def test_no_search_process_outlives_the_one_that_started_it(corpus, number):
    """Killed outright, in the middle of searches; and by the second Ctrl-C."""
    path = [*sys.path, str(Path(__file__).parent)]
    parent = subprocess.Popen(
        [sys.executable, "-c", textwrap.dedent(PARENT), str(corpus.engine.url.database)],
        stdout=subprocess.PIPE,
        stderr=subprocess.DEVNULL,
        text=True,
        env=os.environ | {"PYTHONPATH": os.pathsep.join(path)},
    )
    with parent:
        assert parent.stdout is not None
        pids = [int(pid) for pid in parent.stdout.readline().split()]
        assert parent.stdout.readline().strip() == "working"
        searchers = [psutil.Process(pid) for pid in pids]
        parent.send_signal(number)
        if number is signal.SIGINT:
            time.sleep(0.5)  # the search that waits does not look at the first one
            parent.send_signal(number)
        _, alive = psutil.wait_procs(searchers, timeout=10)
        assert len(pids) == 2 and not alive
    assert len([o for o in outcomes(corpus, start(corpus)) if o.status is not None]) >= 5


# --- the real thing ---


@pytest.fixture(scope="module")
def logic():
    return load_lean_logic(LogicConfig(train=24, held_out=0, beyond=0, non_theorems=0)).theorems("train")


def test_real_searches_do_not_depend_on_the_number_of_processes_or_on_a_kill(corpus, logic):
    """One, two and three processes over the real Lean; in the last round a search process is killed in the middle."""
    corpus.add_benchmark("logic", "1", "", [record_of(t) for t in logic])
    names = [t.name for t in logic]
    grammar = Plan(Phase(GrammarPolicy(ActionSpace(None, ELEMENTARY)), Budget(24), BestFirst(), "grammar"))
    found, deaths = [], 0
    for size in (1, 2, 3):
        with Lean(size) as lean:

            def kill(progress, size=size, lean=lean):
                if size == 3 and progress.done == 8:
                    os.kill(min(lean.crew.pids), signal.SIGKILL)

            round = begin(corpus, "logic", names, f"{size} processes")
            config = RoundConfig(closers=(), trees=1.0)
            run_round(corpus, round, grammar, lean.crew, lean.tools.verify, config, on_progress=kill)
            deaths += lean.crew.deaths
            assert lean.counters()["searchers"].requests > 100 and lean.crew_seconds > 0
        found.append(content(corpus, round))
    assert found[0] == found[1] == found[2] and deaths == 1
    assert sum(entry[0] is AttemptStatus.PROVED for entry in found[0].values()) >= 3
    assert len({line.theorem for line in list_proofs(corpus).proofs}) == list_proofs(corpus).total


def test_a_stop_ends_real_searches_before_their_next_tactic(corpus, logic):
    corpus.add_benchmark("logic", "1", "", [record_of(t) for t in logic])
    space = ActionSpace(None, ELEMENTARY)
    endless = Plan(Phase(GrammarPolicy(space, draws=200), Budget(10**6), BestFirst(max_depth=10**6), "grammar"))
    stop = threading.Event()
    with Lean(2) as lean:
        round = begin(corpus, "logic", [t.name for t in logic], "stopped")
        threading.Timer(6.0, stop.set).start()
        began = time.monotonic()
        summary = run_round(corpus, round, endless, lean.crew, lean.tools.verify, stop=stop)
        assert summary.interrupted and time.monotonic() - began < 20
        assert not lean.crew.deaths
