"""LeanDojo's own `trace()` on a local repository, offline, in scripts that know nothing of us:
`flywheel dojo env -- python script.py`."""

from __future__ import annotations

import json
import os
import subprocess
import sys
from collections.abc import Iterator
from pathlib import Path

import git
import pytest

from lean_env.shim.folder import ShimFolder
from lean_env.shim.spans import theorems_in
from lean_env.shim.steps import tactics_in
from tests.lean_env.shim.conftest import read_exports

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


@pytest.fixture
def variables(tmp_path: Path) -> dict[str, str]:
    """A cache of its own; and whoever asks the web for something is refused."""
    nobody = "http://127.0.0.1:9"
    return {**os.environ, "CACHE_DIR": str(tmp_path / "cache"), "https_proxy": nobody, "http_proxy": nobody}


def dojo_env(*arguments: str) -> list[str]:
    return [sys.executable, "-c", "from prover.cli.main import main; main()", "dojo", "env", *arguments]


def run_script(variables: dict[str, str], text: str, *arguments: str, options: tuple[str, ...] = ()) -> str:
    """What an unmodified script printed under `flywheel dojo env`."""
    command = [*dojo_env("-j1", *options), "--", sys.executable, "-c", text, *arguments]
    done = subprocess.run(command, env=variables, capture_output=True, text=True, check=False)
    assert done.returncode == 0, done.stderr
    return done.stdout


def test_tactics_are_cut_where_a_line_begins_below_the_first() -> None:
    found = {span.full_name: [TOY[a:b] for a, b in tactics_in(TOY, span)] for span in theorems_in(TOY)}
    assert found["Toy.double_zero"] == ["unfold double", "rfl"]
    assert found["Toy.split"][2:] == ["constructor", "next =>\n    exact b", "decide"]
    assert found["Toy.one_line"] == ["simp"] and found["Toy.term"] == []


#: What it traced, and whether Dojo opens that.
WHOLE = """
import json, sys
from lean_dojo import Dojo, LeanGitRepo, ProofFinished, Theorem, trace

folder, out, build_deps = sys.argv[1:]
repo = LeanGitRepo.from_path(folder)
traced = trace(repo, out, build_deps=build_deps == "True")
theorems = {
    found.theorem.full_name: {
        "file": str(found.file_path),
        "statement": found.get_theorem_statement(),
        "steps": [[step.tactic, step.state_before, step.state_after] for step in found.get_traced_tactics()],
    }
    for found in traced.get_traced_theorems()
}
with Dojo(Theorem(repo, "Deep/Toy.lean", "Toy.one_line")) as (dojo, state):
    proved = isinstance(dojo.run_tac(state, "simp"), ProofFinished)
graph = traced.traced_files_graph
edges = [[str(place) for place in edge] for edge in graph.edges] if graph else None
print(json.dumps({"theorems": theorems, "edges": edges, "proved": proved}))
"""


@pytest.mark.parametrize("build_deps", [True, False])
def test_trace_runs_to_its_end(variables: dict[str, str], tmp_path: Path, build_deps: bool) -> None:
    folder = committed(tmp_path / "toy", **{"Deep/Toy.lean": TOY, "Uses.lean": USES})
    said = json.loads(
        run_script(variables, WHOLE, str(folder), str(tmp_path / "out"), str(build_deps)).splitlines()[-1]
    )
    theorems = said["theorems"]
    assert set(theorems) == {f"Toy.{name}" for name in ("double_zero", "split", "one_line", "term", "in_one_line")} | {
        "uses"
    }
    zero = theorems["Toy.double_zero"]
    assert zero["file"] == "Deep/Toy.lean"
    assert zero["statement"] == "theorem double_zero (h : (1 : Nat) = 1) : double 0 = 0 :="
    (first, before, between), (last, after, end) = zero["steps"]
    assert (first, last, end) == ("unfold double", "rfl", "no goals")
    assert before.endswith("⊢ double 0 = 0") and between == after

    def tactics(name: str) -> list[str]:
        return [tactic for tactic, _, _ in theorems[name]["steps"]]

    assert tactics("Toy.split") == ["constructor", "· exact a", "constructor", "next =>\n  exact b", "decide"]
    assert tactics("Toy.one_line") == ["simp"]
    assert tactics("Toy.in_one_line") == ["constructor; exact a; exact a"]
    assert tactics("Toy.term") == []
    assert tactics("uses") == ["rfl"], "it imports another file of the repository"
    assert not build_deps or ["Uses.lean", "Deep/Toy.lean"] in said["edges"]
    assert (tmp_path / "out" / "toy" / ".lake/build/ir/Deep/Toy.trace.xml").exists()
    assert said["proved"]


REPLAY = """
import sys
from lean_dojo import Dojo, LeanGitRepo, ProofFinished, trace

repo = LeanGitRepo.from_path(sys.argv[1])
(theorem,) = [t for t in trace(repo).get_traced_theorems() if t.theorem.full_name == "Toy.split"]
with Dojo(theorem.theorem) as (dojo, state):
    for step in theorem.get_traced_tactics():
        assert state.pp == step.state_before
        state = dojo.run_tac(state, step.tactic)
print("proved" if isinstance(state, ProofFinished) else state)
"""


def test_a_script_traces_and_replays_what_was_given_to_dojo_before(variables: dict[str, str], tmp_path: Path) -> None:
    folder = committed(tmp_path / "toy", **{"Deep/Toy.lean": TOY})
    said = run_script(variables, REPLAY, str(folder), options=("--trace", str(folder)))
    assert said.strip().endswith("proved")


def test_a_script_traces_in_a_shell_with_the_exports(variables: dict[str, str], tmp_path: Path) -> None:
    folder = committed(tmp_path / "toy", **{"Deep/Toy.lean": TOY})
    script = tmp_path / "script.py"
    script.write_text(REPLAY)
    with subprocess.Popen(dojo_env("-j1"), stdout=subprocess.PIPE, stderr=subprocess.PIPE, env=variables) as serving:
        shell = ["/bin/sh", "-c", f'{read_exports(serving)}\n"$0" "$@"', sys.executable, str(script), str(folder)]
        done = subprocess.run(shell, env=variables, capture_output=True, text=True, check=False, timeout=300)
        serving.terminate()
    assert done.stdout.strip().endswith("proved"), done.stderr


BROKEN = """
import subprocess, sys
from lean_dojo import LeanGitRepo, trace

try:
    trace(LeanGitRepo.from_path(sys.argv[1]))
except subprocess.CalledProcessError as error:
    said = subprocess.run("lake build", cwd=sys.argv[1], shell=True, capture_output=True, text=True)
    print(error.cmd, said.returncode, said.stdout)
"""


def test_a_file_that_does_not_elaborate_fails_the_build(variables: dict[str, str], tmp_path: Path) -> None:
    folder = committed(tmp_path / "broken", **{"Broken.lean": "theorem t : 1 = 2 := by rfl\n"})
    said = run_script(variables, BROKEN, str(folder))
    assert "lake build 1 Broken.lean:1:" in said
    assert not list((tmp_path / "cache").glob("gitpython-broken-*"))


@pytest.fixture
def first() -> Iterator[Path]:
    """What comes first on PYTHONPATH, without a server."""
    folder = ShimFolder()
    yield folder.python
    folder.close()


def python(code: str, *path: Path) -> subprocess.CompletedProcess[str]:
    """A Python's life with these folders on PYTHONPATH."""
    variables = {**os.environ, "PYTHONPATH": os.pathsep.join(map(str, path))}
    return subprocess.run([sys.executable, "-c", code], env=variables, capture_output=True, text=True, check=False)


def test_a_sitecustomize_of_the_users_own_runs_as_ever(first: Path, tmp_path: Path) -> None:
    (tmp_path / "sitecustomize.py").write_text("mine = 'mine'\n")
    done = python("import sitecustomize, sys; print(sitecustomize.mine, *sys.path)", first, tmp_path)
    assert done.stdout.startswith("mine ") and str(first) not in done.stdout and not done.stderr
    # Of two servers, one inside the other, too.
    assert python("import sitecustomize; print(sitecustomize.mine)", first, first, tmp_path).stdout == "mine\n"


#: Whether LeanDojo's two functions are not the package's own.
CHANGED = "import lean_dojo as l; print(l.LeanGitRepo.get_dependencies.__module__, l.trace.__code__.co_filename)"


@pytest.mark.parametrize("theirs", ["raise ValueError('theirs')", "import no_such_module"])
def test_one_that_fails_is_reported_by_python_and_nothing_else_fails(first: Path, tmp_path: Path, theirs: str) -> None:
    (tmp_path / "sitecustomize.py").write_text(theirs)
    alone, behind = python("print('ran')", tmp_path), python(f"{CHANGED}; print('ran')", first, tmp_path)
    assert alone.stderr and behind.stderr == alone.stderr
    assert behind.stdout.split() == ["sitecustomize", f"{first}/sitecustomize.py", "ran"]


def test_a_script_without_leandojo_pays_for_no_import(first: Path, tmp_path: Path) -> None:
    code = "import sys; print(*sys.modules)"
    with_it, without = python(code, first), python(code, tmp_path)
    assert not with_it.stderr
    assert set(with_it.stdout.split()) - set(without.stdout.split()) <= {"sitecustomize", "__future__"}


def test_without_a_server_the_folder_is_gone_and_python_starts(first: Path) -> None:
    done = python("print('ran')", first.with_name("gone"))
    assert (done.stdout, done.stderr) == ("ran\n", "")
