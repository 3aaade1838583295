"""`flywheel corpus score`: what is stored and shown is the models' own, and a model that cannot be asked is named."""

from __future__ import annotations

import json
import math
import re
import shutil
import sqlite3
from pathlib import Path

import httpx
import pytest
from looking import served

from corpus.query import show_proof
from corpus.store import Corpus
from prover.benchmarks.registry import benchmark_of
from prover.cli.main import run
from prover.lean import Lean
from prover.policies.ranker.checkpoint import load_ranker
from prover.policy import PolicyQuery
from prover.rounds.plan import theorem_of

pytestmark = pytest.mark.timeout(600)


@pytest.fixture
def longest(ask) -> int:
    """The proof that the run's own generations were asked about."""
    return ask("SELECT id FROM proof ORDER BY length DESC LIMIT 1")


@pytest.fixture
def copy(home, tmp_path) -> Path:
    """A home that may be spoiled. Its corpus knows the models by their old folders."""
    with sqlite3.connect(home / "corpus.db") as source, sqlite3.connect(tmp_path / "corpus.db") as target:
        source.backup(target)
    return tmp_path


def moved(copy: Path, number: int, folder: Path) -> None:
    """Lets the corpus look for a generation's model elsewhere."""
    with sqlite3.connect(copy / "corpus.db") as raw:
        for (trigger,) in raw.execute("SELECT name FROM sqlite_master WHERE type = 'trigger'").fetchall():
            raw.execute(f'DROP TRIGGER "{trigger}"')
        raw.execute("UPDATE generation SET model_path = ? WHERE number = ?", (str(folder), number))


def another(ask) -> int:
    """A proof of the run's benchmark that nobody was asked about."""
    return ask(
        "SELECT max(proof.id) FROM proof JOIN theorem ON theorem.id = theorem_id JOIN benchmark ON benchmark.id = "
        "benchmark_id WHERE benchmark.name = 'lean-logic' AND proof.id NOT IN (SELECT proof_id FROM step_score)"
    )


def test_the_stored_values_are_those_that_the_model_searches_with(home, address, longest, capsys):
    assert run(["corpus", "score", str(longest), "--home", str(home), "--json"]) == 0
    ((_, scores),) = json.loads(capsys.readouterr().out).items()
    assert [(one["run"], one["number"]) for one in scores] == [("small", 0), ("small", 1)]
    assert scores[0]["steps"] != scores[1]["steps"]
    with Corpus.open(str(home / "corpus.db")) as corpus, Lean(workers=1) as lean:
        proof = show_proof(corpus, longest).proof
        space = lean.space(benchmark_of(proof.benchmark.partition("@")[0]).repertoire)
        theorem = theorem_of(proof.theorem, proof.benchmark)
        for number, one in enumerate(scores):
            policy = load_ranker(home / "models" / f"M_{number}", space)
            for step, score in zip(proof.steps, one["steps"], strict=True):
                (proposals,) = policy.propose([PolicyQuery(theorem, step.state, 0)])
                found = {proposal.tactic: proposal.log_prob for proposal in proposals}
                if step.tactic in found:  # among the 40 likeliest
                    assert score["log_probability"] == pytest.approx(found[step.tactic], abs=1e-6)
                    assert score["rank"] == 1 + sum(value > found[step.tactic] for value in found.values())
                else:
                    assert score["log_probability"] is None or score["rank"] > len(found) // 2
            assert any(score["log_probability"] is not None for score in one["steps"])
    page = httpx.get(f"{address}/proofs/{longest}", timeout=60).text
    for one in scores:
        for score in one["steps"]:
            if score["log_probability"] is not None:
                assert f'{score["log_probability"]:.2f} <span class="quiet">#{score["rank"]}</span>' in page
                assert score["log_probability"] <= 0 and math.isfinite(score["log_probability"])


def test_a_model_that_is_not_there_is_named_and_the_others_are_asked(home, copy, ask, capsys):
    proof = another(ask)
    moved(copy, 1, copy / "gone")
    assert run(["corpus", "score", str(proof), "--home", str(copy)]) == 0
    said = capsys.readouterr()
    assert "small/M_0" in said.out and "small/M_1" not in said.out
    assert re.search(r"^Not scored by small/M_1: .*gone holds no trained model", said.err, re.MULTILINE)
    with sqlite3.connect(copy / "corpus.db") as raw:
        assert raw.execute(
            "SELECT DISTINCT number FROM step_score JOIN generation g ON g.id = generation_id WHERE proof_id = ?",
            (proof,),
        ).fetchall() == [(0,)]
    # One that was asked for by name is an error.
    assert run(["corpus", "score", str(proof), "--generation", "M_1", "--home", str(copy)]) == 2
    assert capsys.readouterr().err.strip().splitlines()[-1].startswith("flywheel: Not scored by small/M_1")


def test_other_weights_in_the_folder_are_not_taken_for_the_generations(home, copy, ask, capsys):
    """What is stored stays, so it must not come from what somebody trained over the old model."""
    models = home / "models"
    shutil.copytree(models / "M_0", copy / "M_1")
    moved(copy, 1, copy / "M_1")
    moved(copy, 0, copy / "gone")
    assert run(["corpus", "score", str(another(ask)), "--home", str(copy)]) == 2
    error = capsys.readouterr().err
    assert "No generation could be asked." in error and "M_1 holds other weights" in error
    with sqlite3.connect(copy / "corpus.db") as raw:
        found = raw.execute("SELECT count(*) FROM step_score WHERE proof_id = ?", (another(ask),)).fetchone()
    assert found == (0,)


def test_a_proof_says_what_it_borrowed_and_to_whom_it_was_lent(handmade):
    corpus, home = handmade
    with sqlite3.connect(home / "corpus.db") as raw:
        ((borrower, lender),) = raw.execute("SELECT proof_id, lemma_id FROM borrowed").fetchall()
        (name,) = raw.execute(
            "SELECT name FROM theorem JOIN proof ON theorem.id = theorem_id WHERE proof.id = ?", (lender,)
        ).fetchone()
    corpus.close()
    with served(home) as address, httpx.Client(base_url=address, timeout=60) as client:
        borrowing, lent = client.get(f"/proofs/{borrower}").text, client.get(f"/proofs/{lender}").text
        plain = client.get(f"/proofs/{lender + 1}").text
    assert re.search(rf'borrows <a href="/proofs/{lender}">proof {lender} of {name}</a>', borrowing)
    assert "Lent to 1 later proof," in lent and "no earlier proof" in lent
    assert "Rests on" not in plain and "Not computed yet" in plain and "-0.50" in lent
