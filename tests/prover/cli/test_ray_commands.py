"""`flywheel round`, `run` and `eval` with `--ray`, as programs, over a real Ray cluster of two nodes on loopback."""

from __future__ import annotations

import json
import time

import psutil
import pytest

from corpus.records import AttemptStatus
from corpus.store import Corpus
from prover.cli.output import CANNOT_START, DONE, INTERRUPTED
from tests.commands import flywheel, interrupted, problems, start
from tests.found import content
from tests.local_ray import ray_head, second_node
from tests.stored import attempts

__all__ = ["ray_head", "second_node"]

pytestmark = [pytest.mark.long, pytest.mark.timeout(1800)]


def rounds(home, name="r"):
    """What each round of a run found, by arm."""
    with Corpus.open(str(home / "corpus.db")) as corpus:
        return {(round.arm, round.kind): content(corpus, round) for round in corpus.rounds(name)}


def searching() -> list[psutil.Process]:
    """Lean workers and actors below the cluster's nodes, which are this process's children."""
    found = []
    for process in psutil.Process().children(recursive=True):
        try:
            line = " ".join(process.cmdline())
        except psutil.Error:
            continue
        if "server.js" in line or "_Actor" in line:
            found.append(process)
    return found


def gone(seconds=60.0) -> bool:
    deadline = time.monotonic() + seconds
    while searching() and time.monotonic() < deadline:
        time.sleep(0.2)
    return not searching()


def test_a_round_over_two_nodes_is_that_of_one_machine(ray_head, second_node, tmp_path):
    second_node()
    here, there = tmp_path / "here", tmp_path / "there"
    for home in (here, there):
        home.mkdir()
    line = ["round", "--bench", problems(tmp_path), "--name", "r", "--json", "--home"]
    code, alone, err = flywheel(*line, here)
    assert code == DONE, err
    code, over, err = flywheel(*line, there, "--ray", ray_head.address)
    assert code == DONE, err
    assert "nodes of the Ray cluster" in err
    assert json.loads(over) == json.loads(alone) and json.loads(over)["proofs"] >= 1
    found = rounds(there)
    assert found == rounds(here) and found
    statuses = [row[0] for round in found.values() for row in round.values()]
    assert AttemptStatus.PROVED in statuses and AttemptStatus.ERROR not in statuses
    assert gone(), "actors end with the command, the cluster stays"


def test_ctrl_c_over_ray_leaves_nobody_and_a_node_without_lean_is_refused(ray_head, second_node, tmp_path):
    second_node()
    line = ["round", "--bench", problems(tmp_path), "--name", "r", "--home", tmp_path, "--ray", ray_head.address]
    longer = {"FLYWHEEL_ROUND__STEPS": "60"}
    with start(*line, **longer) as command:
        while not attempts(tmp_path / "corpus.db"):
            assert command.poll() is None, command.communicate()[1]
            time.sleep(0.2)
        code, left = interrupted(command)
    assert (code, left) == (INTERRUPTED, []) and gone()
    second_node(env_vars={"FLYWHEEL_CACHE": str(tmp_path / "no Lean")})
    code, _, err = flywheel(*line, **longer)
    assert code == DONE, err
    (refused,) = (said for said in err.splitlines() if "is not used" in said)
    assert "not installed" in refused and "flywheel setup" in refused and "nodes of the Ray cluster" in err
    with Corpus.open(str(tmp_path / "corpus.db")) as corpus:
        assert all(not corpus.pending(round) for round in corpus.rounds("r"))


def test_an_evaluation_finds_the_cluster_that_this_machine_is_part_of(ray_head, second_node, tmp_path):
    second_node()
    line = ["eval", "--portfolio", "--split", "valid", "--theorems", "2", "--bench", problems(tmp_path), "--json"]
    answers = []
    for home, more in (("here", []), ("there", ["--ray", "auto"])):
        code, out, err = flywheel(*line, "--home", tmp_path / home, *more, RAY_ADDRESS=ray_head.address)
        assert code == DONE, err
        (evaluation,) = json.loads(out)["evaluations"]
        answers.append([(row["arm"], row["solved"]) for row in evaluation["arms"]])
    assert answers[0] == answers[1] and "nodes of the Ray cluster" in err and gone()


def test_a_run_makes_its_generations_over_the_cluster(ray_head, second_node, tmp_path):
    second_node()
    small = {"FLYWHEEL_TRAIN__EPOCHS": "1", "FLYWHEEL_ROUND__THEOREMS": "4", "FLYWHEEL_EVALUATION__THEOREMS": "2",
             "FLYWHEEL_EVALUATION__SPLIT": "valid"}  # fmt: skip
    code, out, err = flywheel(
        "run", "--bench", problems(tmp_path), "--name", "whole", "--generations", "1", "--json", "--home", tmp_path,
        "--ray", ray_head.address, **small,
    )  # fmt: skip
    assert code == DONE, err
    assert rounds(tmp_path, "whole") and json.loads(out)["evaluations"] and gone()


def test_no_ray_is_one_line(tmp_path):
    for command in (["round", "--name", "r"], ["run", "--name", "r"], ["eval", "--portfolio"]):
        code, _, err = flywheel(*command, "--home", tmp_path, "--ray", "127.0.0.1:1")
        assert code == CANNOT_START and "--ray 127.0.0.1:1" in err and len(err.strip().splitlines()) == 1, err
