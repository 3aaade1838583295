"""Headers in a worker: kept warm, given back, left whole by what is refused, and what stands open under them."""

from __future__ import annotations

from collections.abc import Iterator
from typing import Any

import pytest

from lean_env.embedded.installation import Installation
from lean_env.embedded.worker import LeanRefused, RefusalKind, Worker
from lean_env.theorem import Environment, Header

#: As many environments as a worker keeps (host/lean/environments.js).
CAPACITY = 48


@pytest.fixture(scope="module")
def worker(installation: Installation) -> Iterator[Worker]:
    worker = Worker(installation, "elaborate")
    worker.await_ready()
    yield worker
    worker.close()


def fields(text: str) -> dict[str, Any]:
    return Environment(("Init",), Header(text)).fields()


def open_under(worker: Worker, text: str, statement: str) -> dict[str, Any]:
    return worker.request("open_text", statement=statement, wall_s=60, **fields(text))


def test_many_headers_in_turn_are_given_back(worker: Worker) -> None:
    for number in range(CAPACITY + 12):
        opened = open_under(worker, f"def f : Nat := {number}\n", f": f = {number}")
        (result,) = worker.request("run", state=opened["state"], tactics=["rfl"])["results"]
        assert result["outcome"] == "proved"
        worker.request("drop", states=[opened["state"], result["state"]])
    assert worker.request("memory")["environments"] <= CAPACITY
    # The first was forgotten, and comes back the same.
    assert open_under(worker, "def f : Nat := 0\n", ": f = 0")["goals"] == ["⊢ f = 0"]


def test_an_open_theorem_keeps_its_header(worker: Worker) -> None:
    kept = open_under(worker, "def kept : Nat := 7\n", ": kept = 7")
    for number in range(CAPACITY + 4):
        worker.request("export_header", **fields(f"def g : Nat := {number}\n"))
    (result,) = worker.request("run", state=kept["state"], tactics=["unfold kept; rfl"])["results"]
    assert result["outcome"] == "proved"
    assert worker.request("export_proof", root=kept["state"], state=result["state"])["ndjson"]


def test_a_refused_header_leaves_the_worker_as_it_was(worker: Worker) -> None:
    for text, words in (
        ("def f : Nat := 1\n\naxiom a : False\n", "line 3: a header may not contain `axiom`"),
        ("def f : Nat := 1\ntheorem t : f = 2 := rfl\n", "line 2: "),
        ("def f : Nat := 1\nend\n", "line 2: `end` closes what the header did not open"),
        ('notation "x" => 1\ndef y : Nat := ""\n', "line 2: "),
    ):
        with pytest.raises(LeanRefused) as refused:
            worker.request("export_header", **fields(text))
        assert refused.value.kind is RefusalKind.LEAN and refused.value.message.startswith(words), refused.value.message
    assert not worker.ran_code
    assert open_under(worker, "def f : Nat := 1\n", ": f = 1")["goals"] == ["⊢ f = 1"]


def test_a_header_that_runs_out_of_its_time_is_a_limit(worker: Worker) -> None:
    slow = "theorem slow : True := by\n  iterate 100000 (have := Nat.add_comm 1 2)\n  trivial\n"
    with pytest.raises(LeanRefused) as refused:
        worker.request("export_header", header_ms=50, wall_s=60, **fields("set_option maxHeartbeats 0\n" + slow))
    assert refused.value.kind is RefusalKind.LIMIT


def test_variables_and_bound_names_are_introduced_as_in_a_file(worker: Worker) -> None:
    header = "section\nvariable {α : Type u} (l : List α)\ndef len : Nat := l.length\n"
    (goal,) = open_under(worker, header, "(h : l ≠ []) (n : Nat) : ∀ m, m + n = 0 → 0 < len l")["goals"]
    assert goal.split("\n")[1:] == ["l : List α", "h : l ≠ []", "n : Nat", "⊢ ∀ (m : Nat), m + n = 0 → 0 < len l"]
    (goal,) = open_under(worker, "def id' (a : α) : α := a\n", "(x : β) : id' x = x")["goals"]
    assert goal.split("\n")[1:] == ["x : β", "⊢ id' x = x"]


def test_two_exports_are_the_same_to_the_byte(worker: Worker) -> None:
    header = fields(
        "inductive T | leaf | node (l r : T)\nderiving DecidableEq, Repr\ntheorem t (x : T) : x = x := rfl\n"
    )
    assert worker.request("export_header", **header)["ndjson"] == worker.request("export_header", **header)["ndjson"]


def test_a_request_without_all_of_a_header_is_refused(worker: Worker) -> None:
    with pytest.raises(LeanRefused) as refused:
        worker.request("export_header", imports=["Init"], header={"text": ""})
    assert refused.value.kind is RefusalKind.BAD_REQUEST
