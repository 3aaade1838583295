"""Rounds: what is stored, what is tried again, what an interruption keeps. The last tests run Lean, gate and SQLite."""

from __future__ import annotations

import os
import signal
import threading
from collections import Counter
from collections.abc import Iterator
from dataclasses import replace

import psutil
import pytest
from countdown import FixedPolicy, open_countdown, theorem, verify_countdown
from depth_first import DepthFirst
from sqlalchemy import select

from corpus import schema
from corpus.database import reading
from corpus.proof_list import list_proofs
from corpus.query import show_proof
from corpus.records import AttemptStatus, RoundKind, TheoremRecord
from corpus.round_results import outcomes
from corpus.search_tree import load_trees, pack, unpack
from corpus.store import Corpus
from lean_env.gate.disagreement import KernelsDisagree
from lean_env.gate.statement import Statement
from lean_env.library.expression import Constant
from lean_env.library.index import Library
from prover.evaluation.evaluate import Arm, FixedTactics, evaluate, portfolio_1
from prover.lean import Lean
from prover.policies.batching import BatchingPolicy
from prover.policy import PolicyQuery, Proposal
from prover.rounds.attempt import Phase, Refused, Tools, Undecided, attempt
from prover.rounds.plan import Plan, RoundConfig, grouped_by_environment
from prover.rounds.progress import RoundFailed
from prover.rounds.round import run_round
from prover.search.best_first import BestFirst
from prover.search.budget import Budget

NUMBERS = range(1, 13)
POLICY = FixedPolicy(("nonsense", -0.3), ("sub 3", -1.0), ("sub 1", -2.0))


TOOLS = Tools(open_countdown, verify_countdown)


@pytest.fixture
def corpus(tmp_path) -> Iterator[Corpus]:
    with Corpus.open(str(tmp_path / "corpus.db")) as corpus:
        records = [
            TheoremRecord(t.name, t.statement, t.expression_hash, t.environment.key, None, "train", "hard")
            for t in map(theorem, NUMBERS)
        ]
        corpus.add_benchmark("countdown", "1", "library", records)
        corpus.start_run("run", {})
        yield corpus


def start(corpus: Corpus, benchmark="countdown", **changes):
    values = {
        "run": "run",
        "generation_id": None,
        "benchmark": benchmark,
        "split": "train",
        "stratum": "",
        "arm": "test",
        "kind": RoundKind.TRAIN,
        "seed": 1,
        "config": {},
        "selection": [theorem(n).name for n in NUMBERS],
    }
    return corpus.start_round(**(values | changes))


def plan(steps=300, policy=POLICY) -> Plan:
    return Plan(Phase(policy, Budget(steps)))


def statuses(corpus, round) -> Counter:
    return Counter(outcome.status for outcome in outcomes(corpus, round))


def test_every_theorem_gets_its_verdict(corpus, crew):
    round = start(corpus)
    seen = []
    summary = run_round(corpus, round, plan(20), crew, verify_countdown, on_progress=seen.append)
    assert (summary.pending, summary.interrupted) == (0, False)
    found = statuses(corpus, round)
    assert found[AttemptStatus.PROVED] > 0 < found[AttemptStatus.UNPROVED]
    assert found.total() == len(NUMBERS) == summary.progress.done == len(seen)
    assert summary.progress.solved == found[AttemptStatus.PROVED] == list_proofs(corpus).total
    assert [progress.done for progress in seen] == list(range(1, 13))
    assert seen[-1].seconds_left == 0 < seen[0].seconds_left
    assert corpus.rounds("run")[0].finished_at is not None


def test_resuming_runs_only_what_is_pending(corpus, crew, alone):
    round = start(corpus)
    stop = threading.Event()
    first = run_round(
        corpus, round, plan(), alone, verify_countdown, stop=stop, on_progress=lambda p: p.done == 4 and stop.set()
    )
    assert first.interrupted
    assert (first.progress.done, first.pending) == (4, 8)
    assert corpus.rounds("run")[0].finished_at is None
    second = run_round(corpus, start(corpus), plan(), crew, verify_countdown)
    assert (second.progress.done, second.progress.total, second.pending) == (8, 8, 0)
    assert list_proofs(corpus).total == 12
    third = run_round(corpus, start(corpus), plan(), crew, verify_countdown)
    assert third.progress.done == 0


@pytest.mark.parametrize("number", [signal.SIGINT, signal.SIGTERM])
def test_a_signal_stops_cleanly_and_handlers_come_back(corpus, number, alone):
    before = signal.getsignal(number)
    round = start(corpus)
    summary = run_round(
        corpus,
        round,
        plan(),
        alone,
        verify_countdown,
        on_progress=lambda p: p.done == 3 and os.kill(os.getpid(), number),
    )
    assert summary.interrupted
    assert 0 < statuses(corpus, round)[AttemptStatus.PROVED] < 12
    assert signal.getsignal(number) is before


def test_an_interrupted_attempt_leaves_no_trace(corpus, crew):
    round, stop = start(corpus, selection=["down_9"]), threading.Event()

    class StopsInTheMiddle(FixedPolicy):
        def propose(self, queries):
            stop.set()
            return super().propose(queries)

    policy = StopsInTheMiddle(("sub 1", -1.0))
    summary = run_round(corpus, round, plan(policy=policy), crew, verify_countdown, stop=stop)
    assert summary.interrupted
    assert statuses(corpus, round) == {None: 1}


def test_a_crash_is_an_error_tried_again_and_left_pending(corpus, crew):
    round = start(corpus)
    crashing = FixedPolicy(("crash", -1.0))
    summary = run_round(corpus, round, plan(policy=crashing), crew, verify_countdown, RoundConfig(errors_in_a_row=100))
    assert summary.progress.statuses == {AttemptStatus.ERROR: 3 * 12}
    assert (summary.progress.done, summary.pending) == (0, 12)
    assert statuses(corpus, round) == {AttemptStatus.ERROR: 12}
    run_round(corpus, round, plan(), crew, verify_countdown)
    assert statuses(corpus, round) == {AttemptStatus.PROVED: 12}


def test_trouble_with_the_gate_is_an_error_that_a_retry_mends(corpus, crew):
    troubles = iter([True, True])

    def troubled(*arguments):
        if next(troubles, False):
            raise Undecided("GateError: no worker")
        return verify_countdown(*arguments)

    round = start(corpus)
    summary = run_round(corpus, round, plan(), crew, troubled)
    assert summary.progress.statuses == {AttemptStatus.ERROR: 2, AttemptStatus.PROVED: 12}
    assert summary.pending == 0


def test_a_refused_claim_is_rejected_not_proved(corpus, crew):
    def refusing(*_arguments):
        raise Refused("gate, kernel: no")

    round = start(corpus)
    run_round(corpus, round, plan(), crew, refusing)
    assert statuses(corpus, round) == {AttemptStatus.REJECTED: 12}
    assert {o.steps_to_proof for o in outcomes(corpus, round)} == {None}


def test_kernels_that_disagree_stop_the_round(corpus, tmp_path, monkeypatch, alone):
    """Nothing on the way up takes the alarm for an error of one theorem, and what was under way is not recorded."""
    monkeypatch.setenv("FLYWHEEL_CACHE", str(tmp_path / "cache"))
    calls = []

    def alarmed(opened, *rest):
        calls.append(opened)
        if len(calls) == 3:
            statement = Statement(Constant("True", ()), (), opened.expression_hash)
            raise KernelsDisagree(opened, statement, "the proof", "one accepts", "the other rejects")
        return verify_countdown(opened, *rest)

    round = start(corpus)
    with pytest.raises(KernelsDisagree, match="ALARM"):
        run_round(corpus, round, plan(), alone, alarmed)
    assert statuses(corpus, round) == {AttemptStatus.PROVED: 2, None: 10}


def test_errors_in_a_row_end_the_round_with_advice(corpus, crew):
    crashing = FixedPolicy(("crash", -1.0))
    with pytest.raises(RoundFailed, match="flywheel doctor"):
        run_round(corpus, start(corpus), plan(policy=crashing), crew, verify_countdown, RoundConfig(errors_in_a_row=5))


def test_a_fault_in_the_policy_is_raised_not_recorded(corpus, crew):
    class Faulty(FixedPolicy):
        def propose(self, queries):
            raise ZeroDivisionError("a bug")

    round = start(corpus)
    with pytest.raises(ZeroDivisionError):
        run_round(corpus, round, plan(policy=Faulty()), crew, verify_countdown)
    assert statuses(corpus, round) == {None: 12}


def test_a_proof_is_credited_to_its_source():
    strong = Phase(FixedPolicy(("nonsense", -0.5), ("sub 4", -1.0)), Budget(5), source="portfolio")
    record = attempt(theorem(4), strong, 0, TOOLS)
    assert (record.status, record.steps, record.steps_to_proof) == (AttemptStatus.PROVED, 2, 2)
    assert record.proof.source == "portfolio"
    assert record.stats["templates"]["nonsense"]["tried"] == 1


def test_the_portfolio_gets_its_share_and_budgets_are_by_theorem():
    policy, portfolio = (Phase(FixedPolicy(name=name), Budget(5), source=name) for name in ("policy", "portfolio"))
    plan = Plan(policy, portfolio=portfolio, portfolio_share=0.3, budgets={"down_3": Budget(77)})
    drawn = [plan.phase(theorem(n), seed=1).source for n in range(1000)]
    assert 230 < drawn.count("portfolio") < 370
    assert drawn == [plan.phase(theorem(n), seed=1).source for n in range(1000)]
    assert plan.phase(theorem(3), seed=1).budget.steps == 77


def test_theorems_of_one_environment_follow_each_other():
    theorems = [theorem(n, module=f"M{n % 3}") for n in range(60)]
    groups = grouped_by_environment(theorems)
    assert sorted(t.name for group in groups for t in group) == sorted(t.name for t in theorems)
    assert all(len({t.environment for t in group}) == 1 and len(group) <= 8 for group in groups)
    keys = [group[0].environment.key for group in groups]
    assert keys == sorted(keys)


def test_shortened_proofs_are_stored(corpus, crew, alone):
    round = start(corpus, selection=["down_8"])
    wasteful = FixedPolicy(("halve", -0.1), ("finish", -3.0))
    run_round(corpus, round, plan(policy=wasteful), crew, verify_countdown, RoundConfig(minimize_steps=0))
    run_round(corpus, start(corpus, selection=["down_8"], arm="shorter"), plan(policy=wasteful), crew, verify_countdown)
    lengths = [line.length for line in list_proofs(corpus).proofs]
    assert lengths == [1, 3]  # newest first: `finish` alone, and behind two needless halvings


def test_a_share_of_attempts_keeps_its_search_trees(corpus, crew):
    kept = {}
    for share in (0.0, 0.4, 1.0):
        round = start(corpus, arm=f"share {share}")
        run_round(corpus, round, plan(20), crew, verify_countdown, RoundConfig(trees=share))
        with reading(corpus.engine) as session:
            attempts = session.scalars(select(schema.Attempt).where(schema.Attempt.round_id == round.id)).all()
            trees = {row.theorem_id: (row, load_trees(session, row.id)) for row in attempts}
        kept[share] = {id for id, (_, tree) in trees.items() if tree is not None}
        for row, searches in trees.values():
            if searches is not None:
                assert [len(tree.steps) for tree in searches] == [row.steps + 1]  # and the free `intros`
                assert [tree.ended for tree in searches] == [row.stats["ended"]]
                assert len(searches[0].states) == row.nodes
    assert not kept[0.0] and len(kept[1.0]) == 12
    assert 0 < len(kept[0.4]) < 12


def test_a_kept_tree_has_the_proof_in_it():
    record = attempt(theorem(9), Phase(POLICY, Budget(300)), 0, TOOLS, keep_trees=True)
    (proved,) = record.trees
    assert [proved.steps[index].tactic for index in proved.solved] == [step.tactic for step in record.proof.steps]
    assert [step.order for step in proved.steps] == list(range(len(proved.steps)))
    weak = Phase(FixedPolicy(("nonsense", -1.0)), Budget(5), source="portfolio")
    (failed,) = attempt(theorem(9), weak, 0, TOOLS, keep_trees=True).trees
    assert (failed.source, failed.ended, failed.solved) == ("portfolio", "exhausted", ())
    assert unpack(pack(record.trees).data) == record.trees
    assert attempt(theorem(9), weak, 0, TOOLS).trees == ()


def test_another_search_runs_in_an_attempt_and_keeps_its_tree():
    """`sub 1` until the end: best-first search would have taken `sub 3`, which costs less."""
    policy = FixedPolicy(("sub 1", -1.0), ("sub 3", -1.5))
    phase = Phase(policy, Budget(50), DepthFirst())
    record = attempt(theorem(6), phase, 0, TOOLS, keep_trees=True)
    assert record.status is AttemptStatus.PROVED
    assert [step.tactic for step in record.proof.steps] == ["sub 1"] * 6
    assert (record.steps, record.steps_to_proof, len(record.trees[0].solved)) == (6, 6, 6)
    best = attempt(theorem(6), replace(phase, search=BestFirst()), 0, TOOLS)
    assert [step.tactic for step in best.proof.steps] == ["sub 3", "sub 3"]


class Counted:
    """A policy that says how its calls were batched, and blocks in the first until released."""

    name = "counted"

    def __init__(self) -> None:
        self.sizes: list[int] = []
        self.entered, self.release = threading.Event(), threading.Event()

    def propose(self, queries):
        self.sizes.append(len(queries))
        self.entered.set()
        assert self.release.wait(10)
        return [[Proposal(query.state, -1.0)] for query in queries]


@pytest.mark.parametrize(("deterministic", "sizes"), [(True, [1, 2, 2, 2]), (False, [1, 6])])
def test_threads_share_a_model(deterministic, sizes):
    counted = Counted()
    shared = BatchingPolicy(counted, deterministic)
    answers = {}

    def ask(name, count):
        queries = [PolicyQuery(theorem(1), f"{name}{i}", 0) for i in range(count)]
        answers[name] = [[p.tactic for p in proposals] for proposals in shared.propose(queries)]

    threads = [threading.Thread(target=ask, args=("first", 1))]
    threads[0].start()
    assert counted.entered.wait(10)
    threads += [threading.Thread(target=ask, args=(name, 2)) for name in "abc"]
    for thread in threads[1:]:
        thread.start()
    while len(shared._waiting) < 3:
        pass
    counted.release.set()
    for thread in threads:
        thread.join()
    assert counted.sizes == sizes
    assert answers == {"first": [["first0"]], **{name: [[f"{name}0"], [f"{name}1"]] for name in "abc"}}


# --- the real thing ---

#: Of many modules; portfolio-1 proves the first six.
LIBRARY = (
    "Nat.zero_lt_two", "ISize.toBitVec_mul", "List.singleton_append", "Option.map_none", "UInt64.toBitVec_eq_of_eq",
    "Nat.sub_eq_sub_min", "Nat.succ_inj", "Nat.le_antisymm_iff", "List.map_id", "Option.isSome_map", "Int.add_comm",
)  # fmt: skip
PROVED = set(LIBRARY[:6])


@pytest.fixture(scope="module")
def lean() -> Iterator[Lean]:
    with Lean(2) as lean:
        yield lean


@pytest.fixture(scope="module")
def library(lean) -> Library:
    return lean.library


def start_library(corpus, library, names=LIBRARY, **changes):
    text = {t.name: t for t in library.theorems()}
    records = []
    for name in names:
        module = text[name].module
        environment = library.strict_environment(module).key
        records.append(TheoremRecord(name, text[name].statement, "", environment, module, "train", ""))
    corpus.add_benchmark("library", "1", library.digest, records)
    return start(corpus, "library", selection=names, **changes)


def portfolio_plan() -> Plan:
    arm = portfolio_1()
    return Plan(Phase(arm.policy, arm.budget, arm.search, "portfolio"))


def test_real_lean_real_gate_real_database(corpus, library, lean):
    round = start_library(corpus, library)
    summary = run_round(corpus, round, portfolio_plan(), lean.crew, lean.tools.verify)
    assert summary.pending == 0
    assert {o.theorem for o in outcomes(corpus, round) if o.status is AttemptStatus.PROVED} == PROVED
    assert summary.progress.statuses == {AttemptStatus.PROVED: 6, AttemptStatus.UNPROVED: 5}
    assert all(o.steps <= 6 for o in outcomes(corpus, round))
    lines = list_proofs(corpus).proofs
    assert {line.theorem for line in lines} == PROVED
    for line in lines:
        proof = show_proof(corpus, line.id).proof
        assert proof.source == "portfolio"
        assert "accept" in proof.certificate.kernels.values()
        assert proof.steps[-1].state_after == "no goals"
        assert all(step.goal_hashes and all(step.goal_hashes) for step in proof.steps)
    assert run_round(corpus, round, portfolio_plan(), lean.crew, lean.tools.verify).progress.done == 0


def test_a_worker_killed_in_search_costs_no_verdict(corpus, library, lean):
    round = start_library(corpus, library, ["Nat.zero_lt_two"])

    class KillsOnce(FixedTactics):
        """Kills the Lean workers of the search processes, from here: they could not import this class."""

        portable = False
        killed = 0

        def propose(self, queries):
            if not self.killed:
                for pid in lean.crew.pids:
                    for worker in psutil.Process(pid).children():
                        self.killed += 1
                        worker.kill()
            return super().propose(queries)

    policy = KillsOnce("kills once", ["rfl", "decide"])
    summary = run_round(corpus, round, plan(policy=policy), lean.crew, lean.tools.verify)
    # The step that met it fails, and the search goes on in another worker (lean_env/session/surviving.py).
    assert summary.progress.statuses == {AttemptStatus.PROVED: 1} and policy.killed == 2
    assert [o.wall_limit_hits for o in outcomes(corpus, round)] == [1]


def test_another_search_finds_what_the_gate_certifies(corpus, library, lean):
    """Evaluated on the real Lean beside best-first search; the rows say which search it was."""
    names = LIBRARY[:4]
    start_library(corpus, library, names)
    policy = FixedTactics("some", ["intros", "rfl", "simp", "omega", "simp_all"])
    evaluation = evaluate(
        corpus,
        [Arm("depth first", policy, Budget(16), DepthFirst(depth=3)), Arm("best first", policy, Budget(16))],
        names,
        run="run",
        benchmark="library",
        split="train",
        stratum="",
        seed=1,
        crew=lean.crew,
        verify=lean.tools.verify,
    )
    assert evaluation.arm("depth first").solved
    searches = {round.arm: round.config["search"] for round in corpus.rounds("run") if round.arm.endswith("first")}
    assert searches["depth first"] == {"search": "depth-first", "depth": 3}
    assert searches["best first"] == BestFirst().settings
