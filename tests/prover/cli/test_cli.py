"""The command line: every command explains itself, bad input is one clear error with the right exit code."""

from __future__ import annotations

import importlib
import json
import os
import re
import subprocess
import sys
from pathlib import Path

import pytest
import typer

from corpus.store import Corpus
from prover.cli.exit_codes import EXIT_CODES
from prover.cli.main import app, run
from prover.cli.output import CANNOT_START, DONE, FAILED
from prover.cli.prove import parse_statement

COMMANDS = [
    ["setup"],
    ["doctor"],
    ["cache", "show"],
    ["cache", "clear"],
    ["bench", "build"],
    ["bench", "list"],
    ["bench", "show"],
    ["round"],
    ["train"],
    ["run"],
    ["runs", "list"],
    ["runs", "health"],
    ["eval"],
    ["experiment"],
    ["experiment", "recipes"],
    ["experiment", "variants"],
    ["demo"],
    ["corpus", "stats"],
    ["corpus", "list"],
    ["corpus", "show"],
    ["corpus", "score"],
    ["corpus", "filters"],
    *(["corpus", "snapshot", verb] for verb in ("create", "list", "show", "diff", "verify")),
    ["corpus", "search"],
    ["corpus", "diff"],
    ["corpus", "lineage"],
    ["corpus", "sql"],
    ["corpus", "explore"],
    ["corpus", "verify"],
    ["prove"],
]


@pytest.mark.parametrize("command", COMMANDS, ids=" ".join)
def test_every_command_has_help_with_an_example(command: list[str], capsys: pytest.CaptureFixture[str]) -> None:
    assert run([*command, "--help"]) == DONE
    help_text = capsys.readouterr().out
    assert "\b" not in help_text, "a mark of click's is shown"
    # Of two examples, each has a line of its own.
    examples = [line.strip().removeprefix("Examples: ") for line in help_text.splitlines() if "Examples: " in line]
    assert all(line.count("flywheel ") == 1 for line in examples)
    shown = " ".join(help_text.split())
    assert "Usage" in shown
    if command != ["cache", "clear"]:
        assert f"flywheel {' '.join(command)}" in shown


@pytest.mark.parametrize("group", [[], ["bench"], ["cache"], ["corpus"], ["runs"], ["dojo"]], ids=" ".join)
def test_help_of_a_group_cuts_nothing_off(group: list[str], capsys: pytest.CaptureFixture[str]) -> None:
    assert run([*group, "--help"]) == DONE
    lines = capsys.readouterr().out.splitlines()
    assert max(map(len, lines)) <= 80
    assert not [line for line in lines if line.endswith("...") and "Usage" not in line]


def test_the_first_help_lists_every_command_under_its_heading_on_one_line(capsys: pytest.CaptureFixture[str]) -> None:
    assert run(["--help"]) == DONE
    shown = capsys.readouterr().out
    sections = re.findall(r"^(\w+):\n((?:  \S.*\n)+)", shown[shown.index("Start:") :], re.MULTILINE)
    assert [heading for heading, _ in sections] == ["Start", "Prove", "Loop", "Corpus", "Benchmarks", "LeanDojo"]
    listed = [line.split()[0] for _, lines in sections for line in lines.splitlines()]
    assert sorted(listed) == sorted(typer.main.get_command(app).commands)


def test_every_error_with_an_exit_code_exists() -> None:
    for name in EXIT_CODES:
        module, _, kind = name.partition(":")
        found = getattr(importlib.import_module(module), kind)
        assert issubclass(found, Exception) and found.__module__ == module, "named where it is defined"


@pytest.mark.parametrize(
    ("arguments", "said"),
    [
        (["bench", "list", "no-such-bench"], "lean-core"),
        (["bench", "show", "No.such.theorem"], "No.such.theorem"),
        (["run", "--config", "absent.toml"], "absent.toml"),
        (["experiment", "--seeds", "2", "recipes"], "seeds: options go behind `recipes`"),
        (["experiment", "variants", "--name", "none"], "no corpus"),
        (["run", "--bench", "no-such-bench"], "no-such-bench"),
        (["run", "--bench", "lean-cor"], "did you mean lean-core?"),
        (["eval", "--bench", "lean-lojic"], "did you mean lean-logic?"),
        (["eval", "--with", "invertible"], "FIELD=VALUE"),
        (["eval", "--whole-budget", "--portfolio"], "leave out --whole-budget or --portfolio"),
        (["eval", "--whole-budget", "--toolchain", "native"], "leave out --whole-budget or --toolchain native"),
        (["eval", "--arm", "M_0", "--portfolio"], "--arm chooses among the arms of a run"),
        (["bench", "list", "external/nothing"], "no corpus"),
        (["corpus", "stats"], "no corpus"),
        (["corpus", "show", "x"], "no corpus"),
        (["prove", "theorem t (a : Nat) : a = b"], "b"),
        (["prove", ""], "no statement"),
        (["prove", "1 = 1", "--model", "absent-folder"], "absent-folder"),
        (["setup", "--from", "absent.tgz"], "absent.tgz"),
    ],
    ids=lambda value: " ".join(value) if isinstance(value, list) else None,
)
def test_bad_input_is_one_error_and_exit_code_2(
    arguments: list[str], said: str, tmp_path: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    monkeypatch.chdir(tmp_path)
    assert run(arguments) == CANNOT_START
    error = capsys.readouterr().err
    assert said in error and "Traceback" not in error


def test_an_unknown_key_in_a_config_is_refused(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    (tmp_path / "c.toml").write_text("generatoins = 1\n", encoding="utf-8")
    assert run(["run", "--config", str(tmp_path / "c.toml"), "--home", str(tmp_path)]) == CANNOT_START
    assert "generatoins" in capsys.readouterr().err


@pytest.mark.parametrize("statement", ["1 + 1 = 2", "(1 : Nat) + 1 = 2", "¬ (1 = 2)"])
def test_prove_takes_a_bare_proposition(statement: str, capsys: pytest.CaptureFixture[str]) -> None:
    assert run(["prove", statement, "--json"]) == DONE
    assert f"theorem t : {statement} := by" in json.loads(capsys.readouterr().out)["text"]


def test_prove_prints_a_file_that_elaborates(capsys: pytest.CaptureFixture[str]) -> None:
    assert run(["prove", "theorem t (a b : Nat) : a + b = b + a", "--json"]) == DONE
    answer = json.loads(capsys.readouterr().out)
    assert answer["theorem"] == "t" and answer["attempt"]["status"] == "proved"
    assert (
        answer["text"].startswith("import Init\n") and "theorem t (a b : Nat) : a + b = b + a := by" in answer["text"]
    )
    assert answer["attempt"]["proof"]["certificate"]["axioms"] is not None


def test_what_cannot_be_proved_is_exit_code_1(capsys: pytest.CaptureFixture[str]) -> None:
    assert run(["prove", "(a b : Nat) : a = b", "--steps", "8"]) == FAILED
    assert "no proof within 8 steps" in capsys.readouterr().err


@pytest.mark.parametrize(
    ("text", "name", "statement"),
    [
        ("theorem t (a b : Nat) : a + b = b + a", "t", "(a b : Nat) : a + b = b + a"),
        ("theorem t (a : Nat) : a = a := by sorry", "t", "(a : Nat) : a = a"),
        ("theorem foo.bar : 1 = 1", "foo.bar", "1 = 1"),
        ("lemma x {α : Type} (l : List α) : l = l", "x", "{α : Type} (l : List α) : l = l"),
        ("example (p : Prop) : p → p", "t", "(p : Prop) : p → p"),
        ("∀ p : Prop, p → p", "t", "∀ p : Prop, p → p"),
        ("(a : Nat) : a = a", "t", "(a : Nat) : a = a"),
    ],
)
def test_statements_are_read_as_people_type_them(text: str, name: str, statement: str) -> None:
    theorem = parse_statement(text)
    assert (theorem.name, theorem.statement) == (name, statement)


def test_a_proof_without_a_network_does_not_wait_for_torch() -> None:
    """Torch and transformers are half of the start of `flywheel prove` (10 s on a busy machine)."""
    code = (
        "import sys; from prover.cli.main import run; code = run(['prove', '1 + 1 = 2']); "
        "print(sorted({'torch', 'transformers'} & sys.modules.keys())); sys.exit(code)"
    )
    done = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=False)
    assert done.returncode == DONE, done.stderr
    assert done.stdout.splitlines()[-1] == "[]"


HEAVY = ("torch", "transformers", "lean_dojo", "bm25s", "scipy")


@pytest.mark.parametrize(
    ("arguments", "code"),
    [
        (["--help"], DONE),
        (["corpus", "stats"], DONE),
        (["corpus", "list"], DONE),
        (["runs", "list"], DONE),
        (["prove", "Missing.lean"], CANNOT_START),
        (["prove", "Latin.lean"], CANNOT_START),
        (["prove", ""], CANNOT_START),
    ],
    ids=lambda value: " ".join(value) if isinstance(value, list) else None,
)
def test_what_needs_no_model_and_no_search_does_not_wait_for_them(
    arguments: list[str], code: int, tmp_path: Path
) -> None:
    (tmp_path / "Missing.lean").write_text("import Mathlib\n\nexample : 1 = 1 := by sorry\n", encoding="utf-8")
    (tmp_path / "Latin.lean").write_bytes("-- é\nexample : 1 = 1 := by sorry\n".encode("latin1"))
    Corpus.open(str(tmp_path / "flywheel-home" / "corpus.db"), create=True).close()
    script = (
        f"import sys; from prover.cli.main import run; code = run({arguments!r}); "
        f"print(sorted({set(HEAVY)!r} & sys.modules.keys())); sys.exit(code)"
    )
    environment = {**os.environ, "PYTHONPATH": os.pathsep.join(filter(None, sys.path))}
    done = subprocess.run(
        [sys.executable, "-c", script], capture_output=True, text=True, check=False, cwd=tmp_path, env=environment
    )
    assert done.returncode == code, done.stderr
    assert done.stdout.splitlines()[-1] == "[]"


@pytest.mark.parametrize(
    ("content", "said"),
    [
        ("-- é\nexample : 1 = 1 := by sorry\n".encode("latin1"), "is not UTF-8 (line 1 has the byte 0xe9); save it as"),
        ("example : 1 = 1 := by sorry\n".encode("utf-16"), "is not UTF-8 (it is UTF-16); save it as UTF-8"),
        (b"import Mathlib.Tactic\nexample : 1 = 1 := by sorry\n", "imports Mathlib.Tactic"),
        (b"theorem a (n : Nat : n = n := by\n  rfl\n", "has no sorry, and an error: line 1: unexpected token"),
        (None, "cannot be read: No such file"),
    ],
    ids=["latin1", "utf16", "import", "parse", "absent"],
)
def test_a_file_that_cannot_be_worked_on_is_one_line(
    content: bytes | None, said: str, tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    file = tmp_path / "Bad.lean"
    if content is not None:
        file.write_bytes(content)
    assert run(["prove", str(file)]) == CANNOT_START
    error = capsys.readouterr().err
    assert f"Bad.lean {said}" in error and len(error.splitlines()) == 1


def test_a_sorry_behind_an_error_is_left_with_leans_own_words_and_line(
    tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    file = tmp_path / "Bad.lean"
    file.write_text("theorem a : 1 = 1 := by\n  sorry\n\ntheorem b (n : Nat : n = n := by\n  sorry\n", encoding="utf-8")
    assert run(["prove", str(file)]) == FAILED
    error = capsys.readouterr().err
    assert f"{file}:2: theorem a: proved" in error
    assert f"{file}:5: theorem b: left: Lean does not get there: line 4: unexpected token ':'; expected ')'" in error


def test_a_file_without_a_sorry_says_so(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    file = tmp_path / "Good.lean"
    file.write_text("theorem a : 1 = 1 := rfl\n", encoding="utf-8")
    assert run(["prove", str(file)]) == DONE
    assert "has no sorry, and Lean accepts it" in capsys.readouterr().err
