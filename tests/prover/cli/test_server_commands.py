"""`flywheel round` and `flywheel eval` with `--policy-url`, as programs, against a real server on loopback."""

from __future__ import annotations

import json
import time

import pytest

from corpus.records import AttemptStatus
from corpus.round_results import outcomes
from corpus.store import Corpus
from prover.cli.main import run
from prover.cli.output import CANNOT_START, DONE, INTERRUPTED
from prover.policies.server import KEY_VARIABLE
from tests.commands import flywheel, interrupted, problems, start
from tests.model_server import KEY, MODEL, PROMPT, ModelServer, train_tiny

pytestmark = pytest.mark.timeout(900)


@pytest.fixture(scope="module")
def folder(tmp_path_factory):
    return train_tiny(tmp_path_factory.mktemp("model") / "tiny")


@pytest.fixture
def server(folder):
    with ModelServer(folder) as server:
        yield server


def proved(database) -> set[str]:
    with Corpus.open(str(database)) as corpus:
        found = [outcome for round in corpus.rounds("served") for outcome in outcomes(corpus, round)]
    return {outcome.theorem.split("/")[-1] for outcome in found if outcome.status is AttemptStatus.PROVED}


@pytest.mark.long
def test_a_round_and_an_evaluation_with_a_server(server, tmp_path):
    """The model knows what to say of `True`, and of nothing else. The key is in no output and in no file."""
    server.key = KEY
    asked = ["--policy-url", server.url, "--policy-prompt", PROMPT, "--policy-samples", "4", "--home", tmp_path]
    file = problems(tmp_path)
    keyed = {KEY_VARIABLE: KEY}
    code, out, err = flywheel("round", "--bench", file, "--name", "served", "--json", *asked, **keyed)
    assert code == DONE, err
    assert json.loads(out)["model"] == f"{MODEL} (contaminated)" and json.loads(out)["proofs"] >= 1
    assert any(name.endswith("sure") for name in proved(tmp_path / "corpus.db"))
    requests = len(server.requests)
    again, out, err = flywheel("round", "--bench", file, "--name", "served", *asked, **keyed)
    assert again == DONE and f"a round with {MODEL}" in " ".join(out.split())
    assert len(server.requests) == requests, "a finished round is not searched again"
    code, evaluated, err = flywheel(
        "eval", "--portfolio", "--bench", file, "--split", "valid", "--theorems", "2", "--json", *asked, **keyed
    )
    assert code == DONE, err
    (evaluation,) = json.loads(evaluated)["evaluations"]
    solved = {row["arm"]: (row["solved"], row["theorems"]) for row in evaluation["arms"]}
    assert solved[f"{MODEL} (contaminated)"] == (0, 2) and solved["portfolio"][0] >= 1
    everything = b"".join(path.read_bytes() for path in tmp_path.rglob("*") if path.is_file())
    assert KEY not in out + err + evaluated and KEY.encode() not in everything


@pytest.mark.long
def test_ctrl_c_in_a_round_with_a_server_that_is_silent(server, tmp_path):
    """It does not wait for the answer, nothing is left of it, and the same command goes on."""
    asked = ["--policy-url", server.url, "--policy-prompt", PROMPT, "--policy-samples", "2", "--home", tmp_path]
    line = ["round", "--bench", problems(tmp_path), "--name", "served", *asked]
    server.always = "slow"
    with start(*line) as command:
        while not server.slept:
            assert command.poll() is None, command.communicate()[1]
            time.sleep(0.1)
        began = time.monotonic()
        code, left = interrupted(command)
    assert (code, left) == (INTERRUPTED, []) and time.monotonic() - began < 40
    server.always = ""
    code, _, err = flywheel(*line)
    assert code == DONE, err


@pytest.mark.parametrize("command", [["round", "--name", "x"], ["eval", "--portfolio"]], ids=["round", "eval"])
@pytest.mark.parametrize(
    ("changes", "more", "said"),
    [
        ({}, ["--policy-model", "tony"], "has no model 'tony'; it has tiny"),
        ({"key": KEY}, [], f"wants a key: set {KEY_VARIABLE}"),
        ({"always": "no logprobs"}, [], "gives no log-probabilities"),
    ],
    ids=["model", "key", "logprobs"],
)
def test_a_server_that_cannot_be_used_is_one_line(server, command, changes, more, said, tmp_path, monkeypatch, capsys):
    monkeypatch.delenv(KEY_VARIABLE, raising=False)
    for name, value in changes.items():
        setattr(server, name, value)
    assert run([*command, "--policy-url", server.url, "--home", str(tmp_path), *more]) == CANNOT_START
    shown = capsys.readouterr().err.strip()
    assert said in shown and len(shown.splitlines()) == 1 and not (tmp_path / "corpus.db").exists()


@pytest.mark.parametrize("command", ["round", "eval"])
def test_help_says_what_the_options_want(command, capsys):
    assert run([command, "--help"]) == DONE
    shown = " ".join(capsys.readouterr().out.split())
    assert f"flywheel {command} --name first --policy-url http://127.0.0.1:8000" in shown
    for option in ("--policy-model", "--policy-prompt", "--policy-samples", "--ray"):
        assert option in shown
