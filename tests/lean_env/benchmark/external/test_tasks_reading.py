"""VERINA's and CLEVER's layouts and the modules of a folder, by their text alone."""

from __future__ import annotations

import json
from pathlib import Path

import pytest
from tasks import VERINA_SUM, write_clever, write_verina

from lean_env.benchmark.external.json_rows import read_json
from lean_env.benchmark.external.reading import Format, Unreadable, read_benchmark
from lean_env.benchmark.external.row import Row


def rows(path: Path, format: Format = Format.AUTO) -> dict[str, Row]:
    return {row.name: row for row in read_benchmark(path, format).rows}


def test_a_task_of_verina_stands_under_code_and_specification_and_not_under_its_answer(tmp_path: Path):
    write_verina(tmp_path, "sum_1", "import Std.Data.HashMap", proof="simp [added_eq]")
    write_verina(tmp_path, "sum_2").write_bytes(VERINA_SUM.replace("{proof}", "sorry").replace("\n", "\r\n").encode())
    (tmp_path / "sum_1" / "task-old.lean").write_text((tmp_path / "sum_1" / "task.lean").read_text())
    (tmp_path / "Main.lean").write_text("import Mathlib\ndef nothing := 0\n")
    reading = read_benchmark(tmp_path)
    assert reading.format is Format.VERINA and reading.files == 4
    found = {row.name: row for row in reading.rows}
    assert list(found) == ["total_spec_satisfied", "sum_1", "sum_2"]
    one = found["sum_1"]
    assert one.statement == (
        "(xs : List Nat) (h_precond : total_precond (xs)) : total_postcond (xs) (total (xs) h_precond) h_precond"
    )
    assert one.modules == ("Init", "Std.Data.HashMap") and one.proved and one.extra["theorem"] == "total_spec_satisfied"
    assert "def added" in one.above and "def total_postcond" in one.above
    assert "added_eq" not in one.above and not found["sum_2"].proved
    assert found["total_spec_satisfied"].objection == "task.lean beside it is the task"


@pytest.mark.parametrize(
    ("broken", "said"),
    [
        (("-- !benchmark @end code\n", "\n"), "line 33: `-- !benchmark @start postcond_aux` inside `code`"),
        (("-- !benchmark @end proof\n", ""), "line 53: the section `proof` does not end"),
        (("@start postcond\n", "@start other\n"), "`-- !benchmark @end postcond` inside `other`"),
        (("theorem total_spec", "def total_spec"), "no theorem stands before its section proof"),
    ],
)
def test_a_broken_task_says_what_is_wrong(tmp_path: Path, broken: tuple[str, str], said: str):
    path = write_verina(tmp_path, "sum")
    path.write_text(path.read_text().replace(*broken))
    (row,) = rows(path, Format.VERINA).values()
    assert row.objection.startswith("no task of VERINA: ") and said in row.objection


def test_verina_s_tasks_in_json():
    (row,) = read_json(json.dumps({"id": "sum_7", "lean_code": VERINA_SUM, "signature": {}}), "f.jsonl", "", {})
    assert (row.name, row.place) == ("sum_7", "f.jsonl:1") and "added_eq" not in row.above and not row.objection


def test_clever_s_theorems_that_are_there(tmp_path: Path):
    write_clever(tmp_path, 0)
    write_clever(tmp_path, 1, implementation="sorry", generated="impl n = n + n + n + n", proof="simp")
    found = rows(tmp_path)
    assert read_benchmark(tmp_path).format is Format.CLEVER
    assert {name: row.objection for name, row in found.items()} == {
        "problem_0.correctness": "",
        "problem_0.spec_isomorphism": "its generated_spec is left to write (`sorry`): there is no theorem yet",
        "problem_1.correctness": "its implementation is left to write (`sorry`): there is no theorem yet",
        "problem_1.spec_isomorphism": "",
    }
    correct, same = found["problem_0.correctness"], found["problem_1.spec_isomorphism"]
    assert correct.modules == ("Init", "Mathlib", "Std.Data.HashMap")
    assert "def implementation" in correct.above and "generated_spec\n(impl" not in correct.above
    assert "def generated_spec" in same.above and "def implementation" not in same.above
    assert correct.own and "def twice" in correct.own.text and "over_mathlib" not in correct.own.text
    assert "#test" not in correct.header and found["problem_1.correctness"].proved


def test_a_broken_problem_says_what_is_wrong(tmp_path: Path):
    path = write_clever(tmp_path, 0)
    path.write_text(path.read_text().replace("-- end_def implementation\n", ""))
    (row,) = rows(path).values()
    assert row.objection == (
        "no problem of CLEVER: line 41: `-- start_def test_cases` inside `implementation`, which begins in line 38"
    )


def test_a_format_that_is_not_there_is_said(tmp_path: Path):
    (tmp_path / "a.lean").write_text("theorem t : 1 = 1 := by sorry\n")
    for format, what in ((Format.VERINA, "task of VERINA"), (Format.CLEVER, "problem of CLEVER")):
        with pytest.raises(Unreadable, match=f"1 files in .* hold no {what}"):
            read_benchmark(tmp_path, format)


def test_modules_of_the_folder_come_along(tmp_path: Path):
    (tmp_path / "My").mkdir()
    (tmp_path / "My" / "Base.lean").write_text("import Std.Data.HashMap\ndef base := 1\n")
    (tmp_path / "My" / "Opens.lean").write_text("import Mathlib\nopen Nat Real\n")
    (tmp_path / "a.lean").write_text("import My.Base\nopen Nat\ntheorem a : base = 1 := by sorry\n")
    (tmp_path / "b.lean").write_text("import My.Opens\ntheorem b : 1 = 1 := by sorry\n")
    (tmp_path / "c.lean").write_text("import My.Missing\ntheorem c : 1 = 1 := by sorry\n")
    found = rows(tmp_path)
    assert found["a"].modules == ("Init", "Std.Data.HashMap") and found["a"].above == "open Nat\n"
    assert found["a"].own and "def base := 1" in found["a"].own.text
    assert found["b"].modules == ("Init", "Mathlib") and not found["b"].header
    assert found["c"].objection.startswith("c.lean imports My.Missing: ") and "is missing" in found["c"].objection
    digest = read_benchmark(tmp_path / "a.lean").digest
    (tmp_path / "My" / "Base.lean").write_text("def base := 2\n")
    assert read_benchmark(tmp_path / "a.lean").digest != digest


def test_a_circle_of_imports_is_said(tmp_path: Path):
    (tmp_path / "A.lean").write_text("import B\ntheorem a : 1 = 1 := by sorry\n")
    (tmp_path / "B.lean").write_text("import A\ntheorem b : 1 = 1 := by sorry\n")
    assert "go round in a circle" in rows(tmp_path)["a"].objection
