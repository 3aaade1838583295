"""The protocol without LeanDojo: `lake` on pipes, as Lean4Repl.lean would answer."""

from __future__ import annotations

import json
import subprocess
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest

from lean_env.embedded.pool import WorkerPool
from lean_env.shim.server import ShimServer
from lean_env.shim.source import NotServed, TheoremInText, WholeFile, read_source
from lean_env.theorem import Environment, Theorem

POSED = """import Lean4Repl
import Init.Core


set_option maxHeartbeats 0 in
theorem t (p q : Prop) (hp : p) (hq : q) : p ∧ q := by
  lean_dojo_repl
  sorry
theorem below : True := trivial
"""


@pytest.fixture
def server(pool: WorkerPool) -> Iterator[ShimServer]:
    with ShimServer(pool, patience_s=0.0) as server:
        yield server


@pytest.fixture
def file(tmp_path: Path) -> Path:
    path = tmp_path / "Posed.lean"
    path.write_text(POSED)
    return path


def lake(server: ShimServer, file: Path) -> subprocess.Popen[str]:
    command = [server.bin / "lake", "env", "lean", "--threads=1", "--memory=32768", file.name]
    return subprocess.Popen(command, cwd=file.parent, stdin=subprocess.PIPE, stdout=subprocess.PIPE, text=True)


def talk(server: ShimServer, file: Path, *requests: object) -> tuple[list[Any], int]:
    """The answers to these requests (texts as they are, others as JSON), and the exit status."""
    with lake(server, file) as process:
        lines = [request if isinstance(request, str) else json.dumps(request) for request in requests]
        output, _ = process.communicate("".join(f"{line}\n" for line in lines))
    answers = [
        json.loads(line.removeprefix("REPL> ")) if line.startswith("REPL> ") else line for line in output.splitlines()
    ]
    return answers, process.returncode


def test_states_are_numbered_as_lean4repl_does(server: ShimServer, file: Path) -> None:
    tactics = [(0, "constructor"), (1, "exact hp"), (0, "bad"), (2, "exact hq"), (1, "skip")]
    answers, status = talk(server, file, *[{"sid": sid, "cmd": tactic} for sid, tactic in tactics], "exit")
    assert [answer["sid"] for answer in answers] == [0, 1, 2, None, 3, 4]
    assert answers[0] == {"sid": 0, "tacticState": "p q : Prop\nhp : p\nhq : q\n⊢ p ∧ q", "error": None}
    assert answers[4]["tacticState"] == "no goals"
    assert status == 0


@pytest.mark.parametrize(
    ("request_", "words"),
    [
        ("no JSON", "[fatal]"),
        ({"sid": 7, "cmd": "skip"}, "[fatal] unknown tsid: 7"),
        ({"sid": -1, "cmd": "skip"}, "[fatal] unknown tsid: -1"),
        ({"cmd": "skip"}, "[fatal] parse_failed"),
        ([], "[fatal] parse_failed"),
    ],
)
def test_what_is_no_request_ends_the_session(server: ShimServer, file: Path, request_: object, words: str) -> None:
    (_, fatal), status = talk(server, file, request_)
    assert fatal.startswith(words)
    assert status == 1


def test_the_end_of_the_requests_ends_the_session(server: ShimServer, file: Path) -> None:
    answers, status = talk(server, file)
    assert (len(answers), status) == (1, 0)


def test_with_all_workers_taken_the_next_session_is_told(server: ShimServer, pool: WorkerPool, file: Path) -> None:
    open_now = [lake(server, file) for _ in range(pool.size)]
    for process in open_now:
        assert process.stdout is not None and process.stdout.readline().startswith("REPL> ")
    answers, status = talk(server, file)
    words = f"All {pool.size} Lean workers are in use by other sessions; close one, or have more."
    assert (answers, status) == ([words], 1)
    for process in open_now:
        process.communicate("exit\n")


def test_a_server_that_closes_ends_its_sessions(pool: WorkerPool, file: Path) -> None:
    with ShimServer(pool) as server:
        process = lake(server, file)
        assert process.stdout is not None and process.stdout.readline().startswith("REPL> ")
    process.communicate()
    assert process.returncode != 0
    assert not server.bin.exists()


def test_a_whole_file_is_elaborated(server: ShimServer, tmp_path: Path) -> None:
    path = tmp_path / "Whole.lean"
    path.write_text("import Init.Core\n\n#check And.intro\ntheorem t : 1 = 2 := rfl\n")
    output, status = talk(server, path)
    assert output[0].startswith("Whole.lean:3:0: info: And.intro")
    assert any(line.startswith("Whole.lean:4:") and ": error: " in line for line in output)
    assert status == 1


def test_modules_that_the_library_lacks(server: ShimServer, tmp_path: Path) -> None:
    path = tmp_path / "Whole.lean"
    path.write_text("import Lean\n\n#check Lean.Name\n")
    output, status = talk(server, path)
    assert "Whole.lean imports Lean, which the embedded Lean does not have" in output[0]
    assert status == 1


def test_what_a_file_asks_for() -> None:
    posed = read_source(POSED)
    assert posed == Theorem("t", "(p q : Prop) (hp : p) (hq : q) : p ∧ q", Environment(("Init", "Init.Core")))
    below = read_source(POSED.replace("\n\n\n", "\n\nnamespace N\n"))
    assert isinstance(below, TheoremInText)
    assert (below.before, below.stated[:9]) == ("namespace N", "theorem t")
    universes = read_source(POSED.replace("theorem t ", "theorem t.{u} "))
    assert isinstance(universes, TheoremInText)
    strict = read_source(POSED.replace("import Lean4Repl\n", "import Lean4Repl\n\nprelude\n"))
    assert isinstance(strict, Theorem) and strict.environment == Environment(("Init.Core",))
    assert read_source("import Init.Core\n\n#check 1\n") == WholeFile(
        Environment(("Init", "Init.Core")), "\n\n#check 1\n"
    )
    with pytest.raises(NotServed, match="only tactics"):
        read_source("import Lean4Repl\n\nset_option maxHeartbeats 0 in\n#lean_dojo_repl\n\n")
