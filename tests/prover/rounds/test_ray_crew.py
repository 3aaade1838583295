"""A round over a real Ray cluster of two nodes on this machine: the same attempts and proofs as without Ray, also when
a node dies in the middle. The last ones run Lean."""

from __future__ import annotations

import http.server
import os
import shutil
import sqlite3
import threading
import time
from collections import Counter
from collections.abc import Iterator

import pytest
import ray
from countdown import Countdown, FixedPolicy, PortablePolicy, theorem, verify_countdown
from sqlalchemy import select

from corpus import schema
from corpus.database import reading
from corpus.records import AttemptStatus, TheoremRecord
from corpus.round_results import outcomes
from corpus.store import Corpus
from lean_env import paths
from lean_env.benchmark.lean_logic import LogicConfig, load_lean_logic
from lean_env.library.index import database_file
from prover.actions.elementary import ELEMENTARY
from prover.actions.space import ActionSpace
from prover.cli.main import run
from prover.cli.output import CANNOT_START
from prover.lean import Lean
from prover.policies.grammar import GrammarPolicy
from prover.rounds import cluster as cluster_module
from prover.rounds.attempt import Phase
from prover.rounds.cluster import Cluster, ClusterUnavailable
from prover.rounds.plan import Plan, RoundConfig, record_of
from prover.rounds.progress import RoundFailed
from prover.rounds.ray_crew import RayCrew
from prover.rounds.round import run_round
from prover.search.best_first import BestFirst
from prover.search.budget import Budget
from tests.begun import begin
from tests.found import content
from tests.local_ray import ray_head, second_node

__all__ = ["ray_head", "second_node"]

pytestmark = pytest.mark.timeout(600)

NUMBERS = range(1, 25)
TACTICS = (("nonsense", -0.3), ("sub 3", -1.0), ("sub 1", -2.0))


def joined(ray_head, nodes=2, said=None) -> Cluster:
    """The cluster once so many nodes can search."""
    cluster = Cluster.join(ray_head.address, said.append if said is not None else lambda _text: None)
    deadline = time.monotonic() + 60
    while len(cluster.cores()) < nodes and time.monotonic() < deadline:
        cluster.look_round(wait=1)
        time.sleep(0.2)
    return cluster


@pytest.fixture
def corpus(tmp_path) -> Iterator[Corpus]:
    with Corpus.open(str(tmp_path / "corpus.db")) as corpus:
        records = [
            TheoremRecord(t.name, t.statement, t.expression_hash, t.environment.key, None, "train", "hard")
            for t in (theorem(n, module=f"M{n % 3}") for n in NUMBERS)
        ]
        corpus.add_benchmark("countdown", "1", "library", records)
        yield corpus


def start(corpus, arm):
    return begin(corpus, "countdown", [theorem(n).name for n in NUMBERS], arm)


def plan(policy) -> Plan:
    return Plan(Phase(policy, Budget(20), BestFirst(noise=0.5)))


def attempts(corpus, round) -> Counter:
    """How many are stored, by theorem."""
    with reading(corpus.engine) as session:
        return Counter(session.scalars(select(schema.Attempt.theorem_id).where(schema.Attempt.round_id == round.id)))


def test_a_round_is_the_same_over_ray_and_when_a_node_dies_or_joins_in_the_middle(corpus, crew, ray_head, second_node):
    here, killed, joins, asked = (start(corpus, arm) for arm in ("here", "killed", "joins", "asked"))
    config = RoundConfig(trees=1.0)
    run_round(corpus, here, plan(PortablePolicy(*TACTICS)), crew, verify_countdown, config)
    node = second_node()
    with joined(ray_head) as cluster, RayCrew(Countdown(), cluster) as team:
        assert team.size == 2

        def kill(progress):
            if progress.done == 6:
                assert len({process.node for process in team.processes if process.ready}) == 2
                ray_head.remove_node(node, allow_graceful=False)

        slow = PortablePolicy(*TACTICS, trouble="dawdles")
        run_round(corpus, killed, plan(slow), team, verify_countdown, config, on_progress=kill)
        assert team.deaths == 1 and team.size == len(team.processes) == 1

        def join(progress):
            if progress.done == 2:
                second_node()
                while len(cluster.cores()) < 2:
                    cluster.look_round(wait=0.5)

        run_round(corpus, joins, plan(slow), team, verify_countdown, config, on_progress=join)
        assert team.deaths == 1 and team.size == 2
        # A policy that stays here is asked over Ray, too.
        run_round(corpus, asked, plan(FixedPolicy(*TACTICS)), team, verify_countdown, config)
        assert len(team.processes) == 2
    assert content(corpus, here) == content(corpus, killed) == content(corpus, joins) == content(corpus, asked)
    for round in (killed, joins, asked):
        assert set(attempts(corpus, round).values()) == {1} and len(attempts(corpus, round)) == len(NUMBERS)
    assert AttemptStatus.ERROR not in {o.status for o in outcomes(corpus, killed)}


def test_an_actor_that_dies_and_a_stop_over_ray(corpus, crew, ray_head, tmp_path):
    here, there = start(corpus, "here"), start(corpus, "there")
    run_round(corpus, here, plan(PortablePolicy(*TACTICS)), crew, verify_countdown)
    stop = threading.Event()
    with joined(ray_head, 1) as cluster, RayCrew(Countdown(), cluster) as team:
        once = PortablePolicy(*TACTICS, trouble="dies", at="down_7", once=tmp_path / "died")
        summary = run_round(
            corpus, there, plan(once), team, verify_countdown, stop=stop,
            on_progress=lambda progress: progress.done == 12 and stop.set(),
        )  # fmt: skip
        assert summary.interrupted and summary.pending == len(NUMBERS) - 12
        assert run_round(corpus, there, plan(once), team, verify_countdown).pending == 0
        assert team.deaths == 1
        faulty = PortablePolicy(*TACTICS, trouble="raises", at="down_7")
        with pytest.raises(ZeroDivisionError) as raised:
            run_round(corpus, start(corpus, "faulty"), plan(faulty), team, verify_countdown)
        assert "In a search process" in raised.value.__notes__[0]
    assert content(corpus, here) == content(corpus, there)


class NoKit(Countdown):
    def open(self):
        raise RuntimeError("no workbench here")


@pytest.mark.long
def test_actors_that_do_not_start_end_the_round_with_advice(corpus, ray_head):
    with joined(ray_head, 1) as cluster, RayCrew(NoKit(), cluster) as team, pytest.raises(RoundFailed, match="doctor"):
        run_round(corpus, start(corpus, "none"), plan(PortablePolicy(*TACTICS)), team, verify_countdown)


# --- who is refused ---


def test_nodes_that_would_find_something_else_are_refused_with_both_digests(
    ray_head, second_node, installation, tmp_path
):
    """Without Lean, made by another version, and with another library. The node that can search does."""
    wrong, other = tmp_path / "other version", tmp_path / "other library"
    root = paths.installation_root()
    for cache in (wrong, other):
        place = cache / root.relative_to(paths.cache_root())
        shutil.copytree(root, place, copy_function=os.symlink)
    record = wrong / root.relative_to(paths.cache_root()) / "install.json"
    text = record.read_text()
    record.unlink()
    record.write_text(text.replace(installation.version, "0" * 16))
    place = other / root.relative_to(paths.cache_root())
    index = place / database_file(root).relative_to(root)
    index.unlink()
    shutil.copy(database_file(root), index)
    with sqlite3.connect(index) as database:
        database.execute("UPDATE module SET digest = 'another' WHERE name = 'Init.Prelude'")
    for cache in (tmp_path / "no Lean", wrong, other):
        second_node(env_vars={"FLYWHEEL_CACHE": str(cache)})
    said: list[str] = []
    with joined(ray_head, 1, said) as cluster:
        deadline = time.monotonic() + 60
        while len(said) < 3 and time.monotonic() < deadline:
            cluster.look_round(wait=1)
        assert len(cluster.cores()) == 1
        wanted = cluster.wanted
    assert all(len(line.splitlines()) == 1 and "is not used" in line for line in said)
    (missing,) = (line for line in said if "not installed" in line)
    assert "flywheel setup" in missing
    (old,) = (line for line in said if "another version" in line)
    assert installation.version in old and "0" * 16 in old
    (differs,) = (line for line in said if "its library" in line)
    assert wanted.library in differs and "here it is" in differs


@pytest.mark.parametrize("address", ["127.0.0.1:1", "nowhere", "ray://127.0.0.1:10001", "http://127.0.0.1:6379"])
def test_an_address_where_no_ray_is_is_one_line(address, tmp_path, capsys):
    began = time.monotonic()
    assert run(["round", "--name", "x", "--home", str(tmp_path), "--ray", address]) == CANNOT_START
    shown = capsys.readouterr().err.strip()
    assert f"--ray {address}" in shown and len(shown.splitlines()) == 1
    assert time.monotonic() - began < 30 and not ray.is_initialized()


@pytest.mark.long
def test_something_else_at_the_address_is_one_line(monkeypatch):
    monkeypatch.setattr(cluster_module, "_ANSWER", 6.0)
    with http.server.ThreadingHTTPServer(("127.0.0.1", 0), http.server.SimpleHTTPRequestHandler) as other:
        threading.Thread(target=other.serve_forever, daemon=True).start()
        with pytest.raises(ClusterUnavailable, match="no Ray cluster can be joined") as refused:
            Cluster.join(f"127.0.0.1:{other.server_address[1]}")
        other.shutdown()
    assert len(str(refused.value).splitlines()) == 1 and not ray.is_initialized()


# --- the real thing ---


@pytest.mark.long
def test_real_searches_are_the_same_in_one_and_two_processes_and_over_ray(corpus, ray_head, second_node):
    """Over two nodes, of which one is killed in the middle."""
    logic = load_lean_logic(LogicConfig(train=24, held_out=0, beyond=0, non_theorems=0)).theorems("train")
    corpus.add_benchmark("logic", "1", "", [record_of(t) for t in logic])
    names = [t.name for t in logic]
    grammar = Plan(Phase(GrammarPolicy(ActionSpace(None, ELEMENTARY)), Budget(24), BestFirst(), "grammar"))
    config, found = RoundConfig(closers=(), trees=1.0), []
    for size in (1, 2):
        with Lean(size) as lean:
            round = begin(corpus, "logic", names, f"{size} processes")
            run_round(corpus, round, grammar, lean.crew, lean.tools.verify, config)
        found.append(content(corpus, round))
    node = second_node()
    with joined(ray_head) as cluster, Lean(1, cluster=cluster) as lean:

        def kill(progress):
            if progress.done == 8:
                ray_head.remove_node(node, allow_graceful=False)

        round = begin(corpus, "logic", names, "over Ray")
        run_round(corpus, round, grammar, lean.crew, lean.tools.verify, config, on_progress=kill)
        assert lean.crew.deaths == 1 and lean.counters()["searchers"].requests > 50
        found.append(content(corpus, round))
    assert found[0] == found[1] == found[2]
    assert set(attempts(corpus, round).values()) == {1}
    assert sum(entry[0] is AttemptStatus.PROVED for entry in found[0].values()) >= 3
