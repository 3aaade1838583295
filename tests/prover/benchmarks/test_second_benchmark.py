"""A benchmark that is no part of the product goes through the product's registry and command line."""

from __future__ import annotations

import json
from pathlib import Path

import pytest
from sums import Sums

from corpus.store import Corpus
from prover.benchmarks.contract import Benchmark
from prover.benchmarks.registry import BENCHMARKS, register
from prover.cli.main import run
from prover.cli.output import CANNOT_START, DONE
from prover.lean import Lean


@pytest.fixture(autouse=True)
def sums(monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> Benchmark:
    monkeypatch.chdir(tmp_path)
    monkeypatch.setitem(BENCHMARKS, "sums", Sums())
    return BENCHMARKS["sums"]


def test_it_is_listed_and_shown(capsys: pytest.CaptureFixture[str]) -> None:
    assert run(["bench", "list"]) == DONE
    assert "sums of two numbers below four" in capsys.readouterr().out
    assert run(["bench", "list", "sums"]) == DONE
    listed = capsys.readouterr().out
    assert "no sum is left out" in listed and "sums.3_2  [valid, true]" in listed
    assert run(["bench", "list", "sums", "--split", "valid", "--json"]) == DONE
    assert [one["name"] for one in json.loads(capsys.readouterr().out)] == ["sums.3_1", "sums.3_2", "sums.3_3"]
    assert run(["bench", "show", "sums.1_2", "--bench", "sums"]) == DONE
    assert "sums.1_2 : 1 + 2 = 3" in capsys.readouterr().out


def test_what_it_lacks_is_an_error_like_any_other(capsys: pytest.CaptureFixture[str]) -> None:
    assert run(["bench", "show", "sums.9_9", "--bench", "sums"]) == CANNOT_START
    assert "sums has no theorem 'sums.9_9'" in capsys.readouterr().err
    assert run(["bench", "build", "sums"]) == CANNOT_START
    assert "no manifest" in capsys.readouterr().err


def test_it_registers_by_its_name_and_its_held_out_statements_are_guarded(tmp_path: Path) -> None:
    with Lean(1) as lean, Corpus.open(str(tmp_path / "corpus.db")) as corpus:
        record = register(corpus, "sums", lean)
        assert (record.name, record.theorems) == ("sums", 12)
        assert register(corpus, "sums", lean) == record
        held_out = [one.statement_hash for one in corpus.theorems("sums", "valid")]
        assert len(set(held_out)) == 3 and corpus.set_guard(held_out) == 0
