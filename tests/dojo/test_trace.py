"""LeanDojo's own `trace()` on a local repository, offline: its package unmodified, our `lake` and `lean` on PATH."""

from __future__ import annotations

import os
import shutil
import subprocess
import sys
from collections.abc import Iterator
from pathlib import Path

import git
import pytest

from lean_env.embedded.pool import WorkerPool
from lean_env.shim.repository import leandojo_folder, trace
from lean_env.shim.server import ShimServer
from lean_env.shim.spans import theorems_in
from lean_env.shim.steps import tactics_in

import lean_dojo  # isort: skip

TOY = """import Init.Data.List.Lemmas

namespace Toy

/-- Twice. -/
def double (n : Nat) : Nat := n + n

theorem double_zero (h : (1 : Nat) = 1) : double 0 = 0 := by
  -- a comment
  unfold double
  rfl

theorem split (p q : Prop) (a : p) (b : q) : p ∧ q ∧ "é" ≠ "e" := by
  constructor
  · exact a
  constructor
  next =>
    exact b -- why not
  decide

theorem one_line (n : Nat) : n + 0 = n := by simp

theorem term : 1 = 1 := rfl

theorem in_one_line (p : Prop) (a : p) : p ∧ p := by constructor; exact a; exact a

end Toy
"""
USES = """import Deep.Toy
theorem uses : Toy.double 1 = 2 := by
  rfl
"""


def committed(folder: Path, **files: str) -> Path:
    repository = git.Repo.init(folder)
    for name, text in {
        "lakefile.toml": 'name = "toy"\n',
        "lean-toolchain": "leanprover/lean4:v4.28.0\n",
        **files,
    }.items():
        (folder / name).parent.mkdir(parents=True, exist_ok=True)
        (folder / name).write_text(text)
    repository.git.add(all=True)
    repository.index.commit("Toy", author=git.Actor("a", "a@b"), committer=git.Actor("a", "a@b"))
    return folder


@pytest.fixture(autouse=True)
def clean_cache() -> Iterator[None]:
    """LeanDojo's cache as it was: what it traces there has the commit's hash in its name, another one in each test."""
    places = [leandojo_folder(), leandojo_folder() / "repos"]
    before = {path for place in places for path in place.glob("gitpython-*")}
    yield
    for path in {path for place in places for path in place.glob("gitpython-*")} - before:
        shutil.rmtree(path)


@pytest.fixture
def on_path(pool: WorkerPool, monkeypatch: pytest.MonkeyPatch) -> Iterator[ShimServer]:
    with ShimServer(pool) as server:
        monkeypatch.setenv("PATH", f"{server.bin}:/usr/bin:/bin")
        yield server


def test_tactics_are_cut_where_a_line_begins_below_the_first() -> None:
    found = {span.full_name: [TOY[a:b] for a, b in tactics_in(TOY, span)] for span in theorems_in(TOY)}
    assert found["Toy.double_zero"] == ["unfold double", "rfl"]
    assert found["Toy.split"][2:] == ["constructor", "next =>\n    exact b", "decide"]
    assert found["Toy.one_line"] == ["simp"] and found["Toy.term"] == []


@pytest.mark.parametrize("build_deps", [True, False])
def test_trace_runs_to_its_end(on_path: ShimServer, tmp_path: Path, build_deps: bool) -> None:
    folder = committed(tmp_path / f"toy{build_deps}", **{"Deep/Toy.lean": TOY, "Uses.lean": USES})
    repository = lean_dojo.LeanGitRepo.from_path(folder)
    traced = trace(repository, tmp_path / "out", build_deps)
    theorems = {theorem.theorem.full_name: theorem for theorem in traced.get_traced_theorems()}
    assert set(theorems) == {f"Toy.{name}" for name in ("double_zero", "split", "one_line", "term", "in_one_line")} | {
        "uses"
    }
    zero = theorems["Toy.double_zero"]
    assert zero.file_path == Path("Deep/Toy.lean") and zero.has_tactic_proof()
    first, last = zero.get_traced_tactics()
    assert (first.tactic, last.tactic, last.state_after) == ("unfold double", "rfl", "no goals")
    assert first.state_before.endswith("⊢ double 0 = 0") and first.state_after == last.state_before
    assert zero.get_theorem_statement() == "theorem double_zero (h : (1 : Nat) = 1) : double 0 = 0 :="
    split = [step.tactic for step in theorems["Toy.split"].get_traced_tactics()]
    assert split == ["constructor", "· exact a", "constructor", "next =>\n  exact b", "decide"]
    assert [step.tactic for step in theorems["Toy.one_line"].get_traced_tactics()] == ["simp"]
    assert [step.tactic for step in theorems["Toy.in_one_line"].get_traced_tactics()] == [
        "constructor; exact a; exact a"
    ]
    # What imports the repository's own files is traced, and cannot be run here.
    for name in ("Toy.term", "uses"):
        assert theorems[name].get_traced_tactics() == []
    if build_deps:
        assert ("Uses.lean", "Deep/Toy.lean") in traced.traced_files_graph.edges
    assert (tmp_path / "out" / folder.name / ".lake/build/ir/Deep/Toy.trace.xml").exists()
    # And Dojo opens what was traced.
    with lean_dojo.Dojo(lean_dojo.Theorem(repository, "Deep/Toy.lean", "Toy.one_line")) as (dojo, state):
        assert isinstance(dojo.run_tac(state, "simp"), lean_dojo.ProofFinished)


SCRIPT = """
import sys
from lean_dojo import Dojo, LeanGitRepo, ProofFinished
from lean_env.shim.repository import trace

repo = LeanGitRepo.from_path(sys.argv[1])
(theorem,) = [t for t in trace(repo).get_traced_theorems() if t.theorem.full_name == "Toy.split"]
with Dojo(theorem.theorem) as (dojo, state):
    for step in theorem.get_traced_tactics():
        assert state.pp == step.state_before
        state = dojo.run_tac(state, step.tactic)
print("proved" if isinstance(state, ProofFinished) else state)
"""


def test_a_users_script_traces_and_replays(tmp_path: Path) -> None:
    folder = committed(tmp_path / "toy", **{"Deep/Toy.lean": TOY})
    command = [sys.executable, "-c", "from prover.cli.main import main; main()", "dojo", "env", "--trace", str(folder)]
    done = subprocess.run(
        [*command, "--", sys.executable, "-c", SCRIPT, str(folder)],
        env={**os.environ, "CACHE_DIR": str(tmp_path / "cache")},
        capture_output=True,
        text=True,
        check=False,
    )
    assert done.stdout.strip().endswith("proved"), done.stderr


def test_a_file_that_does_not_elaborate_fails_the_build(on_path: ShimServer, tmp_path: Path) -> None:
    folder = committed(tmp_path / "broken", **{"Broken.lean": "theorem t : 1 = 2 := by rfl\n"})
    with pytest.raises(subprocess.CalledProcessError):
        trace(lean_dojo.LeanGitRepo.from_path(folder))
    said = subprocess.run("lake build", cwd=folder, shell=True, capture_output=True, text=True, check=False)
    assert said.returncode == 1 and said.stdout.startswith("Broken.lean:1:")
    assert not list(leandojo_folder().glob("gitpython-broken-*"))
