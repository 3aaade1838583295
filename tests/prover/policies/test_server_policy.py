"""A policy that a real server computes, on loopback: the same proofs as in this process, whatever goes wrong between,
and nobody waits for it who was asked to stop. The last tests run Lean."""

from __future__ import annotations

import os
import pickle
import signal
import threading
import time
import traceback
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

import pytest
from countdown import theorem, verify_countdown

from corpus.records import AttemptStatus, RoundKind, TheoremRecord
from corpus.store import Corpus
from lean_env.benchmark.lean_logic import LogicConfig
from lean_env.theorem import Environment, Theorem
from prover.benchmarks.lean_logic import LogicBenchmark
from prover.cli.main import run
from prover.cli.output import CANNOT_START, DONE
from prover.lean import Lean
from prover.policies.server import KEY_VARIABLE
from prover.policies.server.client import Patience, ServerLost, ServerRefused
from prover.policies.server.policy import ServerPolicy, connect
from prover.policies.text.checkpoint import load_foreign
from prover.policies.text.policy import TextOptions
from prover.policy import PolicyQuery
from prover.rounds.attempt import Phase
from prover.rounds.plan import Plan, RoundConfig
from prover.rounds.round import run_round
from prover.search.best_first import BestFirst
from prover.search.budget import Budget
from tests.begun import begin
from tests.found import content
from tests.model_server import KEY, MODEL, PROMPT, ModelServer, train_tiny
from training.config import FlywheelConfig
from training.flywheel import Flywheel

NUMBERS = range(1, 17)
OPTIONS = TextOptions(prompt=PROMPT, samples=8, max_tokens=12)
QUICK = Patience(answer=20.0, first_wait=0.02, longest_wait=0.1)
THEOREM = Theorem("t", "True", Environment(("Init",)))


@pytest.fixture(scope="module")
def folder(tmp_path_factory):
    return train_tiny(tmp_path_factory.mktemp("tiny"))


@pytest.fixture(scope="module")
def running(folder) -> Iterator[ModelServer]:
    with ModelServer(folder) as server:
        yield server


@pytest.fixture
def server(running) -> Iterator[ModelServer]:
    """The same for all tests, without what one of them has done to it."""
    running.requests.clear()
    running.slept = 0
    yield running
    running.troubles.clear()
    running.always, running.key, running.slow = "", None, 60.0


class Local:
    """The same model in this process, with seeds as small as those that travel."""

    name = "local"

    def __init__(self, folder, options):
        self.model = load_foreign(str(folder), options)

    def propose(self, queries):
        return self.model.propose([PolicyQuery(q.theorem, q.state, q.seed % 2**31) for q in queries])


def local(folder, options=OPTIONS) -> Local:
    return Local(folder, options)


def query(state, seed=1):
    return PolicyQuery(THEOREM, state, seed)


@pytest.fixture
def corpus(tmp_path) -> Iterator[Corpus]:
    with Corpus.open(str(tmp_path / "corpus.db")) as corpus:
        records = [
            TheoremRecord(t.name, t.statement, t.expression_hash, t.environment.key, None, "train", "hard")
            for t in map(theorem, NUMBERS)
        ]
        corpus.add_benchmark("countdown", "1", "library", records)
        yield corpus


def start(corpus, arm):
    return begin(corpus, "countdown", [theorem(n).name for n in NUMBERS], arm)


def plan(policy, steps=24):
    return Plan(Phase(policy, Budget(steps), BestFirst(noise=0.3)))


def connected(server, **options) -> ServerPolicy:
    return connect(server.url, MODEL, server.key, OPTIONS.model_copy(update=options), QUICK)


# --- the same as here ---


def test_the_server_gets_the_prompt_of_training_and_gives_the_same_proposals_to_the_bit(server, folder):
    states = [query(f"⊢ {n} ↓", seed) for n in NUMBERS for seed in (3, 2**40 + 5)]
    found = connected(server).propose(states)
    assert found == local(folder).propose(states)
    assert sum(len(each) for each in found) > len(states)
    assert {asked["prompt"] for asked in server.requests} == {f"⊢ {n} ↓\n> " for n in NUMBERS}


def test_greedy_lines_are_those_of_transformers_own_generate(server, folder):
    """The server's other engine, with its own log-probabilities, token by token."""
    greedy = OPTIONS.model_copy(update={"top_p": 1e-9, "samples": 2})
    states = [query(f"⊢ {n} ↓") for n in NUMBERS]
    there, here = connected(server, top_p=1e-9, samples=2).propose(states), local(folder, greedy).propose(states)
    assert [[p.tactic for p in each] for each in there] == [[p.tactic for p in each] for each in here]
    assert [p.log_prob for each in there for p in each] == pytest.approx(
        [p.log_prob for each in here for p in each], abs=1e-4
    )
    assert all(len(each) == 1 for each in there)


def test_a_round_over_a_server_finds_what_one_with_the_model_here_finds_whatever_goes_wrong(
    corpus, crew, server, folder
):
    here, there = start(corpus, "here"), start(corpus, "there")
    run_round(corpus, here, plan(local(folder)), crew, verify_countdown, RoundConfig(trees=1.0))
    server.troubles += ["429", "", "500", "half", "", "cut", "no choices", "nan", "503", "429", "429", "", "cut"]
    run_round(corpus, there, plan(connected(server)), crew, verify_countdown, RoundConfig(trees=1.0))
    assert not server.troubles
    assert content(corpus, there) == content(corpus, here)
    proved = [entry for entry in content(corpus, there).values() if entry[0] is AttemptStatus.PROVED]
    assert len(proved) >= len(NUMBERS) / 2


def test_many_states_are_in_flight_at_once(server):
    server.always, server.slow, server.most_at_once = "slow", 0.3, 0
    states = [query(f"⊢ {n} ↓") for n in NUMBERS]
    began = time.monotonic()
    assert all(connected(server).propose(states))
    assert server.most_at_once == len(states) and time.monotonic() - began < 0.3 * len(states) / 2


def test_a_slow_answer_is_asked_for_again(server):
    server.troubles, server.slow = ["slow"], 30.0
    began = time.monotonic()
    policy = connect(server.url, MODEL, None, OPTIONS, Patience(answer=0.5, first_wait=0.02))
    assert policy.propose([query("⊢ 4 ↓")])[0] and time.monotonic() - began < 10
    assert len(server.requests) == 2


def test_what_a_server_sends_that_is_no_tactic_is_dropped(server, folder):
    server.always = "hostile"
    assert connected(server).propose([query("⊢ 4 ↓")]) == local(folder).propose([query("⊢ 4 ↓")])
    allowed = connected(server).limited_to(lambda tactic: tactic == "sub 1")
    assert [p.tactic for p in allowed.propose([query("⊢ 4 ↓")])[0]] == ["sub 1"]


def test_a_state_that_is_too_long_has_no_proposals_and_a_server_that_refuses_all_ends_the_search(server):
    policy = connected(server)
    server.troubles = ["too long"]
    assert policy.propose([query("⊢ 4 ↓")]) == [[]] and policy.propose([query("⊢ 4 ↓")])[0]
    server.always = "too long"
    with pytest.raises(ServerLost, match=r"25 states in a row.*maximum context length"):
        for _ in range(25):
            policy.propose([query("⊢ 4 ↓")])


# --- stops and deaths ---


@contextmanager
def soon(action, when):
    """Calls `action` once `when` is true, from another thread."""

    def wait():
        while not when():
            time.sleep(0.02)
        action()

    thread = threading.Thread(target=wait, daemon=True)
    thread.start()
    yield
    thread.join(5)


def test_a_stop_waits_for_no_answer_and_the_round_goes_on_later(corpus, crew, server, folder):
    here, there = start(corpus, "here"), start(corpus, "there")
    run_round(corpus, here, plan(local(folder)), crew, verify_countdown, RoundConfig(trees=1.0))
    stop, deaths, policy = threading.Event(), crew.deaths, connected(server)
    server.troubles = [""] * 20 + ["slow"] * 2
    began = time.monotonic()
    with soon(stop.set, lambda: server.slept == 2):
        summary = run_round(corpus, there, plan(policy), crew, verify_countdown, RoundConfig(trees=1.0), stop=stop)
    assert summary.interrupted and summary.pending >= 2 and time.monotonic() - began < 20
    assert crew.deaths == deaths and all(process.ready for process in crew.processes)
    assert run_round(corpus, there, plan(policy), crew, verify_countdown, RoundConfig(trees=1.0)).pending == 0
    assert content(corpus, there) == content(corpus, here)


def test_search_processes_that_die_while_they_wait_for_an_answer_cost_their_attempts_alone(
    corpus, crew, server, folder
):
    here, there = start(corpus, "here"), start(corpus, "there")
    run_round(corpus, here, plan(local(folder)), crew, verify_countdown, RoundConfig(trees=1.0))
    deaths = crew.deaths
    server.troubles = ["", "", "", "slow", "slow"]

    def kill():
        for pid in crew.pids:
            os.kill(pid, signal.SIGKILL)

    with soon(kill, lambda: server.slept == 2):
        summary = run_round(corpus, there, plan(connected(server)), crew, verify_countdown, RoundConfig(trees=1.0))
    assert crew.deaths == deaths + 2 and summary.pending == 0
    assert content(corpus, there) == content(corpus, here)


def test_a_server_that_goes_away_ends_the_round_and_loses_nothing(corpus, crew, folder):
    round = start(corpus, "lost")
    with ModelServer(folder, troubles=[""] * 15, always="500") as server:
        policy = connect(server.url, MODEL, None, OPTIONS, Patience(tries=3, first_wait=0.02))
        with pytest.raises(ServerLost, match=r"3 tries \(the last: 500 Out of memory\.\).*goes on"):
            run_round(corpus, round, plan(policy), crew, verify_countdown)
    with ModelServer(folder) as server:
        assert run_round(corpus, round, plan(connected(server)), crew, verify_countdown).pending == 0
    assert AttemptStatus.ERROR not in {entry[0] for entry in content(corpus, round).values()}


# --- what cannot be used, and the key ---


@pytest.mark.parametrize(
    ("url", "said"),
    [
        ("ftp://127.0.0.1", "no address of a server"),
        ("http://", "no address"),
        ("http://user:secret@127.0.0.1:1", "an address has no key in it"),
        ("http://127.0.0.1:1?key=secret", "an address has no key in it"),
        ("http://127.0.0.1:1", "no OpenAI-compatible server"),
    ],
)
def test_an_address_where_no_server_is_is_one_line(url, said, capsys):
    began = time.monotonic()
    assert run(["prove", "True", "--policy-url", url]) == CANNOT_START
    shown = capsys.readouterr().err.strip()
    assert said in shown and len(shown.splitlines()) == 1 and "secret" not in shown
    assert time.monotonic() - began < 10


@pytest.mark.parametrize(
    ("changes", "more", "said"),
    [
        ({}, ["--policy-model", "tony"], "has no model 'tony'; it has tiny"),
        ({"key": KEY}, [], f"wants a key: set {KEY_VARIABLE}"),
        ({"always": "no logprobs"}, [], "gives no log-probabilities"),
        ({}, ["--policy-prompt", "prove it"], "{state} or {goal}"),
        ({}, ["--model", "."], ""),
    ],
    ids=["model", "key", "logprobs", "prompt", "two policies"],
)
def test_a_server_that_cannot_be_used_is_one_line(server, changes, more, said, monkeypatch, capsys):
    monkeypatch.delenv(KEY_VARIABLE, raising=False)
    for name, value in changes.items():
        setattr(server, name, value)
    assert run(["prove", "True", "--policy-url", server.url, *more]) == CANNOT_START
    shown = capsys.readouterr().err.strip()
    assert said in shown and len(shown.splitlines()) == 1


def test_the_key_is_in_no_message_and_in_no_pickle(server, monkeypatch, capsys):
    """Also where the server repeats it."""
    server.key, wrong = KEY, "wrong-" + KEY
    monkeypatch.setenv(KEY_VARIABLE, wrong)
    assert run(["prove", "True", "--policy-url", server.url]) == CANNOT_START
    shown = capsys.readouterr()
    assert f"does not take the key in {KEY_VARIABLE}" in shown.err and "***" in shown.err
    assert KEY not in shown.err + shown.out
    with pytest.raises(ServerRefused) as refused:
        connect(server.url, MODEL, wrong)
    assert KEY not in "".join(traceback.format_exception(refused.value))
    policy = connected(server)
    assert KEY not in repr(policy) + repr(policy.settings) + repr(vars(policy.client)["_http"].headers)
    with pytest.raises(TypeError, match="so does its key"):
        pickle.dumps(policy)
    for broken in ("two\nlines", "ключ"):
        with pytest.raises(ServerRefused, match="is no key") as refused:
            connect(server.url, MODEL, broken)
        assert broken[:3] not in str(refused.value)


def test_a_search_process_does_not_inherit_the_key(monkeypatch):
    from countdown import Countdown

    from prover.rounds.crew import Crew

    monkeypatch.setenv(KEY_VARIABLE, KEY)
    with Crew(Countdown(), 1) as crew:
        crew.fill()
        (pid,) = crew.pids
        assert KEY.encode() not in Path(f"/proc/{pid}/environ").read_bytes()


# --- the real thing ---


def test_prove_with_a_server(server, capsys):
    assert (
        run(["prove", "True", "--policy-url", server.url, "--policy-prompt", PROMPT, "--policy-samples", "4"]) == DONE
    )
    assert "theorem t : True := by" in capsys.readouterr().out
    assert server.requests[0]["prompt"] == "⊢ True\n> " and server.requests[0]["n"] == 4


def test_a_round_and_an_evaluation_of_a_run_with_a_server(server, tmp_path, monkeypatch):
    """On lean-logic, in an untrained run; the model knows nothing of it, so nothing is proved."""
    config = FlywheelConfig.load(
        None, benchmark="lean-logic", name="served", workers=1, round__theorems=4, round__steps=4, round__disproofs=2,
        round__canaries=2, evaluation__theorems=2, evaluation__steps=4, evaluation__strata=("same-size",),
    )  # fmt: skip
    server.key = KEY
    monkeypatch.setenv(KEY_VARIABLE, KEY)
    database = tmp_path / "corpus.db"
    with Lean(1, config.limits) as lean, Corpus.open(str(database), create=True) as corpus:
        LogicBenchmark(LogicConfig(train=20, held_out=4, beyond=4, non_theorems=4)).register(corpus, lean)
        flywheel = Flywheel(config, lean, corpus, tmp_path / "models")
        policy = connected(server).limited_to(flywheel.actions.repertoire.allows)
        summary = flywheel.search_with(policy)
        assert (summary.progress.done, summary.pending) == (4, 0)
        asked = len(server.requests)
        assert asked >= 4 and flywheel.search_with(policy).progress.done == 0 and len(server.requests) == asked
        name = f"{MODEL} (contaminated)"
        rounds = {round.arm: round for round in corpus.rounds("served")}
        assert set(rounds) == {name, f"{name} disproof", f"{name} canary"}
        assert rounds[f"{name} canary"].kind is RoundKind.EVAL
        assert rounds[name].config["server"]["model"] == MODEL and rounds[name].config["server"]["prompt"] == PROMPT
        (evaluation,) = flywheel.evaluate_portfolio([policy])
        assert [arm.name for arm in evaluation.arms] == ["portfolio", name]
        assert len(evaluation.arm(name).outcomes) == 2
    stored = b"".join(path.read_bytes() for path in tmp_path.glob("corpus.db*"))
    assert KEY.encode() not in stored and server.url.encode() not in stored
